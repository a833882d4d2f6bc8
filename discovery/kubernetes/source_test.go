package kubernetes

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fedns/fedns/discovery/cluster"
)

func service(name, more string) string {
	return fmt.Sprintf("{apiVersion: v1, kind: Service, metadata: {namespace: a, name: %s%s}, spec: {clusterIP: 10.0.0.1}}\n---\n", name, more)
}

const annotated = `, annotations: {fedns.io/export: "true"}`

func slice(service string, addrs ...string) string {
	return fmt.Sprintf("{apiVersion: discovery.k8s.io/v1, kind: EndpointSlice, metadata: {namespace: a, name: %s-x, labels: {kubernetes.io/service-name: %s}}, addressType: IPv4, endpoints: [{addresses: [%s]}]}\n---\n",
		service, service, strings.Join(addrs, ", "))
}

func export(name string) string {
	return fmt.Sprintf("{apiVersion: multicluster.x-k8s.io/v1beta1, kind: ServiceExport, metadata: {namespace: a, name: %s}}\n---\n", name)
}

func node(name, zone string) string {
	return fmt.Sprintf("{apiVersion: v1, kind: Node, metadata: {name: %s, labels: {topology.kubernetes.io/region: eu, topology.kubernetes.io/zone: %s}}}\n---\n", name, zone)
}

func TestFollowsACluster(t *testing.T) {
	for i, streams := range []bool{true, false, true} {
		t.Run(fmt.Sprintf("streams=%t tls=%t", streams, i == 2), func(t *testing.T) {
			server := unstarted(t, service("s", "")+export("s")+slice("s", "10.1.0.1")+service("t", annotated)+service("u", "")+node("n1", "eu-a"))
			server.streams, server.tls = streams, i == 2
			server.start()
			v := observe(t, server, nil)
			v.awaitPhase(cluster.Live)
			v.awaitGroups("a/s 10.1.0.1", "a/t")
			if v.mu.Lock(); !slices.Equal(v.phases(), []string{"syncing", "live"}) || v.updates[0].State == nil || v.topo == nil || v.topo.Region != "eu" || !slices.Equal(v.topo.Zones, []string{"eu-a"}) {
				t.Errorf("phases %v, topology %v, first %+v", v.phases(), v.topo, v.updates[0])
			}
			// Whatever was told before Live was told as it is, never half.
			for _, u := range v.updates {
				for _, g := range u.Groups {
					if g.Service.Name == "s" && len(g.Endpoints) != 1 {
						t.Errorf("told without its endpoints: %+v", g)
					}
				}
			}
			v.mu.Unlock()

			server.put(slice("s", "10.1.0.1", "10.1.0.2") + service("new", annotated) + node("n2", "eu-b"))
			v.awaitGroups("a/new", "a/s 10.1.0.1 10.1.0.2", "a/t")
			v.await("second zone", func() bool { return slices.Equal(v.topo.Zones, []string{"eu-a", "eu-b"}) })
			server.delete("services", "a/new", false)
			server.delete("serviceexports", "a/s", false)
			v.awaitGroups("a/t")
			v.never("a fault", 0, unreachable)
			if n := server.asked("resourceVersion=0"); n > 0 {
				t.Errorf("asked %d times for any resource version", n)
			}
		})
	}
}

// Without its slices a Service must not be told: it would look empty.
func TestNothingIsToldBeforeAllIsListed(t *testing.T) {
	for _, resource := range []string{"endpointslices", "serviceexports", "nodes"} {
		t.Run(resource, func(t *testing.T) {
			server := newAPIServer(t, service("s", annotated)+slice("s", "10.1.0.1"))
			server.streams = false
			held := make(chan struct{})
			server.hold["list "+resource] = held
			v := observe(t, server, nil)
			v.await("services to be watched", func() bool { return server.watched("services") })
			v.never("a Group", 0, func(u cluster.Update) bool { return len(u.Groups) > 0 })
			server.set(func() { delete(server.hold, "list "+resource) })
			close(held)
			v.awaitPhase(cluster.Live)
			v.awaitGroups("a/s 10.1.0.1")
		})
	}
}

// watched says that a resource was listed and a watch was opened behind that.
func (s *apiServer) watched(resource string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.ContainsFunc(s.requests, func(r string) bool {
		return strings.HasPrefix(r, "watch ") && strings.Contains(r, "/"+resource) && !strings.Contains(r, "sendInitialEvents")
	})
}

