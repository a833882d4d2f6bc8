package discovery

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fedns/fedns/discovery/cluster"
	"github.com/fedns/fedns/discovery/ingress"
	"github.com/fedns/fedns/discovery/synth"
	"github.com/fedns/fedns/dnsserver/dnsname"
	"github.com/fedns/fedns/dnsserver/zone"
)

// TestChanges: what clusters report is what is published, and nothing else is.
func TestChanges(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, Config{})
		eu, us := newSource(), newSource()
		r.SetMembers([]Member{{ID: "eu-1", Source: eu}, {ID: "us-1", Source: us}})
		if missing := r.Ready(); !slices.Equal(missing, []string{"eu-1", "us-1"}) || r.Decided() {
			t.Errorf("before anything: missing %v, decided %t", missing, r.Decided())
		}
		toEU, toUS := <-eu.runs, <-us.runs
		toEU <- report(group("web", "10.96.0.1"), group("db", "10.96.0.2"))
		r.want("first report", "web.shop.prod. A 10.96.0.1\ndb.shop.prod. A 10.96.0.2")
		toUS <- live(group("web", "10.97.0.1"))
		r.want("second cluster", "web.shop.prod. A 10.96.0.1 10.97.0.1\ndb.shop.prod. A 10.96.0.2")
		if missing := r.Ready(); !slices.Equal(missing, []string{"eu-1"}) || r.Decided() {
			t.Errorf("one live: missing %v, decided %t", missing, r.Decided())
		}
		toEU <- live(group("web", "10.96.0.1"))
		r.want("the whole listing: db was reported in this run, so it is not swept", "web.shop.prod. A 10.96.0.1 10.97.0.1\ndb.shop.prod. A 10.96.0.2")
		if missing := r.Ready(); missing != nil || !r.Decided() {
			t.Errorf("both live: missing %v, decided %t", missing, r.Decided())
		}
		toUS <- report(group("web", "10.97.0.9"))
		r.want("changed", "web.shop.prod. A 10.96.0.1 10.97.0.9\ndb.shop.prod. A 10.96.0.2")
		toEU <- report(withdrawn("web"), withdrawn("db"), withdrawn("never"))
		r.want("withdrawn", "web.shop.prod. A 10.97.0.9")
		n := r.pub.published()
		toUS <- report(group("web", "10.97.0.9"))
		r.want("the same again", "web.shop.prod. A 10.97.0.9")
		if r.pub.published() != n {
			t.Error("no difference was published")
		}
	})
}

// TestSilenceNeverWithdraws: unreachable, failed, panicked, restarted: what was known stands.
func TestSilenceNeverWithdraws(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const all = "web.shop.prod. A 10.96.0.1\ndb.shop.prod. A 10.96.0.2"
		r := newRig(t, Config{})
		eu := newSource()
		r.SetMembers([]Member{{ID: "eu-1", Source: eu, Revision: "1"}})
		up := <-eu.runs
		up <- live(group("web", "10.96.0.1"), group("db", "10.96.0.2"))
		r.want("live", all)
		up <- unreachable("connection refused")
		r.want("unreachable", all)
		if c := r.Clusters()[0]; c.Phase != "unreachable" || c.Reason != "connection refused" || c.LastSync.IsZero() || !r.Decided() || r.Ready() != nil {
			t.Errorf("%+v", c)
		}
		time.Sleep(24 * time.Hour)
		r.want("a day later", all)

		eu.end <- errors.New("kubeconfig does not parse")
		synctest.Wait()
		if c := r.Clusters()[0]; c.Phase != "unreachable" || c.Reason != "kubeconfig does not parse" {
			t.Errorf("%+v", c)
		}
		r.want("failed", all)
		up = <-eu.runs // after a second
		r.want("run again", all)
		up <- report(group("db", "10.96.0.22"))
		r.want("the new run has not listed all", "web.shop.prod. A 10.96.0.1\ndb.shop.prod. A 10.96.0.22")
		up <- live()
		r.want("now it has: web is seen to be gone", "db.shop.prod. A 10.96.0.22")
		up <- live()
		r.want("live again is no listing", "db.shop.prod. A 10.96.0.22")

		eu.end <- nil
		up = <-eu.runs
		r.want("panicked", "db.shop.prod. A 10.96.0.22")
		if s := r.Stats(); s.SourcePanics != 1 || s.SourceFailures != 2 || s.SourceRuns != 3 {
			t.Errorf("%+v", s)
		}
		if !strings.Contains(r.log.String(), "source went wrong") {
			t.Error("the panic was not told")
		}
		up <- live()
		r.want("an empty listing is evidence", "")
	})
}

