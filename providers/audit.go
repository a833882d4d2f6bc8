package providers

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/fedns/fedns/dnsserver/dnsname"
	"github.com/fedns/fedns/providers/hosted"
	"github.com/fedns/fedns/providers/ownership"
	"github.com/fedns/fedns/providers/plan"
)

// audit is a listing under way. Its goroutine ends soon after stop.
type audit struct {
	done    chan listing
	stop    context.CancelFunc
	touched map[hosted.Key]bool // written since it began: what it shows of them may be old
}

type listing struct {
	entries []hosted.Entry
	err     error
}

// list begins to list the hosted zone.
func (w *writer) list(ctx context.Context) *audit {
	ctx, stop := context.WithTimeout(ctx, w.cfg.Listing)
	a := &audit{done: make(chan listing, 1), stop: stop, touched: map[hosted.Key]bool{}}
	w.count(func(c *Calls) { c.Lists++ })
	go func() {
		var got listing
		got.entries, got.err = w.cfg.Zone.Records(ctx)
		a.done <- got
	}()
	return a
}

// listed takes a listing in as all that is known.
func (w *writer) listed(got listing) {
	if got.err != nil {
		w.count(func(c *Calls) { c.Failed++ })
		w.failed(fmt.Errorf("list: %w", got.err))
		return
	}
	fenceKey, err := ownership.FenceKey(w.cfg.Rules.Owner, w.cfg.Apex)
	if err != nil {
		w.failed(err)
		return
	}
	w.model = newModel(w.cfg.Rules, fenceKey)
	for _, e := range got.entries {
		w.model.put(e)
	}
	if !w.fence.IsEmpty() && !w.model.fence.Equal(w.fence) {
		w.outrun(w.fence, w.model.fence)
		return
	}
	w.auditAt = w.nextAudit()
	w.notBefore = time.Time{}
	w.update(func(st *Status) { st.LastList, st.AuditError = time.Now(), "" })
	w.mu.Lock()
	w.all = true
	w.mu.Unlock()
}

// finishAudit compares a listing with what is known: what we did not write since it
// began and is otherwise, somebody else edited.
func (w *writer) finishAudit(ctx context.Context, got listing) {
	a := w.audit
	w.audit = nil
	if got.err != nil {
		w.count(func(c *Calls) { c.Failed++ })
		w.cfg.Log.Warn("hosted zone cannot be audited", "error", got.err)
		w.update(func(st *Status) { st.AuditError = fmt.Sprintf("list: %v", got.err) })
		return
	}
	if w.model == nil {
		return
	}
	seen := newModel(w.cfg.Rules, w.model.fenceKey)
	for _, e := range got.entries {
		seen.put(e)
	}
	drifted := w.compare(seen, a.touched)
	w.update(func(st *Status) {
		st.LastList, st.AuditError = time.Now(), ""
		st.Calls.Drifted += uint64(len(drifted))
	})
	w.mu.Lock()
	w.all = true
	w.mu.Unlock()
	w.poison.again()
	if w.waiting() {
		w.look()
	}
	if c, ok := w.cfg.Zone.(hosted.Collector); ok && !w.cfg.DryRun && len(w.backlog) == 0 && w.attempt.IsEmpty() {
		call, cancel := context.WithTimeout(ctx, w.cfg.Listing)
		defer cancel()
		if err := c.Collect(call); err != nil {
			w.cfg.Log.Warn("hosted zone cannot be tidied up", "error", err)
		}
	}
}

// maxTold bounds what is logged of one audit: somebody may have emptied the hosted zone.
const maxTold = 20

// content is what a log says of an Entry beside its key.
func content(e hosted.Entry) string {
	if e.IsEmpty() {
		return "(none)"
	}
	return strings.TrimPrefix(e.String(), hosted.KeyString(e.Key)+" ")
}

