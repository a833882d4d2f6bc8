package providers

import (
	"context"
	crand "crypto/rand"
	"errors"
	"time"

	"github.com/fedns/fedns/dnsserver/dnsname"
	"github.com/fedns/fedns/dnsserver/zone"
	"github.com/fedns/fedns/providers/guarantee"
	"github.com/fedns/fedns/providers/hosted"
	"github.com/fedns/fedns/providers/ownership"
	"github.com/fedns/fedns/providers/plan"
)

const (
	// A failed call is tried again after firstRetry, then after twice as long each
	// time, up to lastRetry; each wait varies by a quarter, so that the processes of
	// an account that failed together do not come back together.
	firstRetry = time.Second
	lastRetry  = 2 * time.Minute

	// A batch is asked for after firstConfirm, then after twice as long each time.
	firstConfirm = 2 * time.Second
	lastConfirm  = 30 * time.Second
	maxConfirm   = 64               // batches; what comes on top goes unconfirmed
	giveUp       = 15 * time.Minute // a batch that is not confirmed by then never will be
)

// writer is a Sync while it leads. It belongs to one goroutine.
type writer struct {
	*Sync
	decided     *zone.Snapshot // that the backlog comes from
	model       *model         // nil: not listed yet, or no longer trusted
	backlog     map[dnsname.Name]plan.Unit
	since       map[dnsname.Name]time.Time // when what is in the backlog was published
	bins        [][]piece                  // the backlog, packed; nil: to be packed anew
	poison      refusals
	telling     telling
	round       uint64 // of looking
	losses      losses
	admitted    map[hosted.Key]word  // losses that have passed the guard, and are to be made
	held        map[dnsname.Name]int // how many losses of a name wait
	heldBecause string
	pending     []receipt
	adopting    map[hosted.Key]ownership.Adoption // what is to be taken over

	holder    string       // this writer's name in the fence
	fence     hosted.Entry // taken before the listing
	met       bool         // there was a fence, or it is ours, as we saw last
	rival     string       // who wrote last while we lead; empty: nobody
	rivalAt   time.Time    // when we saw that
	attempt   hosted.Entry // the fence of a batch whose outcome nobody knows
	doubt     []piece      // that batch
	unsure    error        // of the call that made it
	dead      int          // batches in a row that had an unknown outcome and were not made
	most      int          // pieces in a batch; 0: as many as fit
	notBefore time.Time    // no call earlier
	retry     time.Duration
	conflicts int  // in a row
	baffled   bool // all was read again because of one, and not all is written since
	begun     bool // of what is retired: there was something of ours
	leaving   bool // of what is retired: the fence was to go
	retired   bool
	unread    error // of what is retired: claims that cannot be read are left
	auditAt   time.Time
	audit     *audit // under way
}

// receipt is a batch that is not confirmed yet.
type receipt struct {
	id    hosted.Receipt
	at    time.Time
	next  time.Time
	wait  time.Duration
	names map[dnsname.Name]time.Time
}

func newWriter(s *Sync) *writer {
	return &writer{Sync: s, holder: s.cfg.Holder + "/" + crand.Text()[:6], backlog: map[dnsname.Name]plan.Unit{}, since: map[dnsname.Name]time.Time{}, poison: refusals{}, admitted: map[hosted.Key]word{}, held: map[dnsname.Name]int{}, adopting: map[hosted.Key]ownership.Adoption{}}
}

// run works until ctx is done.
func (w *writer) run(ctx context.Context) {
	for ctx.Err() == nil {
		if w.retired {
			w.phase(PhaseRetired, w.unread)
			w.sleep(ctx, lastRetry)
			continue
		}
		if !w.cfg.Ready() {
			w.phase(PhaseWaiting, nil)
			w.sleep(ctx, time.Second)
			continue
		}
		if w.model == nil {
			w.start(ctx)
			continue
		}
		if wait := w.step(ctx); wait > 0 {
			w.sleep(ctx, wait)
		}
	}
}

// end leaves a Sync as it was before.
func (w *writer) end() {
	if w.audit != nil {
		w.audit.stop()
	}
	w.mu.Lock()
	w.all = true // whoever leads next, here too, looks at everything
	w.waiters = nil
	w.mu.Unlock()
	w.phase(PhaseStandby, nil)
}

// start lists the hosted zone for the first time, or after what was known of it can
// be trusted no longer.
func (w *writer) start(ctx context.Context) {
	if wait := time.Until(w.notBefore); wait > 0 {
		w.sleep(ctx, wait)
		return
	}
	w.phase(PhaseListing, nil)
	if w.cfg.Retire && !w.begun {
		done, err := w.wasRetired(ctx)
		if err != nil {
			w.failed(err)
			return
		}
		if w.begun = true; done {
			w.retire()
			return
		}
	}
	if w.fenced() && !w.cfg.DryRun && w.fence.IsEmpty() && guarantee.Holds(guarantee.FenceBeforeListing) {
		if err := w.takeFence(ctx); err != nil {
			w.failed(err)
			if errors.Is(err, errGone) {
				w.standBack()
			}
			return
		}
	}
	a := w.list(ctx)
	defer a.stop()
	var got listing
	select {
	case got = <-a.done:
	case <-ctx.Done():
		return
	}
	w.listed(got)
}

