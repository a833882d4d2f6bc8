package simulation

import (
	"context"
	"errors"
	"math"
	"strconv"

	"github.com/anishathalye/porcupine"

	"github.com/fedns/fedns/providers"
	"github.com/fedns/fedns/providers/hosted"
	"github.com/fedns/fedns/providers/inmemory"
	"github.com/fedns/fedns/providers/ownership"
)

// recorder is the hosted.Zone of one life. It takes note of what its client can know,
// and when: for that it needs no fence, but the tags that the world gives batches.
type recorder struct {
	*inmemory.Zone
	life *life
}

// record adds an operation that ended now; open: it may take effect any time later.
func (r recorder) record(o operation, call int64, open bool) {
	w, own := r.life.world, r.life.owner
	w.mu.Lock()
	defer w.mu.Unlock()
	end := w.tick()
	if open {
		end = math.MaxInt64
	}
	o.life = r.life.number
	own.operations = append(own.operations, porcupine.Operation{ClientId: o.life, Input: o, Call: call, Return: end})
}

// called is the time of a call.
func (r recorder) called() int64 {
	r.life.world.mu.Lock()
	defer r.life.world.mu.Unlock()
	return r.life.world.tick()
}

// Records lists, and begins anew where the Sync does.
func (r recorder) Records(ctx context.Context) ([]hosted.Entry, error) {
	l := r.life
	o := operation{kind: observe}
	if l.sync.Status().Phase == providers.PhaseListing {
		o.kind = begin
	}
	call := r.called()
	entries, err := r.Zone.Records(ctx)
	if err == nil {
		o.tag = l.seen(inmemory.List)
		if o.kind == begin && !l.begins(o.tag) {
			o.kind = observe
		}
		r.record(o, call, false)
	}
	return entries, err
}

// Read reads. Whoever reads the fence alone goes on from what it says.
func (r recorder) Read(ctx context.Context, keys ...hosted.Key) ([]hosted.Entry, error) {
	call := r.called()
	entries, err := r.Zone.Read(ctx, keys...)
	if err == nil {
		tag := r.life.seen(inmemory.Read)
		if len(keys) == 1 && ownership.IsFence(keys[0]) {
			r.life.believe(tag)
		}
		r.record(operation{kind: observe, tag: tag}, call, false)
	}
	return entries, err
}

// Apply gives the batch a number, by which the world knows it.
func (r recorder) Apply(ctx context.Context, b hosted.Batch) (hosted.Receipt, error) {
	l := r.life
	o := operation{kind: swap, expect: l.belief(), id: l.world.nextBatch()}
	creates := takesFence(b) && b.Changes[0].Old.IsEmpty()
	if takesFence(b) {
		o.kind = take
	}
	l.takes(false)
	b.Comment = strconv.Itoa(o.id)
	call := r.called()
	receipt, err := r.Zone.Apply(ctx, b)
	var refused *hosted.RefusedError
	var throttled *hosted.ThrottledError
	switch {
	case err == nil:
		l.believe(o.id)
		l.takes(o.kind == take)
		if creates {
			o.kind = created
		}
		r.record(o, call, false)
	case errors.Is(err, hosted.ErrConflict), errors.As(err, &refused), errors.As(err, &throttled):
	default:
		o.kind = map[kind]kind{swap: perhaps, take: perhapsTake}[o.kind]
		if creates {
			o.kind = perhapsCreate
		}
		r.record(o, call, true)
	}
	return receipt, err
}