// TestBackoff: a Source that always fails is not run in a loop, and its fault is logged once.
func TestBackoff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, Config{})
		eu := newSource()
		r.SetMembers([]Member{{ID: "eu-1", Source: eu}})
		var gaps []string
		for range 9 {
			<-eu.runs
			<-eu.ctx
			began := time.Now()
			eu.end <- errors.New("no")
			<-eu.runs
			<-eu.ctx
			gaps = append(gaps, time.Since(began).String())
			eu.end <- errors.New("no")
		}
		if got := strings.Join(gaps, " "); got != "1s 4s 16s 1m0s 1m0s 1m0s 1m0s 1m0s 1m0s" {
			t.Errorf("gaps %s", got)
		}
		synctest.Wait()
		if n := strings.Count(r.log.String(), "source failed"); n != 1 {
			t.Errorf("one fault, met 18 times, is logged %d times", n)
		}
		<-eu.runs
		<-eu.ctx
		time.Sleep(2 * time.Minute) // a run that lasted
		began := time.Now()
		eu.end <- errors.New("no")
		<-eu.runs
		if gap := time.Since(began); gap != time.Second {
			t.Errorf("after a long run %s", gap)
		}
	})
}

// TestMembers: the configuration adds, removes, restarts and moves clusters.
func TestMembers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, Config{})
		eu, us := newSource(), newSource()
		r.SetMembers([]Member{{ID: "eu-1", Source: eu, Revision: "1"}, {ID: "us-1", Source: us}})
		toEU, toUS := <-eu.runs, <-us.runs
		toEU <- live(group("web", "10.96.0.1"), group("db", "10.96.0.2"))
		toUS <- live(group("web", "10.97.0.1"))
		r.want("live", "web.shop.prod. A 10.96.0.1 10.97.0.1\ndb.shop.prod. A 10.96.0.2")

		ignored := newSource()
		r.SetMembers([]Member{{ID: "eu-1", Source: ignored, Revision: "1"}})
		r.want("removal withdraws", "web.shop.prod. A 10.96.0.1\ndb.shop.prod. A 10.96.0.2")
		if ctx := <-us.ctx; ctx.Err() == nil {
			t.Error("the removed source still runs")
		}
		if len(ignored.runs) > 0 {
			t.Error("the same revision was restarted")
		}

		again := newSource()
		r.SetMembers([]Member{{ID: "eu-1", Source: again, Revision: "2"}})
		if r.Decided() {
			t.Error("decided while a restarted cluster has not reported")
		}
		if missing := r.Ready(); missing != nil {
			t.Errorf("missing %v, though it had been live", missing)
		}
		up := <-again.runs
		r.want("restart withdraws nothing", "web.shop.prod. A 10.96.0.1\ndb.shop.prod. A 10.96.0.2")
		up <- live(group("db", "10.96.0.2"))
		r.want("sweep", "db.shop.prod. A 10.96.0.2")
		r.SetMembers(nil)
		r.SetMembers([]Member{{ID: "eu-1", Source: again, Revision: "2"}}) // back before anybody looked
		up = <-again.runs
		r.want("removed and back", "db.shop.prod. A 10.96.0.2")
		up <- live()
		r.want("the new one holds nothing", "")
		r.SetMembers(nil)
		synctest.Wait()
		if got := r.Clusters(); len(got) != 0 {
			t.Errorf("%+v", got)
		}
	})
}

// TestStubborn: what a Source says after it was told to end is not heard.
func TestStubborn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, Config{})
		r.SetMembers([]Member{{ID: "eu-1", Source: stubborn{}, Revision: "1"}})
		r.want("before", "web.shop.prod. A 10.96.0.1")
		next := newSource()
		r.SetMembers([]Member{{ID: "eu-1", Source: next, Revision: "2"}})
		<-next.runs
		r.want("restarted", "web.shop.prod. A 10.96.0.1")
		if r.Decided() {
			t.Error("the old run spoke for the new one")
		}
		r.SetMembers([]Member{{ID: "eu-1", Source: stubborn{}, Revision: "3"}})
		synctest.Wait()
		r.SetMembers(nil)
		r.want("removed", "")
	})
}