func TestOutage(t *testing.T) {
	for _, streams := range []bool{true, false} {
		t.Run(fmt.Sprintf("streams=%t", streams), func(t *testing.T) {
			server := newAPIServer(t, service("s", annotated)+slice("s", "10.1.0.1")+service("t", annotated)+slice("t", "10.1.0.9"))
			server.streams = streams
			v := observe(t, server, nil)
			v.awaitPhase(cluster.Live)
			v.awaitGroups("a/s 10.1.0.1", "a/t 10.1.0.9")
			before := v.count()
			server.stop()
			v.awaitPhase(cluster.Unreachable)
			if v.mu.Lock(); !strings.Contains(v.last.Reason, "connection refused") || v.last.LastSync.IsZero() || v.last.Since.Before(v.last.LastSync) {
				t.Errorf("state %+v", v.last)
			}
			v.mu.Unlock()
			v.awaitGroups("a/s 10.1.0.1", "a/t 10.1.0.9")
			v.never("something withdrawn by silence", before, withdrawn)

			// What happens meanwhile is seen by the lists: the versions between are gone.
			server.delete("services", "a/t", true)
			server.put(slice("s", "10.1.0.2"))
			server.set(func() { server.compact = server.version })
			server.start()
			v.awaitPhase(cluster.Live)
			v.mu.Lock()
			shown := v.show()
			v.mu.Unlock()
			if !slices.Equal(shown, []string{"a/s 10.1.0.2"}) {
				t.Errorf("live with %v", shown)
			}
		})
	}
}

// After a short outage the watches go on where they were: nothing is listed anew.
func TestShortOutageListsNothing(t *testing.T) {
	server := newAPIServer(t, service("s", annotated)+slice("s", "10.1.0.1"))
	server.streams = false
	v := observe(t, server, nil)
	v.awaitPhase(cluster.Live)
	// Watches that carried nothing yet would be taken for broken ones.
	bookmarked := server.sent("BOOKMARK")
	v.await("bookmarks on every watch", func() bool { return server.sent("BOOKMARK") > bookmarked+8 })
	// Lists of one object ask for the newest version only.
	lists := func() int { return server.asked("list /api") - server.asked("/leases") - server.asked("?limit=1!") }
	listed := lists()
	server.set(func() {
		for _, r := range resources {
			server.refuse["watch "+r] = hangUp
		}
		server.watches++
	})
	v.awaitPhase(cluster.Unreachable)
	server.put(slice("s", "10.1.0.2"))
	server.set(func() { clear(server.refuse) })
	v.awaitPhase(cluster.Live)
	v.awaitGroups("a/s 10.1.0.2")
	if n := lists() - listed; n > 0 {
		t.Errorf("%d lists", n)
	}
}

// A list that breaks off proves nothing of what it did not get to.
func TestTruncatedListWithdrawsNothing(t *testing.T) {
	server := newAPIServer(t, service("s", annotated)+service("t", annotated))
	server.streams = false
	v := observe(t, server, nil)
	v.awaitPhase(cluster.Live)
	v.awaitGroups("a/s", "a/t")
	server.set(func() { server.cut["list services"] = true; server.refuse["watch services"] = 410 })
	before := server.asked("list /api/v1/services")
	v.await("broken lists", func() bool { return server.asked("list /api/v1/services") > before+3 })
	v.awaitPhase(cluster.Unreachable)
	v.never("something withdrawn", 0, withdrawn)
	server.set(func() { clear(server.cut); clear(server.refuse) })
	v.awaitPhase(cluster.Live)
	v.awaitGroups("a/s", "a/t")
}

// A proxy that answers by path alone gives the first page over and over: such a list never ends, and is none.
func TestPagesThatDoNotMoveOnAreNoList(t *testing.T) {
	var all strings.Builder
	for i := range 700 {
		all.WriteString(service(fmt.Sprintf("s%04d", i), annotated))
	}
	server := newAPIServer(t, all.String())
	server.streams, server.stuck = false, true
	v := observe(t, server, nil)
	v.awaitPhase(cluster.Unreachable)
	v.never("a group", 0, func(u cluster.Update) bool { return len(u.Groups) > 0 })
	server.set(func() { server.stuck = false })
	v.awaitPhase(cluster.Live)
}

// A list of something else is no list: nothing is gone because of it.
func TestListOfOtherThingsWithdrawsNothing(t *testing.T) {
	server := newAPIServer(t, service("s", annotated)+service("t", annotated))
	v := observe(t, server, nil)
	v.awaitPhase(cluster.Live)
	v.awaitGroups("a/s", "a/t")
	server.set(func() { server.misfit = true; server.compact = server.version + 1; server.watches++ })
	v.awaitPhase(cluster.Unreachable)
	server.set(func() { server.misfit = false; server.compact = 0 })
	v.awaitPhase(cluster.Live)
	v.awaitGroups("a/s", "a/t")
	v.never("something withdrawn", 0, withdrawn)
}

