package membercluster

import (
	"cmp"
	"fmt"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/fedns/fedns/discovery/cluster"
	"github.com/fedns/fedns/discovery/inventory"
	"github.com/fedns/fedns/discovery/inventory/host"
	"github.com/fedns/fedns/federation/api/v1alpha1"
)

// What `fedns join` writes, and a secretRef means where it says nothing.
const (
	DefaultNamespace = "fedns"
	DefaultKey       = "kubeconfig"
)

// Config says where the objects are.
type Config struct {
	host.Config
	Namespace string // of the Secrets. Defaults to DefaultNamespace
}

// New prepares an inventory of MemberClusters.
func New(cfg Config) inventory.Source {
	cfg.Namespace = cmp.Or(cfg.Namespace, DefaultNamespace)
	group, version, resource := v1alpha1.GroupVersion.Group, v1alpha1.GroupVersion.Version, v1alpha1.MemberClusters.Resource
	return host.New(cfg.Config, host.Plan{
		Kinds: []host.Kind{{
			Name: "MemberCluster", Group: group, Versions: []string{version}, Resource: resource,
			Read: func(o *unstructured.Unstructured, secrets host.Secrets) inventory.Object {
				return read(cfg, o, secrets)
			},
		}},
		Secrets: &host.Selection{Namespace: cfg.Namespace},
	})
}

func read(cfg Config, o *unstructured.Unstructured, secrets host.Secrets) inventory.Object {
	var c v1alpha1.MemberCluster
	if err := host.Decode(o, &c); err != nil {
		return host.Unreadable(err)
	}
	if c.Spec.SecretRef == nil {
		return inventory.Object{}
	}
	m := inventory.Member{ID: cluster.ID(c.Name), Labels: host.Labels(o), Drained: c.Spec.Drain}
	var out inventory.Object
	var zones []string
	for _, z := range c.Spec.Zones {
		zones = append(zones, string(z))
	}
	out.Findings = m.SetPlace(c.Spec.Region, zones, "spec")
	for _, t := range c.Spec.Taints {
		core := t.Core()
		m.Taints = append(m.Taints, core.ToString())
	}
	field, err := use(cfg, c.Spec.SecretRef, &m, secrets)
	if name := inventory.CheckName(c.Name); name != nil {
		field, err = "metadata.name", name
	}
	out.Statements = []inventory.Statement{{Member: m, Field: field, Err: err}}
	return out
}

// use makes the access of m; field is what err is about.
func use(cfg Config, ref *v1alpha1.SecretKey, m *inventory.Member, secrets host.Secrets) (field string, err error) {
	namespace, key := cmp.Or(ref.Namespace, DefaultNamespace), cmp.Or(ref.Key, DefaultKey)
	switch {
	case ref.Name == "":
		return "spec.secretRef.name", fmt.Errorf("missing, want the Secret with the cluster's kubeconfig")
	case namespace != cfg.Namespace:
		return "spec.secretRef.namespace", fmt.Errorf("got %q, want %s, which is read for Secrets (memberClusters.namespace in the configuration)", namespace, cfg.Namespace)
	}
	kubeconfig, err := secrets.Value(namespace, ref.Name, key)
	if err != nil {
		return "spec.secretRef", err
	}
	return "spec.secretRef", host.Use(m, kubeconfig, cfg.AllowExec)
}
