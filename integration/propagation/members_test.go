package propagation

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/fedns/fedns/federation/propagation"
	"github.com/fedns/fedns/federation/work"
)

// denial has an API server reject all ConfigMaps.
const denial = `
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicy
metadata: {name: nothing}
spec:
  failurePolicy: Fail
  matchConstraints: {resourceRules: [{apiGroups: [""], apiVersions: [v1], operations: [CREATE, UPDATE], resources: [configmaps]}]}
  validations: [{expression: "object.metadata.namespace != 'shop'", message: nothing comes in here}]
---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicyBinding
metadata: {name: nothing}
spec: {policyName: nothing, validationActions: [Deny]}
`

// TestOthersConverge: one member hangs, one rejects everything, one is gone.
func TestOthersConverge(t *testing.T) {
	w := newWorld(t, "good", "hangs", "rejects", "gone")
	clusters := []string{"good", "hangs", "rejects", "gone"}
	first := parse(t, configMap, "first", 0)
	for _, c := range clusters {
		w.do(c, first)
	}
	for _, c := range clusters {
		w.comes(c, first, work.Applied, "")
	}
	if err := w.fleet.Cluster("rejects").Apply(t.Context(), denial); err != nil {
		t.Fatal(err)
	}
	// A policy takes a moment to be in force.
	probe := fmt.Sprintf(configMap, "probe", 1)
	for until := time.Now().Add(within); w.fleet.Cluster("rejects").Apply(t.Context(), probe) == nil; probe = strings.Replace(probe, "'1'", "'2'", 1) + " " {
		if time.Now().After(until) {
			t.Fatal("the policy is not in force")
		}
	}
	if err := w.fleet.Cluster("hangs").Pause(); err != nil {
		t.Fatal(err)
	}
	if err := w.fleet.Cluster("gone").Kill(); err != nil {
		t.Fatal(err)
	}
	var all []*unstructured.Unstructured
	began := time.Now()
	for i := range 50 {
		o := parse(t, configMap, fmt.Sprintf("m-%d", i), i)
		all = append(all, o)
		for _, c := range clusters {
			w.do(c, o)
		}
	}
	for _, o := range all {
		w.comes("good", o, work.Applied, "")
	}
	t.Logf("50 objects were in the good member after %v", time.Since(began).Round(time.Millisecond))
	for _, o := range all {
		w.comes("hangs", o, work.Failed, propagation.ReasonUnreachable)
		w.comes("gone", o, work.Failed, propagation.ReasonUnreachable)
		if got := w.comes("rejects", o, work.Failed, "Invalid"); !strings.Contains(got.Message, "nothing comes in here") {
			t.Errorf("message %q is not the member's own", got.Message)
		}
	}
	for _, c := range clusters {
		w.do(c, first, removal)
	}
	w.comes("good", first, work.Removed, "")
	w.comes("rejects", first, work.Removed, "")
	w.comes("gone", first, work.Failed, propagation.ReasonUnreachable)
	w.p.Forget("gone")
	w.comes("gone", first, work.Abandoned, "")
	if err := w.fleet.Cluster("hangs").Resume(); err != nil {
		t.Fatal(err)
	}
	w.comes("hangs", first, work.Removed, "")
	for _, o := range all {
		w.comes("hangs", o, work.Applied, "")
	}
}
