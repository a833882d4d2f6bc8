package providers

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/fedns/fedns/dnsserver/dnsname"
	"github.com/fedns/fedns/providers/batch"
	"github.com/fedns/fedns/providers/guarantee"
	"github.com/fedns/fedns/providers/hosted"
	"github.com/fedns/fedns/providers/ownership"
	"github.com/fedns/fedns/providers/plan"
)

// piece is what goes into one batch together: all Actions of a name where a CNAME
// is among them, else one.
type piece struct {
	owner   dnsname.Name
	actions []plan.Action
}

func (p piece) changes() []hosted.Change { return plan.Unit{Actions: p.actions}.Changes() }

// pieces takes a unit apart as far as it may be.
func pieces(u plan.Unit) []piece {
	if aloneType(u) {
		return []piece{{u.Owner, u.Actions}}
	}
	out := make([]piece, len(u.Actions))
	for i := range u.Actions {
		out[i] = piece{u.Owner, u.Actions[i : i+1]}
	}
	return out
}

// pack puts the backlog into bins.
func (w *writer) pack() {
	owners := make([]dnsname.Name, 0, len(w.backlog))
	for owner := range w.backlog {
		owners = append(owners, owner)
	}
	slices.SortFunc(owners, dnsname.Compare)
	var all []piece
	var items []batch.Item
	for _, owner := range owners {
		for _, p := range pieces(w.backlog[owner]) {
			all = append(all, p)
			items = append(items, batch.Item{Changes: p.changes(), Urgent: plan.Unit{Actions: p.actions}.Urgent()})
		}
	}
	bins, tooLarge := batch.Pack(items, w.cfg.Rules.Limits.Batch, w.reserve(len(items)))
	w.bins = make([][]piece, 0, len(bins))
	for _, bin := range bins {
		b := make([]piece, len(bin))
		for i, at := range bin {
			b[i] = all[at]
		}
		w.bins = append(w.bins, b)
	}
	for _, i := range tooLarge {
		w.blame(all[i], "it is larger than a batch may be")
	}
}

// write makes the next batch.
func (w *writer) write(ctx context.Context) {
	if w.bins == nil {
		w.pack()
	}
	if len(w.bins) == 0 {
		w.bins = nil
		return
	}
	w.narrow()
	bin := w.bins[0]
	fence, err := w.nextFence(w.model.fence)
	if err != nil {
		w.failed(err)
		return
	}
	b := hosted.Batch{Comment: "fedns " + w.cfg.Rules.Owner}
	for _, p := range bin {
		b.Changes = append(b.Changes, p.changes()...)
		b.Urgent = b.Urgent || plan.Unit{Actions: p.actions}.Urgent()
	}
	n := len(b.Changes)
	w.touch(bin)
	if !fence.New.IsEmpty() {
		b.Changes = append(b.Changes, fence)
	}
	call, cancel := context.WithTimeout(ctx, w.cfg.Deadline)
	receipt, err := w.cfg.Zone.Apply(call, b)
	cancel()
	w.applied(ctx, bin, n, fence.New, receipt, err)
}

// applied draws the conclusions from a call of Apply.
func (w *writer) applied(ctx context.Context, bin []piece, n int, fence hosted.Entry, r hosted.Receipt, err error) {
	var refused *hosted.RefusedError
	var throttled *hosted.ThrottledError
	switch {
	case err == nil:
		w.bins = w.bins[1:]
		w.made(bin, n, fence, r)
	case errors.Is(err, hosted.ErrConflict):
		w.count(func(c *Calls) { c.Conflicts++ })
		w.conflict(ctx, bin, err)
	case errors.As(err, &refused):
		w.count(func(c *Calls) { c.Refused++ })
		w.bins = w.bins[1:]
		w.bisect(bin, refused)
	case errors.As(err, &throttled):
		w.count(func(c *Calls) { c.Throttled++ })
		w.failed(err)
	default:
		w.count(func(c *Calls) { c.Failed++ })
		if w.fenced() {
			w.attempt, w.doubt, w.unsure = fence, bin, err
			w.failed(err)
			return
		}
		w.relist(err) // what it made of the batch only a listing tells
	}
}

// touch has an audit that is under way know what may change meanwhile.
func (w *writer) touch(bin []piece) {
	if w.audit == nil {
		return
	}
	for _, p := range bin {
		for _, a := range p.actions {
			w.audit.touched[a.Key] = true
			for _, k := range beside(a) {
				w.audit.touched[k] = true
			}
		}
	}
}

func (w *writer) count(f func(*Calls)) { w.update(func(st *Status) { f(&st.Calls) }) }

