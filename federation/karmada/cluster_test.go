package karmada

import (
	"encoding/json"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/fedns/fedns/federation/work/worktest"
)

const member = `
apiVersion: cluster.karmada.io/v1alpha1
kind: Cluster
metadata: {name: member1, labels: {tier: gold}}
spec:
  syncMode: Push
  provider: aws
  region: eu-west
  zones: [eu-west-1a, "", eu-west-1b, eu-west-1a]
  taints: [{key: dedicated, value: gpu, effect: NoSchedule}]
  somethingNew: 1
status:
  conditions: [{type: CompleteAPIEnablements, status: "True", reason: a, message: a, lastTransitionTime: "2026-01-01T00:00:00Z"}]
  apiEnablements: [{groupVersion: apps/v1, resources: [{name: deployments, kind: Deployment}]}, {groupVersion: v1, resources: [{name: pods, kind: Pod}]}]
  resourceSummary:
    allocatable: {cpu: "8", pods: "110"}
    allocated: {cpu: 1500m, pods: "10"}
    allocating: {cpu: 500m}`

func TestConvert(t *testing.T) {
	c, err := Convert(worktest.Objects(t, member)[0])
	if err != nil {
		t.Fatal(err)
	}
	if !c.Serves(schema.GroupVersionKind{Group: "apps", Version: "v1", Kind: "Deployment"}) || c.Serves(schema.GroupVersionKind{Group: "apps", Version: "v1", Kind: "DaemonSet"}) {
		t.Errorf("serves %v", c.Kinds)
	}
	got, err := json.Marshal([]any{c.Name, c.Labels, c.Provider, c.Region, c.Zones, c.Taints, c.Capacity})
	if err != nil {
		t.Fatal(err)
	}
	want := `["member1",{"tier":"gold"},"aws","eu-west",["eu-west-1a","eu-west-1b"],[{"key":"dedicated","value":"gpu","effect":"NoSchedule"}],` +
		`{"Known":true,"Stated":false,"Allocatable":{"cpu":8000,"pods":110000},"Requested":{"cpu":2000,"pods":10000}}]`
	if string(got) != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	c, err = Convert(worktest.Objects(t, strings.Replace(strings.Replace(member, `status: "True"`, `status: "False"`, 1), "zones:", "zone: old\n  formerZones:", 1))[0])
	if err != nil || c.Kinds != nil || len(c.Zones) != 1 || c.Zones[0] != "old" {
		t.Errorf("what could not be read whole, and the older field: %+v, %v", c, err)
	}
	for text, want := range map[string]string{
		strings.Replace(member, "apps/v1", "a/b/c", 1): "Cluster member1: status.apiEnablements[0].groupVersion: ",
		strings.Replace(member, "aws", "[aws]", 1):     "Cluster member1: spec.provider: got array",
	} {
		if _, err := Convert(worktest.Objects(t, text)[0]); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("got %v, want an error that begins with %q", err, want)
		}
	}
}
