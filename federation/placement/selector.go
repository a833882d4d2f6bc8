package placement

import (
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/selection"

	"github.com/fedns/fedns/federation/cluster"
)

// Selector is an Affinity made ready for many clusters. It is immutable.
type Selector struct {
	name     string
	none     bool
	clusters map[string]bool // nil: any
	exclude  map[string]bool
	labels   labels.Selector // nil: any
	unlike   string          // why labels does not select
	fields   []field
	terms    []term
}

type term struct {
	labels.Requirement
	unlike string
}

// operators of a NodeSelectorRequirement in the words of labels.
var operators = map[corev1.NodeSelectorOperator]selection.Operator{
	corev1.NodeSelectorOpIn:           selection.In,
	corev1.NodeSelectorOpNotIn:        selection.NotIn,
	corev1.NodeSelectorOpExists:       selection.Exists,
	corev1.NodeSelectorOpDoesNotExist: selection.DoesNotExist,
	corev1.NodeSelectorOpGt:           selection.GreaterThan,
	corev1.NodeSelectorOpLt:           selection.LessThan,
}

// NewSelector reads an Affinity. Errors name the field and the requirement.
func NewSelector(a Affinity) (*Selector, error) {
	s := &Selector{name: a.Name, none: a.None, exclude: set(a.Exclude)}
	if len(a.Clusters) > 0 {
		s.clusters = set(a.Clusters)
	}
	if a.Labels != nil {
		selector, err := metav1.LabelSelectorAsSelector(a.Labels)
		if err != nil {
			return nil, fmt.Errorf("labels: %w", err)
		}
		if !selector.Empty() {
			s.labels, s.unlike = selector, "its labels are not "+selector.String()
		}
	}
	for i, r := range a.Fields {
		f, err := newField(r)
		if err != nil {
			return nil, fmt.Errorf("fields[%d]: %w", i, err)
		}
		s.fields = append(s.fields, f)
	}
	for i, r := range a.Terms {
		op, ok := operators[r.Operator]
		if !ok {
			return nil, fmt.Errorf("terms[%d]: key %s: operator %q: want In, NotIn, Exists, DoesNotExist, Gt or Lt", i, r.Key, r.Operator)
		}
		// Requirement keeps its values sorted, and must not sort what is not ours.
		requirement, err := labels.NewRequirement(r.Key, op, slices.Clone(r.Values))
		if err != nil {
			return nil, fmt.Errorf("terms[%d]: %w", i, err)
		}
		s.terms = append(s.terms, term{*requirement, "its labels are not " + requirement.String()})
	}
	return s, nil
}

func set(names []string) map[string]bool {
	m := make(map[string]bool, len(names))
	for _, name := range names {
		m[name] = true
	}
	return m
}

// Selects says whether s selects c, and if not, which of its rules drops c.
func (s *Selector) Selects(c *cluster.Cluster) (ok bool, why string) {
	switch {
	case s.none:
		return false, "the affinity selects nothing"
	case s.clusters != nil && !s.clusters[c.Name]:
		return false, "it is not among the clusters named"
	case s.exclude[c.Name]:
		return false, "it is excluded by name"
	case s.labels != nil && !s.labels.Matches(labels.Set(c.Labels)):
		return false, s.unlike
	}
	for i := range s.fields {
		if !s.fields[i].holds(c) {
			return false, s.fields[i].unlike
		}
	}
	for i := range s.terms {
		if !s.terms[i].Matches(labels.Set(c.Labels)) {
			return false, s.terms[i].unlike
		}
	}
	return true, ""
}

// onlyNames says that s asks for nothing but names, which can be looked up.
func (s *Selector) onlyNames() bool {
	return s.clusters != nil && !s.none && len(s.exclude) == 0 && s.labels == nil && len(s.fields) == 0 && len(s.terms) == 0
}

// atMost is how many of n clusters s selects at most.
func (s *Selector) atMost(n int) int {
	if s.clusters == nil {
		return n
	}
	return min(n, len(s.clusters))
}

// field is a requirement on where a cluster is.
type field struct {
	of     func(*cluster.Cluster) []string
	op     corev1.NodeSelectorOperator
	values []string
	unlike string
}

func newField(r corev1.NodeSelectorRequirement) (field, error) {
	f := field{op: r.Operator, values: r.Values}
	switch r.Key {
	case "provider":
		f.of = func(c *cluster.Cluster) []string { return stated(c.Provider) }
	case "region":
		f.of = func(c *cluster.Cluster) []string { return stated(c.Region) }
	case "zone":
		f.of = func(c *cluster.Cluster) []string { return c.Zones }
	default:
		return field{}, fmt.Errorf("key %q: want provider, region or zone", r.Key)
	}
	switch r.Operator {
	case corev1.NodeSelectorOpIn, corev1.NodeSelectorOpNotIn:
		if len(r.Values) == 0 {
			return field{}, fmt.Errorf("key %s: operator %s wants values", r.Key, r.Operator)
		}
	case corev1.NodeSelectorOpExists, corev1.NodeSelectorOpDoesNotExist:
		if len(r.Values) > 0 {
			return field{}, fmt.Errorf("key %s: operator %s wants no values", r.Key, r.Operator)
		}
	default:
		return field{}, fmt.Errorf("key %s: operator %q: want In, NotIn, Exists or DoesNotExist", r.Key, r.Operator)
	}
	f.unlike = strings.TrimSpace(fmt.Sprintf("its %s does not meet %s %s", r.Key, r.Operator, strings.Join(r.Values, ", ")))
	return f, nil
}

func stated(value string) []string {
	if value == "" {
		return nil
	}
	return []string{value}
}

// holds says that c meets f. A cluster in several zones is In those of values
// only if all of its zones are: its pods could run in any of them. It is NotIn
// if none is.
func (f *field) holds(c *cluster.Cluster) bool {
	have := f.of(c)
	among := func(v string) bool { return slices.Contains(f.values, v) }
	switch f.op {
	case corev1.NodeSelectorOpIn:
		return len(have) > 0 && !slices.ContainsFunc(have, func(v string) bool { return !among(v) })
	case corev1.NodeSelectorOpNotIn:
		return !slices.ContainsFunc(have, among)
	case corev1.NodeSelectorOpExists:
		return len(have) > 0
	default:
		return len(have) == 0
	}
}
