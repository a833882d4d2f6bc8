package route53

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/fedns/fedns/dnsserver/dnsname"
	"github.com/fedns/fedns/dnsserver/zone"
	"github.com/fedns/fedns/providers/hosted"
	"github.com/fedns/fedns/providers/route53/route53test"
)

var http80 = hosted.Health{Protocol: "HTTP", Port: 80, Path: "/healthz", Host: "www.example.com", Interval: 10, Threshold: 2}

// weightedEntry has one Set, checked for health.
func weightedEntry(h hosted.Health, id string, addrs ...string) hosted.Entry {
	e := address("www.example.com.", 60, addrs...)
	e.Sets[0].ID, e.Sets[0].Health = id, h
	e.Sets[0].Routing = hosted.Routing{Policy: hosted.PolicyWeighted, Weight: 1}
	return e
}

func apply(t *testing.T, a *account, old, next hosted.Entry) {
	t.Helper()
	if _, err := a.Apply(t.Context(), hosted.Batch{Changes: []hosted.Change{{Old: old, New: next}}}); err != nil {
		t.Fatal(err)
	}
}

// reopened is the same account in front of a daemon that was started anew.
func (a *account) reopened(t *testing.T) *account {
	t.Helper()
	z, err := New(a.cfg)
	if err != nil {
		t.Fatal(err)
	}
	b := *a
	b.Zone = z
	return &b
}

func holds(t *testing.T, a *account, want hosted.Entry) {
	t.Helper()
	for _, z := range []*account{a, a.reopened(t)} {
		got, err := z.Read(t.Context(), want.Key)
		if err != nil || len(got) != 1 || !got[0].Equal(want) {
			t.Fatalf("got  %+v, %v\nwant %+v", got, err, want)
		}
	}
}

func TestHealthChecksComeBack(t *testing.T) {
	alias, _ := AliasFor(dnsname.MustParse("web-1.us-east-1.elb.amazonaws.com."))
	for name, e := range map[string]hosted.Entry{
		"HTTP":              weightedEntry(http80, "a", "198.51.100.1"),
		"HTTP without host": weightedEntry(hosted.Health{Protocol: "HTTP", Port: 8080, Interval: 30, Threshold: 3}, "a", "198.51.100.1"),
		"HTTPS":             weightedEntry(hosted.Health{Protocol: "HTTPS", Port: 443, Path: "/", Host: "x.example.com", Interval: 30, Threshold: 10}, "a", "198.51.100.1"),
		"TCP":               weightedEntry(hosted.Health{Protocol: "TCP", Port: 53, Interval: 10, Threshold: 1}, "a", "198.51.100.1"),
		"three addresses":   weightedEntry(http80, "a", "198.51.100.1", "198.51.100.2", "198.51.100.3"),
		"an alias": hosted.NewEntry(key("www.example.com.", zone.TypeA), hosted.Set{
			ID: "a", Alias: alias, Routing: hosted.Routing{Policy: hosted.PolicyFailover}, Health: hosted.Health{Protocol: "TCP", Port: 80, Interval: 10, Threshold: 1},
		}),
	} {
		t.Run(name, func(t *testing.T) {
			a := newAccount(t, nil)
			if why := a.Limits().Check(e); why != "" {
				t.Fatal(why)
			}
			apply(t, a, hosted.Entry{}, e)
			holds(t, a, e)
			checks := len(a.sim.HealthChecks())
			next := hosted.NewEntry(e.Key, slices.Clone(e.Sets)...)
			next.Sets[0].Routing.Weight++
			if next.Sets[0].Routing.Policy == hosted.PolicyFailover {
				next.Sets[0].Routing = hosted.Routing{Policy: hosted.PolicyFailover, Secondary: true}
			}
			// A daemon that was started anew reads before it writes.
			b := a.reopened(t)
			holds(t, b, e)
			if _, err := b.Records(t.Context()); err != nil {
				t.Fatal(err)
			}
			apply(t, b, e, next)
			holds(t, b, next)
			if n := len(a.sim.HealthChecks()); n != checks {
				t.Errorf("there are %d health checks, and were %d: they were not adopted", n, checks)
			}
			next2 := hosted.NewEntry(e.Key, slices.Clone(next.Sets)...)
			next2.Sets[0].Health = hosted.Health{}
			apply(t, b, next, next2)
			holds(t, b, next2)
			apply(t, b, next2, hosted.Entry{})
		})
	}
}

