package inmemory_test

import (
	"context"
	"errors"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fedns/fedns/dnsserver/dnsname"
	"github.com/fedns/fedns/dnsserver/zone"
	"github.com/fedns/fedns/providers/hosted"
	"github.com/fedns/fedns/providers/inmemory"
)

func fresh(t *testing.T, client string, server *inmemory.Server) *inmemory.Zone {
	t.Helper()
	z, err := inmemory.New(inmemory.Config{Server: server, Client: client})
	if err != nil {
		t.Fatal(err)
	}
	return z
}

func a(owner, addr string) hosted.Entry {
	return hosted.Simple(zone.NewRRset(dnsname.MustParse(owner), zone.TypeA, 300, zone.Addr(netip.MustParseAddr(addr))))
}

func cname(owner, target string) hosted.Entry {
	return hosted.Simple(zone.NewRRset(dnsname.MustParse(owner), zone.TypeCNAME, 300, zone.Target(dnsname.MustParse(target))))
}

func batch(changes ...hosted.Change) hosted.Batch { return hosted.Batch{Changes: changes} }

// at is what the Server holds of a Key, whatever goes wrong with calls.
func at(t *testing.T, s *inmemory.Server, e hosted.Entry) hosted.Entry {
	t.Helper()
	s.Inject(nil)
	found, err := fresh(t, "test", s).Read(t.Context(), e.Key)
	if err != nil {
		t.Fatal(err)
	}
	if len(found) == 0 {
		return hosted.Entry{}
	}
	return found[0]
}

func TestTheServerRefuses(t *testing.T) {
	www, soa := a("www.example.com.", "192.0.2.1"), hosted.Key{Owner: apex, Type: zone.TypeSOA}
	weighted := func(ids ...string) hosted.Entry {
		sets := make([]hosted.Set, len(ids))
		for i, id := range ids {
			sets[i] = hosted.Set{ID: id, Records: www.Sets[0].Records, Routing: hosted.Routing{Policy: hosted.PolicyWeighted}}
		}
		return hosted.Entry{Key: www.Key, Sets: sets}
	}
	twoCNAMEs := cname("two.example.com.", "a.example.net.")
	twoCNAMEs.Sets = slices.Clone(twoCNAMEs.Sets)
	twoCNAMEs.Sets[0].Records = twoCNAMEs.Sets[0].Records.With(zone.Target(dnsname.MustParse("b.example.net.")))
	mixed := weighted("a", "b")
	mixed.Sets[1].Routing.Policy = hosted.PolicyLatency
	none := hosted.Entry{Key: www.Key, Sets: make([]hosted.Set, 1)}
	var tooMany []hosted.Change
	for i := range 1001 {
		tooMany = append(tooMany, hosted.Change{New: a("n"+strings.Repeat("n", i%60)+"."+strings.Repeat("m", 1+i/60)+".example.com.", "192.0.2.1")})
	}
	for _, tt := range []struct {
		name  string
		batch hosted.Batch
		why   string
	}{
		{"a name of another zone", batch(hosted.Change{New: a("www.example.net.", "192.0.2.1")}), "not in the zone example.com."},
		{"a CNAME beside an address", batch(hosted.Change{New: cname("is.example.com.", "a.example.net.")}), "CNAME and something else"},
		{"both at once", batch(hosted.Change{New: www}, hosted.Change{New: cname("www.example.com.", "a.example.net.")}), "CNAME and something else"},
		{"a CNAME at the apex", batch(hosted.Change{New: cname("example.com.", "a.example.net.")}), "CNAME and something else"},
		{"two CNAMEs", batch(hosted.Change{New: twoCNAMEs}), "has 2 records"},
		{"no SOA", batch(hosted.Change{Old: hosted.Entry{Key: soa, Sets: make([]hosted.Set, 1)}}), "has to have SOA and NS"},
		{"one key twice", batch(hosted.Change{New: www}, hosted.Change{New: www}), "two changes"},
		{"two keys in one change", batch(hosted.Change{Old: a("old.example.com.", "192.0.2.1"), New: www}), "of old.example.com. A as well"},
		{"a record set without records", batch(hosted.Change{New: none}), "either records or an alias"},
		{"a record set without identifier", batch(hosted.Change{New: weighted("", "b")}), "without identifier"},
		{"an identifier twice", batch(hosted.Change{New: weighted("a", "a")}), `"a" is there twice`},
		{"two policies", batch(hosted.Change{New: mixed}), "Weighted and Latency"},
		{"too many changes", batch(tooMany...), "1001 changes, at most 1000"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			server := inmemory.NewServer(apex, inmemory.Limits())
			server.Edit(a("is.example.com.", "192.0.2.9"))
			z := fresh(t, "", server)
			before, _ := z.Records(t.Context())
			_, err := z.Apply(t.Context(), tt.batch)
			refused := (*hosted.RefusedError)(nil)
			if !errors.As(err, &refused) || !strings.Contains(refused.Reason, tt.why) {
				t.Errorf("got %v, want a RefusedError with %q", err, tt.why)
			}
			after, _ := z.Records(t.Context())
			if !slices.EqualFunc(before, after, hosted.Entry.Equal) {
				t.Errorf("something was made: %v, before %v", after, before)
			}
		})
	}
}

