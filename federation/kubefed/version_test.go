package kubefed

import (
	"strings"
	"testing"

	"github.com/fedns/fedns/federation/work/worktest"
)

const placedBefore = `
apiVersion: core.kubefed.io/v1alpha1
kind: PropagatedVersion
metadata: {name: configmap-web, namespace: shop}
status: {templateVersion: a, overridesVersion: b, clusterVersions: [{clusterName: cluster2, version: "gen:1"}, {clusterName: cluster1, version: "gen:1"}]}
---
apiVersion: core.kubefed.io/v1alpha1
kind: PropagatedVersion
metadata: {name: namespace-shop, namespace: shop}
status: {clusterVersions: [{clusterName: cluster3, version: "gen:1"}]}
`

const placedNow = `
apiVersion: types.kubefed.io/v1beta1
kind: FederatedConfigMap
metadata: {name: web, namespace: shop, uid: "u"}
spec: {placement: {clusters: []}, template: {}}
---
apiVersion: types.kubefed.io/v1beta1
kind: FederatedNamespace
metadata: {name: shop, namespace: shop, uid: "v"}
spec: {placement: {clusters: []}}
---
apiVersion: types.kubefed.io/v1beta1
kind: FederatedSecret
metadata: {name: web, namespace: shop, uid: "w"}
spec: {placement: {clusters: []}, template: {}}
`

// TestSucceeds: where the KubeFed of this host has placed an object is told, whichever
// of the two is heard of first, and is not told any more when its record is gone.
func TestSucceeds(t *testing.T) {
	for name, texts := range map[string][]string{"record first": {placedBefore, placedNow}, "object first": {placedNow, placedBefore}} {
		t.Run(name, func(t *testing.T) {
			s := &stage{desk: newDesk(nil), t: t}
			s.synced(typeConfigKind, true)
			s.synced(preferenceKind, true)
			s.synced(federatedNamespace, false)
			got := map[string]string{}
			told := func() {
				for _, o := range s.orders() {
					got[o.Key.Kind.Kind] = strings.Join(o.Options.Succeeds, " ")
				}
			}
			for _, text := range texts {
				for _, o := range worktest.Objects(t, text) {
					if o.GetKind() == propagatedVersion.Kind {
						s.putVersion(o)
					} else {
						s.putObject(o)
					}
				}
				told()
			}
			if got["ConfigMap"] != "cluster1 cluster2" || got["Namespace"] != "cluster3" || got["Secret"] != "" {
				t.Errorf("it was placed before in %v", got)
			}
			s.deleteVersion(worktest.Objects(t, placedBefore)[0])
			told()
			if got["ConfigMap"] != "" {
				t.Errorf("with its record gone, it was placed before in %v", got)
			}
		})
	}
}
