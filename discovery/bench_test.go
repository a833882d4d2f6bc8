package discovery

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/netip"
	"testing"

	"github.com/fedns/fedns/discovery/cluster"
	"github.com/fedns/fedns/discovery/evidence"
	"github.com/fedns/fedns/discovery/synth"
	"github.com/fedns/fedns/dnsserver/dnsname"
	"github.com/fedns/fedns/dnsserver/zone"
)

// tally is a Publisher that only counts.
type tally struct{ edits chan int }

func (p tally) Publish(edits []zone.Edit) error {
	p.edits <- len(edits)
	return nil
}

// BenchmarkUpdate is the way of one changed Service through the Engine, from the Source to the Publisher.
func BenchmarkUpdate(b *testing.B) {
	f := synth.Federation{
		Name: dnsname.MustParse("prod."), Domain: dnsname.MustParse("example.com."), ClusterSet: dnsname.MustParse("clusterset.local."),
	}
	p := tally{make(chan int, 1)}
	e := New(Config{Federation: f, Withdrawals: evidence.Limits{Share: 1}, Log: slog.New(slog.NewTextHandler(io.Discard, nil))}, p)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { e.Run(ctx); close(done) }()
	defer func() { cancel(); <-done }()
	<-p.edits // what is fixed
	eu := newSource()
	e.SetMembers([]Member{{ID: "eu-1", Source: eu, Place: synth.Place{Region: "eu", Zones: []string{"a", "b", "c"}}}})
	up := <-eu.runs
	const services = 10_000
	for i := range services {
		up <- report(group(fmt.Sprintf("s%d", i), "10.96.0.1"))
		<-p.edits
	}
	i := 0
	b.ReportAllocs()
	for b.Loop() {
		i++
		g := group(fmt.Sprintf("s%d", i%services), "10.96.0.1")
		g.ClusterIPs = []netip.Addr{netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)})}
		up <- cluster.Update{Groups: []cluster.Group{g}}
		<-p.edits
	}
	b.ReportMetric(float64(e.Stats().StoreBytes)/services, "B/service")
}