// TestPlaces: a region that appears gives every Service its names, one that goes takes them.
func TestPlaces(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := synth.Federation{Name: dnsname.MustParse("prod."), Domain: dnsname.MustParse("example.com."), ClusterSet: dnsname.MustParse("clusterset.local.")}
		r := newRig(t, Config{Federation: f})
		eu, us := newSource(), newSource()
		r.want("fixed records", `dns-version.clusterset.local. TXT "1.0.0"`)
		r.SetFederation(synth.Federation{Name: f.Name, Domain: f.Domain})
		eu1 := Member{ID: "eu-1", Source: eu, Place: synth.Place{Region: "eu"}}
		r.SetMembers([]Member{eu1, {ID: "us-1", Source: us}})
		toEU, toUS := <-eu.runs, <-us.runs
		toEU <- live(group("web", "10.96.0.1"))
		r.want("one region", `
			web.shop.prod. A 10.96.0.1
			web.shop.prod.svc.example.com. A 10.96.0.1
			web.shop.prod.svc.eu.example.com. A 10.96.0.1`)
		toUS <- cluster.Update{Topology: &cluster.Topology{Region: "us", Zones: []string{"us-a", "us_b"}}}
		r.want("another appears", `
			web.shop.prod. A 10.96.0.1
			web.shop.prod.svc.example.com. A 10.96.0.1
			web.shop.prod.svc.eu.example.com. A 10.96.0.1
			web.shop.prod.svc.us.example.com. CNAME web.shop.prod.svc.example.com.
			web.shop.prod.svc.us-a.us.example.com. CNAME web.shop.prod.svc.us.example.com.`)
		if c := r.Clusters()[1]; c.Region != "us" || len(c.Findings) != 1 || !strings.Contains(r.log.String(), "us_b") {
			t.Errorf("%+v", c)
		}
		eu1.Place.Region = "north"
		r.SetMembers([]Member{eu1})
		r.want("one moves by configuration, one is removed", `
			web.shop.prod. A 10.96.0.1
			web.shop.prod.svc.example.com. A 10.96.0.1
			web.shop.prod.svc.north.example.com. A 10.96.0.1`)
		r.SetFederation(synth.Federation{ClusterSet: f.ClusterSet})
		r.want("other names", `
			dns-version.clusterset.local. TXT "1.0.0"
			web.shop.svc.clusterset.local. A 10.96.0.1`)
		r.pub.forget()
		var whole string
		r.Republish(func() { whole = r.pub.text() })
		r.want("a zone was added", `
			dns-version.clusterset.local. TXT "1.0.0"
			web.shop.svc.clusterset.local. A 10.96.0.1`)
		if whole != r.pub.text() {
			t.Errorf("done with %s", whole)
		}
	})
}

// TestLiveWaitsForNames: a cluster is not told to be live before the names that its place brings are published.
func TestLiveWaitsForNames(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, Config{Federation: synth.Federation{Name: dnsname.MustParse("prod."), Domain: dnsname.MustParse("example.com.")}})
		eu, us := newSource(), newSource()
		r.SetMembers([]Member{{ID: "eu-1", Source: eu}, {ID: "us-1", Source: us}})
		toEU, toUS := <-eu.runs, <-us.runs
		var groups []cluster.Group
		for i := range 5 * staleChunk {
			groups = append(groups, group(fmt.Sprintf("s%d", i), "10.96.0.1"))
		}
		toEU <- live(groups...)
		synctest.Wait()
		r.pub.refuse = func(zone.Edit) bool { // looks, and refuses nothing
			if r.Engine.phase("us-1") == "live" {
				t.Error("live too early")
			}
			return false
		}
		u := live()
		u.Topology = &cluster.Topology{Region: "us"}
		toUS <- u
		synctest.Wait()
		if r.phase("us-1") != "live" || r.Stats().Stale != 0 {
			t.Errorf("%s, %+v", r.phase("us-1"), r.Stats())
		}
		if n := strings.Count(r.pub.text(), ".us.example.com. CNAME"); n != 5*staleChunk {
			t.Errorf("%d names in the new region", n)
		}
	})
}

