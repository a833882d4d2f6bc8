package clouddns_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fedns/fedns/dnsserver/dnsname"
	"github.com/fedns/fedns/dnsserver/zone"
	"github.com/fedns/fedns/dnsserver/zonefile"
	"github.com/fedns/fedns/providers/clouddns"
	"github.com/fedns/fedns/providers/clouddns/clouddnstest"
	"github.com/fedns/fedns/providers/hosted"
)

var apex = dnsname.MustParse("example.com.")

const healthCheck = "https://www.googleapis.com/compute/v1/projects/test/global/healthChecks/web"

// open starts a simulated Cloud DNS with one public zone, and a Zone for it.
func open(t *testing.T, sim clouddnstest.Config, edit func(*clouddns.Config)) (*clouddns.Zone, *clouddnstest.Server) {
	t.Helper()
	s := clouddnstest.New(sim)
	s.AddZone("example", "example.com.", "public")
	cfg := clouddns.Config{Project: "test", Apex: apex, HTTPClient: s.Client(), HealthCheck: healthCheck}
	if edit != nil {
		edit(&cfg)
	}
	z, err := clouddns.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return z, s
}

// entry makes one from the words of a zone file: owner, TTL, type, then each
// record, parted by a bar.
func entry(t testing.TB, text string) hosted.Entry {
	t.Helper()
	return hosted.Simple(rrset(t, text))
}

func rrset(t testing.TB, text string) zone.RRset {
	t.Helper()
	var owner, typ string
	var ttl uint32
	head, data, _ := strings.Cut(text, ": ")
	if _, err := fmt.Sscan(head, &owner, &ttl, &typ); err != nil {
		t.Fatal(err)
	}
	num, ok := zonefile.ParseType(typ)
	if !ok {
		t.Fatalf("no type %s", typ)
	}
	var p zonefile.RDATAParser
	var rdatas []string
	for _, d := range strings.Split(data, " | ") {
		rdata, err := p.Parse(num, d)
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		rdatas = append(rdatas, rdata)
	}
	name := apex
	if owner != "@" {
		name = dnsname.MustParse(owner + ".example.com.")
	}
	return zone.NewRRset(name, num, ttl, rdatas...)
}

func routed(t testing.TB, text string, r hosted.Routing) hosted.Set {
	t.Helper()
	return hosted.Set{Records: rrset(t, text), Routing: r}
}

func weighted(t testing.TB, a, b uint16) hosted.Entry {
	s := routed(t, "w 30 A: 192.0.2.1 | 192.0.2.2", hosted.Routing{Policy: hosted.PolicyWeighted, Weight: a})
	return clouddns.Canonical(hosted.NewEntry(s.Records.Key(), s,
		routed(t, "w 30 A: 198.51.100.1", hosted.Routing{Policy: hosted.PolicyWeighted, Weight: b})))
}

func create(es ...hosted.Entry) hosted.Batch {
	var b hosted.Batch
	for _, e := range es {
		b.Changes = append(b.Changes, hosted.Change{New: e})
	}
	return b
}

func apply(t *testing.T, z *clouddns.Zone, b hosted.Batch) {
	t.Helper()
	if _, err := z.Apply(t.Context(), b); err != nil {
		t.Fatalf("apply: %v", err)
	}
}

func find(t *testing.T, z *clouddns.Zone, k hosted.Key) hosted.Entry {
	t.Helper()
	es, err := z.Records(t.Context())
	if err != nil {
		t.Fatalf("records: %v", err)
	}
	for _, e := range es {
		if e.Key == k {
			return e
		}
	}
	return hosted.Entry{}
}