// made takes in a batch that was made.
func (w *writer) made(bin []piece, n int, fence hosted.Entry, id hosted.Receipt) {
	now := time.Now()
	w.retry, w.conflicts, w.notBefore = 0, 0, time.Time{}
	w.trust()
	if !fence.IsEmpty() {
		w.model.fence = fence
	}
	names := map[dnsname.Name]time.Time{}
	owned := w.model.owned
	for _, p := range bin {
		w.landed(p, owned)
		if since, ok := w.drop(p); ok {
			names[p.owner] = since
		}
	}
	if len(w.bins) == 0 {
		w.bins = nil
	}
	w.update(func(st *Status) {
		st.LastApply = now
		st.Calls.Applied++
		st.Calls.Changes += uint64(n)
	})
	if id == "" {
		w.confirmed(names)
		return
	}
	if len(w.pending) < maxConfirm {
		w.pending = append(w.pending, receipt{id: id, at: now, next: now.Add(firstConfirm), wait: firstConfirm, names: names})
	}
}

// landed takes in what has been made of a name by a batch before which there were so
// many Entries of ours: the next loss of it is another.
func (w *writer) landed(p piece, owned int) {
	for _, a := range p.actions {
		if isLoss(a) {
			if w.admitted[a.Key] != bySomebody {
				w.losses.add(time.Now(), owned)
			}
			delete(w.admitted, a.Key)
		}
		w.model.done(a)
		delete(w.poison, a.Key)
		delete(w.adopting, a.Key)
	}
}

// drop takes a piece out of the backlog, and tells since when its name was to be
// written once nothing of it is left.
func (w *writer) drop(p piece) (since time.Time, done bool) {
	u, ok := w.backlog[p.owner]
	if !ok {
		return time.Time{}, false
	}
	u.Actions = slices.DeleteFunc(slices.Clone(u.Actions), func(a plan.Action) bool {
		return slices.ContainsFunc(p.actions, func(b plan.Action) bool { return a.Key == b.Key })
	})
	if len(u.Actions) > 0 {
		w.backlog[p.owner] = u
		return time.Time{}, false
	}
	since = w.since[p.owner]
	delete(w.backlog, p.owner)
	delete(w.since, p.owner)
	return since, true
}

// conflict finds out what the hosted zone holds instead of what was expected.
func (w *writer) conflict(ctx context.Context, bin []piece, cause error) {
	w.conflicts++
	keys := []hosted.Key{w.model.fenceKey}
	for _, p := range bin {
		for _, a := range p.actions {
			keys = append(keys, w.model.keys(a)...)
		}
	}
	whole := len(keys) > maxRead || w.conflicts > 3 && !w.baffled
	if whole {
		keys = keys[:1] // whoever was outrun must not take the fence back at once
	}
	found, err := w.read(ctx, keys)
	if err != nil {
		w.failed(err)
		return
	}
	if fence := found[w.model.fenceKey]; !fence.Equal(w.model.fence) {
		w.outrun(w.model.fence, fence)
		return
	}
	if whole {
		w.puzzle(bin, cause)
		return
	}
	news := false
	for _, p := range bin {
		for _, a := range p.actions {
			if w.model.reread(a, found) {
				news = true
			}
		}
	}
	if !news {
		w.puzzle(bin, cause)
		return
	}
	for _, p := range bin {
		w.again(p.owner)
	}
	if w.conflicts > 3 {
		w.failed(cause) // somebody is at it still
	}
}

// puzzle is for a batch that is in conflict with nothing that can be seen. All of it is
// read again once; if that does not help, batches become smaller until what is to blame
// is alone in one: a provider may list a record set otherwise than it wants it named.
func (w *writer) puzzle(bin []piece, cause error) {
	switch {
	case !w.baffled:
		w.relist(fmt.Errorf("%w; all of it is read again", cause))
		w.baffled = true
	case len(bin) > 1:
		w.most = len(bin) / 2
	default:
		w.blame(bin[0], fmt.Sprintf("%v, though it was read again", cause))
		w.bins = nil
	}
}

// maxRead is how many keys are read one by one rather than with all others.
const maxRead = 64

// relist gives up what is known of the hosted zone.
func (w *writer) relist(err error) {
	w.failed(err)
	w.model = nil
	w.forget()
}

// forget has everything looked at once more.
func (w *writer) forget() {
	w.takeBack() // it was admitted for what the hosted zone held then
	w.backlog = map[dnsname.Name]plan.Unit{}
	w.bins, w.fence, w.attempt, w.doubt, w.unsure = nil, hosted.Entry{}, hosted.Entry{}, nil, nil
	if w.audit != nil {
		w.audit.stop()
		w.audit = nil
	}
	w.mu.Lock()
	w.all = true
	w.mu.Unlock()
}