// phase is for within Publish.
func (e *Engine) phase(id cluster.ID) string {
	e.mu.RLock()
	defer e.mu.RUnlock()
	return e.members[id].state.Phase.String()
}

// TestRefused: records that a zone refuses cost no other Service anything, and are tried again until they are taken.
func TestRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, Config{})
		bad := dnsname.MustParse("bad.shop.prod.")
		r.pub.refuse = func(e zone.Edit) bool { return e.RRset.Owner == bad && e.Op == zone.OpSet }
		eu := newSource()
		r.SetMembers([]Member{{ID: "eu-1", Source: eu}})
		up := <-eu.runs
		up <- live(group("a", "10.96.0.1"), group("bad", "10.96.0.2"), group("c", "10.96.0.3"), group("d", "10.96.0.4"))
		r.want("the others land", "a.shop.prod. A 10.96.0.1\nc.shop.prod. A 10.96.0.3\nd.shop.prod. A 10.96.0.4")
		if s := r.Stats(); s.Refused != 1 || r.phase("eu-1") != "live" {
			t.Errorf("%+v", s)
		}
		finding := func() string {
			for _, s := range r.Services() {
				if s.Name == "bad" {
					return strings.Join(s.Findings, "; ")
				}
			}
			return "gone"
		}
		if got := finding(); got != "records refused: bad.shop.prod.: refused" {
			t.Errorf("finding %q", got)
		}
		up <- report(group("a", "10.96.0.11"), group("bad", "10.96.0.22"))
		r.want("meanwhile", "a.shop.prod. A 10.96.0.11\nc.shop.prod. A 10.96.0.3\nd.shop.prod. A 10.96.0.4")
		time.Sleep(10 * time.Minute)
		synctest.Wait()
		if n := strings.Count(r.log.String(), "records refused"); n != 1 {
			t.Errorf("told %d times", n)
		}
		r.pub.mu.Lock()
		r.pub.refuse = nil
		r.pub.mu.Unlock()
		time.Sleep(time.Minute + time.Second)
		r.want("taken at last", "a.shop.prod. A 10.96.0.11\nbad.shop.prod. A 10.96.0.22\nc.shop.prod. A 10.96.0.3\nd.shop.prod. A 10.96.0.4")
		if got := finding(); got != "" || r.Stats().Refused != 0 {
			t.Errorf("finding %q", got)
		}
		n := r.pub.published()
		time.Sleep(time.Hour)
		if synctest.Wait(); r.pub.published() != n {
			t.Error("published again without need")
		}
		// A deletion that was refused is not forgotten either.
		r.pub.mu.Lock()
		r.pub.refuse = func(zone.Edit) bool { return true }
		r.pub.mu.Unlock()
		up <- report(withdrawn("c"), withdrawn("d"))
		synctest.Wait()
		r.pub.mu.Lock()
		r.pub.refuse = nil
		r.pub.mu.Unlock()
		time.Sleep(time.Minute)
		r.want("deleted at last", "a.shop.prod. A 10.96.0.11\nbad.shop.prod. A 10.96.0.22")
	})
}