// TestRoundTrip: what is applied comes back equal, by listing and by reading, can
// be replaced and be deleted.
func TestRoundTrip(t *testing.T) {
	w := weighted(t, 3, 0)
	geo := routed(t, "g 60 AAAA: 2001:db8::1", hosted.Routing{Policy: hosted.PolicyGeo, Region: "europe-west1"})
	failover := routed(t, "f 60 A: 192.0.2.1 | 192.0.2.2", hosted.Routing{Policy: hosted.PolicyFailover})
	for _, e := range []hosted.Entry{
		entry(t, "a 0 A: 192.0.2.9 | 192.0.2.1"),
		entry(t, "b 300 AAAA: 2001:db8::1 | ::ffff:192.0.2.1"),
		entry(t, "*.w 60 CNAME: web.example.net."),
		entry(t, "_443._tcp 60 SRV: 1 2 443 a.example.com. | 0 0 8443 b.example.com."),
		entry(t, "@ 60 MX: 10 mail.example.com."),
		entry(t, `txt 60 TXT: "heritage=fedns,x=1" "second; string" | "quote \" and \\ back" | "\001\255"`),
		entry(t, `long 60 TXT: "`+strings.Repeat("x", 255)+`" "`+strings.Repeat("y", 200)+`"`),
		entry(t, `c 60 CAA: 0 issue "ca.example.net; policy=ev"`),
		entry(t, `h 60 HTTPS: 1 . alpn="h2,h3" ipv4hint="192.0.2.1"`),
		entry(t, "sub 60 NS: ns1.example.net. | ns2.example.net."),
		w,
		clouddns.Canonical(hosted.NewEntry(geo.Records.Key(), geo,
			routed(t, "g 60 AAAA: 2001:db8::2", hosted.Routing{Policy: hosted.PolicyGeo, Region: "us-east1"}))),
		clouddns.Canonical(hosted.NewEntry(failover.Records.Key(), failover,
			routed(t, "f 60 A: 198.51.100.1", hosted.Routing{Policy: hosted.PolicyFailover, Secondary: true}))),
	} {
		t.Run(hosted.KeyString(e.Key), func(t *testing.T) {
			z, s := open(t, clouddnstest.Config{}, nil)
			if why := z.Limits().Check(e); why != "" {
				t.Fatalf("limits refuse it: %s", why)
			}
			apply(t, z, create(e))
			if got := find(t, z, e.Key); !got.Equal(e) {
				t.Errorf("listed as %s, want %s", got, e)
			}
			got, err := z.Read(t.Context(), e.Key)
			if err != nil || len(got) != 1 || !got[0].Equal(e) {
				t.Errorf("read as %v, %v, want %s", got, err, e)
			}
			// Another Zone has not listed anything: what it deletes is made of e alone.
			other, _ := clouddns.New(clouddns.Config{Project: "test", Apex: apex, HTTPClient: s.Client(), HealthCheck: healthCheck})
			apply(t, other, hosted.Batch{Changes: []hosted.Change{{Old: e}}})
			if got := find(t, z, e.Key); !got.IsEmpty() {
				t.Errorf("still there: %s", got)
			}
		})
	}
}

// TestPolicyMigration: from one routing policy to another there is one change, so
// that no moment is without an answer.
func TestPolicyMigration(t *testing.T) {
	z, s := open(t, clouddnstest.Config{}, nil)
	simple, w := entry(t, "w 300 A: 192.0.2.1"), weighted(t, 1, 2)
	apply(t, z, create(simple))
	apply(t, z, hosted.Batch{Changes: []hosted.Change{{Old: simple, New: w}}})
	apply(t, z, hosted.Batch{Changes: []hosted.Change{{Old: w, New: weighted(t, 5, 2)}}})
	if got := find(t, z, w.Key); !got.Equal(weighted(t, 5, 2)) {
		t.Errorf("there is %s", got)
	}
	if n := s.Calls()["dns.changes.create"]; n != 3 {
		t.Errorf("%d changes, want 3", n)
	}
}

