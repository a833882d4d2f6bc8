package route53

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/fedns/fedns/dnsserver/dnsname"
	"github.com/fedns/fedns/dnsserver/zone"
	"github.com/fedns/fedns/providers/hosted"
	"github.com/fedns/fedns/providers/route53/route53test"
)

func key(name string, typ uint16) hosted.Key {
	return hosted.Key{Owner: dnsname.MustParse(name), Type: typ}
}

func address(name string, ttl uint32, addrs ...string) hosted.Entry {
	var rdatas []string
	for _, a := range addrs {
		d, err := parseRDATA(zone.TypeA, a)
		if err != nil {
			panic(err)
		}
		rdatas = append(rdatas, d)
	}
	return hosted.Simple(zone.NewRRset(dnsname.MustParse(name), zone.TypeA, ttl, rdatas...))
}

func text(name, s string) hosted.Entry {
	return hosted.Simple(zone.NewRRset(dnsname.MustParse(name), zone.TypeTXT, 60, zone.TXT(s)))
}

func create(entries ...hosted.Entry) hosted.Batch {
	var b hosted.Batch
	for _, e := range entries {
		b.Changes = append(b.Changes, hosted.Change{New: e})
	}
	return b
}

// kind says which of hosted's errors it is.
func kind(err error) string {
	refused, throttled := (*hosted.RefusedError)(nil), (*hosted.ThrottledError)(nil)
	switch {
	case err == nil:
		return "made"
	case errors.Is(err, hosted.ErrConflict):
		return "conflict"
	case errors.As(err, &refused):
		return "refused"
	case errors.As(err, &throttled):
		return "throttled"
	}
	return "unknown"
}

// TestFaults: what is said of a batch after each thing that can go wrong, and that
// the client tries nothing twice by itself.
func TestFaults(t *testing.T) {
	for fault, want := range map[route53test.Kind]string{
		route53test.LoseRequest: "unknown", route53test.LoseResponse: "unknown", route53test.ApplyLater: "unknown",
		route53test.Hang: "unknown", route53test.HangDone: "unknown", route53test.HangThenApply: "unknown",
		route53test.ServerError: "unknown", route53test.ServerErrorDone: "unknown",
		route53test.Throttle: "throttled", route53test.Prior: "throttled", route53test.Slow: "made",
	} {
		a := newAccount(t, func(_ *route53test.Config, c *Config) { c.Timeout = 50 * time.Millisecond })
		if _, err := a.Read(t.Context(), key("www.example.com.", zone.TypeA)); err != nil {
			t.Fatal(err)
		}
		a.sim.Inject(route53test.Fault{Action: actionChange, Kind: fault, Delay: time.Millisecond, RetryAfter: 7 * time.Second})
		_, err := a.Apply(t.Context(), create(address("www.example.com.", 60, "192.0.2.1")))
		if kind(err) != want {
			t.Errorf("fault %d: got %s, %v, want %s", fault, kind(err), err, want)
		}
		all := 0
		for _, n := range a.sim.Calls() {
			all += n
		}
		if a.gate.waits[ActionAll] != all {
			t.Errorf("fault %d: the gate of all calls was asked %d times for %d", fault, a.gate.waits[ActionAll], all)
		}
		if n := a.sim.Calls()[actionChange]; n != 1 || a.gate.waits[actionChange] != 1 {
			t.Errorf("fault %d: %d calls, the gate was asked %d times, want one each", fault, n, a.gate.waits[actionChange])
		}
		var throttled *hosted.ThrottledError
		if fault == route53test.Throttle && (!errors.As(err, &throttled) || throttled.After != 7*time.Second || a.gate.throttled != 2 || a.gate.after != 7*time.Second) {
			t.Errorf("throttled: got %+v, the gate heard %d times of %s", throttled, a.gate.throttled, a.gate.after)
		}
		if fault == route53test.Prior && a.gate.throttled != 0 {
			t.Error("the gate was told of a rate, though there was a request under way")
		}
	}
}

