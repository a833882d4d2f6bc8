package karmada

import (
	"cmp"
	"errors"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"

	"github.com/fedns/fedns/discovery/cluster"
	"github.com/fedns/fedns/discovery/inventory"
	"github.com/fedns/fedns/discovery/inventory/host"
)

// DefaultNamespace is where `karmadactl join` puts the clusters' Secrets.
const DefaultNamespace = "karmada-cluster"

// Config says where Karmada is.
type Config struct {
	host.Config
	Namespace string // of the Secrets. Defaults to DefaultNamespace
}

// object is what is read of a Cluster.
type object struct {
	Spec struct {
		SyncMode                    string         `json:"syncMode"`
		APIEndpoint                 string         `json:"apiEndpoint"`
		SecretRef                   *reference     `json:"secretRef"`
		InsecureSkipTLSVerification bool           `json:"insecureSkipTLSVerification"`
		ProxyURL                    string         `json:"proxyURL"`
		Provider                    string         `json:"provider"`
		Region                      string         `json:"region"`
		Zone                        string         `json:"zone"`
		Zones                       []string       `json:"zones"`
		Taints                      []corev1.Taint `json:"taints"`
	} `json:"spec"`
}

type reference struct {
	Namespace string `json:"namespace"`
	Name      string `json:"name"`
}

// New prepares an inventory of Karmada's Clusters.
func New(cfg Config) inventory.Source {
	cfg.Namespace = cmp.Or(cfg.Namespace, DefaultNamespace)
	return host.New(cfg.Config, host.Plan{
		Kinds: []host.Kind{{
			Name: "Cluster", Group: "cluster.karmada.io", Versions: []string{"v1alpha1"}, Resource: "clusters",
			Read: func(o *unstructured.Unstructured, secrets host.Secrets) inventory.Object {
				return read(cfg, o, secrets)
			},
		}},
		Secrets: &host.Selection{Namespace: cfg.Namespace},
	})
}

func read(cfg Config, o *unstructured.Unstructured, secrets host.Secrets) inventory.Object {
	var c object
	if err := host.Decode(o, &c); err != nil {
		return host.Unreadable(err)
	}
	m := inventory.Member{ID: cluster.ID(o.GetName()), Labels: host.Labels(o)}
	zones := c.Spec.Zones
	if len(zones) == 0 {
		zones = []string{c.Spec.Zone} // deprecated
	}
	var out inventory.Object
	out.Findings = m.SetPlace(c.Spec.Region, nonEmpty(zones), "spec")
	if c.Spec.Provider != "" {
		m.Labels = with(m.Labels, "provider", c.Spec.Provider)
	}
	for _, t := range c.Spec.Taints {
		m.Taints = append(m.Taints, t.ToString())
	}
	field, err := c.use(cfg, &m, secrets)
	if name := inventory.CheckName(o.GetName()); name != nil {
		field, err = "metadata.name", name
	}
	out.Statements = []inventory.Statement{{Member: m, Field: field, Err: err}}
	return out
}

// use makes the access of m; field is what err is about.
func (c *object) use(cfg Config, m *inventory.Member, secrets host.Secrets) (field string, err error) {
	server, err := host.Endpoint(c.Spec.APIEndpoint)
	if err != nil {
		return "spec.apiEndpoint", err
	}
	ref := c.Spec.SecretRef
	switch {
	case ref == nil && c.Spec.SyncMode == "Pull":
		return "spec.secretRef", errors.New("missing, as with every cluster that pulls: name it under clusters in the configuration")
	case ref == nil || ref.Name == "":
		return "spec.secretRef", errors.New("missing, want the Secret with the cluster's token")
	case ref.Namespace != cfg.Namespace:
		return "spec.secretRef.namespace", fmt.Errorf("got %q, want %s, which is read for Secrets (karmada.namespace in the configuration)", ref.Namespace, cfg.Namespace)
	}
	token, err := secrets.Value(ref.Namespace, ref.Name, "token")
	if err != nil {
		return "spec.secretRef", err
	}
	api := clientcmdapi.Cluster{Server: server, InsecureSkipTLSVerify: c.Spec.InsecureSkipTLSVerification, ProxyURL: c.Spec.ProxyURL}
	if !api.InsecureSkipTLSVerify { // a CA beside it would be refused
		api.CertificateAuthorityData, _ = secrets.Value(ref.Namespace, ref.Name, "caBundle")
	}
	return "spec.secretRef", host.UseConfig(m, api, clientcmdapi.AuthInfo{Token: string(token)}, false)
}

func nonEmpty(all []string) (some []string) {
	for _, s := range all {
		if s != "" {
			some = append(some, s)
		}
	}
	return some
}

func with(labels map[string]string, key, value string) map[string]string {
	if labels == nil {
		labels = map[string]string{}
	}
	labels[key] = value
	return labels
}
