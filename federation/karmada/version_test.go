package karmada

import (
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/fedns/fedns/federation/work/worktest"
)

const doll = `
apiVersion: example.com/VERSION
kind: Doll
metadata: {name: bear, namespace: shop}
---
`

const dollPolicy = `
apiVersion: policy.karmada.io/v1alpha1
kind: PropagationPolicy
metadata: {name: bear, namespace: shop}
spec:
  resourceSelectors: [{apiVersion: example.com/VERSION, kind: Doll}]
  placement: {clusterAffinity: {clusterNames: [a]}}
---
`

func in(version, text string) string { return strings.ReplaceAll(text, "VERSION", version) }

// TestAnotherVersionIsSelected: the order of one version of a template stands until that of
// the other was given, whatever becomes of templates that nobody selects; then it ends.
func TestAnotherVersionIsSelected(t *testing.T) {
	for name, withdraw := range map[string]bool{"Keep": false, "Withdraw": true} {
		t.Run(name, func(t *testing.T) {
			s := newStage(t, withdraw)
			s.put(in("v1beta1", dollPolicy+doll))
			if all := s.orders(); len(all) != 1 || all[0].Key.Kind.Version != "v1beta1" {
				t.Fatalf("orders are %v", all)
			}
			s.putPolicy(worktest.Objects(t, in("v1", dollPolicy))[0])
			if all := s.orders(); len(all) > 0 {
				t.Errorf("before the other version was read %v is ordered", all)
			}
			s.putTemplate(worktest.Objects(t, in("v1", doll))[0])
			s.synced(schema.GroupVersionKind{Group: "example.com", Version: "v1", Kind: "Doll"}, false)
			var given []string
			for o, ok := s.next(); ok; o, ok = s.next() {
				how := "order "
				if o.Template == nil {
					how = "end "
				}
				given = append(given, how+o.Key.Kind.Version)
			}
			if got := strings.Join(given, ", "); got != "order v1, end v1beta1" {
				t.Errorf("given are %s", got)
			}
			s.putTemplate(worktest.Objects(t, in("v1beta1", doll))[0])
			if all := s.orders(); len(all) > 0 {
				t.Errorf("a change of the former version orders %v", all)
			}
		})
	}
}

// TestAnotherVersionThatIsNotServed: then it is as if nobody selected the template.
func TestAnotherVersionThatIsNotServed(t *testing.T) {
	s := newStage(t, true)
	s.put(in("v1beta1", dollPolicy+doll))
	s.orders()
	s.putPolicy(worktest.Objects(t, in("v1", dollPolicy))[0])
	if all := s.orders(); len(all) > 0 {
		t.Errorf("before it is known that the host does not serve it, %v is ordered", all)
	}
	s.synced(schema.GroupVersionKind{Group: "example.com", Version: "v1", Kind: "Doll"}, true)
	if all := s.orders(); len(all) != 1 || all[0].Template != nil {
		t.Errorf("orders are %v, want the end of it", all)
	}
}
