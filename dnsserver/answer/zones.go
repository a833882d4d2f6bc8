package answer

import (
	"maps"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/fedns/fedns/dnsserver/dnsname"
	"github.com/fedns/fedns/dnsserver/policy"
	"github.com/fedns/fedns/dnsserver/zone"
)

// Engine holds the zones that are served. Publish, Retract and SetProvisional
// may be called from any goroutine; each Worker belongs to one goroutine.
type Engine struct {
	writing sync.Mutex // held by whoever changes zones and table, never by a query
	zones   atomic.Pointer[zoneSet]
	byID    atomic.Pointer[[]*published] // what the table's entries refer to; nil: retracted
	table   table
	census  census // of all names of all zones
	wanted  wanted
	scratch

	// moves counts twice each time names pass from one zone to another: while it is
	// odd, or has changed, that the table lacks a name says nothing.
	moves      atomic.Uint64
	panics     atomic.Uint64
	policy     atomic.Pointer[policy.Policy] // never nil
	forwarding atomic.Pointer[forwarding]
	taps       atomic.Pointer[[]Tap] // nil: nobody observes
	missed     atomic.Pointer[func(dnsname.Name)]
}

// published is one zone as queries find it.
type published struct {
	apex     dnsname.Name
	id       uint32
	snapshot atomic.Pointer[zone.Snapshot]
	negative atomic.Pointer[negative]
	// provisional: what is published may still lack names.
	provisional atomic.Bool
	signer      atomic.Pointer[Signer] // nil: the zone is not signed
}

// zoneSet finds the zone of a name. It never changes.
type zoneSet struct {
	byApex map[string]*published // by the apex's wire form
	// above are the names above apexes, in wire form: they exist in the zone around,
	// if only as empty non-terminals (RFC 8020 §2).
	above map[string]bool
}

func newZoneSet(byApex map[string]*published) *zoneSet {
	s := &zoneSet{byApex, map[string]bool{}}
	for _, z := range byApex {
		for up := z.apex.Parent(); !up.IsZero(); up = up.Parent() {
			s.above[up.Wire()] = true
		}
	}
	return s
}

// exists says that a name exists in a zone though the zone's content does not
// say so: another one that is served begins there, or below.
func (s *zoneSet) exists(name dnsname.Name) bool {
	return s.above[name.Wire()] || s.byApex[name.Wire()] != nil
}

// NewEngine makes an Engine that serves no zone: it refuses every query.
func NewEngine() *Engine {
	e := &Engine{}
	e.zones.Store(newZoneSet(nil))
	e.byID.Store(&[]*published{})
	e.table.init()
	e.census.init()
	e.wanted.init()
	e.policy.Store(policy.New(policy.Config{}))
	return e
}

// Policy is what requests may have now.
func (e *Engine) Policy() *policy.Policy { return e.policy.Load() }

// SetPolicy says what requests may have from now on. Defaults to the zero Config's.
func (e *Engine) SetPolicy(p *policy.Policy) { e.policy.Store(p) }

// find is the zone with the longest apex that holds name, in lower-case wire form; nil when there is none.
func (s *zoneSet) find(name []byte) *published {
	for at := 0; ; at += 1 + int(name[at]) {
		if z, ok := s.byApex[string(name[at:])]; ok {
			return z
		}
		if name[at] == 0 {
			return nil
		}
	}
}

// SetProvisional says whether what is published of a zone may still lack names,
// because some source was not read for the first time. While it may, a name that
// does not exist is answered SERVFAIL, so that nobody remembers it as
// nonexistent. A zone that is not served is left alone.
func (e *Engine) SetProvisional(apex dnsname.Name, yes bool) {
	if z, ok := e.zones.Load().byApex[apex.Wire()]; ok {
		z.provisional.Store(yes)
	}
}

// SetMissed has f told of each name that was asked for in a provisional zone and
// was not there, so that it may come before others. f must not block; any number
// of goroutines call it.
func (e *Engine) SetMissed(f func(dnsname.Name)) { e.missed.Store(&f) }

