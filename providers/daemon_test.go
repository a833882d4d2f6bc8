package providers_test

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fedns/fedns/dnsserver/dnsname"
	"github.com/fedns/fedns/dnsserver/zone"
	"github.com/fedns/fedns/providers"
	"github.com/fedns/fedns/providers/inmemory"
	"github.com/fedns/fedns/providers/ownership"
	"github.com/fedns/fedns/providers/plan"
)

// daemon is one fedns with a zone of its own.
type daemon struct {
	t    *testing.T
	sync *providers.Sync
	snap *zone.Snapshot
	stop context.CancelFunc
	done chan struct{}
}

// start runs a daemon against a server, in a synctest bubble.
func start(t *testing.T, server *inmemory.Server, change func(*providers.Config), records ...string) *daemon {
	t.Helper()
	z, err := inmemory.New(inmemory.Config{Server: server, Client: "a"})
	if err != nil {
		t.Fatal(err)
	}
	codec, err := ownership.NewCodec(apex, nil)
	if err != nil {
		t.Fatal(err)
	}
	cfg := providers.Config{Name: "memory", Apex: apex, Zone: z, Holder: "pod-a",
		Rules: plan.Rules{Owner: "prod", Codec: codec, Limits: server.Limits()}}
	if change != nil {
		change(&cfg)
	}
	d := &daemon{t: t, sync: providers.New(cfg)}
	b := zone.NewZone(apex)
	b.Set(zone.NewRRset(apex, zone.TypeSOA, 60, zone.SOA{MName: apex, RName: apex, Serial: 1, Minimum: 5}.RDATA()))
	for _, r := range records {
		b.Set(set(t, r))
	}
	d.publish(b)
	d.run()
	return d
}

func (d *daemon) run() {
	ctx, stop := context.WithCancel(context.Background())
	d.stop, d.done = stop, make(chan struct{})
	go func() {
		defer close(d.done)
		d.sync.Run(ctx)
	}()
	d.t.Cleanup(d.halt)
}

func (d *daemon) halt() { d.stop(); <-d.done }

func (d *daemon) publish(b *zone.Builder) {
	snap, changes, err := b.Build()
	if err != nil {
		d.t.Fatal(err)
	}
	d.snap = snap
	d.sync.Publish(snap, changes)
}

// set changes the zone: "web 30 192.0.2.1 192.0.2.2", "www CNAME web"; "-web A" deletes.
func (d *daemon) set(records ...string) {
	d.t.Helper()
	b := zone.NewBuilder(d.snap)
	for _, r := range records {
		if name, ok := strings.CutPrefix(r, "-"); ok {
			label, typ, _ := strings.Cut(name, " ")
			t := map[string]uint16{"": zone.TypeA, "A": zone.TypeA, "CNAME": zone.TypeCNAME}[typ]
			b.Delete(zone.Key{Owner: name_(label), Type: t})
			continue
		}
		b.Set(set(d.t, r))
	}
	d.publish(b)
}

func name_(label string) dnsname.Name { return dnsname.MustParse(label + ".example.com.") }

// set reads one RRset: "web 30 192.0.2.1 192.0.2.2" or "www 30 CNAME web".
func set(t *testing.T, text string) zone.RRset {
	t.Helper()
	f := strings.Fields(text)
	var ttl uint32
	fmt.Sscan(f[1], &ttl)
	if f[2] == "CNAME" {
		return zone.NewRRset(name_(f[0]), zone.TypeCNAME, ttl, zone.Target(name_(f[3])))
	}
	var rdata []string
	for _, a := range f[2:] {
		rdata = append(rdata, zone.Addr(netip.MustParseAddr(a)))
	}
	return zone.NewRRset(name_(f[0]), zone.TypeA, ttl, rdata...)
}

// records are those of a server that are neither fences, claims, nor the apex's.
func records(t *testing.T, server *inmemory.Server) []string {
	t.Helper()
	z, _ := inmemory.New(inmemory.Config{Server: server, Client: "test"})
	entries, err := z.Records(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, e := range entries {
		if !ownership.IsClaim(e.Key) && !ownership.IsFence(e.Key) && e.Key.Owner != apex {
			out = append(out, strings.ReplaceAll(e.String(), ".example.com.", ""))
		}
	}
	slices.Sort(out)
	return out
}

func want(t *testing.T, server *inmemory.Server, records_ ...string) {
	t.Helper()
	if got := records(t, server); !slices.Equal(got, records_) {
		t.Errorf("the hosted zone holds\n\t%s\nwant\n\t%s", strings.Join(got, "\n\t"), strings.Join(records_, "\n\t"))
	}
}

func fresh() *inmemory.Server { return inmemory.NewServer(apex, inmemory.Limits()) }

// pass lets time pass until nothing is left to do but audits.
func pass() { time.Sleep(5 * time.Second); synctest.Wait() }