// TestSharedHealthChecks: one for each address and way to check it, whatever refers
// to it; another zone's or owner's are not ours.
func TestSharedHealthChecks(t *testing.T) {
	a := newAccount(t, nil)
	other := http80
	other.Port = 81
	apply(t, a, hosted.Entry{}, hosted.NewEntry(key("www.example.com.", zone.TypeA),
		weightedEntry(http80, "a", "198.51.100.1").Sets[0], weightedEntry(http80, "b", "198.51.100.1").Sets[0], weightedEntry(other, "c", "198.51.100.1").Sets[0]))
	if n := len(a.sim.HealthChecks()); n != 2 {
		t.Errorf("there are %d health checks, want 2", n)
	}
	mine := a.cfg
	mine.Owner = "another"
	z, err := New(mine)
	if err != nil {
		t.Fatal(err)
	}
	b := *a
	b.Zone = z
	e := weightedEntry(http80, "d", "198.51.100.1")
	apply(t, &b, hosted.Entry{}, e)
	if n := len(a.sim.HealthChecks()); n != 3 {
		t.Errorf("there are %d health checks, want 3: one is another owner's", n)
	}
}

// TestLostHealthCheck: the answer to its creation is lost; it is not made twice.
func TestLostHealthCheck(t *testing.T) {
	a := newAccount(t, nil)
	e := weightedEntry(http80, "a", "198.51.100.1")
	a.sim.Inject(route53test.Fault{Action: actionCreateCheck, Kind: route53test.LoseResponse})
	if _, err := a.Apply(t.Context(), create(e)); kind(err) != "unknown" {
		t.Fatal(err)
	}
	apply(t, a, hosted.Entry{}, e)
	if n := len(a.sim.HealthChecks()); n != 1 {
		t.Errorf("there are %d health checks, want 1", n)
	}
}

func TestHealthChecksThatCannotBe(t *testing.T) {
	for want, change := range map[string]func(*hosted.Health){
		"every 10 or 30 seconds": func(h *hosted.Health) { h.Interval = 20 },
		"a failure threshold":    func(h *hosted.Health) { h.Threshold = 11 },
		"wants a port":           func(h *hosted.Health) { h.Port = 0 },
		"TCP, HTTP or HTTPS":     func(h *hosted.Health) { h.Protocol = "ICMP" },
		"neither path nor host":  func(h *hosted.Health) { h.Protocol = "TCP" },
		"does not begin with /":  func(h *hosted.Health) { h.Path = "healthz" },
		"at most 255 characters": func(h *hosted.Health) { h.Host = strings.Repeat("x", 256) },
	} {
		h := http80
		change(&h)
		if why := Limits(dnsname.MustParse("example.com.")).Check(weightedEntry(h, "a", "198.51.100.1")); !strings.Contains(why, want) {
			t.Errorf("got %q, want %q", why, want)
		}
	}
	if why := Limits(dnsname.MustParse("example.com.")).Check(weightedEntry(http80, "a", "10.0.0.1")); !strings.Contains(why, "cannot reach 10.0.0.1") {
		t.Errorf("a private address: got %q", why)
	}
	a := newAccount(t, func(s *route53test.Config, _ *Config) { s.MaxHealthChecks = 1 })
	a.sim.AddHealthCheck("theirs", route53test.HealthCheckConfig{Type: "TCP", IPAddress: "198.51.100.9", Port: 1})
	if _, err := a.Apply(t.Context(), create(weightedEntry(http80, "a", "198.51.100.1"))); kind(err) != "refused" || !strings.Contains(err.Error(), "MAX_HEALTH_CHECKS_BY_OWNER") {
		t.Errorf("one too many: got %v", err)
	}
}