func TestConflicts(t *testing.T) {
	a, changed := entry(t, "a 60 A: 192.0.2.1"), entry(t, "a 60 A: 192.0.2.2")
	wrongTTL, other := entry(t, "a 61 A: 192.0.2.1"), entry(t, "b 60 A: 192.0.2.1")
	for _, tt := range []struct {
		name string
		c    hosted.Change
	}{
		{"create what exists", hosted.Change{New: changed}},
		{"delete other data", hosted.Change{Old: changed}},
		{"delete another TTL", hosted.Change{Old: wrongTTL}},
		{"replace other data", hosted.Change{Old: changed, New: a}},
		{"delete what is not there", hosted.Change{Old: entry(t, "x 60 A: 192.0.2.1")}},
		{"delete another policy", hosted.Change{Old: hosted.NewEntry(a.Key, weighted(t, 1, 2).Sets...)}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			z, _ := open(t, clouddnstest.Config{}, nil)
			apply(t, z, create(a))
			_, err := z.Apply(t.Context(), hosted.Batch{Changes: []hosted.Change{{New: other}, tt.c}})
			if !errors.Is(err, hosted.ErrConflict) {
				t.Errorf("error %v, want a conflict", err)
			}
			if !find(t, z, a.Key).Equal(a) || !find(t, z, other.Key).IsEmpty() {
				t.Error("something was made of the batch")
			}
		})
	}
}

// TestRefused: the record set to blame is told, by position and by name.
func TestRefused(t *testing.T) {
	for _, tt := range []struct {
		name   string
		poison hosted.Entry
	}{
		{"CNAME beside another type", entry(t, "a 60 CNAME: web.example.net.")},
		{"CNAME at the apex", entry(t, "@ 60 CNAME: web.example.net.")},
		{"unknown type", entry(t, `u 60 TYPE65280: \# 1 00`)},
		{"wildcard NS", entry(t, "*.x 60 NS: ns.example.net.")},
	} {
		t.Run(tt.name, func(t *testing.T) {
			z, _ := open(t, clouddnstest.Config{}, nil)
			apply(t, z, create(entry(t, "a 60 A: 192.0.2.1")))
			good := entry(t, "good 60 A: 192.0.2.1")
			_, err := z.Apply(t.Context(), create(good, tt.poison))
			var refused *hosted.RefusedError
			if !errors.As(err, &refused) {
				t.Fatalf("error %v, want a refusal", err)
			}
			if refused.Key == nil || *refused.Key != tt.poison.Key || refused.Reason == "" {
				t.Errorf("blamed %v (%s), want %s", refused.Key, refused.Reason, hosted.KeyString(tt.poison.Key))
			}
			if !find(t, z, good.Key).IsEmpty() {
				t.Error("the good one landed")
			}
		})
	}
}

// TestUnknownOutcome: after these nobody knows, so the error is none of the typed ones.
func TestUnknownOutcome(t *testing.T) {
	for _, tt := range []struct {
		fault clouddnstest.Kind
		made  bool
	}{
		{clouddnstest.Lost, false}, {clouddnstest.Unanswered, true}, {clouddnstest.Late, false},
		{clouddnstest.Broken, false}, {clouddnstest.BrokenAfter, true}, {clouddnstest.Reset, false}, {clouddnstest.ResetAfter, true},
	} {
		t.Run(fmt.Sprint(tt.fault), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				z, s := open(t, clouddnstest.Config{}, nil)
				e := entry(t, "a 60 A: 192.0.2.1")
				s.Inject("dns.changes.create", clouddnstest.Fault{Kind: tt.fault})
				began := time.Now()
				_, err := z.Apply(t.Context(), create(e))
				var refused *hosted.RefusedError
				var throttled *hosted.ThrottledError
				if err == nil || errors.Is(err, hosted.ErrConflict) || errors.As(err, &refused) || errors.As(err, &throttled) {
					t.Errorf("error %v, want one that says nothing", err)
				}
				if took := time.Since(began); took > 30*time.Second {
					t.Errorf("took %v", took)
				}
				if got := find(t, z, e.Key); got.IsEmpty() == tt.made {
					t.Errorf("there is %s", got)
				}
				if n := s.Calls()["dns.changes.create"]; n != 1 {
					t.Errorf("%d calls: the client tried again by itself", n)
				}
				if tt.fault == clouddnstest.Late && (s.Land() != 1 || !find(t, z, e.Key).Equal(e)) {
					t.Error("the late change did not land")
				}
			})
		})
	}
}

