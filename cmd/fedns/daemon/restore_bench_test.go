package daemon

import (
	"context"
	"fmt"
	"io"
	"iter"
	"log/slog"
	"net/netip"
	"testing"
	"time"

	"github.com/fedns/fedns/discovery"
	"github.com/fedns/fedns/discovery/cluster"
	"github.com/fedns/fedns/discovery/state"
	"github.com/fedns/fedns/discovery/store"
	"github.com/fedns/fedns/discovery/synth"
	"github.com/fedns/fedns/dnsserver"
	"github.com/fedns/fedns/dnsserver/dnsname"
	"github.com/fedns/fedns/dnsserver/zone"
)

// The shape: so many clusters, of which each has the same Services.
const (
	restoreClusters  = 100
	restoreServices  = 1000
	restoreEndpoints = 10
)

// full is what was known before: a million endpoints.
type full struct {
	memos  map[cluster.ID]state.Memo
	groups map[state.Ref]string
}

func (f *full) Memos() map[cluster.ID]state.Memo { return f.memos }

func (*full) Hosts() map[string][]netip.Addr { return nil }

func (f *full) Packed(r state.Ref) (string, bool) {
	octets, ok := f.groups[r]
	return octets, ok
}

func (f *full) All() iter.Seq2[state.Ref, string] {
	return func(yield func(state.Ref, string) bool) {
		for r, octets := range f.groups {
			if !yield(r, octets) {
				return
			}
		}
	}
}

func newFull(typ cluster.ServiceType, apart bool) *full {
	f := &full{map[cluster.ID]state.Memo{}, map[state.Ref]string{}}
	ports := []cluster.Port{{Name: "http", Protocol: "tcp", Number: 80}}
	for c := range restoreClusters {
		id := cluster.ID(fmt.Sprintf("c%02d", c))
		f.memos[id] = state.Memo{
			LastSync: time.Unix(1e9, 0), Topology: cluster.Topology{Region: fmt.Sprintf("r%d", c/10), Zones: []string{fmt.Sprintf("z%d", c%3)}},
		}
		for s := range restoreServices {
			g := cluster.Group{Export: cluster.ByAnnotation, Created: time.Unix(int64(s), 0), Type: typ, Ports: ports}
			if typ == cluster.ClusterIP {
				g.ClusterIPs = []netip.Addr{netip.AddrFrom4([4]byte{10, byte(c), byte(s >> 8), byte(s)})}
			}
			for e := range restoreEndpoints {
				n := s*restoreEndpoints + e
				addr := netip.AddrFrom4([4]byte{11 + byte(c), byte(n >> 16), byte(n >> 8), byte(n)})
				g.Endpoints = append(g.Endpoints, cluster.Endpoint{Addr: addr, Ready: true, Serving: true, Zone: "a", Ports: ports})
			}
			key := serviceKey(s)
			if apart {
				key = serviceKey(c*restoreServices + s)
			}
			f.groups[state.Ref{Cluster: id, Service: key}] = string(store.Append(nil, &g))
		}
	}
	return f
}

func serviceKey(s int) cluster.ServiceKey {
	return cluster.ServiceKey{Namespace: fmt.Sprintf("ns-%d", s%20), Name: fmt.Sprintf("svc-%d", s)}
}

// silent is a Source of a cluster that cannot be reached.
type silent struct{}

func (silent) Run(ctx context.Context, _ chan<- cluster.Update) error {
	<-ctx.Done()
	return nil
}

// BenchmarkRestore is the time from a start until what was kept of a million
// endpoints is answered: the first of 20 names that are asked for, the last of them,
// and everything. Apart, each cluster has Services of its own.
func BenchmarkRestore(b *testing.B) {
	log := slog.New(slog.NewTextHandler(io.Discard, nil))
	for _, kind := range []struct {
		name  string
		typ   cluster.ServiceType
		apart bool
	}{{"ClusterIP", cluster.ClusterIP, false}, {"Headless", cluster.Headless, false}, {"HeadlessApart", cluster.Headless, true}} {
		b.Run(kind.name, func(b *testing.B) {
			dir := b.TempDir()
			keeper, err := state.Open(dir, state.Config{Log: log})
			if err != nil {
				b.Fatal(err)
			}
			ctx, cancel := context.WithCancel(context.Background())
			cancel()
			memory := newFull(kind.typ, kind.apart)
			keeper.Run(ctx, memory)
			keeper.Close()
			var members []discovery.Member
			for id := range memory.memos {
				members = append(members, discovery.Member{ID: id, Source: silent{}})
			}
			memory.groups = nil
			var size, loaded, first, last, all time.Duration
			for b.Loop() {
				began := time.Now()
				keeper, err := state.Open(dir, state.Config{Log: log})
				if err != nil {
					b.Fatal(err)
				}
				loaded += time.Since(began)
				size = time.Duration(keeper.Stats().Bytes)
				f, l, a := restoreOnce(b, began, keeper, members)
				first, last, all = first+f, last+l, all+a
				keeper.Close()
			}
			for name, d := range map[string]time.Duration{"load": loaded, "first": first, "last": last, "all": all} {
				b.ReportMetric(d.Seconds()/float64(b.N)*1000, name+"-ms")
			}
			b.ReportMetric(float64(size), "file-B")
		})
	}
}

func restoreOnce(b *testing.B, began time.Time, keeper *state.Keeper, members []discovery.Member) (first, last, all time.Duration) {
	srv := dnsserver.New(dnsserver.Config{})
	f := synth.Federation{Name: dnsname.MustParse("prod."), Domain: dnsname.MustParse("example.com."), ClusterSet: dnsname.MustParse("clusterset.local.")}
	var specs []dnsserver.ZoneSpec
	for _, apex := range []dnsname.Name{f.Name, f.Domain, f.ClusterSet} {
		specs = append(specs, dnsserver.ZoneSpec{Apex: apex, Filled: true})
	}
	if err := srv.SetZones(specs); err != nil {
		b.Fatal(err)
	}
	e := discovery.New(discovery.Config{Federation: f, Keeper: keeper, Log: slog.New(slog.DiscardHandler)}, srv)
	e.SetMembers(members)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { e.Run(ctx); close(done) }()
	defer func() { cancel(); <-done }()
	var wanted []dnsname.Name
	for i := range 20 {
		key := serviceKey((i*7919 + 13) % restoreServices)
		wanted = append(wanted, dnsname.MustParse(key.Name+"."+key.Namespace+".prod."))
	}
	for len(wanted) > 0 || len(e.Ready()) > 0 {
		for i := 0; i < len(wanted); i++ {
			if _, ok := srv.Snapshot(f.Name).Lookup(wanted[i], zone.TypeA); ok {
				if last = time.Since(began); first == 0 {
					first = last
				}
				wanted = append(wanted[:i], wanted[i+1:]...)
				i--
			} else {
				e.Missed(wanted[i]) // as a query does
			}
		}
		time.Sleep(time.Millisecond)
	}
	return first, last, time.Since(began)
}
