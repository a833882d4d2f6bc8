package daemon

import (
	"encoding/base64"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/fedns/fedns/cmd/fedns/api"
	"github.com/fedns/fedns/cmd/fedns/config"
	"github.com/fedns/fedns/cmd/fedns/propagation"
	"github.com/fedns/fedns/discovery"
	"github.com/fedns/fedns/discovery/cluster"
	"github.com/fedns/fedns/discovery/evidence"
	"github.com/fedns/fedns/discovery/inventory"
	"github.com/fedns/fedns/discovery/inventory/inventorytest"
	"github.com/fedns/fedns/discovery/probe"
)

// recorder keeps what a fleet makes known.
type recorder struct {
	t        *testing.T
	fleet    *fleet
	parts    *parts
	dir      string
	mu       sync.Mutex
	members  map[cluster.ID]discovery.Member
	complete bool               // there are no others
	ever     map[cluster.ID]int // how often a member was left out after it had been there
	changed  chan struct{}
}

func newRecorder(t *testing.T) *recorder {
	r := &recorder{t: t, parts: newParts(), dir: t.TempDir(), ever: map[cluster.ID]int{}, changed: make(chan struct{}, 1)}
	r.fleet = newFleet(slog.New(slog.DiscardHandler), propagation.New(), func(ms []discovery.Member, complete bool) {
		r.mu.Lock()
		defer r.mu.Unlock()
		now := map[cluster.ID]discovery.Member{}
		for _, m := range ms {
			now[m.ID] = m
		}
		for id := range r.members {
			if _, ok := now[id]; !ok {
				r.ever[id]++
			}
		}
		r.members, r.complete = now, complete
		select {
		case r.changed <- struct{}{}:
		default:
		}
	})
	t.Cleanup(r.parts.end)
	return r
}

// apply takes up a configuration that has the host's kubeconfig beside it.
func (r *recorder) apply(server *inventorytest.APIServer, text string) {
	r.t.Helper()
	if err := os.WriteFile(filepath.Join(r.dir, "host"), []byte(server.Kubeconfig()), 0o600); err != nil {
		r.t.Fatal(err)
	}
	file := filepath.Join(r.dir, "fedns.yaml")
	if err := os.WriteFile(file, []byte("apiVersion: fedns.io/v1alpha1\nkind: Config\nhost: {kubeconfig: host}\n"+text), 0o600); err != nil {
		r.t.Fatal(err)
	}
	cfg, err := config.Load(file)
	if err != nil {
		r.t.Fatal(err)
	}
	r.fleet.apply(cfg, r.parts.run)
}

// await waits until a condition holds of the members and of what the API tells.
func (r *recorder) await(what string, want func(map[cluster.ID]discovery.Member, []api.Inventory) bool) {
	r.t.Helper()
	deadline := time.After(20 * time.Second)
	again := time.NewTicker(20 * time.Millisecond)
	defer again.Stop()
	for {
		status := r.fleet.status()
		r.mu.Lock()
		ok := want(r.members, status)
		r.mu.Unlock()
		if ok {
			return
		}
		select {
		case <-r.changed:
		case <-again.C:
		case <-deadline:
			r.t.Fatalf("not seen: %s; %+v", what, status)
		}
	}
}

func (r *recorder) awaitNames(ids ...cluster.ID) {
	r.t.Helper()
	r.await(fmt.Sprint(ids), func(ms map[cluster.ID]discovery.Member, _ []api.Inventory) bool {
		var have []cluster.ID
		for id := range ms {
			have = append(have, id)
		}
		slices.Sort(have)
		return slices.Equal(have, ids)
	})
}

func (r *recorder) member(id cluster.ID) (discovery.Member, string) {
	r.mu.Lock()
	m := r.members[id]
	r.mu.Unlock()
	r.fleet.mu.Lock()
	defer r.fleet.mu.Unlock()
	if h := r.fleet.held[id]; h != nil {
		return m, string(h.Kubeconfig())
	}
	return m, ""
}

// stated is a Secret of our own form.
func stated(name, server, token string) string {
	k := fmt.Sprintf(`{apiVersion: v1, kind: Config, current-context: c, contexts: [{name: c, context: {cluster: c, user: u}}], clusters: [{name: c, cluster: {server: "%s"}}], users: [{name: u, user: {token: "%s"}}]}`, server, token)
	return fmt.Sprintf("{apiVersion: v1, kind: Secret, metadata: {name: %s, namespace: fedns, labels: {fedns.io/cluster: %s, topology.kubernetes.io/region: eu}}, data: {kubeconfig: %s}}\n---\n",
		name, name, base64.StdEncoding.EncodeToString([]byte(k)))
}