func TestTheLargestBatchAndNoLarger(t *testing.T) {
	limits := inmemory.Limits()
	limits.Batch[0].Max = 2
	z := fresh(t, "", inmemory.NewServer(apex, limits))
	three := []hosted.Change{{New: a("a.example.com.", "192.0.2.1")}, {New: a("b.example.com.", "192.0.2.1")}, {New: a("c.example.com.", "192.0.2.1")}}
	refused := (*hosted.RefusedError)(nil)
	if _, err := z.Apply(t.Context(), batch(three...)); !errors.As(err, &refused) || refused.Key != nil {
		t.Errorf("three changes: got %v, want them refused and nobody blamed", err)
	}
	if _, err := z.Apply(t.Context(), batch(three[:2]...)); err != nil {
		t.Errorf("two changes: %v", err)
	}
}

// TestFaults: what each Fault returns, and what is there afterwards.
func TestFaults(t *testing.T) {
	lost := errors.New("i/o timeout")
	www := a("www.example.com.", "192.0.2.1")
	throttled := &hosted.ThrottledError{After: time.Second, Err: lost}
	never := make(<-chan struct{})
	for _, tt := range []struct {
		name  string
		fault inmemory.Fault
		want  error
		made  bool
	}{
		{"nothing", inmemory.Fault{}, nil, true},
		{"before", inmemory.Fault{Before: lost}, lost, false},
		{"after", inmemory.Fault{After: lost}, lost, true},
		{"later", inmemory.Fault{Lost: lost}, lost, false},
		{"throttled", inmemory.Fault{Before: throttled}, throttled, false},
		{"slow", inmemory.Fault{Delay: time.Second}, nil, true},
		{"slower than the deadline", inmemory.Fault{Delay: time.Minute}, context.DeadlineExceeded, false},
		{"held up for good", inmemory.Fault{Until: never}, context.DeadlineExceeded, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				server := inmemory.NewServer(apex, inmemory.Limits())
				server.Inject(func(c inmemory.Call) inmemory.Fault {
					if c.Action != inmemory.Apply || c.Client != "one" {
						return inmemory.Fault{}
					}
					f := tt.fault
					if f.Until == never {
						f.Until = make(chan struct{}) // time passes only for channels made in here
					}
					return f
				})
				ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
				defer cancel()
				if _, err := fresh(t, "one", server).Apply(ctx, batch(hosted.Change{New: www})); !errors.Is(err, tt.want) {
					t.Errorf("got %v, want %v", err, tt.want)
				}
				if got := at(t, server, www); got.IsEmpty() == tt.made {
					t.Errorf("there is %v, want it made: %v", got, tt.made)
				}
			})
		})
	}
}

