package federationv1

import (
	"fmt"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/json"

	schedulingv1alpha1 "github.com/fedns/fedns/federation/api/kubefed/scheduling/v1alpha1"
	"github.com/fedns/fedns/federation/placement"
	"github.com/fedns/fedns/federation/preference"
)

// Annotations of federated objects.
const (
	selectorKey    = "federation.alpha.kubernetes.io/cluster-selector"
	deploymentKey  = "federation.kubernetes.io/deployment-preferences"
	replicaSetKey  = "federation.kubernetes.io/replica-set-preferences"
	ingressesKey   = "federation.kubernetes.io/service-ingresses"
	lastAppliedKey = "kubectl.kubernetes.io/last-applied-configuration"
	revisionKey    = "deployment.kubernetes.io/revision"
)

// marked says that an object is federated. What a controller made is not: a
// Deployment's annotations are on its ReplicaSets as well.
func marked(o *unstructured.Unstructured) bool {
	if metav1.GetControllerOf(o) != nil {
		return false
	}
	all := o.GetAnnotations()
	for _, key := range []string{selectorKey, deploymentKey, replicaSetKey, ingressesKey} {
		if _, ok := all[key]; ok {
			return true
		}
	}
	return false
}

// requirement is an item of a cluster-selector.
type requirement struct {
	Key      string   `json:"key"`
	Operator string   `json:"operator"`
	Values   []string `json:"values"`
}

// operators are those that are documented, and those that v1 read as well.
var operators = map[string]corev1.NodeSelectorOperator{
	"in": corev1.NodeSelectorOpIn, "=": corev1.NodeSelectorOpIn, "==": corev1.NodeSelectorOpIn,
	"notin": corev1.NodeSelectorOpNotIn, "!=": corev1.NodeSelectorOpNotIn,
	"exists": corev1.NodeSelectorOpExists, "doesnotexist": corev1.NodeSelectorOpDoesNotExist, "!": corev1.NodeSelectorOpDoesNotExist,
	"gt": corev1.NodeSelectorOpGt, "lt": corev1.NodeSelectorOpLt,
}

// affinity reads an object's cluster-selector. Without any all clusters are selected.
func affinity(o *unstructured.Unstructured) (a placement.Affinity, err error) {
	text, ok := o.GetAnnotations()[selectorKey]
	if !ok {
		return a, nil
	}
	var stated []requirement
	if err := decode(text, &stated); err != nil {
		return a, fmt.Errorf("%s: %w", selectorKey, err)
	}
	for i, r := range stated {
		term, err := r.term()
		if err != nil {
			return a, fmt.Errorf("%s: [%d].%w", selectorKey, i, err)
		}
		a.Terms = append(a.Terms, term)
	}
	return a, nil
}

// term is a requirement as placement has it.
func (r *requirement) term() (t corev1.NodeSelectorRequirement, err error) {
	op, ok := operators[strings.ToLower(r.Operator)]
	t = corev1.NodeSelectorRequirement{Key: r.Key, Operator: op, Values: r.Values}
	switch {
	case r.Key == "":
		return t, fmt.Errorf("key: missing")
	case !ok:
		return t, fmt.Errorf("operator: got %.80q, want In, NotIn, Exists, DoesNotExist, Gt or Lt", r.Operator)
	}
	switch op {
	case corev1.NodeSelectorOpIn, corev1.NodeSelectorOpNotIn:
		if len(r.Values) == 0 {
			return t, fmt.Errorf("values: missing, as operator is %s", r.Operator)
		}
	case corev1.NodeSelectorOpExists, corev1.NodeSelectorOpDoesNotExist:
		if len(r.Values) > 0 {
			return t, fmt.Errorf("values: got %d, want none, as operator is %s", len(r.Values), r.Operator)
		}
	default:
		if len(r.Values) != 1 {
			return t, fmt.Errorf("values: got %d, want one, as operator is %s", len(r.Values), r.Operator)
		}
		if _, err := strconv.ParseInt(r.Values[0], 10, 64); err != nil {
			return t, fmt.Errorf("values: got %.80q, want an integer, as operator is %s", r.Values[0], r.Operator)
		}
	}
	return t, nil
}

// preferences are how a workload's replicas are told out.
type preferences struct {
	Rebalance bool                                             `json:"rebalance"`
	Clusters  map[string]schedulingv1alpha1.ClusterPreferences `json:"clusters"`
}

// scheduling reads a workload's preferences: of its own kind, or else those of
// ReplicaSets, which are the documented ones of Deployments.
func scheduling(o *unstructured.Unstructured) (placement.Scheduling, error) {
	keys := []string{replicaSetKey}
	if o.GetKind() == "Deployment" {
		keys = []string{deploymentKey, replicaSetKey}
	}
	for _, key := range keys {
		text, ok := o.GetAnnotations()[key]
		if !ok {
			continue
		}
		var stated preferences
		err := decode(text, &stated)
		if err != nil {
			return placement.Scheduling{}, fmt.Errorf("%s: %w", key, err)
		}
		s, err := preference.Scheduling(stated.Rebalance, stated.Clusters, "clusters")
		if err != nil {
			return s, fmt.Errorf("%s: %w", key, err)
		}
		return s, nil
	}
	return preference.Alike(false), nil
}

// decode reads JSON; what is not known there is an error, for it would be
// misunderstood.
func decode(text string, into any) error {
	strict, err := json.UnmarshalStrict([]byte(text), into)
	if err == nil && len(strict) > 0 {
		err = strict[0]
	}
	if err != nil {
		return fmt.Errorf("not of its form: %w", err)
	}
	return nil
}
