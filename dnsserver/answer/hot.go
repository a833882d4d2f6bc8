package answer

import (
	"encoding/binary"

	"github.com/fedns/fedns/dnsserver/dnsname"
	"github.com/fedns/fedns/dnsserver/wire"
	"github.com/fedns/fedns/dnsserver/zone"
)

// The words of a plain query's header behind the ID and the flags.
const (
	oneQuestion       = uint64(1) << 48 // QDCOUNT 1, all others 0
	oneQuestionAndOpt = oneQuestion | 1 // ARCOUNT 1
)

// flagsPlain are the flags a plain query may have set: RD, RA, AD, CD and Z
// mean nothing to what is answered.
const flagsPlain = wire.FlagRD | wire.FlagRA | wire.FlagAD | wire.FlagCD | 1<<6

// hot answers a query that needs a look-up and a copy, and returns 0 for every other one.
func (w *Worker) hot(dst, msg []byte) int {
	if len(msg) < wire.HeaderLen+5 || len(dst) < udpSize {
		return 0
	}
	flags := binary.BigEndian.Uint16(msg[2:])
	counts := binary.BigEndian.Uint64(msg[4:])
	if flags&^flagsPlain != 0 || counts&^1 != oneQuestion {
		return 0
	}
	end := wire.HeaderLen // of the name, its root octet left out
	for msg[end] != 0 {
		if msg[end] > dnsname.MaxLabel {
			return 0
		}
		end += 1 + int(msg[end])
		if end+5 > len(msg) || end-wire.HeaderLen >= dnsname.MaxWire {
			return 0
		}
	}
	end += 5
	name := w.query.FoldName(msg[wire.HeaderLen : end-4])
	if msg[end-2] != 0 || msg[end-1] != byte(wire.ClassIN) {
		return 0
	}
	limit := 512
	if counts == oneQuestionAndOpt {
		if limit = plainOpt(msg[end:]); limit == 0 {
			return 0
		}
	} else if len(msg) != end {
		return 0
	}
	if w.room == MaxStream {
		limit = MaxStream
	}
	typ := binary.BigEndian.Uint16(msg[end-4:])
	moves := w.engine.moves.Load()
	e, ok := w.engine.table.get(name)
	if !ok {
		return w.hotMissing(dst, msg[:end], name, counts, limit, moves)
	}
	if e.flags()&flagSlow != 0 || oddType(typ) {
		return 0
	}
	rrs, records, found := e.answer(typ)
	if !found {
		return w.hotNegative(dst, msg[:end], name, e, wire.NoError, limit, counts)
	}
	if records == 0 || end+len(rrs)+wire.OptLen > limit {
		return 0
	}
	copy(dst, msg[:end])
	n := end + copy(dst[end:], rrs)
	putHeader(dst, flags, wire.NoError, records, 0)
	w.counts.Rcodes[wire.NoError].Add(1)
	return appendHotOpt(dst, n, counts)
}

// oddType says that a type has rules of its own: questions only (RFC 6895
// §3.1), or answered by the zone above (DS).
func oddType(typ uint16) bool { return typ >= 249 && typ <= 255 || typ == zone.TypeDS }

// hotMissing answers for a name that has no entry, when the closest name above
// it that has one allows, and no name has moved since moves was read.
func (w *Worker) hotMissing(dst, question, name []byte, counts uint64, limit int, moves uint64) int {
	if oddType(binary.BigEndian.Uint16(question[len(question)-4:])) {
		return 0
	}
	for at := 0; name[at] != 0; {
		at += 1 + int(name[at])
		e, ok := w.engine.table.get(name[at:])
		if !ok {
			continue
		}
		if e.flags() != 0 || moves&1 != 0 || w.engine.moves.Load() != moves {
			return 0
		}
		return w.hotNegative(dst, question, name, e, wire.NXDomain, limit, counts)
	}
	return 0
}

// hotNegative answers that there is no such data, or no such name, in e's zone.
func (w *Worker) hotNegative(dst, question, name []byte, e entry, rcode wire.Rcode, limit int, counts uint64) int {
	z := (*w.engine.byID.Load())[e.zone()]
	if z == nil || rcode == wire.NXDomain && w.engine.doubtful(z) {
		return 0
	}
	neg := z.negative.Load()
	end := len(question)
	if end+len(neg.rr)+wire.OptLen > limit || !neg.fits(name) {
		return 0
	}
	copy(dst, question)
	n := len(neg.append(dst[:end], len(name)))
	putHeader(dst, binary.BigEndian.Uint16(question[2:]), rcode, 0, 1)
	w.counts.Rcodes[rcode].Add(1)
	return appendHotOpt(dst, n, counts)
}

// plainOpt reads what stands behind the question: an OPT record without
// options, of version 0, with no flag set. It returns how many octets the
// client takes of us; 0 when it is something else.
func plainOpt(b []byte) int {
	if len(b) != wire.OptLen || b[0] != 0 || binary.BigEndian.Uint16(b[1:]) != wire.TypeOPT {
		return 0
	}
	if b[6] != 0 || b[7]|b[8]|b[9]|b[10] != 0 { // b[5], the high bits of an RCODE, means nothing in a query
		return 0
	}
	return min(max(int(binary.BigEndian.Uint16(b[3:])), 512), udpSize)
}

// putHeader sets flags and counts; ID and QDCOUNT are the query's.
func putHeader(dst []byte, flags uint16, rcode wire.Rcode, answers, authority uint16) {
	flags = flags&wire.FlagRD | wire.FlagQR | wire.FlagAA | uint16(rcode)
	binary.BigEndian.PutUint16(dst[2:], flags)
	binary.BigEndian.PutUint32(dst[6:], uint32(answers)<<16|uint32(authority))
	binary.BigEndian.PutUint16(dst[10:], 0)
}

// hotOpt is our OPT record where the query's had no options.
const hotOpt = "\x00\x00\x29\x04\xd0\x00\x00\x00\x00\x00\x00"

func appendHotOpt(dst []byte, n int, counts uint64) int {
	if counts == oneQuestionAndOpt {
		n += copy(dst[n:], hotOpt)
		dst[11] = 1
	}
	return n
}