// TestFleetRotation: another token reaches the member that runs, another server
// has it read anew; neither takes the member away.
func TestFleetRotation(t *testing.T) {
	server := inventorytest.NewAPIServer(t)
	server.Put(stated("a", "https://a:1", "one") + stated("b", "https://b:1", "one"))
	r := newRecorder(t)
	r.apply(server, "inventories: [{secrets: {namespace: fedns}}]\n")
	r.awaitNames("a", "b")
	before, content := r.member("a")
	if before.Place.Region != "eu" || !strings.Contains(content, "one") {
		t.Errorf("%+v with %s", before, content)
	}
	changed := r.fleet.held["a"].Changed()
	server.Put(stated("a", "https://a:1", "two"))
	select {
	case <-changed:
	case <-time.After(30 * time.Second):
		t.Fatal("the member that runs was not told of its new token")
	}
	after, content := r.member("a")
	if after.Revision != before.Revision || !strings.Contains(content, "two") {
		t.Errorf("%q became %q, with %s", before.Revision, after.Revision, content)
	}
	server.Put(stated("a", "https://a:2", "two"))
	r.await("another revision", func(ms map[cluster.ID]discovery.Member, _ []api.Inventory) bool {
		return ms["a"].Revision != before.Revision
	})
	if r.ever["a"]+r.ever["b"] > 0 {
		t.Errorf("left out: %v", r.ever)
	}
	server.Delete(stated("b", "", ""))
	r.awaitNames("a")
}

// TestFleetOfGateways: what the configuration says of an inventory's clusters by
// name, and of how any of them is probed; it leaves the inventory alone.
func TestFleetOfGateways(t *testing.T) {
	server := inventorytest.NewAPIServer(t)
	server.Put(stated("a", "https://[2001:db8::1]:6443", "t") + stated("b", "https://b.example:1", "t"))
	r := newRecorder(t)
	var mu sync.Mutex
	var probed []probe.Cluster
	r.fleet.probe = func(all []probe.Cluster) {
		mu.Lock()
		defer mu.Unlock()
		probed = all
	}
	r.apply(server, `clusters: [{name: c, manifests: ., probes: [{tcp: "c:1"}]}]
inventories: [{secrets: {namespace: fedns}, drained: [a], evicted: [nobody], probes: [{tcp: "{server}:443"}, {https: "https://{cluster}.{region}.example"}], probe: {failures: 7}}]
`)
	r.awaitNames("a", "b", "c")
	targets := func() string {
		mu.Lock()
		defer mu.Unlock()
		text := ""
		for _, c := range probed {
			text += fmt.Sprintf("%s %v %d; ", c.ID, c.Targets, c.Pace.Failures)
		}
		return text
	}
	if got := targets(); got != "c [tcp c:1] 0; a [tcp [2001:db8::1]:443 https://a.eu.example] 7; b [tcp b.example:443 https://b.eu.example] 7; " {
		t.Errorf("probed: %s", got)
	}
	a, _ := r.member("a")
	b, _ := r.member("b")
	if a.Word != evidence.Drain || b.Word != evidence.NoWord {
		t.Errorf("a is %q, b is %q", a.Word, b.Word)
	}
	r.await("read whole", func(_ map[cluster.ID]discovery.Member, all []api.Inventory) bool { return len(all) == 1 && all[0].Read })
	server.Stop() // so that an inventory that is read anew would state nothing
	r.apply(server, `inventories: [{secrets: {namespace: fedns}, evicted: [b], probes: [{http: "http://{cluster}"}, {tcp: "{region}:1"}]}]
`)
	r.awaitNames("a", "b")
	if got := targets(); got != "a [http://a tcp eu:1] 0; b [http://b tcp eu:1] 0; " || r.ever["a"] > 0 {
		t.Errorf("probed: %s; left out %v", got, r.ever)
	}
	if b, _ = r.member("b"); b.Word != evidence.Evict || len(r.fleet.unread()) > 0 {
		t.Errorf("b is %q, unread %q", b.Word, r.fleet.unread())
	}
	targetsOf, wrong := Gateways(config.Members{Probes: []probe.Target{{Kind: probe.TCP, Address: "{region}:1"}, {Kind: probe.TCP, Address: "{cluster}:1"}}}, inventory.Member{ID: "x"})
	if len(targetsOf) != 1 || len(wrong) != 1 || wrong[0].Error() != "target tcp {region}:1: nothing is known to stand for {region}" {
		t.Errorf("%v, %v", targetsOf, wrong)
	}
}

