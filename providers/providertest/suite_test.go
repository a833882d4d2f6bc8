package providertest

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fedns/fedns/dnsserver/dnsname"
	"github.com/fedns/fedns/dnsserver/zone"
	"github.com/fedns/fedns/providers/hosted"
	"github.com/fedns/fedns/providers/inmemory"
)

var example = dnsname.MustParse("example.com.")

// sound is a provider that passes, and everything that the suite can ask for.
func sound(t testing.TB) (*broken, *inmemory.Server, *Config) {
	t.Helper()
	server := inmemory.NewServer(example, inmemory.Limits())
	z, err := inmemory.New(inmemory.Config{Server: server})
	if err != nil {
		t.Fatal(err)
	}
	b := &broken{Zone: z}
	failover := Samples()[hosted.PolicyFailover]
	failover[0].Health = hosted.Health{Protocol: "HTTPS", Port: 443, Path: "/healthz", Host: "www.example.com", Interval: 30, Threshold: 3}
	return b, server, &Config{
		Zone:   b,
		Apex:   example,
		Limits: inmemory.Limits(),
		Alias:  hosted.Alias{Target: dnsname.MustParse("lb.example.net."), ZoneID: "Z1"},
		Sets:   map[hosted.Policy][]hosted.Set{hosted.PolicyFailover: failover},
		EditByHand: func(_ context.Context, e hosted.Entry) error {
			server.Edit(e)
			return nil
		},
	}
}

// TestEveryBreakageIsFound: the suite fails on each broken provider, in the lesson
// that is about what is broken, whether or not others were played before.
func TestEveryBreakageIsFound(t *testing.T) {
	found := map[string]bool{}
	for _, br := range breakages {
		t.Run(br.name, func(t *testing.T) {
			b, server, cfg := sound(t)
			br.how(b, server, cfg)
			failed, err := failures(t.Context(), *cfg, br.lesson)
			if err != nil {
				t.Fatal(err)
			}
			if failed[br.lesson] == nil {
				t.Fatalf("the lesson %q passed", br.lesson)
			}
			t.Log(failed[br.lesson])
			found[br.lesson] = true
		})
	}
	for _, l := range lessons {
		if !found[l.name] {
			t.Errorf("no breakage shows that the lesson %q can fail", l.name)
		}
	}
}

// TestFailuresDoNotSpread: what one lesson leaves behind is not held against the next.
func TestFailuresDoNotSpread(t *testing.T) {
	b, server, cfg := sound(t)
	cfg.Many = 300
	showsSets(func(s *hosted.Set) { s.Records.TTL = max(s.Records.TTL, 60) })(b, server, cfg)
	failed, err := failures(t.Context(), *cfg)
	if err != nil {
		t.Fatal(err)
	}
	if got := slices.Sorted(maps.Keys(failed)); !slices.Equal(got, []string{"alias", "time to live"}) {
		t.Errorf("failed are %q, want the lessons about TTLs alone", got)
	}
}

// TestABadProviderPasses: slow, late, throttled and with a clock of its own, but
// right in what it says.
func TestABadProviderPasses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, server, cfg := sound(t)
		server.Lag(40 * time.Second)
		var mu sync.Mutex
		calls := 0
		server.Inject(func(c inmemory.Call) inmemory.Fault {
			mu.Lock()
			defer mu.Unlock()
			if calls++; calls%5 == 0 && c.Action != inmemory.List {
				return inmemory.Fault{Before: &hosted.ThrottledError{After: time.Second, Err: context.DeadlineExceeded}}
			}
			return inmemory.Fault{Delay: 9 * time.Millisecond}
		})
		cfg.Timeout = time.Minute
		failed, err := failures(t.Context(), *cfg)
		if err != nil {
			t.Fatal(err)
		}
		for name, err := range failed {
			t.Errorf("%s: %v", name, err)
		}
	})
}

// TestSoundProvidersPass: whatever the zone is called, and whoever names the sets.
func TestSoundProvidersPass(t *testing.T) {
	for _, tt := range []struct {
		name   string
		apex   string
		change func(*Config)
	}{
		{"everything there is", "example.com.", func(*Config) {}},
		{"a reverse zone", "2.0.192.in-addr.arpa.", func(*Config) {}},
		{"a zone of one label", "internal.", func(*Config) {}},
		{"its own set identifiers", "example.com.", func(cfg *Config) {
			cfg.Identify = func(s hosted.Set) string { return fmt.Sprintf("%+v", s.Routing) + s.Records.First() }
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			apex := dnsname.MustParse(tt.apex)
			server := inmemory.NewServer(apex, inmemory.Limits())
			z, err := inmemory.New(inmemory.Config{Server: server})
			if err != nil {
				t.Fatal(err)
			}
			cfg := Config{Zone: z, Apex: apex, Limits: inmemory.Limits(), Many: 300}
			tt.change(&cfg)
			failed, err := failures(t.Context(), cfg)
			if err != nil {
				t.Fatal(err)
			}
			for name, err := range failed {
				t.Errorf("%s: %v", name, err)
			}
		})
	}
}

// TestWhatIsNotAtomicPasses: the same lessons without those of whole batches.
func TestWhatIsNotAtomicPasses(t *testing.T) {
	b, _, cfg := sound(t)
	cfg.Limits.Atomic, cfg.Limits.Swaps = false, false
	b.apply = func(ctx context.Context, batch hosted.Batch) (hosted.Receipt, error) {
		for _, c := range slices.SortedStableFunc(slices.Values(batch.Changes), func(x, y hosted.Change) int { return len(x.New.Sets) - len(y.New.Sets) }) {
			current(b, &c)
			if _, err := b.Zone.Apply(ctx, hosted.Batch{Changes: []hosted.Change{c}}); err != nil {
				return "", err
			}
		}
		return "", nil
	}
	failed, err := failures(t.Context(), *cfg)
	if err != nil {
		t.Fatal(err)
	}
	for name, err := range failed {
		t.Errorf("%s: %v", name, err)
	}
}

func TestConfigIsRefused(t *testing.T) {
	_, server, cfg := sound(t)
	cfg.Skip = map[string]string{"no lesson": "no reason"}
	if _, err := failures(t.Context(), *cfg); err == nil || !strings.Contains(err.Error(), "no lesson") {
		t.Errorf("a lesson that is not there: got %v", err)
	}
	cfg.Skip = nil
	server.Edit(hosted.Simple(zone.NewRRset(dnsname.MustParse("www.example.com."), zone.TypeA, 300, "\x01\x02\x03\x04")))
	if _, err := failures(t.Context(), *cfg); err == nil || !strings.Contains(err.Error(), "www.example.com.") {
		t.Errorf("a zone that is not empty: got %v", err)
	}
}
