package answer

import (
	"encoding/binary"
	"unsafe"

	"github.com/fedns/fedns/dnsserver/dnsname"
	"github.com/fedns/fedns/dnsserver/wire"
)

// maxPrefetch is how many queries are looked ahead at. A processor has no more
// than some ten reads of memory under way at once.
const maxPrefetch = 16

// cacheLine is a processor's, in octets.
const cacheLine = 64

// ahead is what Prefetch found out about a query that Respond is about to be
// given: the same octets, at the same place in memory.
type ahead struct {
	msg  *byte // its first octet; nil: nothing is known
	end  int   // nameEnd; 0: the hot path may not answer
	hash uint64
	name [dnsname.MaxWire]byte // folded
}

// Prefetch reads what the answers to queries will need, all of it at once: in a
// large table nearly every look-up waits for memory twice, and one after the
// other that takes longer than all else. It answers nothing. The queries must be given to Respond
// next, in this order, unchanged: what their names came to is kept for it.
func (w *Worker) Prefetch(queries [][]byte) {
	t := &w.engine.table
	s := t.state.Load()
	mask := uint64(len(s.slots) - 1)
	var at [maxPrefetch]uint64
	n := 0
	queries = queries[:min(len(queries), maxPrefetch)]
	w.aheadNext, w.aheadEnd = 0, len(queries)
	for i, msg := range queries {
		a := &w.ahead[i]
		a.msg = unsafe.SliceData(msg)
		if a.end = nameEnd(msg); a.end > 0 {
			name := a.name[:a.end-wire.HeaderLen]
			dnsname.Fold(name, msg[wire.HeaderLen:a.end])
			a.hash = t.hash(name)
			at[n] = a.hash & mask
			n++
		}
	}
	// Each of these loops is reads that do not wait for one another.
	for i, slot := range at[:n] {
		at[i] = s.slots[slot].Load()
	}
	var entries [maxPrefetch]entry
	var sum uint64
	for i, v := range at[:n] {
		chunk := v >> offBits & (1<<chunkBits - 1)
		if chunk == 0 || chunk >= uint64(len(s.chunks)) {
			continue
		}
		if c := s.chunks[chunk].Load(); c != nil {
			entries[i] = entry((*c)[v&(chunkSize-1)&^slotAsked:])
			sum += uint64(entries[i].flags())
		}
	}
	for _, e := range entries[:n] {
		if e != nil { // no further than the entry goes: what is behind it may be being written
			e = e.whole()
			sum += uint64(e[min(cacheLine, len(e)-1)])
		}
	}
	w.prefetched = sum // somebody has to want it
}

// question finds the end of msg's name and makes it the query's, folded, with
// its hash; end 0: the hot path may not answer.
func (w *Worker) question(msg []byte) (name []byte, hash uint64, end int) {
	if i := uint(w.aheadNext - 1); i < uint(w.aheadEnd) {
		a := &w.ahead[i]
		if a.msg == unsafe.SliceData(msg) {
			if a.end == 0 {
				return nil, 0, 0
			}
			return w.query.SetName(a.name[:a.end-wire.HeaderLen]), a.hash, a.end
		}
		w.aheadEnd = 0 // not what was announced: nor is the rest
	}
	if end = nameEnd(msg); end == 0 {
		return nil, 0, 0
	}
	name = w.query.FoldName(msg[wire.HeaderLen:end])
	return name, w.engine.table.hash(name), end
}

// nameEnd is where the question's name ends in a message that the hot path may
// answer, its root octet included; 0: it may not.
func nameEnd(msg []byte) int {
	if len(msg) < wire.HeaderLen+5 || binary.BigEndian.Uint64(msg[4:])&^1 != oneQuestion {
		return 0
	}
	end := wire.HeaderLen
	for msg[end] != 0 {
		if msg[end] > dnsname.MaxLabel {
			return 0
		}
		end += 1 + int(msg[end])
		if end+5 > len(msg) || end-wire.HeaderLen >= dnsname.MaxWire {
			return 0
		}
	}
	return end + 1
}