// recordingGate counts what it is asked.
type recordingGate struct {
	waits     map[string]int
	throttled time.Duration
}

func (g *recordingGate) Wait(_ context.Context, action string, _ bool) error {
	g.waits[action]++
	return nil
}

func (g *recordingGate) Throttled(_ string, after time.Duration) { g.throttled = after }

func TestGate(t *testing.T) {
	g := &recordingGate{waits: map[string]int{}}
	z, s := open(t, clouddnstest.Config{}, func(c *clouddns.Config) { c.Gate = g })
	s.Inject("dns.changes.create", clouddnstest.Fault{Kind: clouddnstest.Throttled, For: 7 * time.Second})
	_, err := z.Apply(t.Context(), create(entry(t, "a 60 A: 192.0.2.1")))
	var throttled *hosted.ThrottledError
	if !errors.As(err, &throttled) || throttled.After != 7*time.Second || g.throttled != 7*time.Second {
		t.Errorf("error %v, gate heard %v; want 7 s", err, g.throttled)
	}
	apply(t, z, create(entry(t, "a 60 A: 192.0.2.1")))
	find(t, z, hosted.Key{})
	asked, called := 0, 0
	for _, n := range g.waits {
		asked += n
	}
	for _, n := range s.Calls() {
		called += n
	}
	if asked != called {
		t.Errorf("the gate was asked %d times for %d calls", asked, called)
	}
	for action := range g.waits {
		if !slices.ContainsFunc(z.Limits().Rates, func(r hosted.Rate) bool { return r.Action == action }) {
			t.Errorf("action %s is none of Limits.Rates", action)
		}
	}
}

func TestConfirm(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		z, _ := open(t, clouddnstest.Config{Propagation: time.Minute}, nil)
		receipt, err := z.Apply(t.Context(), create(entry(t, "a 60 A: 192.0.2.1")))
		if err != nil {
			t.Fatal(err)
		}
		for _, want := range []bool{false, true} {
			if done, err := z.Confirm(t.Context(), receipt); done != want || err != nil {
				t.Errorf("done %v, %v, want %v", done, err, want)
			}
			time.Sleep(time.Minute)
		}
	})
}

// TestListing: pages are put together, and one name is read without the others.
func TestListing(t *testing.T) {
	z, s := open(t, clouddnstest.Config{Quota: clouddnstest.Quota{RRsetsPerZone: 1 << 20}}, nil)
	const n = 10_000
	for i := range n {
		s.Put("example", clouddnstest.RRset{Name: fmt.Sprintf("h%d.example.com.", i), Type: "A", TTL: 60, RRDatas: []string{"192.0.2.1"}})
	}
	es, err := z.Records(t.Context())
	if err != nil || len(es) != n+2 {
		t.Fatalf("%d entries, %v, want %d", len(es), err, n+2)
	}
	if calls := s.Calls()["dns.resourceRecordSets.list"]; calls != 11 {
		t.Errorf("%d calls, want 11", calls)
	}
	a, txt := entry(t, "h7 60 A: 192.0.2.1"), entry(t, `h7 60 TXT: "x"`)
	apply(t, z, create(txt))
	got, err := z.Read(t.Context(), a.Key, txt.Key, hosted.Key{Owner: a.Key.Owner, Type: zone.TypeMX})
	if err != nil || len(got) != 2 {
		t.Errorf("read %v, %v", got, err)
	}
	if calls := s.Calls()["dns.resourceRecordSets.list"]; calls != 12 {
		t.Errorf("%d calls, want 12: one for all types of a name", calls)
	}
}
