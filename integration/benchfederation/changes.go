package main

import (
	"context"
	"fmt"
	"strconv"
	"sync"
	"time"

	"github.com/fedns/fedns/integration/members"
)

// late is when a change is given up.
const late = time.Minute

// witness awaits that members have seen a version of a template.
type witness struct {
	mu      sync.Mutex
	name    string
	version string
	without int // a member that is not awaited, -1: none
	seen    map[int]bool
	want    int
	last    time.Time
	done    chan struct{}
}

func (x *witness) wrote(w members.Write) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if w.Name != x.name || w.Annotations[version] != x.version || w.Member == x.without || x.seen[w.Member] || len(x.seen) == x.want {
		return
	}
	x.seen[w.Member], x.last = true, w.At
	if len(x.seen) == x.want {
		close(x.done)
	}
}

// change changes a template and says how long it took until all members but one
// had it, from before the host is asked.
func (w *world) change(ctx context.Context, name, to string, without int) (time.Duration, error) {
	x := &witness{name: name, version: to, without: without, seen: map[int]bool{}, want: w.members, done: make(chan struct{})}
	if without >= 0 {
		x.want--
	}
	w.fleet.OnWrite(x.wrote)
	defer w.fleet.OnWrite(nil)
	ctx, cancel := context.WithTimeout(ctx, late)
	defer cancel()
	began := time.Now()
	if err := w.host.change(ctx, name, to); err != nil {
		return 0, err
	}
	select {
	case <-x.done:
		return x.last.Sub(began), nil
	case <-ctx.Done():
		x.mu.Lock()
		defer x.mu.Unlock()
		return 0, fmt.Errorf("%d of %d members have version %s of %s after %v", len(x.seen), x.want, to, name, late)
	}
}

// changes measures n of them, one after the other.
func (w *world) changes(ctx context.Context, what, name string, n, without int) (delays, error) {
	d := delays{What: what}
	before := w.fleet.Counts().Writes()
	for i := range n {
		took, err := w.change(ctx, name, what+" "+strconv.Itoa(i), without)
		if err != nil {
			return d, err
		}
		d.Each = append(d.Each, float64(took.Microseconds())/1000)
	}
	d.Calls = w.fleet.Counts().Writes() - before
	w.tell("  %s: p50 %.0f ms, p99 %.0f ms, max %.0f ms", what, d.at(0.5), d.at(0.99), d.at(1))
	w.report.Delays = append(w.report.Delays, d)
	return d, nil
}

// one changes one template again and again.
func (w *world) one(ctx context.Context) error {
	d, err := w.changes(ctx, fmt.Sprintf("one of %d templates", w.templates), nameOf(0), w.bench.options.changes, -1)
	if err != nil {
		return err
	}
	w.report.Targets.Add(fmt.Sprintf("one template → %d members, to the last one's apply, %d changes", w.members, len(d.Each)),
		fmt.Sprintf("p50 %.0f, p99 %.0f, max %.0f ms", d.at(0.5), d.at(0.99), d.at(1)), fmt.Sprintf("p99 ≤ %.0f ms", oneIn), d.at(0.99) <= oneIn)
	return nil
}

// few are so many changes as are made with each fault.
const few = 10

// faults has one member hang, refuse or be gone, and looks at the others.
func (w *world) faults(ctx context.Context) error {
	name := nameOf(w.templates - 1)
	well, err := w.changes(ctx, "all are well", name, few, -1)
	if err != nil {
		return err
	}
	sick := len(w.fleet.Members) / 2
	for _, f := range []struct {
		what  string
		fault members.Fault
	}{{"one hangs", members.Hangs}, {"one rejects all writes", members.Rejects}, {"one is gone", members.Gone}} {
		w.fleet.Members[sick].Set(f.fault)
		d, err := w.changes(ctx, f.what, name, few, sick)
		w.fleet.Members[sick].Set(members.None)
		what, wanted := "the other members when "+f.what, fmt.Sprintf("≤ %.0f ms, as when all are well", oneIn)
		if err != nil {
			w.report.Targets.Missed(what, wanted, err)
			continue
		}
		w.report.Targets.Add(what, fmt.Sprintf("p50 %.0f, max %.0f ms; all well: %.0f, %.0f", d.at(0.5), d.at(1), well.at(0.5), well.at(1)), wanted, d.at(1) <= oneIn)
		// Then it gets what it missed: a version of its own tells that it is back.
		if _, err := w.change(ctx, name, f.what+" and is back", -1); err != nil {
			return fmt.Errorf("after %s: %w", f.what, err)
		}
	}
	return nil
}
