package federation

import (
	"cmp"
	"errors"
	"fmt"
	"time"

	"github.com/fedns/fedns/discovery/cluster"
	"github.com/fedns/fedns/federation/work"
)

// missing has Bindings taken back that nobody ordered, once everybody has told all
// orders there are; mu is held. Nobody saw those orders taken back, so that many of
// them at once are held.
func (e *Engine) missing() {
	if !e.opened || !e.allSynced() {
		return
	}
	var lacking []*entry
	for _, known := range e.entries {
		if p := known.placed; p != nil && len(known.orders) == 0 && !known.withdrawn && e.has(p.Dialect) {
			known.withdrawn = true
			e.queue.Add(known.key)
			switch why := e.unserved(p); {
			case p.Deleted:
				known.admitted = true
			case why != "":
				e.hold(known, errors.New(why))
			default:
				lacking = append(lacking, known)
			}
		}
	}
	if len(lacking) == 0 {
		return
	}
	err := e.admit(len(lacking), cluster.Missing)
	for _, known := range lacking {
		known.admitted = err == nil
		if err != nil {
			e.hold(known, err)
		}
	}
}

// holds says why what is placed stays although it was taken back, or would be
// nowhere; empty: nothing does.
func (e *entry) holds() string { return cmp.Or(e.held, e.standing) }

// has says that a dialect is spoken. What was placed for one that is switched off
// stands.
func (e *Engine) has(dialect string) bool {
	for _, d := range e.cfg.Dialects {
		if d.Name() == dialect {
			return true
		}
	}
	return false
}

// withdraw says whether a withdrawal may be made; mu is held.
func (e *Engine) withdraw(known *entry) bool {
	if known.placed == nil || known.placed.Deleted || known.admitted {
		known.admitted = true
		return true
	}
	if known.held != "" {
		return false
	}
	if why := e.undefined(known.placed); why != "" {
		e.hold(known, errors.New(why))
		return false
	}
	if err := e.admit(1, cluster.Deleted); err != nil {
		e.hold(known, err)
		return false
	}
	known.admitted = true
	return true
}

// admit asks the guard; mu is held.
func (e *Engine) admit(n int, loss cluster.Loss) error {
	left := func(int) (n int) {
		for _, known := range e.entries {
			if known.placed != nil && !known.placed.Deleted && !known.admitted && !known.vacant {
				n++
			}
		}
		return n
	}
	return e.guard.Admit(e.cfg.Withdrawals, time.Now(), n, left, loss)
}

// hold keeps what was withdrawn; mu is held.
func (e *Engine) hold(known *entry, why error) {
	known.held = fmt.Sprintf("held until fedns release --federation: %v", why)
	known.changes++
	e.stats.WithdrawalsHeld++
	e.log.Warn("the withdrawal of an order is held", "object", known.key.String(), "error", why)
	e.cfg.Tell(known.placed.Source, true, "WithdrawalHeld", fmt.Sprintf("%s stays in its clusters: %s", known.key, known.held))
}

// Release has all withdrawals made that are held, and says how many they are.
func (e *Engine) Release() (n int) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for key, known := range e.entries {
		if known.held != "" {
			known.held, known.admitted = "", true
			known.changes++
			e.queue.Add(key)
			n++
		}
		if known.standing != "" {
			known.standing, known.vacant, known.stale = "", true, true
			known.changes++
			e.queue.Add(key)
			n++
		}
	}
	for name := range e.ghosts {
		e.parted[name] = true
	}
	clear(e.ghosts)
	return n
}

// tellStorm tells that clusters are held, or are not any more; mu is held.
func (e *Engine) tellStorm(lost map[string]bool) {
	if len(lost) == 0 {
		e.log.Info("the evidence of member clusters is acted on again")
		return
	}
	e.log.Warn("nothing moves away from clusters that were lost, for too many were at once", "lost", len(lost), "of", len(e.clusters))
	e.cfg.Tell(work.Reference{}, true, "FailoverHeld", fmt.Sprintf("%d of %d clusters were lost at once, which looks like being cut off oneself: nothing moves", len(lost), len(e.clusters)))
}
