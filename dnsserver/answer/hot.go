package answer

import (
	"encoding/binary"
	"net/netip"

	"github.com/fedns/fedns/dnsserver/policy"
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

// hot answers a query that needs a look-up and a copy, or is as plain and has to be
// looked up in the zone, and returns 0 for every other one.
func (w *Worker) hot(dst, msg []byte, p *policy.Policy, client netip.Addr) int {
	name, hash, end := w.question(msg)
	if end == 0 || len(dst) < udpSize {
		return 0
	}
	flags := binary.BigEndian.Uint16(msg[2:])
	counts := binary.BigEndian.Uint64(msg[4:])
	if flags&^flagsPlain != 0 {
		return 0
	}
	end += 4
	if msg[end-2] != 0 || msg[end-1] != byte(wire.ClassIN) {
		return 0
	}
	o := plainOpt{limit: 512}
	if counts == oneQuestionAndOpt {
		if !o.read(msg[end:]) {
			return 0
		}
		if p.Cookies == nil {
			o.cookie = nil
		}
	} else if len(msg) != end {
		return 0
	}
	if w.room == MaxStream {
		o.limit = MaxStream
	}
	o.limit -= o.responseLen()
	w.query.Type = binary.BigEndian.Uint16(msg[end-4:])
	moves := w.engine.moves.Load()
	e, ok := w.engine.table.lookup(name, hash)
	n := 0
	if !ok {
		n = w.hotMissing(dst, msg[:end], name, hash, &o, moves)
	} else {
		n = w.hotFound(dst, msg[:end], name, e, &o)
	}
	if n > 0 && counts == oneQuestionAndOpt {
		n = w.appendHotOpt(dst, n, &o, p, client)
	}
	return n
}

// hotFound answers for a name from its entry.
func (w *Worker) hotFound(dst, question, name []byte, e entry, o *plainOpt) int {
	if e.flags()&flagSlow != 0 || oddType(w.query.Type) {
		return 0
	}
	rrs, records, found := e.answer(w.query.Type)
	if !found {
		return w.hotNegative(dst, question, name, e.zone(), wire.NoError, o)
	}
	if o.do != 0 && w.engine.signs(e.zone()) {
		return 0
	}
	end := len(question)
	if records == 0 || end+len(rrs) > o.limit {
		return 0
	}
	copy(dst, question)
	n := end + copy(dst[end:], rrs)
	w.putHeader(dst, question, wire.NoError, records, 0, e.zone())
	return n
}

// oddType says that a type has rules of its own: questions only (RFC 6895
// §3.1), answered by the zone above (DS), or in bitmaps only (NXNAME).
func oddType(typ uint16) bool {
	return typ >= 249 && typ <= 255 || typ == zone.TypeDS || typ == typeNXNAME
}

// hotMissing answers for a name that has no entry. If it does not exist, and the
// closest name above it that does has an entry that allows, and no name has moved
// since moves was read, that is said; else the zone is looked into.
func (w *Worker) hotMissing(dst, question, name []byte, hash uint64, o *plainOpt, moves uint64) int {
	if w.engine.census.may(hash) {
		w.engine.wanted.add(name, hash)
		return w.warm(dst, question, name, o)
	}
	if oddType(w.query.Type) {
		return 0
	}
	for at := 0; name[at] != 0; {
		at += 1 + int(name[at])
		above := name[at:]
		hash := w.engine.table.hash(above)
		e, ok := w.engine.table.lookup(above, hash)
		switch {
		case ok && (e.flags()&^flagKept != 0 || moves&1 != 0 || w.engine.moves.Load() != moves):
			return 0
		case ok:
			return w.hotNegative(dst, question, name, e.zone(), wire.NXDomain, o)
		case w.engine.census.may(hash):
			w.engine.wanted.add(above, hash)
			return w.warm(dst, question, name, o)
		}
	}
	return 0
}

// hotNegative answers that there is no such data, or no such name, in a zone.
func (w *Worker) hotNegative(dst, question, name []byte, id uint32, rcode wire.Rcode, o *plainOpt) int {
	z := (*w.engine.byID.Load())[id]
	if z == nil || rcode == wire.NXDomain && z.provisional.Load() || o.do != 0 && z.signer.Load() != nil {
		return 0
	}
	neg := z.negative.Load()
	end := len(question)
	if end+len(neg.rr) > o.limit || !neg.fits(name) {
		return 0
	}
	copy(dst, question)
	n := len(neg.append(dst[:end], len(name)))
	w.putHeader(dst, question, rcode, 0, 1, z.id)
	return n
}

// putHeader sets flags and counts; ID and QDCOUNT are the query's.
func (w *Worker) putHeader(dst, question []byte, rcode wire.Rcode, answers, authority uint16, zone uint32) {
	flags := binary.BigEndian.Uint16(question[2:])&wire.FlagRD | wire.FlagQR | wire.FlagAA | w.ra | uint16(rcode)
	binary.BigEndian.PutUint16(dst[2:], flags)
	binary.BigEndian.PutUint32(dst[6:], uint32(answers)<<16|uint32(authority))
	binary.BigEndian.PutUint16(dst[10:], 0)
	w.zone = int64(zone)
	w.counts.Rcodes[rcode].Add(1)
}
