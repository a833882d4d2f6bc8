package karmada

import (
	"encoding/json"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/fedns/fedns/federation/cluster"
	"github.com/fedns/fedns/federation/override"
)

const myapp = `
apiVersion: apps/v1
kind: Deployment
metadata: {name: myapp}
spec:
  template:
    spec:
      containers:
      - image: myapp:1.0.0
        name: myapp
        command: [./myapp, --parameter1=foo, --parameter2=bar]`

// TestDocumentedOverrides: the examples of Karmada's user guide, override policy,
// have their documented results.
func TestDocumentedOverrides(t *testing.T) {
	member1 := &cluster.Cluster{Name: "member1", Region: "cn-north-1", Labels: map[string]string{"cluster": "member1"}}
	for _, tt := range []struct {
		name, rule string
		path       []string
		want       string
	}{
		{"ImageOverrider, example 1", "overriders: {imageOverrider: [{component: Registry, operator: add, value: test-repo}]}", []string{"image"}, `"test-repo/myapp:1.0.0"`},
		{"ImageOverrider, example 2", "overriders: {imageOverrider: [{component: Repository, operator: replace, value: myapp2}]}", []string{"image"}, `"myapp2:1.0.0"`},
		{"ImageOverrider, example 3", "overriders: {imageOverrider: [{component: Tag, operator: remove}]}", []string{"image"}, `"myapp"`},
		{"CommandOverrider, example 1", "overriders: {commandOverrider: [{containerName: myapp, operator: add, value: [--cluster=member1]}]}", []string{"command"}, `["./myapp","--parameter1=foo","--parameter2=bar","--cluster=member1"]`},
		{"CommandOverrider, example 2", "overriders: {commandOverrider: [{containerName: myapp, operator: remove, value: [--parameter1=foo]}]}", []string{"command"}, `["./myapp","--parameter2=bar"]`},
		{"labelSelector", "targetCluster: {labelSelector: {matchLabels: {cluster: member1}}}, overriders: {imageOverrider: [{component: Tag, operator: replace, value: new}]}", []string{"image"}, `"myapp:new"`},
		{"clusterNames", "targetCluster: {clusterNames: [member1]}, overriders: {imageOverrider: [{component: Tag, operator: replace, value: new}]}", []string{"image"}, `"myapp:new"`},
		{"exclude", "targetCluster: {exclude: [member1]}, overriders: {imageOverrider: [{component: Tag, operator: replace, value: new}]}", []string{"image"}, `"myapp:1.0.0"`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := newStage(t, false)
			s.put(pp("a", "") + "apiVersion: policy.karmada.io/v1alpha1\nkind: OverridePolicy\nmetadata: {name: example}\nspec: {resourceSelectors: [{apiVersion: apps/v1, kind: Deployment}], overrideRules: [{" + tt.rule + "}]}\n---\n" + myapp)
			all := s.orders()
			if len(all) != 1 || all[0].Err != nil {
				t.Fatalf("told %+v", all)
			}
			changed, err := override.Apply(all[0].Template, member1, all[0].Overrides)
			if err != nil {
				t.Fatal(err)
			}
			containers, _, err := unstructured.NestedSlice(changed.Object, "spec", "template", "spec", "containers")
			if err != nil {
				t.Fatal(err)
			}
			got, _, _ := unstructured.NestedFieldNoCopy(containers[0].(map[string]any), tt.path...)
			if text, _ := json.Marshal(got); string(text) != tt.want {
				t.Errorf("got %s, want %s", text, tt.want)
			}
		})
	}
	t.Run("PlaintextOverrider, example 1", func(t *testing.T) {
		s := newStage(t, false)
		s.put(pp("a", "resourceSelectors: [{apiVersion: v1, kind: ConfigMap}]") + override1("plaintext: [{path: /data/example, operator: replace, value: 2}]") + "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: myconfigmap}\ndata: {example: '1'}")
		all := s.orders()
		changed, err := override.Apply(all[0].Template, member1, all[0].Overrides)
		if err != nil {
			t.Fatal(err)
		}
		if text, _ := json.Marshal(changed.Object["data"]); string(text) != `{"example":2}` {
			t.Errorf("got %s", text)
		}
	})
}
