package kubefed

import (
	"cmp"
	"errors"
	"fmt"
	"slices"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"

	"github.com/fedns/fedns/discovery/cluster"
	"github.com/fedns/fedns/discovery/inventory"
	"github.com/fedns/fedns/discovery/inventory/host"
)

// DefaultNamespace is where KubeFed is installed by its chart.
const DefaultNamespace = "kube-federation-system"

// Config says where KubeFed is.
type Config struct {
	host.Config
	Namespace string // Defaults to DefaultNamespace
}

// object is what is read of a KubeFedCluster.
type object struct {
	Spec struct {
		APIEndpoint            string    `json:"apiEndpoint"`
		CABundle               []byte    `json:"caBundle"`
		SecretRef              reference `json:"secretRef"`
		ProxyURL               string    `json:"proxyURL"`
		DisabledTLSValidations []string  `json:"disabledTLSValidations"`
	} `json:"spec"`
	Status struct {
		Region string   `json:"region"`
		Zones  []string `json:"zones"`
	} `json:"status"`
}

type reference struct {
	Name string `json:"name"`
}

// New prepares an inventory of KubeFedClusters.
func New(cfg Config) inventory.Source {
	cfg.Namespace = cmp.Or(cfg.Namespace, DefaultNamespace)
	return host.New(cfg.Config, host.Plan{
		Kinds: []host.Kind{{
			Name: "KubeFedCluster", Group: "core.kubefed.io", Versions: []string{"v1beta1"}, Resource: "kubefedclusters", Namespace: cfg.Namespace, Read: read,
		}},
		Secrets: &host.Selection{Namespace: cfg.Namespace},
	})
}

func read(o *unstructured.Unstructured, secrets host.Secrets) inventory.Object {
	var c object
	if err := host.Decode(o, &c); err != nil {
		return host.Unreadable(err)
	}
	m := inventory.Member{ID: cluster.ID(o.GetName()), Labels: host.Labels(o)}
	out := inventory.Object{Findings: m.SetPlace(c.Status.Region, c.Status.Zones, "status")}
	field, err := c.use(o.GetNamespace(), &m, secrets)
	if name := inventory.CheckName(o.GetName()); name != nil {
		field, err = "metadata.name", name
	}
	out.Statements = []inventory.Statement{{Member: m, Field: field, Err: err}}
	return out
}

// use makes the access of m; field is what err is about.
func (c *object) use(namespace string, m *inventory.Member, secrets host.Secrets) (field string, err error) {
	server, err := host.Endpoint(c.Spec.APIEndpoint)
	if err != nil {
		return "spec.apiEndpoint", err
	}
	api := clientcmdapi.Cluster{Server: server, ProxyURL: c.Spec.ProxyURL, CertificateAuthorityData: c.Spec.CABundle}
	switch off := c.Spec.DisabledTLSValidations; {
	case slices.Equal(off, []string{"*"}):
		api.InsecureSkipTLSVerify, api.CertificateAuthorityData = true, nil
	case len(off) > 0:
		return "spec.disabledTLSValidations", fmt.Errorf("got %.80q, want none or *: a certificate is looked at whole or not at all", off)
	}
	if c.Spec.SecretRef.Name == "" {
		return "spec.secretRef.name", errors.New("missing, want the Secret with the cluster's token")
	}
	token, err := secrets.Value(namespace, c.Spec.SecretRef.Name, "token")
	if err != nil {
		return "spec.secretRef.name", err
	}
	if len(api.CertificateAuthorityData) == 0 && !api.InsecureSkipTLSVerify {
		// A service account's Secret has it, too.
		api.CertificateAuthorityData, _ = secrets.Value(namespace, c.Spec.SecretRef.Name, "ca.crt")
	}
	return "spec", host.UseConfig(m, api, clientcmdapi.AuthInfo{Token: string(token)}, false)
}
