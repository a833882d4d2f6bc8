package kubefed

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	corev1beta1 "github.com/fedns/fedns/federation/api/kubefed/core/v1beta1"
	typesv1beta1 "github.com/fedns/fedns/federation/api/kubefed/types/v1beta1"
	"github.com/fedns/fedns/federation/finding"
)

// federation is a federated kind and what it is the template of.
type federation struct {
	federated, target schema.GroupVersionKind
	namespaced        bool // the target's objects have namespaces
	disabled          bool // nothing is written
	collect           bool // statuses of members are shown
	stated            reference
	err               error // what it says now cannot be read; the rest is what it said before
	generation        int64
}

// usual are the kinds that need no FederatedTypeConfig: those that KubeFed's chart
// enables, and those that people enabled beside them.
var usual = []struct {
	kind   schema.GroupVersionKind
	plural string
	short  string // kubectl's name for the target
	global bool   // has no namespace
}{
	{schema.GroupVersionKind{Version: "v1", Kind: "ConfigMap"}, "configmaps", "cm", false},
	{schema.GroupVersionKind{Version: "v1", Kind: "LimitRange"}, "limitranges", "limits", false},
	{schema.GroupVersionKind{Version: "v1", Kind: "Namespace"}, "namespaces", "ns", true},
	{schema.GroupVersionKind{Version: "v1", Kind: "PersistentVolumeClaim"}, "persistentvolumeclaims", "pvc", false},
	{schema.GroupVersionKind{Version: "v1", Kind: "ResourceQuota"}, "resourcequotas", "quota", false},
	{schema.GroupVersionKind{Version: "v1", Kind: "Secret"}, "secrets", "", false},
	{schema.GroupVersionKind{Version: "v1", Kind: "Service"}, "services", "svc", false},
	{schema.GroupVersionKind{Version: "v1", Kind: "ServiceAccount"}, "serviceaccounts", "sa", false},
	{schema.GroupVersionKind{Group: "apps", Version: "v1", Kind: "DaemonSet"}, "daemonsets", "ds", false},
	{schema.GroupVersionKind{Group: "apps", Version: "v1", Kind: "Deployment"}, "deployments", "deploy", false},
	{schema.GroupVersionKind{Group: "apps", Version: "v1", Kind: "ReplicaSet"}, "replicasets", "rs", false},
	{schema.GroupVersionKind{Group: "apps", Version: "v1", Kind: "StatefulSet"}, "statefulsets", "sts", false},
	{schema.GroupVersionKind{Group: "autoscaling", Version: "v2", Kind: "HorizontalPodAutoscaler"}, "horizontalpodautoscalers", "hpa", false},
	{schema.GroupVersionKind{Group: "batch", Version: "v1", Kind: "CronJob"}, "cronjobs", "cj", false},
	{schema.GroupVersionKind{Group: "batch", Version: "v1", Kind: "Job"}, "jobs", "", false},
	{schema.GroupVersionKind{Group: "networking.k8s.io", Version: "v1", Kind: "Ingress"}, "ingresses", "ing", false},
	{schema.GroupVersionKind{Group: "networking.k8s.io", Version: "v1", Kind: "NetworkPolicy"}, "networkpolicies", "netpol", false},
	{schema.GroupVersionKind{Group: "policy", Version: "v1", Kind: "PodDisruptionBudget"}, "poddisruptionbudgets", "pdb", false},
	{schema.GroupVersionKind{Group: "rbac.authorization.k8s.io", Version: "v1", Kind: "ClusterRole"}, "clusterroles", "", true},
	{schema.GroupVersionKind{Group: "rbac.authorization.k8s.io", Version: "v1", Kind: "ClusterRoleBinding"}, "clusterrolebindings", "", true},
	{schema.GroupVersionKind{Group: "rbac.authorization.k8s.io", Version: "v1", Kind: "Role"}, "roles", "", false},
	{schema.GroupVersionKind{Group: "rbac.authorization.k8s.io", Version: "v1", Kind: "RoleBinding"}, "rolebindings", "", false},
}

