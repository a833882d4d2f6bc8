package main

import (
	"context"
	"fmt"

	"github.com/fedns/fedns/integration/figures"
)

// smallest is how many endpoints a cluster has in the small zone: with a hundred
// clusters 10,000 together.
const smallest = 100

// What is aimed at in the large zone.
const (
	largeP99    = 5.0  // ms
	growth      = 1.10 // × p50 of the small zone
	addressOnly = 150  // octets an endpoint
	fullRecords = 300  // the same of headless Services with SRV and PTR
	readyIn     = 15.0 // s
	peak        = 1.5  // × steady RSS
)

// worlds measures zones of 10,000 and of a million endpoints, of both kinds.
func (b *bench) worlds(ctx context.Context) error {
	for _, kind := range []string{headless, clusterIP} {
		if b.kind != "" && kind != b.kind || kind == clusterIP && !b.Wants(stageMemory) {
			continue
		}
		var few *world
		var fewDelays delays
		if b.Wants(stageLarge, stageMemory) {
			var err error
			if few, fewDelays, err = b.world(ctx, kind, smallest); err != nil {
				return err
			}
		}
		many, manyDelays, err := b.world(ctx, kind, b.endpoints)
		if err != nil {
			return err
		}
		if kind == headless && b.Wants(stageLarge) {
			b.delayTargets(fewDelays, manyDelays)
		}
		if b.Wants(stageMemory) {
			b.memoryTargets(few, many)
		}
	}
	return nil
}

// world makes one and measures what was asked for.
func (b *bench) world(ctx context.Context, kind string, endpoints int) (*world, delays, error) {
	w, err := b.newWorld(ctx, kind, endpoints)
	if err != nil {
		return nil, delays{}, err
	}
	defer w.close()
	if b.Wants(stageMemory) {
		if w.footprint, err = w.daemon.settled(ctx, b.settle); err != nil {
			return nil, delays{}, err
		}
		if endpoints == b.endpoints { // of few it tells nothing
			if w.Holders, err = w.daemon.profile(ctx); err != nil {
				b.report.Targets.Missed("heap profile, "+w.title(), "", err)
			}
		}
		b.report.Worlds = append(b.report.Worlds, *w)
	}
	var d delays
	if kind == headless && b.Wants(stageLarge) {
		if d, err = b.rounds(ctx, w); err != nil {
			return nil, d, err
		}
	}
	if kind == headless && endpoints == b.endpoints && b.Wants(stageRestart) {
		b.restart(ctx, w)
	}
	return w, d, nil
}

func (b *bench) rounds(ctx context.Context, w *world) (delays, error) {
	d := delays{What: w.title()}
	before, err := w.daemon.own(ctx)
	if err != nil {
		return d, err
	}
	for i := range b.Rounds {
		r, err := w.round(ctx, b.Length(), b.rate, b.Seed+uint64(i))
		if err != nil {
			return d, err
		}
		b.tell("  p50 %.2f ms, p99 %.2f ms, %.0f changes a second beside", r.P50, r.P99, r.Beside)
		d.Rounds = append(d.Rounds, r)
	}
	after, err := w.daemon.own(ctx)
	if err != nil {
		return d, err
	}
	after = after.since(before)
	d.OwnP50, d.OwnP99, d.OwnMax = after.within(0.5), after.within(0.99), after.within(1)
	b.report.Delays = append(b.report.Delays, d)
	return d, nil
}

func (b *bench) delayTargets(few, many delays) {
	x := many.p99()
	beside := many.beside()
	enough := beside >= 0.99*b.rate
	b.report.Targets.Add(fmt.Sprintf("change → answer, %d endpoints, %.0f changes/s", b.clusters*b.endpoints, beside),
		fmt.Sprintf("p50 %v, p99 %v ms", many.p50(), x), fmt.Sprintf("p99 ≤ %.0f ms at %.0f/s", largeP99, b.rate), enough && x.Median <= largeP99)
	ratio := many.p50().Median / few.p50().Median
	b.report.Targets.Add(fmt.Sprintf("p50 of that, beside %d endpoints at equal churn", b.clusters*smallest),
		fmt.Sprintf("%+.0f %%", 100*(ratio-1)), fmt.Sprintf("≤ %+.0f %%", 100*(growth-1)), enough && ratio <= growth)
}

func (b *bench) memoryTargets(few, many *world) {
	added := float64(many.Endpoints - few.Endpoints)
	each := func(f func(*world) int64) float64 { return float64(f(many)-f(few)) / added }
	rss := each(func(w *world) int64 { return w.RSS })
	what, limit := "memory an endpoint added, ClusterIP, A", addressOnly
	if many.Kind == headless {
		what, limit = "memory an endpoint added, headless with A, SRV, PTR, hostnames", fullRecords
	}
	b.report.Targets.Add(what, fmt.Sprintf("RSS %.0f B, PSS %.0f B, live heap %.0f B", rss, each(func(w *world) int64 { return w.PSS }), each(func(w *world) int64 { return w.Heap })),
		fmt.Sprintf("≤ %d B", limit), rss <= float64(limit))
	b.report.Targets.Add(fmt.Sprintf("cold start, %d clusters × %d endpoints, %s", b.clusters, b.endpoints, many.Kind),
		fmt.Sprintf("ready after %.1f s", many.Ready), fmt.Sprintf("≤ %.0f s", readyIn), many.Ready <= readyIn)
	over := float64(many.Peak) / float64(many.RSS)
	b.report.Targets.Add("peak RSS of that", fmt.Sprintf("%.2f × steady (%.0f MiB)", over, figures.MiB(many.RSS)), fmt.Sprintf("≤ %.1f ×", peak), over <= peak)
}