// TestALateBatch: what was lost on its way is made when it arrives, unless what it
// was made for has changed.
func TestALateBatch(t *testing.T) {
	server := inmemory.NewServer(apex, inmemory.Limits())
	old, stale := fresh(t, "old", server), errors.New("i/o timeout")
	server.Inject(func(c inmemory.Call) inmemory.Fault { return inmemory.Fault{Lost: stale} })
	fence := a("fence.example.com.", "192.0.2.0")
	_, _ = old.Apply(t.Context(), batch(hosted.Change{New: a("www.example.com.", "192.0.2.1")}))
	_, _ = old.Apply(t.Context(), batch(hosted.Change{Old: fence, New: a("fence.example.com.", "192.0.2.7")}))
	server.Edit(fence, a("api.example.com.", "192.0.2.5"))
	server.Inject(nil)
	if _, err := fresh(t, "new", server).Apply(t.Context(), batch(hosted.Change{Old: fence, New: a("fence.example.com.", "192.0.2.8")})); err != nil {
		t.Fatal(err)
	}
	if n := server.Held(); n != 2 {
		t.Fatalf("%d batches are on their way, want 2", n)
	}
	became := server.Release()
	if len(became) != 2 || became[0] != nil || !errors.Is(became[1], hosted.ErrConflict) {
		t.Errorf("became %v, want one made and one in conflict", became)
	}
	if got := at(t, server, a("www.example.com.", "192.0.2.1")); got.IsEmpty() {
		t.Error("the batch that nothing stood against was not made")
	}
	if server.Held() != 0 || len(server.Release()) != 0 {
		t.Error("a batch is on its way for a second time")
	}
}

func TestWhatTheServerRemembers(t *testing.T) {
	server := inmemory.NewServer(apex, inmemory.Limits())
	z := fresh(t, "one", server)
	make := func(owner string) error {
		_, err := z.Apply(t.Context(), batch(hosted.Change{New: a(owner, "192.0.2.1")}))
		return err
	}
	if err := make("a.example.com."); err != nil || len(server.Applied()) != 0 {
		t.Fatalf("it remembers %v though nobody asked it to; %v", server.Applied(), err)
	}
	server.Remember(2)
	for _, owner := range []string{"b.example.com.", "c.example.com.", "d.example.com."} {
		if err := make(owner); err != nil {
			t.Fatal(err)
		}
	}
	if err := make("d.example.com."); !errors.Is(err, hosted.ErrConflict) {
		t.Fatalf("got %v, want a conflict", err)
	}
	var names []string
	for _, m := range server.Applied() {
		names = append(names, m.Client+" "+m.Batch.Changes[0].Key().Owner.String())
	}
	if want := []string{"one c.example.com.", "one d.example.com."}; !slices.Equal(names, want) {
		t.Errorf("it remembers %q, want %q", names, want)
	}
	if got := server.Count(inmemory.Apply); got != 5 {
		t.Errorf("%d calls of apply, want 5: those that fail count", got)
	}
}

// TestLag: a Batch is there at once, and everywhere later.
func TestLag(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := inmemory.NewServer(apex, inmemory.Limits())
		server.Lag(time.Minute)
		z := fresh(t, "", server)
		r, err := z.Apply(t.Context(), batch(hosted.Change{New: a("www.example.com.", "192.0.2.1")}))
		if err != nil {
			t.Fatal(err)
		}
		for _, want := range []bool{false, true} {
			if done, err := z.Confirm(t.Context(), r); done != want || err != nil {
				t.Errorf("confirm: got %v, %v, want %v", done, err, want)
			}
			time.Sleep(time.Minute)
		}
	})
}

