package secrets

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/fedns/fedns/discovery/cluster"
	"github.com/fedns/fedns/discovery/inventory"
	"github.com/fedns/fedns/discovery/inventory/host"
)

const (
	fednsLabel      = "fedns.io/cluster"
	istioLabel      = "istio/multiCluster"
	clusterAPILabel = "cluster.x-k8s.io/cluster-name"
	clusterAPIType  = "cluster.x-k8s.io/secret"
	argoCDLabel     = "argocd.argoproj.io/secret-type"
)

// Formats are the names of all formats, in the order in which they are read.
func Formats() []string { return []string{"fedns", "istio", "clusterAPI", "argoCD"} }

// format is one form of Secrets.
type format struct {
	labels, fields string // selectors
	read           func(s *corev1.Secret, allowExec bool) inventory.Object
}

func formats() map[string]format {
	return map[string]format{
		"fedns": {labels: fednsLabel, read: readFedns},
		"istio": {labels: istioLabel + "=true", read: readIstio},
		// Cluster API keeps certificates and bootstrap data under the same label and
		// type; the type at least leaves out what is not its own.
		"clusterAPI": {labels: clusterAPILabel, fields: "type=" + clusterAPIType, read: readClusterAPI},
		"argoCD":     {labels: argoCDLabel + "=cluster", read: readArgoCD},
	}
}

// Config says which Secrets are read. Formats are required.
type Config struct {
	host.Config
	Namespace string   // empty: all
	Formats   []string // of Formats
}

// New prepares an inventory of Secrets.
func New(cfg Config) (inventory.Source, error) {
	all := formats()
	var plan host.Plan
	for _, name := range cfg.Formats {
		f, ok := all[name]
		if !ok {
			return nil, fmt.Errorf("format %q of Secrets: want one of %s", name, strings.Join(Formats(), ", "))
		}
		plan.Kinds = append(plan.Kinds, host.Kind{
			Name: "Secret (" + name + ")", Versions: []string{"v1"}, Resource: "secrets", Namespace: cfg.Namespace, Labels: f.labels, Fields: f.fields,
			Read: func(o *unstructured.Unstructured, _ host.Secrets) inventory.Object {
				s := &corev1.Secret{}
				if err := host.Decode(o, s); err != nil {
					return host.Unreadable(err)
				}
				return f.read(s, cfg.AllowExec)
			},
		})
	}
	return host.New(cfg.Config, plan), nil
}

// one is an object that states one cluster: its name stands in nameField, and
// use makes its access, of which field tells.
func one(s *corev1.Secret, name, nameField, field string, use func(*inventory.Member) error) inventory.Object {
	st, found := state(s, "", name, nameField, field, use)
	return inventory.Object{Statements: []inventory.Statement{st}, Findings: found}
}

// state is one statement.
func state(s *corev1.Secret, slot, name, nameField, field string, use func(*inventory.Member) error) (inventory.Statement, []inventory.Finding) {
	if err := inventory.CheckName(name); err != nil {
		return inventory.Statement{Slot: slot, Field: nameField, Err: err}, nil
	}
	m := inventory.Member{ID: cluster.ID(name), Labels: maps.Clone(s.Labels)}
	found := m.SetPlace("", nil, "")
	if err := use(&m); err != nil {
		return inventory.Statement{Slot: slot, Field: field, Err: err}, found
	}
	return inventory.Statement{Slot: slot, Member: m}, found
}

// kubeconfig uses a key of a Secret's data as kubeconfig.
func kubeconfig(s *corev1.Secret, key string, allowExec bool) func(*inventory.Member) error {
	return func(m *inventory.Member) error {
		if len(s.Data[key]) == 0 {
			return fmt.Errorf("missing, want a kubeconfig")
		}
		return host.Use(m, s.Data[key], allowExec)
	}
}

func readFedns(s *corev1.Secret, allowExec bool) inventory.Object {
	return one(s, s.Labels[fednsLabel], "metadata.labels["+fednsLabel+"]", "data.kubeconfig", kubeconfig(s, "kubeconfig", allowExec))
}

// readIstio reads what `istioctl create-remote-secret` makes.
func readIstio(s *corev1.Secret, allowExec bool) inventory.Object {
	var o inventory.Object
	for _, key := range slices.Sorted(maps.Keys(s.Data)) {
		st, found := state(s, key, key, "data["+key+"]", "data["+key+"]", kubeconfig(s, key, allowExec))
		o.Statements = append(o.Statements, st)
		if len(o.Findings) == 0 {
			o.Findings = found // of the Secret's labels: the same for each
		}
	}
	if len(s.Data) == 0 {
		// Without keys it states no cluster any more; Istio takes it so, too.
		o.Findings = []inventory.Finding{{Field: "data", Text: "empty, want a kubeconfig under each cluster's name"}}
	}
	return o
}

func readClusterAPI(s *corev1.Secret, allowExec bool) inventory.Object {
	name := s.Labels[clusterAPILabel]
	if s.Name != name+"-kubeconfig" {
		return inventory.Object{} // a certificate, bootstrap data, or a kubeconfig for people
	}
	return one(s, name, "metadata.labels["+clusterAPILabel+"]", "data.value", kubeconfig(s, "value", allowExec))
}