// federations are all federated kinds: the usual ones, and those of configs, which
// come before. Of several for one federated kind, or for one target, the first by
// namespace and name counts.
func federations(configs map[reference]*federation) (all map[schema.GroupVersionKind]*federation, findings []finding.Finding) {
	all = map[schema.GroupVersionKind]*federation{}
	targets := map[schema.GroupKind]*federation{}
	sorted := make([]*federation, 0, len(configs))
	for _, f := range configs {
		if !f.federated.Empty() {
			sorted = append(sorted, f)
		}
	}
	slices.SortFunc(sorted, func(a, b *federation) int {
		return cmp.Or(strings.Compare(a.stated.namespace, b.stated.namespace), strings.Compare(a.stated.name, b.stated.name))
	})
	for _, f := range sorted {
		other := all[f.federated]
		if other == nil {
			other = targets[f.target.GroupKind()]
		}
		if other != nil {
			findings = append(findings, finding.Finding{Object: f.stated.String(), Field: "spec", Text: fmt.Sprintf("does not count beside %s, which is for %s", other.stated, other.federated.Kind)})
			continue
		}
		all[f.federated], targets[f.target.GroupKind()] = f, f
	}
	for _, u := range usual {
		f := &federation{federated: typesv1beta1.Version.WithKind("Federated" + u.kind.Kind), target: u.kind, namespaced: !u.global}
		if all[f.federated] == nil && targets[f.target.GroupKind()] == nil {
			all[f.federated] = f
		}
	}
	return all, findings
}

// readTypeConfig reads a FederatedTypeConfig. before is what it said before; nil:
// nothing. One that cannot be read goes on meaning what it meant.
func readTypeConfig(o *unstructured.Unstructured, before *federation) (*federation, []finding.Finding) {
	f := &federation{}
	var stated corev1beta1.FederatedTypeConfig
	findings, err := finding.Decode(o, &stated)
	if err == nil {
		err = f.read(o.GetName(), &stated.Spec)
	}
	if err != nil {
		if f = new(federation); before != nil {
			*f = *before
		}
		f.err = err
	} else {
		f.err = nil
	}
	f.stated, f.generation = referenceTo(o), o.GetGeneration()
	return f, findings
}

func (f *federation) read(name string, s *corev1beta1.FederatedTypeConfigSpec) error {
	switch {
	case s.TargetType.Kind == "":
		return wrong("spec.targetType.kind", "missing")
	case s.TargetType.Version == "":
		return wrong("spec.targetType.version", "missing")
	case s.FederatedType.Kind == "":
		return wrong("spec.federatedType.kind", "missing")
	case s.FederatedType.Version == "":
		return wrong("spec.federatedType.version", "missing")
	}
	group := s.TargetType.Group
	if _, rest, ok := strings.Cut(name, "."); group == "" && ok {
		group = rest // as KubeFed's defaults have it
	}
	f.target = schema.GroupVersionKind{Group: group, Version: s.TargetType.Version, Kind: s.TargetType.Kind}
	f.federated = schema.GroupVersionKind{Group: cmp.Or(s.FederatedType.Group, typesv1beta1.Version.Group), Version: s.FederatedType.Version, Kind: s.FederatedType.Kind}
	f.namespaced = s.TargetType.Namespaced()
	switch s.Propagation {
	case corev1beta1.PropagationEnabled:
	case corev1beta1.PropagationDisabled:
		f.disabled = true
	default:
		return wrong("spec.propagation", "got %.80q, want Enabled or Disabled", s.Propagation)
	}
	f.collect = s.StatusCollection != nil && *s.StatusCollection == corev1beta1.StatusCollectionEnabled
	return nil
}

// isNamespace says that the federated kind is that of namespaces, whose objects are
// in the namespaces they are for.
func (f *federation) isNamespace() bool {
	return f.target.Group == "" && f.target.Kind == "Namespace"
}

// misplaced says that an object is for a namespace that it is not in.
func (f *federation) misplaced(o *federated) bool {
	return f.isNamespace() && o.name != o.namespace
}