// TestRefusals: who is to blame, in the service's words, in either of its forms.
func TestRefusals(t *testing.T) {
	cname := hosted.Simple(zone.NewRRset(dnsname.MustParse("www.example.com."), zone.TypeCNAME, 60, zone.Target(dnsname.MustParse("x.example.net."))))
	apex := hosted.Simple(zone.NewRRset(dnsname.MustParse("example.com."), zone.TypeCNAME, 60, zone.Target(dnsname.MustParse("x.example.net."))))
	good := address("good.example.com.", 60, "192.0.2.1")
	longText := hosted.Simple(zone.NewRRset(dnsname.MustParse("t.example.com."), zone.TypeTXT, 60, zone.TXT(strings.Repeat("x", 4100))))
	weighted := func(id string, ttl uint32) hosted.Set {
		return hosted.Set{ID: id, Records: address("w.example.com.", ttl, "192.0.2.1").Sets[0].Records, Routing: hosted.Routing{Policy: hosted.PolicyWeighted, Weight: 1}}
	}
	for _, one := range []bool{false, true} {
		for _, tt := range []struct {
			name  string
			batch hosted.Batch
			want  string
			key   hosted.Key // zero: nobody
			words string
		}{
			{"CNAME beside", create(good, cname), "refused", cname.Key, "conflicts with other records"},
			{"CNAME at the apex", create(good, apex), "refused", apex.Key, "not permitted at apex"},
			{"outside", create(good, address("www.example.net.", 60, "192.0.2.1")), "refused", hosted.Key{}, "is not permitted in zone example.com."},
			{"outside, alone", create(address("www.example.net.", 60, "192.0.2.1")), "refused", key("www.example.net.", zone.TypeA), "is not permitted in zone"},
			{"a value too long", create(good, longText), "refused", hosted.Key{}, "maxLength '4000'"},
			{"TTLs of weighted", create(good, hosted.NewEntry(key("w.example.com.", zone.TypeA), weighted("a", 60), weighted("b", 61))), "refused", key("w.example.com.", zone.TypeA), "must contain the same TTL"},
			{"there already", create(good, address("www.example.com.", 60, "192.0.2.1")), "conflict", hosted.Key{}, "already exists"},
			{"a policy there already", create(good, address("v.example.com.", 60, "192.0.2.1")), "conflict", hosted.Key{}, "exist with the same name and type"},
			{"not there", hosted.Batch{Changes: []hosted.Change{{Old: good}}}, "conflict", hosted.Key{}, "was not found"},
			{"refused and in conflict", create(cname, apex, address("www.example.com.", 60, "192.0.2.1")), "conflict", hosted.Key{}, ""},
		} {
			a := newAccount(t, func(s *route53test.Config, _ *Config) { s.OneMessage = one })
			v := route53test.Simple("v.example.com", "A", 60, "192.0.2.1")
			v.SetIdentifier, v.Weight = "theirs", route53test.TTL(1)
			if err := a.sim.Edit(a.id, route53test.Create(route53test.Simple("www.example.com", "A", 60, "192.0.2.1")), route53test.Create(v)); err != nil {
				t.Fatal(err)
			}
			_, err := a.Apply(t.Context(), tt.batch)
			if kind(err) != tt.want || !strings.Contains(err.Error(), tt.words) {
				t.Errorf("%s: got %s, %v, want %s with %q", tt.name, kind(err), err, tt.want, tt.words)
			}
			var refused *hosted.RefusedError
			if errors.As(err, &refused) && (refused.Key == nil) != (tt.key == hosted.Key{}) || refused != nil && refused.Key != nil && *refused.Key != tt.key {
				t.Errorf("%s: blames %v, want %v", tt.name, refused.Key, tt.key)
			}
			if n := len(a.sim.RecordSets(a.id)); n != 4 {
				t.Errorf("%s: there are %d record sets, want 4", tt.name, n)
			}
		}
	}
}

// TestBlameByValue: messages about a Value name it, not the record set.
func TestBlameByValue(t *testing.T) {
	bad, same := text("bad.example.com.", "poison"), text("same.example.com.", "poison")
	words := `[Invalid Resource Record: 'FATAL problem: SomethingNew (no) encountered with '"poison"'']`
	good := address("good.example.com.", 60, "192.0.2.1")
	if k := blame(words, create(good, bad).Changes); k == nil || *k != bad.Key {
		t.Errorf("got %v", k)
	}
	if k := blame(words, create(good, bad, same).Changes); k != nil {
		t.Errorf("two have the value, and %v is blamed", k)
	}
	if k := blame("something else", create(good, bad).Changes); k != nil {
		t.Errorf("nobody is named, and %v is blamed", k)
	}
}