// TestHostnames: load balancer hostnames are wanted while a Service has them, and answered as they resolve.
func TestHostnames(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		res := newFakeResolver()
		r := newRig(t, Config{Resolver: res})
		eu := newSource()
		r.SetMembers([]Member{{ID: "eu-1", Source: eu}})
		up := <-eu.runs
		lb := func(name string, hosts ...string) cluster.Group {
			g := group(name, "10.96.0.1")
			g.Type = cluster.LoadBalancer
			for _, h := range hosts {
				g.Ingress = append(g.Ingress, cluster.Ingress{Hostname: h})
			}
			return g
		}
		up <- live(lb("web", "lb.cloud.test"), lb("api", "lb.cloud.test", "two.cloud.test"), lb("odd", "a..b"))
		r.want("not resolved yet", "")
		if s := r.Services()[2]; s.Name != "web" || s.Clusters[0].Reason != synth.HostnameUnresolved {
			t.Errorf("%+v", s)
		}
		if s := r.Services()[1]; len(s.Findings) != 1 || s.Findings[0] != "eu-1: no name" {
			t.Errorf("%+v", s)
		}
		res.changes <- ingress.Change{Hostname: "lb.cloud.test", Addrs: []netip.Addr{netip.MustParseAddr("192.0.2.1")}}
		r.want("resolved", "web.shop.prod. A 192.0.2.1\napi.shop.prod. A 192.0.2.1")
		res.changes <- ingress.Change{Hostname: "lb.cloud.test", Addrs: []netip.Addr{netip.MustParseAddr("192.0.2.2")}}
		r.want("moved", "web.shop.prod. A 192.0.2.2\napi.shop.prod. A 192.0.2.2")
		res.changes <- ingress.Change{Hostname: "other.test", Addrs: []netip.Addr{netip.MustParseAddr("192.0.2.9")}}
		r.want("nobody's", "web.shop.prod. A 192.0.2.2\napi.shop.prod. A 192.0.2.2")
		annotated := lb("web", "lb.cloud.test")
		annotated.Addresses = []netip.Addr{netip.MustParseAddr("198.51.100.1")}
		up <- report(annotated, lb("api", "two.cloud.test"))
		r.want("annotated, and moved to another", "web.shop.prod. A 198.51.100.1")
		if got := fmt.Sprint(res.wanted); got != "map[two.cloud.test:1]" {
			t.Errorf("wanted %s", got)
		}
		up <- report(withdrawn("api"))
		synctest.Wait()
		if len(res.wanted) != 0 || r.Stats().Hostnames != 1 { // a..b stays, unresolved
			t.Errorf("wanted %v", res.wanted)
		}
	})
}

// TestBatch: what waits is published together, but never more than a batch.
func TestBatch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, Config{Batch: 100})
		eu := newSource()
		r.SetMembers([]Member{{ID: "eu-1", Source: eu}})
		up := <-eu.runs
		var groups []cluster.Group
		for i := range 1050 {
			groups = append(groups, group(fmt.Sprintf("s%d", i), "10.96.0.1"))
		}
		up <- live(groups...)
		synctest.Wait()
		if n := r.pub.published(); n != 11 {
			t.Errorf("%d publications", n)
		}
		if got := r.Clusters()[0]; got.Services != 1050 || got.Endpoints != 1050 {
			t.Errorf("%+v", got)
		}
		r.SetMembers(nil)
		r.want("all withdrawn", "")
		if n := r.pub.published(); n != 22 {
			t.Errorf("%d publications", n)
		}
		if s := r.Stats(); s.Services != 0 || s.StoreBytes != 0 || s.Groups != 1050 || s.Withdrawn != 1050 {
			t.Errorf("%+v", s)
		}
	})
}

// TestJSON pins the API's field names.
func TestJSON(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, Config{})
		eu := newSource()
		r.SetMembers([]Member{{ID: "eu-1", Source: eu, Place: synth.Place{Region: "eu", Zones: []string{"a"}}}})
		up := <-eu.runs
		g := group("web", "10.96.0.1")
		g.Export |= cluster.ByServiceExport
		g.Endpoints[0].Ready = false
		up <- live(g)
		synctest.Wait()
		clusters, _ := json.Marshal(r.Clusters())
		services, _ := json.Marshal(r.Services())
		const wantClusters = `[{"id":"eu-1","phase":"live","since":"2000-01-01T00:00:00Z","lastSync":"2000-01-01T00:00:00Z","synced":true,"region":"eu","zones":["a"],"services":1,"endpoints":1,"state":"live","standing":"first","signals":{"api":"up","nodes":"unknown","data":"unknown"}}]`
		const wantServices = `[{"namespace":"shop","name":"web","type":"ClusterIP","healthy":false,"clusters":[{"cluster":"eu-1","type":"ClusterIP","healthy":false,"reason":"NoReadyEndpoints","addresses":["10.96.0.1"],"ready":0,"total":1,"exportedBy":["ServiceExport","Annotated"],"created":"1970-01-01T00:00:01Z"}]}]`
		if string(clusters) != wantClusters {
			t.Errorf("%s", clusters)
		}
		if string(services) != wantServices {
			t.Errorf("%s", services)
		}
	})
}
