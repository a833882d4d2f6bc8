package daemon

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/fedns/fedns/cmd/fedns/api"
	"github.com/fedns/fedns/discovery"
	"github.com/fedns/fedns/discovery/cluster"
	"github.com/fedns/fedns/discovery/inventory/inventorytest"
)

// TestFleetMoves: clusters that one configuration takes from its list, or from an
// inventory, and puts into another inventory, are there all the time.
func TestFleetMoves(t *testing.T) {
	server := inventorytest.NewAPIServer(t)
	server.Put(stated("a", "https://a:1", "t"))
	r := newRecorder(t)
	for _, folder := range []string{"b", "c", "files"} {
		if err := os.Mkdir(filepath.Join(r.dir, folder), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	r.apply(server, "clusters: [{name: a, manifests: .}, {name: b, manifests: b}]\n")
	r.awaitNames("a", "b")
	server.Stop()
	const secrets, files = "inventories: [{secrets: {namespace: fedns}}]\n", "inventories: [{kubeconfigs: {dir: files}}]\n"
	r.apply(server, secrets)
	r.await("both stand until it was read", func(ms map[cluster.ID]discovery.Member, all []api.Inventory) bool {
		return len(ms) == 2 && !r.complete && len(all) == 1 && all[0].Phase == "unreachable"
	})
	configured, _ := r.member("a")
	r.apply(server, "clusters: [{name: c, manifests: c}]\n"+secrets) // what changes then changes nothing of that
	r.awaitNames("a", "b", "c")
	r.apply(server, secrets)
	r.awaitNames("a", "b") // c was taken out, and no inventory is new
	server.Start()
	r.awaitNames("a")
	if now, _ := r.member("a"); now.Revision == configured.Revision || r.ever["a"] > 0 || r.ever["c"] != 1 {
		t.Errorf("a was %s and is %s, left out %v", configured.Revision, now.Revision, r.ever)
	}
	if err := os.WriteFile(filepath.Join(r.dir, "files", "a.kubeconfig"), []byte(server.Kubeconfig()), 0o600); err != nil {
		t.Fatal(err)
	}
	r.apply(server, files)
	r.await("a of the files", func(ms map[cluster.ID]discovery.Member, all []api.Inventory) bool {
		return len(all) == 1 && all[0].Read && strings.Contains(ms["a"].Revision, "files")
	})
	if r.ever["a"] > 0 {
		t.Errorf("left out %v", r.ever)
	}
	r.apply(server, "inventories: []\n")
	r.awaitNames()
}