func TestRefusals(t *testing.T) {
	for _, c := range []struct {
		refuse string
		status int
		reason string // empty: the cluster is Live all the same
	}{
		{"list services", 403, "list services: "},
		{"list endpointslices", 401, "list endpointslices: "},
		{"watch endpointslices", 403, "watch endpointslices: "},
		{"watch services", hangUp, "watch services: "},
		{"list endpointslices", hangUp, "list endpointslices: "},
		{"list serviceexports", 403, "list serviceexports: "},
		{"list multicluster.x-k8s.io", 503, "discover serviceexports: "},
		{"list nodes", 403, ""},
		{"list nodes", 500, ""},
	} {
		t.Run(fmt.Sprint(c.refuse, c.status), func(t *testing.T) {
			server := newAPIServer(t, service("s", annotated)+export("s")+node("n1", "z"))
			server.streams = false
			server.refuse[c.refuse] = c.status
			if c.refuse == "list nodes" {
				server.refuse["watch nodes"] = c.status
			}
			v := observe(t, server, nil)
			if c.reason == "" {
				v.awaitPhase(cluster.Live)
				v.never("topology", 0, func(u cluster.Update) bool { return u.Topology != nil })
			} else {
				v.await("the reason", func() bool { return v.last.Phase == cluster.Unreachable && strings.Contains(v.last.Reason, c.reason) })
				// Where lists work and the watch does not, it must not come and go.
				asked := server.asked("/services")
				if strings.HasPrefix(c.refuse, "watch") {
					v.await("several tries", func() bool { return server.asked("watch") > asked+8 })
					v.never("live", 0, func(u cluster.Update) bool { return u.State != nil && u.State.Phase == cluster.Live })
				}
			}
			server.set(func() { clear(server.refuse) })
			v.awaitPhase(cluster.Live)
			v.awaitGroups("a/s")
			v.await("topology", func() bool { return v.topo != nil })
			if n := strings.Count(v.logged.String(), "nodes are forbidden"); c.status == 403 && c.reason == "" && n != 1 {
				t.Errorf("said %d times that nodes are forbidden", n)
			}
		})
	}
}

// Neither an ordinary end of a watch nor an expired one is a fault.
func TestWatchEndsWithoutFault(t *testing.T) {
	for _, streams := range []bool{true, false} {
		server := newAPIServer(t, service("s", annotated))
		server.streams = streams
		v := observe(t, server, nil)
		v.awaitPhase(cluster.Live)
		for range 3 {
			opened := server.asked("watch /api/v1/services")
			server.set(func() { server.compact = server.version + 1; server.watches++ })
			v.await("the watch to be opened anew", func() bool { return server.asked("watch /api/v1/services") > opened+1 })
			server.set(func() { server.compact = 0 })
		}
		server.put(service("t", annotated))
		v.awaitGroups("a/s", "a/t")
		v.never("a fault", 0, unreachable)
	}
}

// A server whose watches are expired each time, though it was just listed, is
// not asked in a tight loop, and not taken for one that can be followed.
func TestWatchesAlwaysExpired(t *testing.T) {
	for _, streams := range []bool{true, false} {
		server := newAPIServer(t, service("s", annotated))
		server.streams = streams
		server.refuse["watch services"] = 410
		begin := time.Now()
		v := observe(t, server, nil)
		v.await("the reason", func() bool {
			return v.last.Phase == cluster.Unreachable && strings.HasPrefix(v.last.Reason, "watch services: ")
		})
		v.await("twenty tries", func() bool { return server.asked("watch /api/v1/services") > 20 })
		if n, d := server.asked("watch /api/v1/services"), time.Since(begin); n > 20+int(d/quick.backoff)*4 {
			t.Errorf("asked %d times in %v", n, d)
		}
		server.set(func() { clear(server.refuse) })
		v.awaitPhase(cluster.Live)
		v.awaitGroups("a/s")
	}
}

