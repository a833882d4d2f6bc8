package providers

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/fedns/fedns/providers/hosted"
	"github.com/fedns/fedns/providers/ownership"
)

// A Sync that is retired wants nothing. Its records and claims are deleted as all others
// are: held by the guard until somebody gives the word, since none would be left, and in
// batches that swap the fence. Then nothing of ours is to be found by a fresh listing,
// what is kept beside records is tidied up, and the fence goes last.

// leaves says that a writer that is retired has nothing left to do but to leave.
func (w *writer) leaves() bool {
	return w.cfg.Retire && !w.cfg.DryRun && w.decided != nil && len(w.held) == 0 && !w.waiting() && !w.model.hasOurs()
}

// hasOurs says that there is a record or a claim of ours.
func (m *model) hasOurs() bool {
	for _, types := range m.names {
		for _, h := range types {
			if h.ours {
				return true
			}
		}
	}
	return false
}

// wasRetired says that nothing of ours is there to begin with: a process that starts
// after the end has nothing to write, not even a fence.
func (w *writer) wasRetired(ctx context.Context) (bool, error) {
	m, err := w.survey(ctx, 1)
	if err != nil {
		return false, err
	}
	w.leftUnread(m)
	return !m.hasOurs() && (m.fence.IsEmpty() || !w.fenced()), nil
}

// survey lists the hosted zone afresh, some times over, and has tidied up what is kept
// beside its records: what nothing refers to is only known by two listings.
func (w *writer) survey(ctx context.Context, times int) (*model, error) {
	ctx, cancel := context.WithTimeout(ctx, w.cfg.Listing)
	defer cancel()
	fenceKey, err := ownership.FenceKey(w.cfg.Rules.Owner, w.cfg.Apex)
	if err != nil {
		return nil, err
	}
	m := newModel(w.cfg.Rules, fenceKey)
	for n := range times {
		w.count(func(c *Calls) { c.Lists++ })
		entries, err := w.cfg.Zone.Records(ctx)
		if err != nil {
			w.count(func(c *Calls) { c.Failed++ })
			return nil, fmt.Errorf("list: %w", err)
		}
		if c, ok := w.cfg.Zone.(hosted.Collector); ok && times > 1 {
			if err := c.Collect(ctx); err != nil {
				return nil, fmt.Errorf("tidy up: %w", err)
			}
		}
		if n == times-1 {
			for _, e := range entries {
				m.put(e)
			}
		}
	}
	return m, nil
}

// leave makes sure that nothing of ours is left, and takes the fence away.
func (w *writer) leave(ctx context.Context) {
	m, err := w.survey(ctx, 2)
	if err == nil {
		w.leftUnread(m)
	}
	switch {
	case err != nil:
		w.failed(err)
		return
	case m.hasOurs():
		w.relist(errors.New("something of ours has come back; all of it is read again"))
		return
	case !w.fenced(), m.fence.IsEmpty() && w.leaving:
		w.retire()
		return
	case !m.fence.Equal(w.model.fence):
		w.outrun(w.model.fence, m.fence)
		return
	}
	call, cancel := context.WithTimeout(ctx, w.cfg.Deadline)
	defer cancel()
	w.leaving = true // whether or not we hear of it
	_, err = w.cfg.Zone.Apply(call, hosted.Batch{Changes: []hosted.Change{{Old: m.fence}}, Comment: "fedns " + w.cfg.Rules.Owner})
	if err != nil {
		w.failed(fmt.Errorf("fence: %w", err)) // and look again
		return
	}
	w.retire()
}

// retire says that all is done.
func (w *writer) retire() {
	w.retired = true
	w.model = nil
	if w.audit != nil {
		w.audit.stop()
		w.audit = nil
	}
	w.phase(PhaseRetired, w.unread)
	w.update(func(st *Status) { st.Owned, st.Generation = 0, 0 })
	w.cfg.Observer.Retired()
	if w.unread != nil {
		w.cfg.Log.Warn("provider is retired", "error", w.unread)
		return
	}
	w.cfg.Log.Info("provider is retired: nothing of ours is left")
}

// leftUnread tells of claims that nobody here can read: with another sealKey than they
// were written with, ours are among them, and stay.
func (w *writer) leftUnread(m *model) {
	w.unread = nil
	if n := m.unread(); n > 0 {
		w.unread = fmt.Errorf("%d record sets have claims that cannot be read, and stay: they are another owner's, or ours if the sealKey was another", n)
	}
}

// unread counts the TXTs of the registry with a claim that is not understood.
func (m *model) unread() int {
	n := len(m.texts)
	for _, types := range m.names {
		for _, h := range types {
			if h.Registry.IsEmpty() {
				continue
			}
			if _, claims, _, err := m.rules.Codec.Decode(h.Registry); err != nil || slices.ContainsFunc(claims, ownership.Claim.IsUnknown) {
				n++
			}
		}
	}
	return n
}
