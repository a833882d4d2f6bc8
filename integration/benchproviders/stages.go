package main

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"runtime"
	"time"

	"github.com/fedns/fedns/dnsserver/dnsname"
	"github.com/fedns/fedns/integration/figures"
	"github.com/fedns/fedns/providers/batch"
	"github.com/fedns/fedns/providers/hosted"
	"github.com/fedns/fedns/providers/ownership"
)

// measure runs the stages wanted, and prints the report.
func measure(ctx context.Context, o options, out io.Writer) error {
	r := report{Machine: figures.Machine(), Started: time.Now().UTC().Format(time.RFC3339), Rounds: o.Rounds, Seed: o.Seed}
	for _, stage := range []struct {
		name string
		run  func(context.Context, options, *report) error
	}{{stagePack, pack}, {stageSteady, steady}, {stageOne, one}, {stageFlaps, flaps}, {stageThrottle, throttle}} {
		if !o.Wants(stage.name) {
			continue
		}
		if err := stage.run(ctx, o, &r); err != nil {
			return fmt.Errorf("%s: %w", stage.name, err)
		}
	}
	return figures.Print(out, r, o.JSON)
}

// written sorts what a meter counted: the pieces that were written, and the change
// of the fence that each batch holds.
func written(batches []hosted.Batch) (items []batch.Item, fence hosted.Change) {
	for _, b := range batches {
		for _, c := range b.Changes {
			if ownership.IsFence(c.Key()) {
				fence = c
				continue
			}
			items = append(items, batch.Item{Changes: []hosted.Change{c}})
		}
	}
	return items, fence
}

// fromNothing is the first writing of a zone.
const fromNothing = "from nothing"

// pack counts the calls that it takes to reach the desired zone, beside the least
// that any packing of what was written takes.
func pack(ctx context.Context, o options, r *report) error {
	for _, n := range []int{10, 1000, 100_000} {
		n = min(n, o.largest)
		for _, k := range kinds() {
			d, err := start(ctx, k, apexOf(k.name, n), hosted.Open{}, n)
			if err != nil {
				return err
			}
			for _, what := range []string{fromNothing, "a third each deleted, changed, new"} {
				began := time.Now()
				if what != fromNothing {
					if err := d.churn(n, rand.New(rand.NewPCG(o.Seed, uint64(n)))); err != nil {
						return err
					}
				}
				if err := d.settleAfter(ctx); err != nil {
					return err
				}
				c := d.meter.reset()
				items, fence := written(c.batches)
				first := 0
				if what == fromNothing && d.limits.Swaps {
					first = 1 // the fence is taken in a batch of its own, before anything is listed
				}
				r.add(packing{
					Provider: k.name, Names: n, What: what, Changes: len(items), Calls: len(c.batches) - first,
					Bound: batch.LowerBound(items, d.limits.Batch, fence), Reads: c.reads, Lists: c.lists, Seconds: time.Since(began).Seconds(),
				})
			}
			d.halt()
		}
	}
	return nil
}

// apexOf is a zone of its own for each measurement.
func apexOf(kind string, n int) dnsname.Name {
	return dnsname.MustParse(fmt.Sprintf("%s-%d.example.com.", kind, n))
}

// steady counts what is asked while nothing changes.
func steady(ctx context.Context, o options, r *report) error {
	calls := counts{}
	for _, k := range kinds() {
		d, err := start(ctx, k, apexOf(k.name, 1), hosted.Open{}, 1000)
		if err != nil {
			return err
		}
		if err := d.settle(ctx); err != nil {
			return err
		}
		d.meter.reset()
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(o.Length()):
		}
		c := d.meter.reset()
		calls.lists += c.lists
		calls.reads += c.reads
		calls.batches = append(calls.batches, c.batches...)
		d.halt()
	}
	r.Targets.Add(fmt.Sprintf("steady state, %v at each provider", o.Length()),
		fmt.Sprintf("%d writes, %d lists, %d reads", len(calls.batches), calls.lists, calls.reads), "0 writes, 0 lists", len(calls.batches)+calls.lists == 0)
	return nil
}

// one changes a single record in a large zone, and sees what is asked and when.
func one(ctx context.Context, o options, r *report) error {
	for _, k := range kinds() {
		var before, after runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&before)
		d, err := start(ctx, k, apexOf(k.name, 2), hosted.Open{}, o.records)
		if err != nil {
			return err
		}
		if err := d.settle(ctx); err != nil {
			return err
		}
		d.meter.reset()
		runtime.GC()
		runtime.ReadMemStats(&after)
		var took []float64
		writes, lists, reads := 0, 0, 0
		for i := range 10 * o.Rounds {
			began := time.Now()
			if err := d.set(i, 9); err != nil {
				return err
			}
			if err := d.settleAfter(ctx); err != nil {
				return err
			}
			c := d.meter.reset()
			took = append(took, float64(c.first.Sub(began).Microseconds())/1000)
			writes, lists, reads = max(writes, len(c.batches)), max(lists, c.lists), max(reads, c.reads)
		}
		s := figures.SpreadOf(took)
		r.Targets.Add(fmt.Sprintf("one changed record in a zone of %d, %s", o.records, k.name),
			fmt.Sprintf("%d write, %d lists, %d reads, after %s ms; heap %.0f MiB with the provider played", writes, lists, reads, s, figures.MiB(int64(after.HeapAlloc)-int64(before.HeapAlloc))),
			"1 write, 0 lists, ≤ 100 ms", writes == 1 && lists == 0 && s.Max <= 100)
		d.halt()
	}
	return nil
}

// settleAfter awaits that something was written, and then that nothing is left.
func (d *daemon) settleAfter(ctx context.Context) error {
	deadline := time.Now().Add(patience)
	for {
		d.meter.mu.Lock()
		called := !d.meter.last.IsZero()
		d.meter.mu.Unlock()
		if called {
			return d.settle(ctx)
		}
		if time.Now().After(deadline) || ctx.Err() != nil {
			return fmt.Errorf("nothing was written within %v", patience)
		}
		time.Sleep(100 * time.Microsecond)
	}
}

// flaps changes one record again and again within a window.
func flaps(ctx context.Context, o options, r *report) error {
	for _, k := range kinds() {
		d, err := start(ctx, k, apexOf(k.name, 3), hosted.Open{}, 100)
		if err != nil {
			return err
		}
		if err := d.settle(ctx); err != nil {
			return err
		}
		d.meter.reset()
		began := time.Now()
		for v := range o.flaps {
			b := v%200 + 1
			if v == o.flaps-1 {
				b = 201
			}
			if err := d.set(5, b); err != nil {
				return err
			}
		}
		flapped := time.Since(began)
		if err := d.settleAfter(ctx); err != nil {
			return err
		}
		c := d.meter.reset()
		items, _ := written(c.batches)
		// Flaps longer than a window are more windows.
		windows := int(flapped/(50*time.Millisecond)) + 1
		r.Targets.Add(fmt.Sprintf("%d flaps of one record, %s", o.flaps, k.name), fmt.Sprintf("%d writes in %d windows (%v)", len(c.batches), windows, flapped.Round(time.Millisecond)),
			"1 change a window", len(c.batches) <= windows && len(items) <= 2*windows)
		d.halt()
	}
	return nil
}
