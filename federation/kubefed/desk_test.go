package kubefed

import (
	"fmt"
	"strings"
	"testing"
)

const (
	configMap = `
apiVersion: types.kubefed.io/v1beta1
kind: FederatedConfigMap
metadata: {name: a, namespace: shop, uid: "%s", generation: %d%s}
spec: {template: {data: {a: b}}, placement: {clusters: [{name: cluster1}, {name: cluster2}]}}
`
	namespace = `
apiVersion: types.kubefed.io/v1beta1
kind: FederatedNamespace
metadata: {name: shop, namespace: shop%s}
spec: {placement: {clusters: [{name: cluster2}]}}
`
	config = `
apiVersion: core.kubefed.io/v1beta1
kind: FederatedTypeConfig
metadata: {name: %s, namespace: kube-federation-system}
spec:
  federatedType: {group: types.kubefed.io, kind: %s, pluralName: xs, scope: Namespaced, version: v1beta1}
  propagation: %s
  targetType: {kind: %s, pluralName: ys, scope: Namespaced, version: %s}
`
	bar     = "apiVersion: types.kubefed.io/v1beta1\nkind: FederatedBar\nmetadata: {name: a, namespace: shop}\nspec: {template: {}, placement: {clusterSelector: {}}}"
	leaving = `, deletionTimestamp: "2026-01-02T03:04:05Z", finalizers: [kubefed.io/sync-controller]`
)

// TestDesk: what changes gives the orders that follow, and none again.
func TestDesk(t *testing.T) {
	put := func(text string, args ...any) func(*stage) {
		return func(s *stage) { s.put(fmt.Sprintf(text, args...)) }
	}
	remove := func(text string, args ...any) func(*stage) {
		return func(s *stage) { s.remove(fmt.Sprintf(text, args...)) }
	}
	plain := put(configMap, "1", 1, "")
	deployments := put(config, "bars.example.io", "FederatedBar", "Enabled", "Bar", "v1")
	type step struct {
		do   func(*stage)
		want string // orders, on a line each
	}
	for _, tt := range []struct {
		name  string
		steps []step
	}{
		{"the same again", []step{{plain, "order ConfigMap shop/a to cluster1,cluster2"}, {plain, ""}}},
		{"gone", []step{{plain, "order ConfigMap shop/a to cluster1,cluster2"}, {remove(configMap, "1", 1, ""), "take back ConfigMap shop/a"}, {remove(configMap, "1", 1, ""), ""}}},
		{"gone, and orphaned just before", []step{{plain, "order ConfigMap shop/a to cluster1,cluster2"}, {remove(configMap, "1", 1, `, annotations: {kubefed.io/orphan: "true"}`), "take back ConfigMap shop/a (orphan)"}}},
		{"going, then orphaned, then gone, then made anew", []step{
			{plain, "order ConfigMap shop/a to cluster1,cluster2"},
			{put(configMap, "1", 2, leaving), "take back ConfigMap shop/a"},
			{put(configMap, "1", 2, leaving), ""},
			{put(configMap, "1", 2, leaving+`, labels: {kubefed.io/orphan: "true"}`), "take back ConfigMap shop/a (orphan)"},
			{remove(configMap, "1", 2, leaving), ""},
			{put(configMap, "2", 1, ""), "order ConfigMap shop/a to cluster1,cluster2"},
		}},
		{"going since before this process", []step{{put(configMap, "1", 2, leaving), "take back ConfigMap shop/a"}}},
		{"a namespace that comes and goes", []step{
			{plain, "order ConfigMap shop/a to cluster1,cluster2"},
			{put(namespace, ""), "order ConfigMap shop/a to cluster2\norder Namespace shop to cluster2"},
			{put(namespace, leaving), "order ConfigMap shop/a to cluster1,cluster2\ntake back Namespace shop"},
			{remove(namespace, leaving), ""},
		}},
		{"a namespace that cannot be read", []step{
			{put(strings.Replace(namespace, "{name: cluster2}", "{}", 1), ""), "order Namespace shop: FederatedNamespace shop/shop: spec.placement.clusters[0].name: missing"},
			{plain, "order ConfigMap shop/a: FederatedConfigMap shop/a: FederatedNamespace shop/shop: spec.placement.clusters[0].name: missing"},
		}},
		{"disabled and deleted", []step{
			{plain, "order ConfigMap shop/a to cluster1,cluster2"},
			{put(config, "configmaps", "FederatedConfigMap", "Disabled", "ConfigMap", "v1"), "order ConfigMap shop/a (suspended:*) to cluster1,cluster2"},
			{put(configMap, "1", 2, leaving), "take back ConfigMap shop/a (orphan)"},
		}},
		{"a kind of a type config", []step{
			{put(bar), ""},
			{deployments, "order Bar.example.io shop/a to all"},
			{put(config, "bars.example.io", "FederatedBar", "Sometimes", "Bar", "v1"), ""}, // what it meant stands
			{put(config, "bars.example.io", "FederatedBar", "Enabled", "Pub", "v1"), "take back Bar.example.io shop/a\norder Pub.example.io shop/a to all"},
			{remove(config, "bars.example.io", "FederatedBar", "Enabled", "Pub", "v1"), "take back Pub.example.io shop/a (orphan)"},
		}},
		{"a type config of a usual kind that goes", []step{
			{put(config, "configmaps", "FederatedConfigMap", "Enabled", "ConfigMap", "v1"), ""},
			{plain, "order ConfigMap shop/a to cluster1,cluster2"},
			{remove(config, "configmaps", "FederatedConfigMap", "Enabled", "ConfigMap", "v1"), ""},
		}},
		{"what cannot be read any more", []step{
			{plain, "order ConfigMap shop/a to cluster1,cluster2"},
			{put(strings.Replace(configMap, "{data: {a: b}}", "[]", 1), "1", 2, ""), "order ConfigMap shop/a: FederatedConfigMap shop/a: spec.template: want an object"},
			{plain, "order ConfigMap shop/a to cluster1,cluster2"},
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := newStage(t)
			for i, step := range tt.steps {
				step.do(s)
				var got []string
				for _, o := range s.orders() {
					line := "order " + o.Key.String() + strings.Replace(strings.Replace(options(o.Options), "Adopt ", "", 1), " (Adopt)", "", 1)
					switch {
					case o.Template == nil:
						line = strings.Replace(line, "order", "take back", 1)
					case o.Err != nil:
						line += ": " + o.Err.Error()
					default:
						line += " to " + selected(o.Placement.Affinities[0])
					}
					got = append(got, line)
				}
				if text := strings.Join(got, "\n"); text != step.want {
					t.Errorf("step %d: got\n%s\nwant\n%s", i, text, step.want)
				}
			}
		})
	}
}

// TestInformed: nothing is ordered before all is known that bounds it.
func TestInformed(t *testing.T) {
	s := &stage{desk: newDesk(nil), t: t}
	s.put(fmt.Sprintf(configMap, "1", 1, ""))
	s.synced(typeConfigKind, true)
	s.synced(preferenceKind, true)
	if all := s.orders(); len(all) > 0 {
		t.Errorf("ordered before namespaces are known: %v", all)
	}
	if len(s.toWrite()) > 0 {
		t.Error("something is written before type configs are known")
	}
	s.put(fmt.Sprintf(namespace, ""))
	s.synced(federatedNamespace, false)
	if all := s.orders(); len(all) != 2 || selected(all[0].Placement.Affinities[0]) != "cluster2" {
		t.Errorf("got %v", all)
	}
}
