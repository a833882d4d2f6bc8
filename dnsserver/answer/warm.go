package answer

import (
	"unsafe"

	"github.com/fedns/fedns/dnsserver/dnsname"
	"github.com/fedns/fedns/dnsserver/wire"
	"github.com/fedns/fedns/dnsserver/zone"
)

// warm answers for a name without an entry from the zone itself, where no more is
// to it than the name's own RRset, or that there is none; 0: there is more. It is
// a part of the readable path, without what that needs memory for.
func (w *Worker) warm(dst, question, name []byte, o *plainOpt) int {
	zones := w.engine.zones.Load()
	z := zones.find(name)
	if z == nil || oddType(w.query.Type) {
		return 0
	}
	snap := z.snapshot.Load()
	if snap.HasCuts() || snap.HasDNAMEs() {
		return 0
	}
	owner := dnsname.FromFolded(unsafe.String(unsafe.SliceData(name), len(name))) // it is not kept
	node, exists := snap.FindIn(owner, &w.node)
	if !exists {
		// The same goes for it as for a name of which it is known without looking.
		if snap.HasWildcards() || zones.exists(owner) || w.engine.zones.Load() != zones {
			return 0
		}
		return w.hotNegative(dst, question, name, z.id, wire.NXDomain, o)
	}
	var asked zone.Packed
	for p := range node.Packed() {
		if p.Type == zone.TypeCNAME || p.Stale {
			return 0
		}
		if p.Type == w.query.Type {
			asked = p
		}
	}
	if asked.Type == 0 {
		return w.hotNegative(dst, question, name, z.id, wire.NoError, o)
	}
	if o.do != 0 && z.signer.Load() != nil {
		return 0
	}
	w.writer.Begin(dst, question, &w.query, o.limit)
	for d := range asked.RDATA(&w.rdata) {
		if !w.writer.Record(wire.AnswerSection, owner, asked.Type, asked.TTL, d) {
			return 0
		}
	}
	n := len(w.writer.Message())
	w.putHeader(dst, question, wire.NoError, uint16(w.writer.Count(wire.AnswerSection)), 0, z.id)
	return n
}