// step does what is to be done next, and says how long nothing will be; 0: go on.
func (w *writer) step(ctx context.Context) time.Duration {
	if w.audit != nil {
		select {
		case got := <-w.audit.done:
			w.audit.stop()
			w.finishAudit(ctx, got)
			return 0
		default:
		}
	}
	if w.waiting() {
		w.look()
	}
	if w.model == nil {
		return 0
	}
	switch {
	case time.Until(w.notBefore) > 0:
		w.phase(PhaseFailing, nil)
		return time.Until(w.notBefore)
	case !w.attempt.IsEmpty():
		w.resolve(ctx)
		return 0
	case len(w.backlog) > 0 && !w.cfg.DryRun:
		w.phase(PhaseWriting, nil)
		w.write(ctx)
		return 0
	case w.leaves():
		w.leave(ctx)
		return 0
	}
	w.settle()
	return w.idle(ctx)
}

// idle does what may wait for quiet: confirmations and audits. It says how long
// nothing is due.
func (w *writer) idle(ctx context.Context) time.Duration {
	now := time.Now()
	next := w.auditAt
	if w.audit == nil && !now.Before(w.auditAt) {
		w.audit = w.list(ctx)
		w.auditAt = w.nextAudit()
		next = w.auditAt
	}
	for i := range w.pending {
		if !now.Before(w.pending[i].next) {
			w.confirm(ctx, i)
			return 0
		}
		if w.pending[i].next.Before(next) {
			next = w.pending[i].next
		}
	}
	return max(time.Until(next), time.Millisecond)
}

func (w *writer) nextAudit() time.Time {
	return time.Now().Add(w.vary(w.cfg.Audit, 0.1))
}

// vary moves d by up to a share of it, either way.
func (w *writer) vary(d time.Duration, share float64) time.Duration {
	return time.Duration(float64(d) * (1 + share*(2*w.cfg.Jitter()-1)))
}

// sleep waits until d has passed, ctx is done, an audit is finished, or something
// is published; then the window lets what comes with it come too.
func (w *writer) sleep(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	var audited chan listing
	if w.audit != nil {
		audited = w.audit.done
	}
	select {
	case <-ctx.Done():
	case <-timer.C:
	case got := <-audited:
		w.audit.stop()
		w.finishAudit(ctx, got)
	case <-w.wake:
		window := time.NewTimer(w.cfg.Window)
		defer window.Stop()
		select {
		case <-window.C:
		case <-ctx.Done():
		}
	}
}

// phase tells how things stand; err is the last call's.
func (w *writer) phase(phase string, err error) {
	w.update(func(st *Status) {
		st.Phase = phase
		if err != nil {
			st.Error = err.Error()
		} else if phase != PhaseFailing {
			st.Error = ""
		}
		st.Backlog, st.Pending = len(w.backlog), len(w.pending)
		st.RefusedCount, st.Refused = len(w.poison), w.poison.list()
		if w.model != nil {
			st.Owned = w.model.owned
			if f, err := ownership.ParseFence(w.model.fence); err == nil {
				st.Generation = f.Generation
			}
		}
	})
}

// settle tells that nothing is left to be done.
func (w *writer) settle() {
	phase := PhaseInSync
	if w.decided == nil {
		phase = PhaseWaiting
	} else if len(w.held) > 0 {
		phase = PhaseHeld
	} else if w.cfg.DryRun && len(w.backlog) > 0 {
		phase = PhaseWriting
	}
	w.phase(phase, nil)
	w.baffled = w.baffled && len(w.backlog) > 0
	if phase == PhaseInSync && len(w.pending) == 0 && !w.waiting() {
		w.update(func(st *Status) { st.LastInSync = time.Now() })
	}
}

// failed has the next call wait.
func (w *writer) failed(err error) {
	var after time.Duration
	if throttled := (*hosted.ThrottledError)(nil); errors.As(err, &throttled) {
		after = throttled.After
	}
	w.retry = min(max(2*w.retry, firstRetry), lastRetry)
	w.notBefore = time.Now().Add(max(w.vary(w.retry, 0.25), after))
	w.phase(PhaseFailing, err)
	if w.telling.failure(isOften(err, w.retry), time.Now()) {
		w.cfg.Log.Warn("hosted zone cannot be kept", "error", err, "again", time.Until(w.notBefore))
	}
}
