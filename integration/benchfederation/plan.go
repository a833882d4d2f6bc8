package main

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/fedns/fedns/federation"
	"github.com/fedns/fedns/federation/api/v1alpha1"
	"github.com/fedns/fedns/federation/cluster"
	"github.com/fedns/fedns/federation/placement"
	"github.com/fedns/fedns/federation/work"
)

// planIn is aimed at.
const planIn = time.Second

// plan has an Engine look at all that it has placed, since one cluster was lost.
func (b *bench) plan(ctx context.Context) error {
	what := fmt.Sprintf("planning %d bindings over %d clusters, one of which was lost", b.bindings, b.clusters)
	b.tell("%s", what)
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	p := &paper{all: map[work.Key]federation.Binding{}}
	for i := range b.clusters {
		p.clusters = append(p.clusters, &cluster.Cluster{Name: fmt.Sprintf("c%03d", i), Region: fmt.Sprintf("r%d", i%5)})
	}
	e := federation.New(federation.Config{
		Dialects: []work.Dialect{orders{b.bindings}}, Store: p, Propagator: nobody{}, Clusters: p.members, Log: slog.New(slog.DiscardHandler),
	})
	ended := make(chan error, 1)
	go func() { ended <- e.Run(ctx) }()
	defer func() { cancel(); <-ended }()
	first, err := b.planned(ctx, e, uint64(b.bindings))
	if err != nil {
		return fmt.Errorf("%s: at first: %w", what, err)
	}
	worst, moved := time.Duration(0), uint64(0)
	for i := range b.Rounds {
		before := e.Stats().Decisions
		p.lose(i % b.clusters)
		e.Recheck()
		took, err := b.planned(ctx, e, before+1)
		if err != nil {
			return fmt.Errorf("%s: %w", what, err)
		}
		worst, moved = max(worst, took), e.Stats().Decisions-before
	}
	b.report.Targets.Add(what, fmt.Sprintf("%.2f s at most in %d rounds, %d Bindings written; from nothing %.2f s", worst.Seconds(), b.Rounds, moved, first.Seconds()), "≤ 1 s", worst <= planIn)
	return nil
}

// planned awaits that an Engine has made so many decisions and has nothing left to
// look at, and says how long that was, without the time that it stood still at the end.
func (b *bench) planned(ctx context.Context, e *federation.Engine, decisions uint64) (time.Duration, error) {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	const look, still = 5 * time.Millisecond, 40
	ticker := time.NewTicker(look)
	defer ticker.Stop()
	began, last := time.Now(), time.Now()
	made, calm := uint64(0), 0
	for {
		s := e.Stats()
		if s.Decisions != made || s.Queued > 0 || s.Decisions < decisions {
			made, calm, last = s.Decisions, 0, time.Now()
		} else if calm++; calm == still {
			return last.Sub(began), nil
		}
		select {
		case <-ctx.Done():
			return 0, fmt.Errorf("%d decisions, %d wait: %w", s.Decisions, s.Queued, ctx.Err())
		case <-ticker.C:
		}
	}
}

// paper is a Store in memory, and the clusters there are.
type paper struct {
	mu       sync.Mutex
	all      map[work.Key]federation.Binding
	clusters []*cluster.Cluster
	lost     *cluster.Cluster
	at       int
}

func (p *paper) members() ([]*cluster.Cluster, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := append([]*cluster.Cluster{}, p.clusters...)
	if p.lost != nil {
		now[p.at] = p.lost
	}
	return now, true
}

// lose has the i-th cluster be lost, and the one lost before be back.
func (p *paper) lose(i int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	gone := *p.clusters[i]
	gone.Taints = cluster.TaintsOf(cluster.Unreachable, time.Now().Add(-time.Hour))
	p.lost, p.at = &gone, i
}

func (p *paper) List(context.Context) ([]federation.Binding, error) { return nil, nil }

func (p *paper) Put(_ context.Context, b federation.Binding) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.all[b.Key] = b
	return nil
}

func (p *paper) Delete(context.Context, work.Key) error { return nil }

func (p *paper) Report(context.Context, work.Key, v1alpha1.BindingStatus) error { return nil }

// orders is a dialect that orders so many Deployments, three clusters each.
type orders struct{ n int }

func (orders) Name() string { return "bench" }

func (o orders) Run(ctx context.Context, to work.Sink) error {
	for i := range o.n {
		t := template(nameOf(i))
		key := work.Key{Kind: schema.GroupVersionKind{Group: "apps", Version: "v1", Kind: "Deployment"}, Namespace: namespace, Name: t.GetName()}
		to.Order(work.Order{
			Key: key, Dialect: "bench", Template: t, Source: work.Reference{Kind: key.Kind, Namespace: key.Namespace, Name: key.Name},
			Placement: placement.Request{
				Affinities: []placement.Affinity{{}}, Spread: []placement.Spread{{Domain: placement.ByCluster, Max: 3}},
				Scheduling: placement.Scheduling{Mode: placement.Even},
			},
		})
	}
	to.Synced("bench")
	<-ctx.Done()
	return nil
}

func (orders) Report(context.Context, work.Report) error { return nil }

// nobody is a Propagator that propagates nothing.
type nobody struct{}

func (nobody) Do(work.Task)                  {}
func (nobody) Forget(string)                 {}
func (nobody) Run(ctx context.Context) error { <-ctx.Done(); return nil }
