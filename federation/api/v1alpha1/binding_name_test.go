package v1alpha1

import (
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/util/validation"
)

// TestBindingName: the names of Bindings are names, readable, and each object's own.
func TestBindingName(t *testing.T) {
	seen := map[string]string{}
	for _, tt := range []struct{ group, kind, name, begins string }{
		{"apps", "Deployment", "web", "web-deployment-"},
		{"extensions", "Deployment", "web", "web-deployment-"},
		{"", "Service", "web", "web-service-"},
		{"rbac.authorization.k8s.io", "ClusterRole", "system:node", "system-node-clusterrole-"},
		{"rbac.authorization.k8s.io", "ClusterRole", "system-node", "system-node-clusterrole-"},
		{"rbac.authorization.k8s.io", "ClusterRole", ":", "x-clusterrole-"},
		{"rbac.authorization.k8s.io", "ClusterRole", "a::.b", "a---b-clusterrole-"},
		{"rbac.authorization.k8s.io", "ClusterRole", "a.:.b", "a---b-clusterrole-"},
		{"rbac.authorization.k8s.io", "ClusterRole", "a..b-.c", "a--b--c-clusterrole-"},
		{"", "ConfigMap", strings.Repeat("a", 253), "aaa"},
		{"", "ConfigMap", strings.Repeat("a", 252) + "b", "aaa"},
	} {
		got := BindingName(tt.group, tt.kind, tt.name)
		if !strings.HasPrefix(got, tt.begins) {
			t.Errorf("%s %s %s: got %s, want it to begin with %s", tt.group, tt.kind, tt.name, got, tt.begins)
		}
		if wrong := validation.IsDNS1123Subdomain(got); len(wrong) > 0 {
			t.Errorf("%s is no name: %v", got, wrong)
		}
		if other, double := seen[got]; double {
			t.Errorf("%s is the name for %s too", got, other)
		}
		seen[got] = tt.name
		if again := BindingName(tt.group, tt.kind, tt.name); again != got {
			t.Errorf("got %s, then %s", got, again)
		}
	}
}

func TestPlaced(t *testing.T) {
	s := BindingSpec{Targets: []Target{{Cluster: "eu-1", Replicas: 3}, {Cluster: "eu-2"}}, Leaving: []Leaving{{Cluster: "us-1", Replicas: 2}}}
	if got := s.Placed(); got != "eu-1=3 eu-2 -us-1" {
		t.Errorf("got %s", got)
	}
	for range 10 {
		s.Targets = append(s.Targets, Target{Cluster: "x"})
	}
	if got := s.Placed(); got != "eu-1=3 eu-2 x x x x x x and 5 more" {
		t.Errorf("got %s", got)
	}
}