// TestTheWrongHostedZone: nothing is written where it is not meant to be.
func TestTheWrongHostedZone(t *testing.T) {
	sim := route53test.New(route53test.Config{})
	public, private, other := sim.AddZone("example.com", false), sim.AddZone("example.com", true), sim.AddZone("example.net", false)
	sim.AddZone("twice.example", false)
	sim.AddZone("twice.example", false)
	for _, tt := range []struct {
		apex, id string
		private  bool
		want     string
	}{
		{"example.com.", public, false, ""},
		{"example.com.", "/hostedzone/" + private, true, ""},
		{"example.com.", "", false, ""},
		{"example.com.", "", true, ""},
		{"example.com.", private, false, "private is true, and configured as false"},
		{"example.com.", other, false, "is example.net., not example.com."},
		{"example.com.", "ZNONE", false, "NoSuchHostedZone"},
		{"example.org.", "", false, "there are 0 hosted zones example.org."},
		{"twice.example.", "", false, "there are 2 hosted zones twice.example."},
	} {
		sim.Empty(public)
		sim.Empty(private)
		a := newAccount(t, func(_ *route53test.Config, c *Config) { c.Apex = dnsname.MustParse(tt.apex) })
		cfg := a.cfg
		cfg.HostedZoneID, cfg.Private, cfg.HTTP = tt.id, tt.private, sim.Client()
		z, err := New(cfg)
		if err != nil {
			t.Fatal(err)
		}
		_, err = z.Apply(t.Context(), create(address("www."+tt.apex, 60, "192.0.2.1")))
		if tt.want == "" && err != nil || tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)) {
			t.Errorf("%s %q: got %v, want %q", tt.apex, tt.id, err, tt.want)
		}
		written := len(sim.RecordSets(public)) + len(sim.RecordSets(private)) + len(sim.RecordSets(other)) - 3*2
		if (written == 1) != (tt.want == "") {
			t.Errorf("%s %q: %d record sets were written", tt.apex, tt.id, written)
		}
	}
}

func TestConfigurations(t *testing.T) {
	if _, err := New(Config{}); err == nil {
		t.Error("no name, no error")
	}
	if _, err := New(Config{Apex: dnsname.MustParse("example.com."), ExternalID: "x"}); err == nil {
		t.Error("an external ID without a role, no error")
	}
	a := newAccount(t, func(_ *route53test.Config, c *Config) { c.Credentials, c.CredentialsFile = nil, "testdata/none" })
	if _, err := a.Records(context.Background()); err == nil || !strings.Contains(err.Error(), "credentials file testdata/none") {
		t.Errorf("a missing credentials file: got %v", err)
	}
}

// TestAHostedZoneMadeAgain: somebody deleted the hosted zone and made another of the same
// name. Where no ID is configured it is found; where one is, the error names it.
func TestAHostedZoneMadeAgain(t *testing.T) {
	sim := route53test.New(route53test.Config{})
	before := sim.AddZone("example.com", false)
	byName := newAccount(t, nil).cfg
	byName.HostedZoneID, byName.HTTP = "", sim.Client()
	byID := byName
	byID.HostedZoneID = before
	named, err := New(byName)
	if err != nil {
		t.Fatal(err)
	}
	identified, err := New(byID)
	if err != nil {
		t.Fatal(err)
	}
	www := func(n int) hosted.Batch {
		return create(address(fmt.Sprintf("www%d.example.com.", n), 60, "192.0.2.1"))
	}
	for i, z := range []*Zone{named, identified} {
		if _, err := z.Apply(t.Context(), www(i)); err != nil {
			t.Fatal(err)
		}
	}
	sim.RemoveZone(before)
	if _, err := named.Apply(t.Context(), www(2)); err == nil || !strings.Contains(err.Error(), "NoSuchHostedZone") {
		t.Errorf("without a hosted zone: %v, want NoSuchHostedZone", err)
	}
	if _, err := named.Apply(t.Context(), www(2)); err == nil || !strings.Contains(err.Error(), "there are 0 hosted zones") {
		t.Errorf("without a hosted zone, asked again: %v, want none to be found", err)
	}
	after := sim.AddZone("example.com", false)
	if _, err := named.Apply(t.Context(), www(3)); err != nil {
		t.Errorf("with another hosted zone: %v", err)
	}
	if n := len(sim.RecordSets(after)); n != 3 {
		t.Errorf("the other hosted zone has %d record sets, want SOA, NS and what was written", n)
	}
	for range 2 {
		if _, err := identified.Records(t.Context()); err == nil || !strings.Contains(err.Error(), "No hosted zone found with ID: "+before) {
			t.Errorf("by its ID: %v, want the ID to be named", err)
		}
	}
}