func TestServiceExportCRDComesAndGoes(t *testing.T) {
	server := newAPIServer(t, service("s", "")+service("t", annotated))
	server.versions = nil
	v := observe(t, server, nil)
	v.awaitPhase(cluster.Live)
	v.awaitGroups("a/t")

	server.put(export("s"))
	server.set(func() { server.versions = []string{"v1alpha1"} })
	v.awaitGroups("a/s", "a/t")

	// Another version is served instead, under the same objects.
	server.set(func() { server.versions = []string{"v1beta1"} })
	v.await("the other version", func() bool { return server.asked("v1beta1/serviceexports") > 0 })

	// It goes without a DELETE of what it held: that is silence.
	server.set(func() { server.versions = nil })
	v.await("the warning", func() bool { return strings.Contains(v.logged.String(), "no longer serves ServiceExport") })
	server.put(service("u", annotated)) // still following
	v.awaitGroups("a/s", "a/t", "a/u")
	v.never("a fault", 0, unreachable)
	v.never("something withdrawn", 0, withdrawn)

	// It is back and its list lacks the object: that may be why it was away.
	server.delete("serviceexports", "a/s", true)
	server.set(func() { server.versions = []string{"v1beta1"} })
	v.awaitGroups("a/t", "a/u")
	v.mu.Lock()
	defer v.mu.Unlock()
	if how := v.loss[cluster.ServiceKey{Namespace: "a", Name: "s"}]; how != cluster.Doubtful {
		t.Errorf("gone by evidence %v, want it in doubt", how)
	}
}

func TestOnlyWhatTheRulesNeedIsAsked(t *testing.T) {
	server := newAPIServer(t, service("s", annotated)+export("s"))
	v := observe(t, server, func(c *Config) { c.Rules = cluster.ByAnnotation })
	v.awaitPhase(cluster.Live)
	v.awaitGroups("a/s")
	if n := server.asked("multicluster"); n > 0 {
		t.Errorf("asked %d times for ServiceExports", n)
	}
}

func TestPagesAndBatches(t *testing.T) {
	var all strings.Builder
	const n = 1234
	for i := range n {
		all.WriteString(service(fmt.Sprintf("s%04d", i), annotated))
	}
	server := newAPIServer(t, all.String())
	server.streams = false
	v := observe(t, server, nil)
	v.awaitPhase(cluster.Live)
	v.mu.Lock()
	defer v.mu.Unlock()
	if len(v.groups) != n {
		t.Errorf("%d groups, want %d", len(v.groups), n)
	}
	for _, u := range v.updates {
		if len(u.Groups) > batch {
			t.Errorf("%d groups in one update", len(u.Groups))
		}
	}
	if len(v.updates) > n/10 {
		t.Errorf("%d updates for a first list", len(v.updates))
	}
	if server.asked("continue=") == 0 {
		t.Error("the list was not read in pages")
	}
}

func TestLastSyncMoves(t *testing.T) {
	server := newAPIServer(t, service("s", annotated))
	v := observe(t, server, nil)
	v.awaitPhase(cluster.Live)
	v.mu.Lock()
	first := v.last.LastSync
	v.mu.Unlock()
	// Nothing changes; the server sends bookmarks.
	v.await("a later LastSync", func() bool { return v.last.LastSync.After(first) && v.last.Phase == cluster.Live })
}

// A changed token is taken up while running, and a broken kubeconfig leaves the old one.
func TestCredentialsAreRenewed(t *testing.T) {
	server := unstarted(t, service("s", annotated)) // credentials are sent over TLS only
	server.tls, server.token = true, "old"
	server.start()
	var path string
	v := observe(t, server, func(c *Config) { path = kubeconfig(t, c.Kubeconfig, server, "old") })
	v.awaitPhase(cluster.Live)
	server.set(func() { server.token = "new"; server.watches++ })
	v.awaitPhase(cluster.Unreachable)
	writeFile(t, path, "][")
	v.await("a complaint", func() bool { return strings.Contains(v.logged.String(), "credentials cannot be read again") })
	kubeconfig(t, path, server, "new")
	v.awaitPhase(cluster.Live)
	if strings.Count(v.logged.String(), "credentials cannot be read again") != 1 {
		t.Errorf("complained more than once: %s", v.logged)
	}
}

func TestCheck(t *testing.T) {
	server := newAPIServer(t, "")
	s, err := New(Config{Cluster: "c1", Kubeconfig: kubeconfig(t, "", server, "")})
	if err != nil {
		t.Fatal(err)
	}
	defer s.client.Load().close()
	if err := s.Check(t.Context()); err != nil {
		t.Errorf("a good cluster: %v", err)
	}
	server.set(func() { server.refuse["list endpointslices"] = 403 })
	if err := s.Check(t.Context()); err == nil || !strings.Contains(err.Error(), "cluster c1: list endpointslices: ") {
		t.Errorf("endpointslices refused: %v", err)
	}
}
