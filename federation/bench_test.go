package federation

import (
	"context"
	"fmt"
	"log/slog"
	"syscall"
	"testing"
	"time"

	"github.com/fedns/fedns/federation/cluster"
	"github.com/fedns/fedns/federation/work"
)

// BenchmarkClusterLost is one pass over 5,000 Bindings in 500 clusters of which one
// was lost, and (but in the first) the one that was lost before is back: the target
// is a second of one processor.
func BenchmarkClusterLost(b *testing.B) {
	const bindings, members = 5000, 500
	var clusters []*cluster.Cluster
	for i := range members {
		clusters = append(clusters, &cluster.Cluster{Name: fmt.Sprintf("c%03d", i), Region: fmt.Sprintf("r%d", i%5)})
	}
	now := clusters
	p := &people{name: "people"}
	e := New(Config{
		Dialects: []work.Dialect{p}, Store: newMemory(), Propagator: idle{}, Log: slog.New(slog.DiscardHandler),
		Clusters: func() ([]*cluster.Cluster, bool) { return now, true },
	})
	e.look()
	e.restore(nil)
	e.Synced("people")
	for i := range bindings {
		e.Order(only3(deployment(fmt.Sprintf("web-%d", i), 6)))
	}
	drain := func() (n int) {
		for e.queue.Len() > 0 {
			key, _ := e.queue.Get()
			if err := e.reconcile(context.Background(), key); err != nil {
				b.Fatal(err)
			}
			e.queue.Done(key)
			n++
		}
		return n
	}
	drain()
	looked, began := 0, spent(b)
	for i := 0; b.Loop(); i++ {
		now = append([]*cluster.Cluster{}, clusters...)
		gone := *now[i%members]
		gone.Taints = cluster.TaintsOf(cluster.Unreachable, time.Now().Add(-time.Hour))
		now[i%members] = &gone
		e.look()
		looked += drain()
	}
	// Of a machine that does other things as well, the time on the clock says little.
	b.ReportMetric(float64((spent(b)-began).Milliseconds())/float64(b.N), "cpu-ms/op")
	b.ReportMetric(float64(looked)/float64(b.N), "bindings/op")
}

// spent is how long this process has been on a processor.
func spent(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// only3 has all clusters, of which three are chosen.
func only3(o work.Order) work.Order {
	o = only(o)
	o.Placement.Spread[0].Max = 3
	return o
}

type idle struct{}

func (idle) Do(work.Task)                  {}
func (idle) Forget(string)                 {}
func (idle) Run(ctx context.Context) error { <-ctx.Done(); return nil }
