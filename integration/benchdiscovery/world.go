package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/fedns/fedns/integration/simulator"
)

// world is a daemon before a simulated fleet, and what was measured of it.
type world struct {
	Kind      string `json:"kind"`
	Endpoints int    `json:"endpoints"`
	footprint
	Ready float64 `json:"readySeconds"`
	CPU   float64 `json:"readyCPUSeconds"` // that the daemon had used by then
	// Holders are the functions that have allocated the most of the heap.
	Holders []holder `json:"heapProfile,omitempty"`

	fleet  *simulator.Fleet
	daemon *daemon
	prober *prober
}

// The kinds of worlds.
const (
	clusterIP = "ClusterIP"
	headless  = "headless"
)

// reverse makes PTR records of what the simulator gives out.
const reverse = "zones: [{name: 10.in-addr.arpa}]\n"

// startLimit is how long a daemon may take to be ready at all.
const startLimit = 3 * time.Minute

func (w *world) title() string { return fmt.Sprintf("%d endpoints, %s", w.Endpoints, w.Kind) }

// newWorld starts a fleet with so many endpoints a cluster and a daemon before
// it, and waits until that is ready. The caller must close it.
func (b *bench) newWorld(ctx context.Context, kind string, endpoints int) (*world, error) {
	w := &world{Kind: kind, Endpoints: endpoints * b.clusters}
	o := simulator.Options{Services: endpoints / perService, Endpoints: perService, Seed: b.Seed}
	more := ""
	if kind == headless {
		o.Headless, o.Hostnames, more = true, true, reverse
	}
	b.tell("%d clusters, %d endpoints, %s", b.clusters, w.Endpoints, kind)
	var err error
	if w.fleet, err = simulator.Start(ctx, simulator.Spec{Clusters: b.clusters, Cluster: o}); err != nil {
		return nil, err
	}
	files, err := w.fleet.Kubeconfigs(b.dir)
	if err == nil {
		w.daemon, err = b.newDaemon(ctx, fmt.Sprintf("%s-%d", kind, w.Endpoints), files, more)
	}
	if err == nil {
		err = w.daemon.launch()
	}
	if err == nil {
		var took time.Duration
		took, err = w.daemon.awaitReady(ctx, startLimit)
		w.Ready = took.Seconds()
	}
	if err == nil {
		var used time.Duration
		used, err = cpuTime(w.daemon.PID())
		w.CPU = used.Seconds()
	}
	if err == nil {
		w.prober, err = newProber(ctx, w.daemon.dns)
	}
	if err == nil {
		err = w.checkAnswers(ctx)
	}
	if err != nil {
		w.close()
		return nil, fmt.Errorf("%s, %d endpoints: %w", kind, w.Endpoints, err)
	}
	b.tell("  ready after %.1f s", w.Ready)
	return w, nil
}

func (w *world) close() {
	if w.prober != nil {
		w.prober.close()
	}
	if w.daemon != nil {
		w.daemon.stop()
	}
	w.fleet.Close()
}

// checkAnswers asks for a Service of each cluster: a daemon that is ready and
// answers nothing would be a fine one by every figure.
func (w *world) checkAnswers(ctx context.Context) error {
	for i, c := range w.fleet.Clusters {
		s, _ := c.Service(i % c.Places())
		want := s.ClusterIP
		if !want.IsValid() {
			want = s.Ready[0]
		}
		if _, err := w.prober.awaitReplaced(ctx, s, want); err != nil {
			return fmt.Errorf("%s/%s of %s: %w", s.Namespace, s.Name, c.Name(), err)
		}
	}
	return nil
}

// round measures changes for so long, one after the other, beside others.
func (w *world) round(ctx context.Context, length time.Duration, rate float64, seed uint64) (round, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	used, err := cpuTime(w.daemon.PID())
	if err != nil {
		return round{}, err
	}
	churned := make(chan int, 1)
	began := time.Now()
	go func() { churned <- w.fleet.Churn(ctx, rate, simulator.Mix{}, 0) }()
	random := rand.New(rand.NewPCG(seed, 1))
	var took []time.Duration
	lost := 0
	for time.Since(began) < length && ctx.Err() == nil {
		c := w.fleet.Clusters[random.IntN(len(w.fleet.Clusters))]
		i := random.IntN(c.Places())
		s, _ := c.Service(i)
		_, now := c.Replace(i, random.IntN(perService))
		start := time.Now()
		at, err := w.prober.awaitReplaced(ctx, s, now)
		switch after, _ := c.Service(i); {
		case err == nil:
			took = append(took, at.Sub(start))
		case slices.Contains(after.Ready, now):
			lost++
		} // else it was replaced once more before it was seen
	}
	cancel()
	others := <-churned
	r := newRound(took, lost, float64(others)/time.Since(began).Seconds())
	now, err := cpuTime(w.daemon.PID())
	r.CPU = float64(now-used) / float64(time.Microsecond) / float64(max(others+r.Changes, 1))
	return r, err
}