// TestForeignHealthCheck: somebody else's is kept as it is, replaced when we write,
// and never deleted.
func TestForeignHealthCheck(t *testing.T) {
	a := newAccount(t, nil)
	id := a.sim.AddHealthCheck("theirs", route53test.HealthCheckConfig{Type: "HTTP", IPAddress: "198.51.100.1", Port: 80, SearchString: "ok", RequestInterval: 30, FailureThreshold: 3})
	r := route53test.Simple("www.example.com", "A", 60, "198.51.100.1")
	r.SetIdentifier, r.Weight, r.HealthCheckID = "a", route53test.TTL(1), id
	if err := a.sim.Edit(a.id, route53test.Create(r)); err != nil {
		t.Fatal(err)
	}
	foreign := weightedEntry(hosted.Health{Protocol: protocolForeign, Path: id}, "a", "198.51.100.1")
	holds(t, a, foreign)
	next := foreign
	next.Sets = slices.Clone(foreign.Sets)
	next.Sets[0].Routing.Weight = 7
	apply(t, a, foreign, next) // the check stays
	holds(t, a, next)
	ours := weightedEntry(http80, "a", "198.51.100.1")
	apply(t, a, next, ours)
	holds(t, a, ours)
	for range 4 {
		if _, err := a.Records(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := a.Collect(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if all := a.sim.HealthChecks(); len(all) != 2 || all[0].ID != id {
		t.Errorf("got %v, want theirs and ours", all)
	}
}

// TestDeletedHealthCheck: somebody deletes one that is referred to. It is made anew
// under another reference.
func TestDeletedHealthCheck(t *testing.T) {
	a := newAccount(t, nil)
	e := weightedEntry(http80, "a", "198.51.100.1")
	apply(t, a, hosted.Entry{}, e)
	gone := a.sim.HealthChecks()[0].ID
	if err := a.api.deleteCheck(t.Context(), gone); err != nil {
		t.Fatal(err)
	}
	b := a.reopened(t)
	got, err := b.Read(t.Context(), e.Key)
	if err != nil || len(got) != 1 || got[0].Sets[0].Health != (hosted.Health{Protocol: protocolForeign, Path: gone}) {
		t.Fatalf("got %+v, %v", got, err)
	}
	apply(t, b, got[0], e)
	holds(t, b, e)
	// Whoever does not know yet is told that something is different, and comes right
	// after reading.
	more := weightedEntry(http80, "b", "198.51.100.1")
	if _, err := a.Apply(t.Context(), create(hosted.NewEntry(e.Key, more.Sets[0]))); kind(err) != "conflict" {
		t.Errorf("got %v", err)
	}
	apply(t, a, hosted.Entry{}, hosted.NewEntry(e.Key, more.Sets[0]))
}

// TestCollect: what nothing refers to goes, after a second listing has shown so.
func TestCollect(t *testing.T) {
	a := newAccount(t, nil)
	var entries []hosted.Entry
	for i := range 12 {
		e := weightedEntry(http80, fmt.Sprint("s", i), fmt.Sprintf("198.51.100.%d", i+1))
		entries = append(entries, e)
	}
	two := weightedEntry(http80, "two", "198.51.100.101", "198.51.100.102")
	all := []hosted.Set{two.Sets[0]}
	for _, e := range entries {
		all = append(all, e.Sets[0])
	}
	full := hosted.NewEntry(two.Key, all...)
	apply(t, a, hosted.Entry{}, full)
	round := func(b *account, list bool) int {
		t.Helper()
		if list {
			if _, err := b.Records(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		if err := b.Collect(t.Context()); err != nil {
			t.Fatal(err)
		}
		return len(a.sim.HealthChecks())
	}
	const checks = 12 + 3
	for range 3 {
		if n := round(a, true); n != checks {
			t.Fatalf("there are %d health checks, want %d: all are referred to", n, checks)
		}
	}
	for _, h := range a.sim.HealthChecks() {
		if h.Tags[tagZone] != "example.com." || !strings.HasPrefix(h.Tags["Name"], "fedns ") {
			t.Errorf("tags are %v", h.Tags)
		}
	}
	tagged := a.sim.Calls()[actionTag]
	one := hosted.NewEntry(two.Key, entries[0].Sets[0])
	b := a.reopened(t)
	if _, err := b.Records(t.Context()); err != nil {
		t.Fatal(err)
	}
	apply(t, b, full, one)
	if n := round(b, false); n != checks {
		t.Fatalf("there are %d health checks: what a listing saw went without another", n)
	}
	if n := round(b, true); n != checks {
		t.Fatalf("there are %d health checks: they went after one listing", n)
	}
	if n := round(b, false); n != checks {
		t.Fatalf("there are %d health checks: they went without a second listing", n)
	}
	if n := round(b, true); n != 3 {
		t.Fatalf("there are %d health checks, want 3: the used one, and two that one that is gone added up", n)
	}
	round(b, true)
	if n := round(b, true); n != 1 {
		t.Fatalf("there are %d health checks, want the used one", n)
	}
	if n := a.sim.Calls()[actionTag]; n != tagged {
		t.Errorf("tagged again: %d calls, want %d", n, tagged)
	}
	holds(t, b, one)
	// Wanted again: the references of the deleted ones are taken.
	apply(t, b, one, hosted.NewEntry(two.Key, entries[0].Sets[0], entries[1].Sets[0]))
	if n := len(a.sim.HealthChecks()); n != 2 {
		t.Errorf("there are %d health checks, want 2", n)
	}
}

// TestNothingToCollect: without health checks of ours it costs one call, once.
func TestNothingToCollect(t *testing.T) {
	a := newAccount(t, nil)
	for range 5 {
		if _, err := a.Records(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := a.Collect(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if n := a.sim.Calls()[actionListChecks]; n != 1 {
		t.Errorf("health checks were listed %d times", n)
	}
}
