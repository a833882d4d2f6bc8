package wire

import (
	"encoding/binary"

	"github.com/fedns/fedns/dnsserver/dnsname"
)

// Section is one of the three parts of a message that hold records.
type Section int

// The sections, as their counts follow each other in the header.
const (
	AnswerSection Section = iota
	Authority
	Additional
)

// maxTargets is how many places names can be compressed to. It bounds what
// compression costs; answers past it get larger, not wrong.
const maxTargets = 96

// Writer composes a message into a buffer it does not own. Names are compressed
// (RFC 1035 §4.1.4) against the question and what was written before. A Writer
// that ran out of room stays so until Begin.
type Writer struct {
	buf     []byte
	room    int // octets the message may have, less what was reserved
	full    bool
	targets [maxTargets]uint16 // offsets of labels in buf that a pointer may point to
	known   int
}

// Begin starts the answer to q in buf: header, and the question as it was
// spelled in msg. Room is the most octets the message may have.
func (w *Writer) Begin(buf, msg []byte, q *Query, room int) {
	end := q.QuestionEnd()
	w.room, w.full, w.known = min(room, cap(buf)), false, 0
	w.buf = append(buf[:0], msg[:end]...)
	clear(w.buf[4:HeaderLen])
	if end > HeaderLen {
		putU16(w.buf, 4, 1)
		w.remember(HeaderLen)
	}
}

// SetFlags sets the header's flags and the low bits of rcode.
func (w *Writer) SetFlags(flags uint16, rcode Rcode) { putU16(w.buf, 2, flags|uint16(rcode&15)) }

// Reserve keeps n octets free for what Opt will write.
func (w *Writer) Reserve(n int) { w.room -= n }

// Clear takes all records out again.
func (w *Writer) Clear(q *Query) {
	w.buf = w.buf[:q.QuestionEnd()]
	clear(w.buf[6:HeaderLen])
	w.full = false
}

// MarkTruncated sets TC (RFC 2181 §9).
func (w *Writer) MarkTruncated() { putU16(w.buf, 2, u16(w.buf, 2)|FlagTC) }

// Room is how many octets more the message may have.
func (w *Writer) Room() int { return w.room - len(w.buf) }

// Full says that something did not fit.
func (w *Writer) Full() bool { return w.full }

// Message is what was written so far.
func (w *Writer) Message() []byte { return w.buf }

// Count is how many records a section has.
func (w *Writer) Count(s Section) int { return int(u16(w.buf, 6+2*int(s))) }

// Record writes one record of class IN. It writes all of it or, when there is
// no room, nothing, and says so.
func (w *Writer) Record(s Section, owner dnsname.Name, typ uint16, ttl uint32, rdata string) bool {
	return w.ClassRecord(s, owner, typ, ClassIN, ttl, rdata)
}

// ClassRecord is Record for any class.
func (w *Writer) ClassRecord(s Section, owner dnsname.Name, typ, class uint16, ttl uint32, rdata string) bool {
	if w.full {
		return false
	}
	before, known := w.buf, w.known
	w.name(owner.Wire())
	var fixed [10]byte
	putU16(fixed[:], 0, typ)
	putU16(fixed[:], 2, class)
	binary.BigEndian.PutUint32(fixed[4:], ttl)
	w.buf = append(w.buf, fixed[:]...)
	at := len(w.buf)
	w.rdata(typ, rdata)
	if len(w.buf) > w.room || len(w.buf)-at > 0xffff {
		w.buf, w.known, w.full = before, known, true
		return false
	}
	if cap(w.buf) != cap(before) { // what fits in the end did not while it was written: back to the caller's buffer
		w.buf = append(before, w.buf[len(before):]...)
	}
	putU16(w.buf, at-2, uint16(len(w.buf)-at))
	count := 6 + 2*int(s)
	putU16(w.buf, count, u16(w.buf, count)+1)
	return true
}

// Mark is a place to Rewind to.
type Mark struct {
	size, known int
	counts      [6]byte
	full        bool
}