// TestFleetKeepsMembers: a changed inventory takes none away before it was read,
// and the first in the configuration counts.
func TestFleetKeepsMembers(t *testing.T) {
	server := inventorytest.NewAPIServer(t)
	server.Put(stated("a", "https://a:1", "t") + stated("b", "https://b:1", "t") + stated("c", "https://c:1", "t"))
	r := newRecorder(t)
	r.apply(server, "inventories: [{secrets: {namespace: fedns}}]\n")
	r.awaitNames("a", "b", "c")
	r.await("read", func(_ map[cluster.ID]discovery.Member, all []api.Inventory) bool { return all[0].Read })
	r.await("no others", func(map[cluster.ID]discovery.Member, []api.Inventory) bool { return r.complete })
	if r.fleet.unread() != nil || !r.fleet.decided() {
		t.Error("it was read, and is told not to be")
	}
	server.Forget(stated("a", "", "") + stated("b", "", ""))
	r.await("doubt", func(ms map[cluster.ID]discovery.Member, all []api.Inventory) bool {
		return len(ms) == 3 && len(all[0].Findings) == 1 && strings.Contains(all[0].Findings[0], "suddenly lacked 2 of 3 clusters (a, b)")
	})
	server.Stop()
	r.apply(server, "inventories: [{secrets: {namespace: fedns}, holdShare: 100%}]\n")
	r.await("out of reach", func(ms map[cluster.ID]discovery.Member, all []api.Inventory) bool {
		return len(ms) == 3 && len(all) == 1 && all[0].Phase == "unreachable" && !all[0].Read
	})
	r.await("perhaps others", func(map[cluster.ID]discovery.Member, []api.Inventory) bool { return !r.complete })
	if !slices.Equal(r.fleet.unread(), []string{"inventory secrets"}) || !r.fleet.decided() {
		t.Errorf("unread %q, decided %t", r.fleet.unread(), r.fleet.decided())
	}
	server.Start()
	r.awaitNames("c") // the operator has had the configuration changed

	r.apply(server, "clusters: [{name: c, manifests: .}]\ninventories: [{secrets: {namespace: fedns}, holdShare: 100%}]\n")
	r.await("a finding", func(ms map[cluster.ID]discovery.Member, all []api.Inventory) bool {
		return len(ms) == 1 && strings.Contains(ms["c"].Revision, r.dir) && len(all[0].Findings) == 1 &&
			all[0].Findings[0] == "Secret (fedns) fedns/c: states the cluster c, as clusters does, which comes first in the configuration and counts"
	})
	r.apply(server, "inventories: []\n")
	r.awaitNames()
	if r.ever["c"] != 1 {
		t.Errorf("left out: %v", r.ever)
	}
}

// TestFleetOfNothing: an inventory that was read and states nothing since the
// start does not say that there are no clusters. What ends the doubt is that it
// states one, after which its absence is its own word, or another configuration.
func TestFleetOfNothing(t *testing.T) {
	const text = "inventories: [{secrets: {namespace: fedns}}]\n"
	begin := func(t *testing.T) (*inventorytest.APIServer, *recorder) {
		server := inventorytest.NewAPIServer(t)
		r := newRecorder(t)
		r.apply(server, text)
		r.await("read", func(_ map[cluster.ID]discovery.Member, all []api.Inventory) bool { return all[0].Read })
		r.await("perhaps others", func(ms map[cluster.ID]discovery.Member, _ []api.Inventory) bool { return len(ms) == 0 && !r.complete })
		return server, r
	}
	none := func(r *recorder) func(map[cluster.ID]discovery.Member, []api.Inventory) bool {
		return func(ms map[cluster.ID]discovery.Member, _ []api.Inventory) bool { return len(ms) == 0 && r.complete }
	}
	t.Run("it states one", func(t *testing.T) {
		server, r := begin(t)
		server.Put(stated("a", "https://a:1", "t"))
		r.await("one, and no others", func(ms map[cluster.ID]discovery.Member, _ []api.Inventory) bool { return len(ms) == 1 && r.complete })
		server.Delete(stated("a", "", ""))
		r.await("none any more", none(r))
	})
	t.Run("the configuration changes", func(t *testing.T) {
		server, r := begin(t)
		r.apply(server, text)
		r.await("none", none(r))
	})
	t.Run("beside one that states some", func(t *testing.T) {
		server := inventorytest.NewAPIServer(t)
		server.Put(stated("a", "https://a:1", "t"))
		r := newRecorder(t)
		r.apply(server, "inventories: [{secrets: {namespace: fedns}}, {secrets: {namespace: other}}]\n")
		r.awaitNames("a")
		r.await("both were read", func(_ map[cluster.ID]discovery.Member, all []api.Inventory) bool { return all[0].Read && all[1].Read })
		r.await("perhaps others", func(map[cluster.ID]discovery.Member, []api.Inventory) bool { return !r.complete })
	})
}

// TestInventoryThatCannotBeRun: its reason is told, and it is tried again.
func TestInventoryThatCannotBeRun(t *testing.T) {
	server := inventorytest.NewAPIServer(t)
	r := newRecorder(t)
	file := filepath.Join(r.dir, "providers.json")
	const text = "inventories: [{clusterProfiles: {providers: providers.json}}]\n"
	r.apply(server, text)
	r.await("the reason", func(_ map[cluster.ID]discovery.Member, all []api.Inventory) bool {
		return all[0].Phase == "unreachable" && all[0].Reason == "access providers: open "+file+": no such file or directory"
	})
	if err := os.WriteFile(file, []byte(`{"providers": []}`), 0o600); err != nil {
		t.Fatal(err)
	}
	r.apply(server, text)
	r.await("read", func(_ map[cluster.ID]discovery.Member, all []api.Inventory) bool {
		return all[0].Phase == "live" && all[0].Read && slices.Equal(all[0].Absent, []string{"clusterprofiles.multicluster.x-k8s.io"})
	})
}
