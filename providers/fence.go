package providers

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"time"

	"github.com/fedns/fedns/providers/guarantee"
	"github.com/fedns/fedns/providers/hosted"
	"github.com/fedns/fedns/providers/ownership"
)

// fenced says that batches of this provider swap the fence.
func (w *writer) fenced() bool {
	return w.cfg.Rules.Limits.Swaps && w.cfg.Rules.Limits.Atomic && guarantee.Holds(guarantee.WritesAreFenced)
}

// nextFence is the Change that each batch makes beside its own: from old, which may
// be none, to one of ours.
func (w *writer) nextFence(old hosted.Entry) (hosted.Change, error) {
	if !w.fenced() {
		return hosted.Change{}, nil
	}
	f := ownership.Fence{Owner: w.cfg.Rules.Owner, Holder: w.holder, Generation: 1, Nonce: rand.Text()[:8]}
	if !old.IsEmpty() {
		was, err := ownership.ParseFence(old)
		if err != nil {
			return hosted.Change{}, unreadable(err)
		}
		f.Generation = was.Generation + 1
	}
	e, err := f.Entry(w.cfg.Apex)
	return hosted.Change{Old: old, New: e}, err
}

// reserve is room for the fence in any of so many batches, of which each has it
// grow: the last one's generation has the most digits.
func (w *writer) reserve(batches int) hosted.Change {
	c, err := w.nextFence(w.model.fence)
	if err != nil || c.New.IsEmpty() {
		return c
	}
	f, err := ownership.ParseFence(c.New)
	if err != nil {
		return c
	}
	f.Generation += uint64(batches)
	last, err := f.Entry(w.cfg.Apex)
	if err != nil {
		return c
	}
	f.Nonce = rand.Text()[:len(f.Nonce)] // what equals its Old costs nothing
	next, err := f.Entry(w.cfg.Apex)
	if err != nil {
		return c
	}
	return hosted.Change{Old: last, New: next}
}

// takeFence makes the fence ours, so that whatever batch is still under way, of this
// process or another, fails as a whole from now on. What is listed after that stays
// as it is listed, but for what we write.
func (w *writer) takeFence(ctx context.Context) error {
	fenceKey, err := ownership.FenceKey(w.cfg.Rules.Owner, w.cfg.Apex)
	if err != nil {
		return err
	}
	found, err := w.read(ctx, []hosted.Key{fenceKey})
	if err != nil {
		return err
	}
	if w.met && found[fenceKey].IsEmpty() {
		w.met = false
		return errGone
	}
	w.met = !found[fenceKey].IsEmpty()
	fence, err := w.bump(ctx, found[fenceKey])
	if err != nil {
		return err // it is not ours, or nobody knows: it is read again
	}
	w.fence, w.met = fence, true
	return nil
}

// errGone says that there was a fence, and is none any longer. Who leads now may have
// retired: whoever has lost the Lease must not write all of it again.
var errGone = errors.New("somebody took the fence away; it is made again if it does not come back")

// bump makes a batch of the fence alone.
func (w *writer) bump(ctx context.Context, old hosted.Entry) (hosted.Entry, error) {
	fence, err := w.nextFence(old)
	if err != nil {
		return hosted.Entry{}, err
	}
	call, cancel := context.WithTimeout(ctx, w.cfg.Deadline)
	defer cancel()
	if _, err := w.cfg.Zone.Apply(call, hosted.Batch{Changes: []hosted.Change{fence}, Urgent: true, Comment: "fedns " + w.cfg.Rules.Owner}); err != nil {
		return hosted.Entry{}, fmt.Errorf("fence: %w", err)
	}
	return fence.New, nil
}

// standBackFor is how long a writer waits that was outrun before it takes the fence
// back: whoever lost the Lease learns of it in that time, and does not disturb who
// leads now, and would not find out before its next batch.
const standBackFor = 20 * time.Second

// outrun tells that somebody else with our name has written, or edited the fence, which
// was ours: what we know of other names may be old as well.
func (w *writer) outrun(ours, fence hosted.Entry) {
	f, err := ownership.ParseFence(fence)
	switch {
	case fence.IsEmpty():
		w.relist(errors.New("somebody took the fence away; all of it is read again"))
		return // what is to be thought of that is seen once it is read
	case err != nil:
		w.relist(unreadable(err))
		return
	}
	if was, err := ownership.ParseFence(ours); err == nil && f.Generation < was.Generation {
		w.relist(fmt.Errorf("the fence went back from generation %d to %d, which %s wrote: the hosted zone was restored from a copy; all of it is read again", was.Generation, f.Generation, f.Holder))
		w.standBack()
		return
	}
	w.rival, w.rivalAt = f.Holder, time.Now()
	w.relist(fmt.Errorf("another process, %s, wrote generation %d with this owner's name", f.Holder, f.Generation))
	w.standBack()
}

// contested says why losses wait, however few, after another process wrote while this one
// leads: nil if none did, or it has been quiet for longer than two audits take. A leader
// that was paused learns that it leads no longer. Who writes on is another installation
// with the same owner: what it wants looks to us like ours that is wanted no longer, and
// each would take away what is the other's.
func (w *writer) contested(now time.Time) error {
	if w.rival == "" || now.Sub(w.rivalAt) > 2*w.cfg.Audit+w.cfg.Audit/2 {
		return nil
	}
	return fmt.Errorf("%s writes with the owner's name %s, too: if that is another installation, they would take away each other's records; one of them needs another owner", w.rival, w.cfg.Rules.Owner)
}

// standBack has the next call wait for so long.
func (w *writer) standBack() {
	if again := time.Now().Add(w.vary(standBackFor, 0.25)); w.notBefore.Before(again) {
		w.notBefore = again
	}
}

// unreadable tells of a fence that is not understood. A newer version of fedns may
// have written it, so nothing is written until somebody has taken it away.
func unreadable(err error) error {
	return fmt.Errorf("%w; nothing is written until it is deleted, as it may be if no newer fedns writes here", err)
}