// Publish makes snap the zone that is answered. What it changes is compiled if it
// was asked for before, or else once it is. Changes must lead from the
// Snapshot published before to snap, whose zone must be served. What it costs
// follows the changes. It returns when all later queries are answered from snap.
func (e *Engine) Publish(snap *zone.Snapshot, changes []zone.Change) {
	e.writing.Lock()
	defer e.writing.Unlock()
	z, known := e.zones.Load().byApex[snap.Apex().Wire()]
	if !known {
		panic("answer: zone " + snap.Apex().String() + " is not served")
	}
	t := turnoverOf(z.snapshot.Load(), snap, changes)
	e.countIn(t.come)
	z.set(snap)
	e.compileChanges(z, snap, changes, &t)
	e.countOut(t.gone)
}

// Serve publishes zones that were not served before, or whole new content of
// ones that were, and compiles all of it. Names that exist before and after are answered throughout.
func (e *Engine) Serve(snaps ...*zone.Snapshot) { e.serve(snaps, false) }

// ServeProvisional is Serve for zones that may still lack names: see SetProvisional.
func (e *Engine) ServeProvisional(snaps ...*zone.Snapshot) { e.serve(snaps, true) }

func (e *Engine) serve(snaps []*zone.Snapshot, provisional bool) {
	e.writing.Lock()
	defer e.writing.Unlock()
	defer e.move()()
	old := e.zones.Load()
	byApex := maps.Clone(old.byApex)
	if byApex == nil {
		byApex = map[string]*published{}
	}
	ids := slices.Clone(*e.byID.Load())
	zones := make([]*published, len(snaps))
	var replaced []*zone.Snapshot
	e.countAllIn(snaps)
	for i, s := range snaps {
		z, known := byApex[s.Apex().Wire()]
		if known {
			e.dropBelow(z, s.Apex())
			replaced = append(replaced, z.snapshot.Load())
		} else {
			z = &published{apex: s.Apex(), id: uint32(len(ids))}
			ids = append(ids, z)
			if outer := old.find([]byte(z.apex.Wire())); outer != nil {
				e.dropBelow(outer, z.apex)
			}
			byApex[z.apex.Wire()] = z
		}
		z.provisional.Store(provisional)
		z.set(s)
		zones[i] = z
	}
	e.byID.Store(&ids)
	e.zones.Store(newZoneSet(byApex))
	for _, z := range zones {
		e.compileAll(z)
	}
	e.compileAround()
	e.countAllOut(replaced)
}

// move begins to pass names between zones; what it returns ends it.
func (e *Engine) move() (done func()) {
	e.moves.Add(1)
	return func() { e.moves.Add(1) }
}

func (z *published) set(s *zone.Snapshot) {
	n := (*negative)(nil)
	if prev := z.snapshot.Load(); prev != nil {
		n = z.negative.Load().after(prev, s)
	} else {
		n = newNegative(s)
	}
	z.snapshot.Store(s)
	z.negative.Store(n)
}

// Retract stops serving a zone: it is refused, or answered by an enclosing zone.
func (e *Engine) Retract(apex dnsname.Name) {
	e.writing.Lock()
	defer e.writing.Unlock()
	old := e.zones.Load()
	z, ok := old.byApex[apex.Wire()]
	if !ok {
		return
	}
	defer e.move()()
	byApex := maps.Clone(old.byApex)
	delete(byApex, apex.Wire())
	now := newZoneSet(byApex)
	e.zones.Store(now)
	e.dropBelow(z, apex)
	e.dropAround(z)
	if outer := now.find([]byte(apex.Wire())); outer != nil {
		for up := apex; up != outer.apex; up = up.Parent() { // some may have existed for the zone's sake
			e.refresh(outer, outer.snapshot.Load(), up)
		}
	}
	e.compileAround()
	e.countAllOut([]*zone.Snapshot{z.snapshot.Load()})
	ids := slices.Clone(*e.byID.Load())
	ids[z.id] = nil // the id itself is not given out again: a query may still hold it
	e.byID.Store(&ids)
}

// signs says that the answers of a zone are signed when a client asks so.
func (e *Engine) signs(id uint32) bool {
	z := (*e.byID.Load())[id]
	return z == nil || z.signer.Load() != nil
}

// Snapshot is the zone as it is answered now; nil when it is not served.
func (e *Engine) Snapshot(apex dnsname.Name) *zone.Snapshot {
	if z, ok := e.zones.Load().byApex[apex.Wire()]; ok {
		return z.snapshot.Load()
	}
	return nil
}

// Panics counts queries whose answering panicked; each of them got SERVFAIL.
func (e *Engine) Panics() uint64 { return e.panics.Load() }
