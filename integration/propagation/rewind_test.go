package propagation

import (
	"fmt"
	"testing"

	"github.com/fedns/fedns/federation/work"
	"github.com/fedns/fedns/integration/harness"
)

// TestRewind: a member that is restored from a backup, or made anew, gets what it is to
// have by the Propagator that runs, though its versions are lower than those seen before.
func TestRewind(t *testing.T) {
	w := &world{t: t, whole: t, fleet: harness.Start(t, harness.Options{Clusters: []harness.Spec{{Name: "eu", OwnEtcd: true}}}), outcomes: map[string]work.Outcome{}}
	c := w.fleet.Cluster("eu")
	replace := func(from string) {
		t.Helper()
		if _, err := c.ReplaceData(t.Context(), from); err != nil {
			t.Fatal(err)
		}
	}
	const shop = "{apiVersion: v1, kind: Namespace, metadata: {name: shop}}"
	if err := c.Apply(t.Context(), shop); err != nil {
		t.Fatal(err)
	}
	w.begin()
	settings, gone, web := parse(t, configMap, "settings", 1), parse(t, configMap, "gone", 1), parse(t, deployment, "web", 2)
	w.do("eu", gone)
	w.do("eu", settings)
	w.comes("eu", gone, work.Applied, "")
	w.comes("eu", settings, work.Applied, "")
	backup, err := c.CopyData()
	if err != nil {
		t.Fatal(err)
	}
	// Others write, so that the backup is far behind: a member that has come to where a
	// kind was before anybody asks cannot be told from one that did not go back.
	for i := range 500 {
		if err := c.Apply(t.Context(), fmt.Sprintf("{apiVersion: v1, kind: ConfigMap, metadata: {name: noise, namespace: default}, data: {n: '%d'}}", i)); err != nil {
			t.Fatal(err)
		}
	}
	settings = parse(t, configMap, "settings", 2)
	w.do("eu", settings)
	w.do("eu", gone, removal)
	w.do("eu", web)
	w.comes("eu", settings, work.Applied, "")
	w.comes("eu", gone, work.Removed, "")
	w.comes("eu", web, work.Applied, "")

	replace(backup)
	w.becomes("eu", settings, 2, "data", "a")
	w.becomes("eu", web, 2, "spec", "replicas")
	w.comes("eu", settings, work.Applied, "")

	replace("")
	if err := c.Apply(t.Context(), shop); err != nil {
		t.Fatal(err)
	}
	w.becomes("eu", settings, 2, "data", "a")
	w.becomes("eu", web, 2, "spec", "replicas")
	w.comes("eu", web, work.Applied, "")
}