// again has a name looked at once more.
func (w *writer) again(owner dnsname.Name) {
	w.bins = nil
	w.mu.Lock()
	defer w.mu.Unlock()
	if _, ok := w.dirty[owner]; !ok {
		w.dirty[owner] = w.since[owner]
	}
}

// resolve finds out by the fence what became of a batch with an unknown outcome.
// One that was not made can still come: a swap of the same fence sees to it that it
// does not, or fails since it has come.
func (w *writer) resolve(ctx context.Context) {
	found, err := w.read(ctx, []hosted.Key{w.model.fenceKey})
	if err != nil {
		w.failed(err)
		return
	}
	fence := found[w.model.fenceKey]
	f, _ := ownership.ParseFence(fence)
	switch {
	case fence.Equal(w.attempt):
		w.count(func(c *Calls) { c.Applied++ })
		w.model.fence = fence
		owned := w.model.owned
		for _, p := range w.doubt {
			w.landed(p, owned)
		}
		w.trust()
	case fence.Equal(w.model.fence) && guarantee.Holds(guarantee.UnknownIsProvenDead):
		if _, err := w.bump(ctx, fence); err != nil {
			w.failed(err)
		}
		return // and look again
	case fence.Equal(w.model.fence), f.Holder == w.holder:
		w.model.fence = fence // it can come no longer
		w.suspect()
	default:
		w.outrun(w.model.fence, fence)
		return
	}
	for _, p := range w.doubt {
		w.again(p.owner)
	}
	w.attempt, w.doubt, w.unsure = hosted.Entry{}, nil, nil
	w.retry, w.notBefore = 0, time.Time{}
}

func (w *writer) read(ctx context.Context, keys []hosted.Key) (map[hosted.Key]hosted.Entry, error) {
	call, cancel := context.WithTimeout(ctx, w.cfg.Deadline)
	defer cancel()
	w.count(func(c *Calls) { c.Reads++ })
	entries, err := w.cfg.Zone.Read(call, keys...)
	if err != nil {
		return nil, fmt.Errorf("read: %w", err)
	}
	out := make(map[hosted.Key]hosted.Entry, len(entries))
	for _, e := range entries {
		out[e.Key] = e
	}
	return out, nil
}

// bisect takes the refused part out of a batch: the rest is tried again at once.
func (w *writer) bisect(bin []piece, refused *hosted.RefusedError) {
	if !guarantee.Holds(guarantee.PoisonIsIsolated) {
		w.first(bin)
		w.failed(refused)
		return
	}
	if refused.Key != nil && ownership.IsFence(*refused.Key) {
		w.first(bin)
		w.failed(fmt.Errorf("fence: %w", refused)) // none of the others is to blame
		return
	}
	if refused.Key != nil {
		for i, p := range bin {
			if slices.ContainsFunc(p.changes(), func(c hosted.Change) bool { return c.Key() == *refused.Key }) {
				w.blame(p, refused.Reason)
				w.first(slices.Concat(bin[:i], bin[i+1:]))
				return
			}
		}
	}
	if len(bin) == 1 {
		w.blame(bin[0], refused.Reason)
		return
	}
	w.most = len(bin) / 2 // what is published meanwhile has all packed anew
	w.first(bin[w.most:])
	w.first(bin[:w.most])
}

// first puts a bin before all others.
func (w *writer) first(bin []piece) {
	if len(bin) > 0 {
		w.bins = slices.Insert(w.bins, 0, bin)
	}
}

// blame takes a piece for refused until something else is wanted, or an audit has
// passed. Where a CNAME changes places with other records it is what comes that is
// to blame, not what goes.
func (w *writer) blame(p piece, reason string) {
	comes := slices.ContainsFunc(p.actions, func(a plan.Action) bool { return a.Verb != plan.Delete })
	for _, a := range p.actions {
		if comes && a.Verb == plan.Delete {
			continue
		}
		want := plan.Want{}
		for _, c := range a.Changes {
			if c.Key() == a.Key {
				want.Entry = c.New
			}
		}
		w.refuse(a.Key, w.wanted(a.Key, want), reason, false)
	}
	w.drop(p)
}

// wanted is what was wanted of a key when the backlog was made, or else. What has been
// published since may be right, and is to be tried.
func (w *writer) wanted(k hosted.Key, or plan.Want) plan.Want {
	if got, ok := w.want(w.decided, k.Owner)[k.Type]; ok {
		return got
	}
	return or
}
