package answer

import (
	"github.com/fedns/fedns/dnsserver/dnsname"
	"github.com/fedns/fedns/dnsserver/wire"
	"github.com/fedns/fedns/dnsserver/zone"
)

// Compiling keeps the table in step with the Snapshots. A name that exists has an
// entry if it was there when its zone was served, or was asked for since, unless a
// zone further down that is served too has taken the name over.

// compileChanges brings the entries up to date with what changed in a zone.
func (e *Engine) compileChanges(z *published, snap *zone.Snapshot, changes []zone.Change, t *turnover) {
	var last dnsname.Name
	for _, c := range changes {
		// A delegation or DNAME that comes or goes changes what all names below it mean.
		if c.Key.Owner != z.apex && (c.Key.Type == zone.TypeNS || c.Key.Type == zone.TypeDNAME) && (c.Old == nil || c.New == nil) {
			e.refreshBelow(z, snap, c.Key.Owner)
		}
		if c.Key.Owner == last { // changes come in order: one compilation an owner
			continue
		}
		last = c.Key.Owner
		e.refresh(z, snap, last)
	}
	for name := range t.all() {
		e.refresh(z, snap, name)
		if name.IsWildcard() {
			e.refresh(z, snap, name.Parent())
		}
	}
}

// refresh makes a name's entry anew, if it has one.
func (e *Engine) refresh(z *published, snap *zone.Snapshot, name dnsname.Name) {
	if entry, ok := e.table.get(octets(name)); ok {
		e.compileName(z, snap, name, entry.flags()&flagKept)
	}
}

// refreshBelow makes the entries that there are at and below owner anew, those of
// empty non-terminals included.
func (e *Engine) refreshBelow(z *published, snap *zone.Snapshot, owner dnsname.Name) {
	last := owner
	for n := range snap.Below(owner) {
		e.refresh(z, snap, n.Owner)
		// In canonical order a name that is above the last one as well was made with it.
		for up := n.Owner; up != owner; {
			if up = up.Parent(); last.Under(up) {
				break
			}
			e.refresh(z, snap, up)
		}
		last = n.Owner
	}
	e.refresh(z, snap, owner)
}

// compileAll makes the entries of all names of a zone.
func (e *Engine) compileAll(z *published) {
	snap := z.snapshot.Load()
	for name := range snap.AllNames() {
		e.compileName(z, snap, dnsname.FromFolded(string(name)), flagKept)
	}
}

// compileAround brings the names between each apex and the one of the zone
// around it up to date, when a zone came or went.
func (e *Engine) compileAround() {
	zones := e.zones.Load()
	for _, z := range zones.byApex {
		if z.apex == dnsname.Root {
			continue
		}
		outer := zones.find([]byte(z.apex.Parent().Wire()))
		if outer == nil {
			continue
		}
		snap := outer.snapshot.Load()
		for up := z.apex.Parent(); up != outer.apex; up = up.Parent() {
			e.compileName(outer, snap, up, flagKept)
		}
	}
}

// dropAround takes those entries of a zone out that it has for the zones within it alone.
func (e *Engine) dropAround(z *published) {
	for name := range e.zones.Load().above {
		if entry, ok := e.table.get([]byte(name)); ok && entry.zone() == z.id {
			e.table.remove([]byte(name))
		}
	}
}

// find is Snapshot.Find, that knows of the zones below as well.
func (e *Engine) find(snap *zone.Snapshot, name dnsname.Name) (zone.Node, bool) {
	n, exists := snap.Find(name)
	return n, exists || e.zones.Load().exists(name)
}

// dropBelow takes the entries of a zone's names at and below owner out.
func (e *Engine) dropBelow(z *published, owner dnsname.Name) {
	for n := range z.snapshot.Load().Below(owner) {
		for name := n.Owner; name.Under(owner); name = name.Parent() {
			if entry, ok := e.table.get(octets(name)); ok && entry.zone() == z.id {
				e.table.remove(octets(name))
			}
		}
	}
}

// owns says that queries for name are answered from z, not from a zone below it.
func (e *Engine) owns(z *published, name dnsname.Name) bool {
	return e.zones.Load().find(octets(name)) == z
}

// compileName makes one name's entry, or takes it out when the name does not
// exist. A name that another zone has taken over is left to that one. flags may have
// flagKept.
func (e *Engine) compileName(z *published, snap *zone.Snapshot, owner dnsname.Name, flags uint8) {
	if !e.owns(z, owner) {
		return
	}
	node, exists := e.find(snap, owner)
	if !exists {
		e.table.remove(octets(owner))
		return
	}
	if leftToReadable(snap, node) {
		flags |= flagSlow
	}
	if snap.HasWildcards() {
		if star, err := owner.Child("*"); err == nil {
			if _, wild := snap.Find(star); wild {
				flags |= flagWild
			}
		}
	}
	types := e.types[:0]
	e.rrs = e.rrs[:0]
	if flags&flagSlow == 0 {
		for p := range node.Packed() {
			types = append(types, e.finish(owner, p))
		}
	}
	e.types = types
	e.packed = appendEntry(e.packed[:0], z.id, flags, owner.Wire(), types)
	e.table.put(e.packed)
}

// leftToReadable says that a name's answers are not just its own RRsets, or are to be marked.
func leftToReadable(snap *zone.Snapshot, n zone.Node) bool {
	for p := range n.Packed() {
		if p.Type == zone.TypeCNAME || p.Type == zone.TypeDNAME || p.Stale {
			return true
		}
	}
	if !snap.HasCuts() && !snap.HasDNAMEs() {
		return false
	}
	for up := n.Owner; up != snap.Apex(); up = up.Parent() {
		if above := snap.Node(up); above.Has(zone.TypeNS) || above.Has(zone.TypeDNAME) {
			return true
		}
	}
	return false
}

// scratch is what compiling needs for one name at a time; Engine.writing guards it.
type scratch struct {
	writer   wire.Writer
	query    wire.Query
	question []byte
	message  []byte
	rdata    zone.Buffer
	rrs      []byte // finished answers of the name
	types    []finished
	packed   entry
}

// finish composes the answer section for an RRset asked by its own name. What it
// returns stands in e.rrs.
func (e *Engine) finish(owner dnsname.Name, r zone.Packed) finished {
	e.scratch.question = appendQuestion(e.scratch.question[:0], owner, r.Type)
	e.query.Parse(e.scratch.question)
	if e.message == nil {
		e.message = make([]byte, 0, wire.HeaderLen+dnsname.MaxWire+4+maxHot)
	}
	w, asked := &e.writer, len(e.scratch.question)
	w.Begin(e.message[:0], e.scratch.question, &e.query, cap(e.message))
	for d := range r.RDATA(&e.rdata) {
		if !w.Record(wire.AnswerSection, owner, r.Type, r.TTL, d) {
			return finished{typ: r.Type}
		}
	}
	e.message = w.Message()
	if len(e.message)-asked > maxHot {
		return finished{typ: r.Type}
	}
	at := len(e.rrs)
	e.rrs = append(e.rrs, e.message[asked:]...)
	return finished{r.Type, uint16(w.Count(wire.AnswerSection)), e.rrs[at:]}
}