// compare takes over what was seen, and returns the keys of ours that were edited.
func (w *writer) compare(seen *model, touched map[hosted.Key]bool) []hosted.Key {
	var drifted []hosted.Key
	each := func(m *model, f func(k hosted.Key, h held)) {
		for owner, types := range m.names {
			for t, h := range types {
				f(hosted.Key{Owner: owner, Type: t}, h)
			}
		}
	}
	was := w.model
	each(was, func(k hosted.Key, h held) {
		if touched[k] {
			seen.learn(k, h)
		} else if now := seen.names[k.Owner][k.Type]; (h.ours || now.ours) && (!now.Entry.Equal(h.Entry) || !now.Registry.Equal(h.Registry)) {
			if drifted = append(drifted, k); len(drifted) > maxTold {
				return
			}
			if !now.Entry.Equal(h.Entry) {
				w.cfg.Log.Warn("record set was edited by somebody else", "record", hosted.KeyString(k), "was", content(h.Entry), "is", content(now.Entry))
			} else {
				w.cfg.Log.Warn("claims of a record set were edited by somebody else", "record", hosted.KeyString(k), "were", content(h.Registry), "are", content(now.Registry))
			}
		}
	})
	if more := len(drifted) - maxTold; more > 0 {
		w.cfg.Log.Warn("further record sets were edited by somebody else", "number", more)
	}
	each(seen, func(k hosted.Key, h held) {
		if _, known := was.names[k.Owner][k.Type]; touched[k] && !known {
			seen.learn(k, held{})
		}
	})
	seen.fence = was.fence // the next batch finds out if it is another
	w.model = seen
	return drifted
}

// confirm asks whether a batch has reached all name servers.
func (w *writer) confirm(ctx context.Context, i int) {
	r := &w.pending[i]
	call, cancel := context.WithTimeout(ctx, w.cfg.Deadline)
	ok, err := w.cfg.Zone.Confirm(call, r.id)
	cancel()
	now := time.Now()
	switch {
	case err == nil && ok:
		w.confirmed(r.names)
	case now.Sub(r.at) > giveUp:
		w.cfg.Log.Warn("a batch has not reached all name servers", "receipt", r.id, "after", now.Sub(r.at), "error", err)
	default:
		r.wait = min(2*r.wait, lastConfirm)
		r.next = now.Add(w.vary(r.wait, 0.25))
		return
	}
	w.pending = append(w.pending[:i], w.pending[i+1:]...)
}

func (w *writer) confirmed(names map[dnsname.Name]time.Time) {
	for owner, since := range names {
		w.cfg.Observer.InSync(owner, since)
	}
}

// Plan lists the hosted zone and says what would be done with each name, without
// doing it. It takes as long as a listing.
func (s *Sync) Plan(ctx context.Context) ([]plan.Unit, error) {
	units, _, err := s.plan(ctx, func([]hosted.Entry) []ownership.Adoption { return nil })
	return units, err
}

// plan is Plan, with what may be adopted of what was listed. One is made at a time: a
// listing is large, and takes of the rate that the writer shares.
func (s *Sync) plan(ctx context.Context, adopt func([]hosted.Entry) []ownership.Adoption) ([]plan.Unit, []ownership.Adoption, error) {
	s.mu.Lock()
	snapshot := s.snapshot
	s.mu.Unlock()
	if snapshot == nil {
		return nil, nil, fmt.Errorf("zone %s is not served yet", s.cfg.Apex)
	}
	fenceKey, err := ownership.FenceKey(s.cfg.Rules.Owner, s.cfg.Apex)
	if err != nil {
		return nil, nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, s.cfg.Listing)
	defer cancel()
	select {
	case s.planning <- struct{}{}:
		defer func() { <-s.planning }()
	case <-ctx.Done():
		return nil, nil, fmt.Errorf("wait for another plan of zone %s: %w", s.cfg.Apex, ctx.Err())
	}
	entries, err := s.cfg.Zone.Records(ctx)
	if err != nil {
		return nil, nil, fmt.Errorf("list: %w", err)
	}
	m := newModel(s.cfg.Rules, fenceKey)
	for _, e := range entries {
		m.put(e)
	}
	found := adopt(entries)
	adopting := make(map[hosted.Key]ownership.Adoption, len(found))
	for _, a := range found {
		adopting[a.Entry.Key] = a
	}
	names := map[dnsname.Name]bool{}
	for r := range snapshot.All() {
		names[r.Owner] = true
	}
	for owner := range m.names {
		names[owner] = true
	}
	out := make([]plan.Unit, 0, len(names))
	for owner := range names {
		wanted := s.want(snapshot, owner)
		haves := m.haves(owner, wanted)
		m.offer(owner, haves, adopting, func(k hosted.Key) bool { return wants(snapshot, k) })
		u := s.cfg.Rules.Name(wanted, haves, hosted.Key{Owner: owner})
		if len(u.Actions) > 0 {
			out = append(out, u)
		}
	}
	plan.SortUnits(out)
	s.tellHeld(out, m.owned)
	return out, found, nil
}
