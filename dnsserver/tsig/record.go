package tsig

import (
	"encoding/binary"
	"hash"
	"time"

	"github.com/fedns/fedns/dnsserver/dnsname"
)

const (
	headerLen = 12
	typeTSIG  = 250 // RFC 8945 §4.2
	classANY  = 255
	// fudge is how many seconds clocks may be apart (RFC 8945 §10 recommends 300).
	fudge = 300
)

// record is a TSIG record (RFC 8945 §4.2).
type record struct {
	key, alg dnsname.Name
	time     uint64 // seconds since 1970, 48 bits
	fudge    uint16 // seconds
	mac      []byte
	id       uint16 // the message's original one
	err      Code
	other    []byte
}

// locate finds where msg's TSIG record begins; -1 when it has none, or cannot
// be walked that far. Proper is false unless the record is the last of the
// additional section and the message's end (§5.1), and the only one.
func locate(msg []byte) (at int, proper bool) {
	if len(msg) < headerLen {
		return -1, true
	}
	u16 := binary.BigEndian.Uint16
	next := headerLen
	var ok bool
	for range u16(msg[4:]) {
		if next, ok = skipName(msg, next); !ok || next+4 > len(msg) {
			return -1, true
		}
		next += 4
	}
	additional := int(u16(msg[6:])) + int(u16(msg[8:]))
	count := additional + int(u16(msg[10:]))
	for i := range count {
		start := next
		if next, ok = skipName(msg, next); !ok || next+10 > len(msg) {
			return -1, true
		}
		typ := u16(msg[next:])
		next += 10 + int(u16(msg[next+8:]))
		if next > len(msg) {
			return -1, typ != typeTSIG
		}
		if typ == typeTSIG {
			return start, i >= additional && i == count-1 && next == len(msg)
		}
	}
	return -1, true
}

// skipName steps over a name in a message; a pointer ends it.
func skipName(msg []byte, at int) (int, bool) {
	for at < len(msg) {
		switch l := int(msg[at]); {
		case l == 0:
			return at + 1, true
		case l <= dnsname.MaxLabel:
			at += 1 + l
		case l >= 0xC0 && at+2 <= len(msg):
			return at + 2, true
		default:
			return 0, false
		}
	}
	return 0, false
}

// readName reads the name at an offset, which may be compressed: pointers lead backwards (RFC 1035 §4.1.4).
func readName(msg []byte, at int) (name dnsname.Name, next int, ok bool) {
	next, ok = skipName(msg, at)
	if !ok {
		return dnsname.Name{}, 0, false
	}
	var wire []byte
	for start := at; len(wire) < dnsname.MaxWire && at < len(msg); {
		l := int(msg[at])
		switch {
		case l >= 0xC0:
			if at+1 >= len(msg) {
				return dnsname.Name{}, 0, false
			}
			to := (l&0x3f)<<8 | int(msg[at+1])
			if to >= start || to < headerLen {
				return dnsname.Name{}, 0, false
			}
			at, start = to, to
			continue
		case l > dnsname.MaxLabel || at+1+l > len(msg):
			return dnsname.Name{}, 0, false
		}
		wire = append(wire, msg[at:at+1+l]...)
		at += 1 + l
		if l == 0 {
			n, _, err := dnsname.FromWire(wire)
			return n, next, err == nil
		}
	}
	return dnsname.Name{}, 0, false
}

// parse reads the TSIG record that msg ends with. Its slices are msg's.
func parse(msg []byte, at int) (r record, ok bool) {
	if r.key, at, ok = readName(msg, at); !ok {
		return r, false
	}
	// §4.2: class ANY, TTL 0. What comes first was checked by locate.
	if binary.BigEndian.Uint16(msg[at+2:]) != classANY || binary.BigEndian.Uint32(msg[at+4:]) != 0 {
		return r, false
	}
	if r.alg, at, ok = readName(msg, at+10); !ok {
		return r, false
	}
	b := msg[at:]
	if len(b) < 10 {
		return r, false
	}
	r.time = uint64(binary.BigEndian.Uint16(b))<<32 | uint64(binary.BigEndian.Uint32(b[2:]))
	r.fudge = binary.BigEndian.Uint16(b[6:])
	if r.mac, b, ok = cut(b[8:]); !ok || len(b) < 6 {
		return r, false
	}
	r.id, r.err = binary.BigEndian.Uint16(b), Code(binary.BigEndian.Uint16(b[2:]))
	r.other, b, ok = cut(b[4:])
	return r, ok && len(b) == 0
}

// cut parts octets that stand behind their number.
func cut(b []byte) (head, rest []byte, ok bool) {
	n := 2 + int(binary.BigEndian.Uint16(b))
	if n > len(b) {
		return nil, nil, false
	}
	return b[2:n], b[n:], true
}

// append writes the record behind a message.
func (r *record) append(dst []byte) []byte {
	dst = append(dst, r.key.Wire()...)
	dst = append(dst, 0, typeTSIG, 0, classANY, 0, 0, 0, 0)
	dst = binary.BigEndian.AppendUint16(dst, uint16(len(r.alg.Wire())+16+len(r.mac)+len(r.other)))
	dst = append(dst, r.alg.Wire()...)
	dst = append48(dst, r.time)
	dst = binary.BigEndian.AppendUint16(dst, r.fudge)
	dst = binary.BigEndian.AppendUint16(dst, uint16(len(r.mac)))
	dst = append(dst, r.mac...)
	dst = binary.BigEndian.AppendUint16(dst, r.id)
	dst = binary.BigEndian.AppendUint16(dst, uint16(r.err))
	dst = binary.BigEndian.AppendUint16(dst, uint16(len(r.other)))
	return append(dst, r.other...)
}

// digest is the whole MAC of a message without its TSIG record, whose header
// shows the original ID. Prior is the MAC before it, if any; timers leaves out
// what the first message of an answer has told (§4.3, §5.3.1).
func (r *record) digest(k *key, prior, msg []byte, timers bool) []byte {
	h := k.hash()
	if len(prior) > 0 {
		write16(h, len(prior))
		h.Write(prior)
	}
	h.Write(msg)
	var b []byte
	if !timers {
		b = append(b, r.key.Wire()...)
		b = append(b, 0, classANY, 0, 0, 0, 0)
		b = append(b, r.alg.Wire()...)
	}
	b = binary.BigEndian.AppendUint16(append48(b, r.time), r.fudge)
	if !timers {
		b = binary.BigEndian.AppendUint16(b, uint16(r.err))
		b = binary.BigEndian.AppendUint16(b, uint16(len(r.other)))
		b = append(b, r.other...)
	}
	h.Write(b)
	return h.Sum(nil)
}

func write16(h hash.Hash, n int) { h.Write([]byte{byte(n >> 8), byte(n)}) }

func append48(dst []byte, v uint64) []byte {
	return binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint16(dst, uint16(v>>32)), uint32(v))
}

// seconds is the time as TSIG records tell it.
func seconds(now time.Time) uint64 { return uint64(max(now.Unix(), 0)) }

// near says that the record was signed within its fudge of now (§5.2.3).
func (r *record) near(now time.Time) bool {
	d := int64(seconds(now)) - int64(r.time)
	return max(d, -d) <= int64(r.fudge)
}