// TestCallsAreFew: a listing is one call a page, and reading is one call.
func TestCallsAreFew(t *testing.T) {
	server := inmemory.NewServer(apex, inmemory.Limits())
	var keys []hosted.Key
	for i := range 198 { // with SOA and NS two pages
		e := a("n"+strings.Repeat("n", i%50)+"."+strings.Repeat("m", 1+i/50)+".example.com.", "192.0.2.1")
		server.Edit(e)
		keys = append(keys, e.Key)
	}
	z := fresh(t, "", server)
	if all, err := z.Records(t.Context()); len(all) != 200 || err != nil {
		t.Fatalf("listed %d, %v", len(all), err)
	}
	if found, err := z.Read(t.Context(), keys...); len(found) != 198 || err != nil {
		t.Fatalf("read %d, %v", len(found), err)
	}
	if l, r := server.Count(inmemory.List), server.Count(inmemory.Read); l != 2 || r != 1 {
		t.Errorf("%d calls of list and %d of read, want 2 and 1", l, r)
	}
}

// gate notes what is asked, and lets nothing pass when it is closed.
type gate struct {
	asked     []string
	throttled time.Duration
	closed    error
}

func (g *gate) Wait(_ context.Context, action string, urgent bool) error {
	if urgent {
		action += "!"
	}
	g.asked = append(g.asked, action)
	return g.closed
}

func (g *gate) Throttled(_ string, after time.Duration) { g.throttled = after }

func TestTheGateIsAsked(t *testing.T) {
	g := &gate{}
	server := inmemory.NewServer(apex, inmemory.Limits())
	server.Lag(time.Hour)
	z, err := inmemory.New(inmemory.Config{Server: server, Gate: g})
	if err != nil {
		t.Fatal(err)
	}
	r, err := z.Apply(t.Context(), hosted.Batch{Changes: []hosted.Change{{New: a("www.example.com.", "192.0.2.1")}}, Urgent: true})
	if err != nil {
		t.Fatal(err)
	}
	_, _ = z.Confirm(t.Context(), r)
	_, _ = z.Records(t.Context())
	_, _ = z.Read(t.Context(), hosted.Key{Owner: apex, Type: zone.TypeNS})
	if want := []string{"apply!", "confirm", "list", "read"}; !slices.Equal(g.asked, want) {
		t.Errorf("asked for %q, want %q", g.asked, want)
	}
	server.Inject(func(inmemory.Call) inmemory.Fault {
		return inmemory.Fault{Before: &hosted.ThrottledError{After: 7 * time.Second, Err: errors.New("slow down")}}
	})
	if _, _ = z.Records(t.Context()); g.throttled != 7*time.Second {
		t.Errorf("the gate was told to wait %s, want 7s", g.throttled)
	}
	g.closed = errors.New("closed")
	calls := server.Count(inmemory.List)
	if _, err := z.Records(t.Context()); !errors.Is(err, g.closed) || server.Count(inmemory.List) != calls {
		t.Errorf("got %v and %d more calls past a closed gate", err, server.Count(inmemory.List)-calls)
	}
}

func TestPoisonIsNotToldOfBefore(t *testing.T) {
	server := inmemory.NewServer(apex, inmemory.Limits())
	bad := a("bad.example.com.", "192.0.2.1")
	server.Poison(func(e hosted.Entry) string {
		if e.Key == bad.Key {
			return "unlucky number"
		}
		return ""
	})
	_, err := fresh(t, "", server).Apply(t.Context(), batch(hosted.Change{New: a("www.example.com.", "192.0.2.1")}, hosted.Change{New: bad}))
	refused := (*hosted.RefusedError)(nil)
	if !errors.As(err, &refused) || refused.Key == nil || *refused.Key != bad.Key || inmemory.Limits().Check(bad) != "" {
		t.Errorf("got %v, want bad.example.com. refused", err)
	}
	if got := at(t, server, a("www.example.com.", "192.0.2.1")); !got.IsEmpty() {
		t.Errorf("%v was made", got)
	}
}

func TestAnApexIsEnough(t *testing.T) {
	if _, err := inmemory.New(inmemory.Config{}); err == nil {
		t.Error("a zone without server and apex was made")
	}
	z, err := inmemory.New(inmemory.Config{Apex: apex})
	if err != nil {
		t.Fatal(err)
	}
	if all, err := z.Records(t.Context()); len(all) != 2 || err != nil {
		t.Errorf("a fresh zone has %v, %v, want SOA and NS", all, err)
	}
}