// Mark notes what was written so far.
func (w *Writer) Mark() Mark {
	return Mark{len(w.buf), w.known, [6]byte(w.buf[6:HeaderLen]), w.full}
}

// Rewind takes out what was written since m was noted, and whether it fitted.
func (w *Writer) Rewind(m Mark) {
	w.buf, w.known, w.full = w.buf[:m.size], m.known, m.full
	copy(w.buf[6:], m.counts[:])
}

// rdata writes RDATA. Names in it are compressed for the types of RFC 1035
// only: receivers need not know the form of any other (RFC 3597 §4).
func (w *Writer) rdata(typ uint16, rdata string) {
	const ns, cname, soa, ptr, mx = 2, 5, 6, 12, 15
	switch typ {
	case ns, cname, ptr:
		w.name(rdata)
	case mx:
		w.buf = append(w.buf, rdata[:2]...)
		w.name(rdata[2:])
	case soa:
		m := nameLen(rdata)
		r := m + nameLen(rdata[m:])
		w.name(rdata[:m])
		w.name(rdata[m:r])
		w.buf = append(w.buf, rdata[r:]...)
	default:
		w.buf = append(w.buf, rdata...)
	}
}

func nameLen(wire string) int {
	n := 0
	for wire[n] != 0 {
		n += 1 + int(wire[n])
	}
	return n + 1
}

// name writes a name, as short as what was written before allows.
func (w *Writer) name(wire string) {
	start := len(w.buf)
	for i := 0; wire[i] != 0; i += 1 + int(wire[i]) {
		if at, ok := w.find(wire[i:]); ok {
			w.buf = append(w.buf, wire[:i]...)
			w.buf = append(w.buf, 0xC0|byte(at>>8), byte(at))
			w.remember(start)
			return
		}
	}
	w.buf = append(w.buf, wire...)
	w.remember(start)
}

// find looks for a place where wire stands already.
func (w *Writer) find(wire string) (uint16, bool) {
	for _, at := range w.targets[:w.known] {
		if w.sameName(int(at), wire) {
			return at, true
		}
	}
	return 0, false
}

// sameName compares the name at an offset, pointers followed, case not looked at, with a lower-case one.
func (w *Writer) sameName(at int, wire string) bool {
	for {
		l := w.buf[at]
		if l >= 0xC0 {
			at = int(l&0x3f)<<8 | int(w.buf[at+1])
			continue
		}
		if l != wire[0] {
			return false
		}
		if l == 0 {
			return true
		}
		n := 1 + int(l)
		for i := 1; i < n; i++ {
			c := w.buf[at+i]
			if 'A' <= c && c <= 'Z' {
				c += 'a' - 'A'
			}
			if c != wire[i] {
				return false
			}
		}
		at, wire = at+n, wire[n:]
	}
}

// remember notes the labels of the name at an offset as places to point to.
func (w *Writer) remember(at int) {
	for w.known < maxTargets && at < 0x4000 {
		l := w.buf[at]
		if l == 0 || l >= 0xC0 {
			return
		}
		w.targets[w.known] = uint16(at)
		w.known++
		at += 1 + int(l)
	}
}

// Opt writes the OPT record of a response (RFC 6891 §6.1.2) into the octets
// that were reserved for it: our UDP payload size, the high bits of rcode,
// version 0, the DO bit as it was asked.
func (w *Writer) Opt(size uint16, rcode Rcode, do bool, options []byte) {
	w.buf = AppendOpt(w.buf, size, rcode, do, options)
	putU16(w.buf, 10, u16(w.buf, 10)+1)
}

// AppendOpt appends an OPT record to a message, whose ARCOUNT the caller counts up.
func AppendOpt(dst []byte, size uint16, rcode Rcode, do bool, options []byte) []byte {
	var opt [OptLen]byte
	putU16(opt[:], 1, TypeOPT)
	putU16(opt[:], 3, size)
	opt[5] = byte(rcode >> 4)
	if do {
		putU16(opt[:], 7, FlagDO)
	}
	putU16(opt[:], 9, uint16(len(options)))
	return append(append(dst, opt[:]...), options...)
}
