package recordsync

import (
	"context"
	"fmt"
	"log/slog"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/fedns/fedns/cmd/fedns/config"
	"github.com/fedns/fedns/discovery"
	"github.com/fedns/fedns/discovery/cluster"
	"github.com/fedns/fedns/discovery/synth"
	"github.com/fedns/fedns/dnsserver/dnsname"
	"github.com/fedns/fedns/dnsserver/zone"
	"github.com/fedns/fedns/providers"
	"github.com/fedns/fedns/providers/hosted"
	"github.com/fedns/fedns/providers/ownership"
	"github.com/fedns/fedns/providers/plan"
)

var (
	apex = dnsname.MustParse("example.com.")
	web  = dnsname.MustParse("web.example.com.")
)

// stated is a Discovery that knows these names.
type stated struct {
	mu    sync.Mutex
	names map[dnsname.Name]discovery.Origin
}

func (s *stated) Origin(owner dnsname.Name) (discovery.Origin, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	o, ok := s.names[owner]
	return o, ok
}

func (s *stated) set(owner dnsname.Name, o discovery.Origin) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.names == nil {
		s.names = map[dnsname.Name]discovery.Origin{}
	}
	s.names[owner] = o
}

// origin is shop/web at the global level, of shards as "eu-1 eu 3 192.0.2.1": cluster,
// region, weight, address.
func origin(t *testing.T, policy string, shards ...string) discovery.Origin {
	t.Helper()
	o := discovery.Origin{Service: cluster.ServiceKey{Namespace: "shop", Name: "web"}, Level: synth.LevelGlobal, Policy: policy}
	for _, text := range shards {
		var s discovery.OriginShard
		var addr string
		if _, err := fmt.Sscan(text, &s.Cluster, &s.Region, &s.Weight, &addr); err != nil {
			t.Fatal(err)
		}
		s.Addresses = []netip.Addr{netip.MustParseAddr(addr)}
		o.Shards = append(o.Shards, s)
	}
	return o
}

// holding is a zone with these records: "web 30 192.0.2.1 192.0.2.2", "@ 30 192.0.2.1".
func holding(t *testing.T, records ...string) *zone.Snapshot {
	t.Helper()
	b := zone.NewZone(apex)
	b.Set(zone.NewRRset(apex, zone.TypeSOA, 60, zone.SOA{MName: apex, RName: apex, Serial: 1, Minimum: 5}.RDATA()))
	for _, text := range records {
		f := strings.Fields(text)
		var ttl uint32
		fmt.Sscan(f[1], &ttl)
		var rdata []string
		typ := zone.TypeA
		for _, a := range f[2:] {
			addr := netip.MustParseAddr(a)
			typ = zone.AddrType(addr)
			rdata = append(rdata, zone.Addr(addr))
		}
		name := apex
		if f[0] != "@" {
			name = dnsname.MustParse(f[0] + ".example.com.")
		}
		b.Set(zone.NewRRset(name, typ, ttl, rdata...))
	}
	snap, _, err := b.Build()
	if err != nil {
		t.Fatal(err)
	}
	return snap
}

// keeping runs hosted zones until the test ends.
func keeping(t *testing.T, cfg Config, records ...string) *Zones {
	t.Helper()
	if cfg.Discovery == nil {
		cfg.Discovery = &stated{}
	}
	cfg.Replica, cfg.Log = "pod-a", slog.New(slog.DiscardHandler)
	z := New(cfg)
	z.Feed(apex, holding(t, records...), nil)
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		z.Run(ctx)
	}()
	t.Cleanup(func() {
		stop()
		<-done
	})
	return z
}

// unlimited are rates that hold nothing up.
func unlimited(l hosted.Limits) []hosted.Rate {
	var out []hosted.Rate
	for _, r := range l.Rates {
		out = append(out, hosted.Rate{Action: r.Action, Burst: 100_000, PerSecond: 100_000})
	}
	return out
}

// of is the Status of a provider.
func of(z *Zones, provider string) providers.Status {
	for _, s := range z.Status() {
		if s.Provider == provider {
			return s
		}
	}
	return providers.Status{}
}

// awaiting has ok asked until it holds; what tells how things are instead.
func awaiting(t *testing.T, ok func() bool, what func() string) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); !ok(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("not in time: %s", what())
		}
	}
}

// shown is what a hosted zone holds of the zone's own, one line an Entry.
func shown(t *testing.T, z hosted.Zone) string {
	t.Helper()
	entries, err := z.Records(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, e := range entries {
		if !ownership.IsClaim(e.Key) && !ownership.IsFence(e.Key) && e.Key.Type != zone.TypeSOA && e.Key.Type != zone.TypeNS {
			out = append(out, strings.ReplaceAll(e.String(), ".example.com.", ""))
		}
	}
	slices.Sort(out)
	return strings.Join(out, "\n")
}

// todo is what a provider's plan has to do.
func todo(t *testing.T, z *Zones, provider string) (out []string) {
	t.Helper()
	for _, p := range z.Plan(t.Context(), provider) {
		if p.Err != nil {
			t.Fatal(p.Err)
		}
		for _, u := range p.Units {
			for _, a := range u.Actions {
				if a.Verb != plan.Leave {
					out = append(out, fmt.Sprintf("%s %s: %s", a.Verb, hosted.KeyString(a.Key), a.Reason))
				}
			}
		}
	}
	return out
}

// becomes awaits that a provider has made what a hosted zone is to hold, and that
// nothing is left to be done then.
func becomes(t *testing.T, z *Zones, p config.Provider, held hosted.Zone, want string) {
	t.Helper()
	got := ""
	awaiting(t, func() bool {
		st := of(z, p.Name)
		if st.Phase != providers.PhaseInSync || st.Backlog > 0 {
			return false
		}
		got = shown(t, held)
		return got == want
	}, func() string {
		return fmt.Sprintf("%s %q, refused %v: the hosted zone holds\n%s\nwant\n%s", of(z, p.Name).Phase, of(z, p.Name).Error, of(z, p.Name).Refused, got, want)
	})
	if left := todo(t, z, p.Name); left != nil {
		t.Errorf("all is written, and the plan has %q", left)
	}
}
