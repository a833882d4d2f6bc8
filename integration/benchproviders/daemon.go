package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/netip"
	"time"

	"github.com/fedns/fedns/dnsserver/dnsname"
	"github.com/fedns/fedns/dnsserver/zone"
	"github.com/fedns/fedns/providers"
	"github.com/fedns/fedns/providers/hosted"
	"github.com/fedns/fedns/providers/ownership"
	"github.com/fedns/fedns/providers/plan"
)

// patience is how long a hosted zone may take to be in sync.
const patience = 5 * time.Minute

// daemon is a zone, and what keeps a hosted zone as it is.
type daemon struct {
	apex   dnsname.Name
	limits hosted.Limits
	meter  *meter
	sync   *providers.Sync
	snap   *zone.Snapshot
	stop   context.CancelFunc
	done   chan struct{}
}

// start has a kind's hosted zone kept, with n names in the zone.
func start(ctx context.Context, k kind, apex dnsname.Name, gate hosted.Gate, n int) (*daemon, error) {
	z, err := k.open(apex, gate)
	if err != nil {
		return nil, err
	}
	codec, err := ownership.NewCodec(apex, nil)
	if err != nil {
		return nil, err
	}
	d := &daemon{apex: apex, limits: k.limits(apex), meter: &meter{Zone: z}, done: make(chan struct{})}
	d.sync = providers.New(providers.Config{
		Name: k.name, Apex: apex, Zone: d.meter, Holder: "bench", Rules: plan.Rules{Owner: "bench", Codec: codec, Limits: d.limits},
		Guard: providers.Guard{Share: 1, Count: 1 << 30}, Log: slog.New(slog.NewTextHandler(io.Discard, nil)),
	})
	b := zone.NewZone(apex)
	b.Set(zone.NewRRset(apex, zone.TypeSOA, 60, zone.SOA{MName: apex, RName: apex, Serial: 1, Minimum: 5}.RDATA()))
	for i := range n {
		b.Set(d.record(i, 0))
	}
	if err := d.publish(b); err != nil {
		return nil, err
	}
	ctx, d.stop = context.WithCancel(ctx)
	go func() {
		defer close(d.done)
		d.sync.Run(ctx)
	}()
	return d, nil
}

// halt ends what start began.
func (d *daemon) halt() { d.stop(); <-d.done }

// record is the i-th name's addresses, one to three of them, in a version.
func (d *daemon) record(i, version int) zone.RRset {
	owner := dnsname.MustParse(fmt.Sprintf("web-%d.shop.%s", i, d.apex))
	var rdata []string
	for a := range i%3 + 1 {
		rdata = append(rdata, zone.Addr(netip.AddrFrom4([4]byte{10, byte(version + a), byte(i >> 8), byte(i)})))
	}
	return zone.NewRRset(owner, zone.TypeA, 30, rdata...)
}

func (d *daemon) publish(b *zone.Builder) error {
	snap, changes, err := b.Build()
	if err != nil {
		return err
	}
	d.snap = snap
	d.sync.Publish(snap, changes)
	return nil
}

// set publishes one version of a name.
func (d *daemon) set(i, version int) error {
	b := zone.NewBuilder(d.snap)
	b.Set(d.record(i, version))
	return d.publish(b)
}

// churn publishes n changes: of every three names of the first n one goes, one
// changes, and one that is new comes.
func (d *daemon) churn(n int, random *rand.Rand) error {
	b := zone.NewBuilder(d.snap)
	for i := range n {
		switch random.IntN(3) {
		case 0:
			b.Delete(zone.Key{Owner: d.record(i, 0).Owner, Type: zone.TypeA})
		case 1:
			b.Set(d.record(i, 7))
		default:
			b.Set(d.record(n+i, 0))
		}
	}
	return d.publish(b)
}

// settle awaits that all that was published is written.
func (d *daemon) settle(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for {
		if st := d.sync.Status(); st.Phase == providers.PhaseInSync && st.Backlog == 0 && st.Pending == 0 {
			return nil
		} else if st.RefusedCount > 0 {
			return fmt.Errorf("%s: %d records were refused: %v", st.Kind, st.RefusedCount, st.Refused[0])
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("not in sync after %v: %+v", patience, d.sync.Status())
		case <-tick.C:
		}
	}
}
