package federation

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"

	"github.com/fedns/fedns/federation/cluster"
	"github.com/fedns/fedns/federation/failover"
	"github.com/fedns/fedns/federation/placement"
	"github.com/fedns/fedns/federation/work"
)

// entry is all that is known of one Key. Engine.mu guards it; what worker says is
// read and written by the one that looks at the Key only, with or without mu.
type entry struct {
	key    work.Key
	orders map[string]*ordered   // by dialect
	taken  map[string]work.Order // orders that were taken back, until that is done
	// withdrawn says that a dialect took its order back, so that nobody has to be
	// waited for who might order it yet.
	withdrawn bool
	admitted  bool   // the withdrawal may be made
	held      string // why it may not; empty: it may, or nothing was withdrawn

	standing string // why what is placed stands although it would go; empty: it does not
	haunted  bool   // that is for a cluster that vanished
	vacant   bool   // it may go from all its clusters
	decided  uint64 // the revision of the order that was decided on last; 0: none

	placed   *Binding // as it is stored; nil: none
	outcomes map[string]work.Outcome
	sick     map[string]time.Time
	needed   map[work.Key][]string // clusters where others need it along, by those
	dropping map[work.Key][]string // clusters where others needed it, by those
	stale    bool                  // to be placed anew
	unstored bool                  // placed is to be stored again, as it is, from restore on
	restore  time.Time             // the zero time: at once
	harms    int                   // how often in a row somebody else wrote its Binding
	harmed   time.Time             // the last time

	given     map[string]given // by cluster, what was given to the propagator
	decision  placement.Decision
	err       error             // of the placement
	refused   error             // why the host does not take its Binding
	wrong     map[string]error  // of the overrides, by cluster
	keeps     map[string]string // why a cluster keeps what it would lose
	settled   bool              // all that is to be is ready
	reported  uint64            // which change was reported last
	announced map[string]string // trouble that people were told of, by where it is
	deferred  time.Time         // since when a report waits for more to tell; zero: none does
	changes   uint64            // that are to be reported
}

// ordered is what one dialect wants of a Key.
type ordered struct {
	work.Order            // the last that could be carried out; Template nil: none could
	err        error      // of the newest, if it cannot
	revision   uint64     // grows with each
	refers     []work.Key // what the template refers to, if that is to go along
	wrong      error      // of what it refers to
	placement  placement.Request
}

// given is what a Task was made of. It is comparable: what is equal is not made anew.
type given struct {
	remove   bool
	orphan   bool
	suspend  bool
	revision uint64 // of the order
	replicas int32
	selected string                     // by which rules of override
	along    *unstructured.Unstructured // where it goes along with another: as the host has it
	of       work.Key                   // that other, whose options it has
	template types.UID                  // see work.Task
	own      bool
}

func newEntry(key work.Key) *entry {
	return &entry{
		key: key, orders: map[string]*ordered{}, taken: map[string]work.Order{}, outcomes: map[string]work.Outcome{}, sick: map[string]time.Time{},
		needed: map[work.Key][]string{}, dropping: map[work.Key][]string{}, given: map[string]given{}, stale: true,
	}
}

// empty says that nothing is known of it that would be missed.
func (e *entry) empty() bool {
	return e.placed == nil && len(e.orders) == 0 && len(e.taken) == 0 && len(e.needed) == 0 && len(e.dropping) == 0
}

// winner is the order that counts; nil: none does. Who has placed it has it, then
// who ordered it first.
func (e *entry) winner() *ordered {
	if e.placed != nil {
		if o := e.orders[e.placed.Dialect]; o != nil {
			return o
		}
	}
	var first *ordered
	for _, name := range slices.Sorted(maps.Keys(e.orders)) {
		if o := e.orders[name]; first == nil || older(o.Source, first.Source) {
			first = o
		}
	}
	return first
}

// older says that a was made before b.
func older(a, b work.Reference) bool {
	return !a.Created.IsZero() && (b.Created.IsZero() || a.Created.Before(b.Created))
}

// seen is what is known of it in a cluster.
func (e *entry) seen(name string) failover.Seen {
	o, ok := e.outcomes[name]
	if !ok {
		return failover.Seen{}
	}
	return failover.Seen{Applied: o.Phase == work.Applied, Ready: o.Ready, Healthy: o.Health != work.Unhealthy, Sick: e.sick[name]}
}

// overriding is what is wrong with the overrides; nil: nothing.
func (e *entry) overriding() error {
	var errs []error
	for _, name := range slices.Sorted(maps.Keys(e.wrong)) {
		errs = append(errs, fmt.Errorf("cluster %s: %w", name, e.wrong[name]))
	}
	return errors.Join(errs...)
}

// notOverridden is the Reason of an Outcome of a cluster whose overrides cannot be
// applied.
const notOverridden = "Override"

// came is what came of it in a cluster; false: nothing yet. Where overrides cannot be
// applied, what is there is not what is to be there.
func (e *entry) came(name string) (work.Outcome, bool) {
	o, ok := e.outcomes[name]
	if err := e.wrong[name]; err != nil && e.has(name) {
		if !ok {
			o = work.Outcome{Cluster: name, Key: e.key, Health: work.Unknown}
		}
		o.Phase, o.Reason, o.Message = work.Failed, notOverridden, err.Error()
		return o, true
	}
	return o, ok
}

// has says that a cluster holds it, or is to.
func (e *entry) has(name string) bool {
	if e.placed == nil || e.placed.Deleted {
		return false
	}
	_, has := e.placed.Has(name)
	return has
}

// note takes in an outcome, and says whether anything is new.
func (e *entry) note(o work.Outcome, now time.Time) bool {
	was, had := e.outcomes[o.Cluster]
	if had && sameOutcome(was, o) {
		return false
	}
	e.outcomes[o.Cluster] = o
	if o.Phase != work.Applied || o.Health != work.Unhealthy {
		delete(e.sick, o.Cluster)
	} else if e.sick[o.Cluster].IsZero() {
		e.sick[o.Cluster] = now
	}
	e.changes++
	return true
}

// sameOutcome says that two Outcomes say the same.
func sameOutcome(a, b work.Outcome) bool {
	return a.Phase == b.Phase && a.Reason == b.Reason && a.Message == b.Message && a.Health == b.Health &&
		a.Replicas == b.Replicas && a.Ready == b.Ready && string(a.Status) == string(b.Status) && a.Since.Equal(b.Since)
}

// selects says which rules change the order's template for a cluster.
func (o *ordered) selects(c *cluster.Cluster) string {
	if len(o.Overrides) == 0 {
		return ""
	}
	var b strings.Builder
	for i := range o.Overrides {
		if o.Overrides[i].Target.Selects(c) {
			b.WriteByte('1')
		} else {
			b.WriteByte('0')
		}
	}
	return b.String()
}

// divided says that replicas are told out.
func (o *ordered) divided() bool {
	m := o.placement.Scheduling.Mode
	return o.placement.Replicas != nil && m != "" && m != placement.Duplicated
}

// suspended says that nothing is to be written to a cluster.
func (o *ordered) suspended(name string) bool {
	return slices.Contains(o.Options.Suspend, name) || slices.Contains(o.Options.Suspend, "*")
}

// canBeIn says that the order might place something in a cluster.
func (o *ordered) canBeIn(c *cluster.Cluster) bool {
	return c != nil && slices.ContainsFunc(o.placement.Affinities, func(a placement.Affinity) bool { return a.Selects(c) })
}
