package placement

import (
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/fedns/fedns/federation/cluster"
)

// FuzzSelector: whatever people write, a Selector is refused or selects the same
// as what it is made of, and gives a reason when it does not select.
func FuzzSelector(f *testing.F) {
	f.Add("region", "In", "eu,us", "tier", "gold", "eu", "eu-a,eu-b", false)
	f.Add("zone", "NotIn", "eu-a", "nodes", "12", "", "eu-a", true)
	f.Add("nodes", "Gt", "3", "nodes", "12", "us", "", true)
	f.Add("nodes", "Lt", "x", "nodes", "-1", "us", "us-b", true)
	f.Add("provider", "Exists", "", "a/b", "c", "us", "us-b", false)
	f.Fuzz(func(t *testing.T, key, op, values, label, value, region, zones string, term bool) {
		split := func(s string) []string {
			if s == "" {
				return nil
			}
			return strings.Split(s, ",")
		}
		c := &cluster.Cluster{Name: "c", Region: region, Zones: split(zones), Labels: map[string]string{label: value}}
		requirement := corev1.NodeSelectorRequirement{Key: key, Operator: corev1.NodeSelectorOperator(op), Values: split(values)}
		a := Affinity{Fields: []corev1.NodeSelectorRequirement{requirement}}
		if term {
			a = Affinity{Terms: a.Fields}
		}
		s, err := NewSelector(a)
		if err != nil {
			return
		}
		ok, why := s.Selects(c)
		if ok == (why != "") {
			t.Fatalf("selected %v, because %q", ok, why)
		}
		if strings.Join(requirement.Values, ",") != values {
			t.Fatalf("values are %q now", requirement.Values)
		}
		// What one operator selects its opposite does not, but for several zones.
		opposite := map[corev1.NodeSelectorOperator]corev1.NodeSelectorOperator{
			corev1.NodeSelectorOpIn: corev1.NodeSelectorOpNotIn, corev1.NodeSelectorOpNotIn: corev1.NodeSelectorOpIn,
			corev1.NodeSelectorOpExists: corev1.NodeSelectorOpDoesNotExist, corev1.NodeSelectorOpDoesNotExist: corev1.NodeSelectorOpExists,
		}[requirement.Operator]
		if opposite != "" && (term || key != "zone" || len(c.Zones) < 2) {
			requirement.Operator = opposite
			if term {
				a.Terms = []corev1.NodeSelectorRequirement{requirement}
			} else {
				a.Fields = []corev1.NodeSelectorRequirement{requirement}
			}
			other, err := NewSelector(a)
			if err != nil {
				t.Fatalf("%s is good, and %s is not: %v", op, opposite, err)
			}
			if not, _ := other.Selects(c); not == ok {
				t.Fatalf("%s and %s both say %v", op, opposite, ok)
			}
		}
		// Excluded by name, it never is.
		a.Exclude = []string{"c"}
		if s, err := NewSelector(a); err != nil {
			t.Fatal(err)
		} else if ok, _ := s.Selects(c); ok {
			t.Fatal("selected, though excluded")
		}
		// The same as a label selector, where both can say it.
		if term && requirement.Operator == corev1.NodeSelectorOpExists {
			byLabels, err := NewSelector(Affinity{Labels: &metav1.LabelSelector{MatchExpressions: []metav1.LabelSelectorRequirement{{Key: key, Operator: metav1.LabelSelectorOpExists}}}})
			if err != nil {
				t.Fatal(err)
			}
			if got, _ := byLabels.Selects(c); got != (key == label) {
				t.Fatalf("label %s: %v", key, got)
			}
		}
	})
}
