package route53

import (
	"fmt"
	"slices"
	"testing"

	"github.com/fedns/fedns/dnsserver/zone"
	"github.com/fedns/fedns/providers/hosted"
	"github.com/fedns/fedns/providers/route53/route53test"
)

// filled is an account with n names and a name with many weighted record sets.
func filled(t *testing.T, n int) *account {
	t.Helper()
	a := newAccount(t, nil)
	var changes []route53test.Change
	for i := range n {
		changes = append(changes, route53test.Create(route53test.Simple(fmt.Sprintf("n%04d.example.com", i), "A", 60, "192.0.2.1")))
	}
	for i := range 40 {
		w := route53test.Simple("n0007.example.com", "AAAA", 60, "2001:db8::1")
		w.SetIdentifier, w.Weight = fmt.Sprintf("w%02d", i), route53test.TTL(1)
		changes = append(changes, route53test.Create(w))
	}
	changes = append(changes, route53test.Create(route53test.Simple("n0007.example.com", "TXT", 60, `"x"`)), route53test.Create(route53test.Simple("*.example.com", "A", 60, "192.0.2.1")))
	for some := range slices.Chunk(changes, 900) {
		if err := a.sim.Edit(a.id, some...); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := a.Read(t.Context(), key("gone.example.com.", zone.TypeA)); err != nil {
		t.Fatal(err) // the call that looks at the hosted zone is made once
	}
	return a
}

// TestCallsToRead: neighbours come with one page, and nothing is listed that nobody
// asked for.
func TestCallsToRead(t *testing.T) {
	a := filled(t, 2000)
	n := func(i int) hosted.Key { return key(fmt.Sprintf("n%04d.example.com.", i), zone.TypeA) }
	var all, hundred, spread []hosted.Key
	for i := range 2000 {
		all = append(all, n(i))
	}
	for i := range 100 {
		hundred = append(hundred, n(500+i))
		spread = append(spread, n(20*i))
	}
	for _, tt := range []struct {
		name  string
		keys  []hosted.Key
		found int
		calls int
	}{
		{"nothing", nil, 0, 0},
		{"one", []hosted.Key{n(3)}, 1, 1},
		{"one that is not there", []hosted.Key{key("n0003x.example.com.", zone.TypeA)}, 0, 1},
		{"three types of a name, one in 40 sets", []hosted.Key{n(7), key("n0007.example.com.", zone.TypeAAAA), key("n0007.example.com.", zone.TypeTXT)}, 3, 1},
		{"40 sets alone", []hosted.Key{key("n0007.example.com.", zone.TypeAAAA)}, 1, 2},
		{"a hundred neighbours", hundred, 100, 1},
		{"a hundred spread over 2,000", spread, 100, 7},
		{"a name and a wildcard", []hosted.Key{n(3), key("*.example.com.", zone.TypeA)}, 2, 2},
		{"all, in pages of 300", all, 2000, 7},
		{"not there, behind the last, and before", []hosted.Key{key("zzz.example.com.", zone.TypeA), key("a.example.com.", zone.TypeA), n(0)}, 1, 2},
	} {
		before := a.sim.Calls()[actionList]
		got, err := a.Read(t.Context(), tt.keys...)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range got {
			if !slices.Contains(tt.keys, e.Key) {
				t.Errorf("%s: %s was not asked for", tt.name, e)
			}
		}
		if calls := a.sim.Calls()[actionList] - before; len(got) != tt.found || calls > tt.calls {
			t.Errorf("%s: %d entries in %d calls, want %d in at most %d", tt.name, len(got), calls, tt.found, tt.calls)
		}
	}
	if n := a.gate.waits[actionList]; n != a.sim.Calls()[actionList] {
		t.Errorf("the gate was asked %d times for %d calls", n, a.sim.Calls()[actionList])
	}
}

// TestOneChange: one changed record in a large zone costs one call and no listing.
func TestOneChange(t *testing.T) {
	a := filled(t, 3000)
	before := a.sim.Calls()
	old := address("n0100.example.com.", 60, "192.0.2.1")
	if _, err := a.Apply(t.Context(), hosted.Batch{Changes: []hosted.Change{{Old: old, New: address("n0100.example.com.", 60, "192.0.2.2")}}, Comment: "one"}); err != nil {
		t.Fatal(err)
	}
	for action, n := range a.sim.Calls() {
		if want := before[action]; action == actionChange && n != want+1 || action != actionChange && n != want {
			t.Errorf("%s: %d calls before, %d after", action, want, n)
		}
	}
}

// TestUntouchedSets: of an Entry only what differs is written. Another's Set beside
// ours may change meanwhile.
func TestUntouchedSets(t *testing.T) {
	a := newAccount(t, nil)
	set := func(id, addr string, weight uint16) hosted.Set {
		s := address("w.example.com.", 60, addr).Sets[0]
		s.ID, s.Routing = id, hosted.Routing{Policy: hosted.PolicyWeighted, Weight: weight}
		return s
	}
	k := key("w.example.com.", zone.TypeA)
	was := hosted.NewEntry(k, set("ours", "192.0.2.1", 1), set("theirs", "192.0.2.2", 1))
	if _, err := a.Apply(t.Context(), create(was)); err != nil {
		t.Fatal(err)
	}
	theirs := hosted.NewEntry(k, set("ours", "192.0.2.1", 1), set("theirs", "192.0.2.66", 9))
	if err := a.byHand(t.Context(), theirs); err != nil {
		t.Fatal(err)
	}
	change := hosted.Change{Old: was, New: hosted.NewEntry(k, set("ours", "192.0.2.3", 1), set("theirs", "192.0.2.2", 1))}
	if n := len(steps(change)); n != 2 {
		t.Errorf("%d steps, want two", n)
	}
	if _, err := a.Apply(t.Context(), hosted.Batch{Changes: []hosted.Change{change}}); err != nil {
		t.Fatal(err)
	}
	got, err := a.Read(t.Context(), k)
	if want := hosted.NewEntry(k, set("ours", "192.0.2.3", 1), set("theirs", "192.0.2.66", 9)); err != nil || len(got) != 1 || !got[0].Equal(want) {
		t.Errorf("got %v, %v, want %v", got, err, want)
	}
	for _, d := range a.Limits().Batch {
		if n := d.Cost(change); d.Name == "ResourceRecord elements" && n != 2 || d.Name != "ResourceRecord elements" && n != 2*len("192.0.2.1") {
			t.Errorf("%s cost %d", d.Name, n)
		}
	}
}
