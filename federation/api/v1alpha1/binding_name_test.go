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
