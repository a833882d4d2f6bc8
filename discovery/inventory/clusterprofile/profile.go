package clusterprofile

import (
	"encoding/json"
	"errors"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	clientcmdv1 "k8s.io/client-go/tools/clientcmd/api/v1"

	"github.com/fedns/fedns/discovery/cluster"
	"github.com/fedns/fedns/discovery/inventory"
	"github.com/fedns/fedns/discovery/inventory/host"
)

const (
	profileLabel   = "x-k8s.io/cluster-profile"
	namespaceLabel = "x-k8s.io/cluster-profile-namespace"
	healthy        = "ControlPlaneHealthy"
)

// Config says which profiles are read, and who gets credentials for them.
type Config struct {
	host.Config
	Namespace string // empty: all
	Providers *Providers
}

// profile is what is read of a ClusterProfile.
type profile struct {
	Status struct {
		Conditions []struct {
			Type    string `json:"type"`
			Status  string `json:"status"`
			Reason  string `json:"reason"`
			Message string `json:"message"`
		} `json:"conditions"`
		Properties []struct {
			Name  string `json:"name"`
			Value string `json:"value"`
		} `json:"properties"`
		AccessProviders     []accessor `json:"accessProviders"`
		CredentialProviders []accessor `json:"credentialProviders"`
	} `json:"status"`
}

// accessor is one way to reach a cluster.
type accessor struct {
	Name    string              `json:"name"`
	Cluster clientcmdv1.Cluster `json:"cluster"`
}

// New prepares an inventory of ClusterProfiles.
func New(cfg Config) inventory.Source {
	return host.New(cfg.Config, host.Plan{
		Kinds: []host.Kind{{
			Name: "ClusterProfile", Group: "multicluster.x-k8s.io", Versions: []string{"v1alpha2", "v1alpha1"}, Resource: "clusterprofiles", Namespace: cfg.Namespace,
			Read: func(o *unstructured.Unstructured, secrets host.Secrets) inventory.Object {
				return read(cfg, o, secrets)
			},
		}},
		Secrets: &host.Selection{Namespace: cfg.Namespace, Labels: profileLabel},
	})
}

func read(cfg Config, o *unstructured.Unstructured, secrets host.Secrets) inventory.Object {
	// By way of JSON: the converter knows no extensions.
	raw, err := o.MarshalJSON()
	if err != nil {
		return host.Unreadable(err)
	}
	var p profile
	if err := json.Unmarshal(raw, &p); err != nil {
		return host.Unreadable(fmt.Errorf("not of the form of its kind: %w", err))
	}
	m := inventory.Member{ID: cluster.ID(o.GetName()), Labels: host.Labels(o)}
	var region string
	var zones []string
	for _, property := range p.Status.Properties {
		switch property.Name {
		case inventory.RegionLabel:
			region = property.Value
		case inventory.ZoneLabel:
			zones = []string{property.Value}
		}
	}
	out := inventory.Object{Findings: m.SetPlace(region, zones, "status.properties")}
	out.Findings = append(out.Findings, p.health()...)
	field, err := p.use(cfg, o, &m, secrets)
	if name := inventory.CheckName(o.GetName()); name != nil {
		field, err = "metadata.name", name
	}
	out.Statements = []inventory.Statement{{Member: m, Field: field, Err: err}}
	return out
}

// health tells what the cluster's manager thinks of it.
func (p *profile) health() []inventory.Finding {
	for _, c := range p.Status.Conditions {
		if c.Type == healthy && c.Status != "True" {
			return []inventory.Finding{{Field: "status.conditions[" + healthy + "]", Text: fmt.Sprintf("its manager says %.20s: %.200s", c.Status, c.Reason+" "+c.Message)}}
		}
	}
	return nil
}

// use makes the access of m; field is what err is about.
func (p *profile) use(cfg Config, o *unstructured.Unstructured, m *inventory.Member, secrets host.Secrets) (field string, err error) {
	switch found := secretsOf(o, secrets); {
	case len(found) > 1:
		return "", fmt.Errorf("the Secrets %s/%s and %s/%s are both labelled %s=%s, want one", found[0].Namespace, found[0].Name, found[1].Namespace, found[1].Name, profileLabel, o.GetName())
	case len(found) == 1:
		s := found[0]
		for _, key := range []string{"Config", "config"} { // the KEP's, and that of its implementation
			if len(s.Data[key]) > 0 {
				if err := host.Use(m, s.Data[key], cfg.AllowExec); err != nil {
					return "", fmt.Errorf("the Secret %s/%s: data.%s: %w", s.Namespace, s.Name, key, err)
				}
				return "", nil
			}
		}
		return "", fmt.Errorf("the Secret %s/%s has no data.Config, want a kubeconfig", s.Namespace, s.Name)
	}
	all := append(p.Status.AccessProviders, p.Status.CredentialProviders...) // of two by one name the newer field's comes first
	if len(all) == 0 {
		return "status.accessProviders", errors.New("empty, and no Secret is labelled " + profileLabel + "=" + o.GetName())
	}
	return "status.accessProviders", cfg.Providers.use(m, all, cfg.AllowExec)
}

// secretsOf are those with a profile's kubeconfig.
func secretsOf(o *unstructured.Unstructured, secrets host.Secrets) (found []*corev1.Secret) {
	for _, s := range secrets.Labelled(profileLabel, o.GetName()) {
		of, ok := s.Labels[namespaceLabel]
		if !ok {
			of = s.Namespace
		}
		if of == o.GetNamespace() {
			found = append(found, s)
		}
	}
	return found
}
