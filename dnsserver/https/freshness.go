package https

import "encoding/binary"

// A message's header, and what of it counts here (RFC 1035 §4.1.1).
const (
	headerLen   = 12
	flagQR      = 1 << 15
	opcodeMask  = 0xf << 11
	flagTC      = 1 << 9
	rcodeMask   = 0xf
	nxDomain    = 3
	typeSOA     = 6
	recordFixed = 10 // octets of a record between its owner name and its RDATA
)

// freshness is how many seconds an answer may be kept by an HTTP cache: the
// smallest TTL of its answer section and, for a negative answer, the smaller of
// the SOA's TTL and its MINIMUM (RFC 8484 §5.1, RFC 2308 §5). It is false for
// what says nothing that lasts: errors, referrals, truncated and broken messages.
func freshness(message []byte) (seconds uint32, ok bool) {
	if len(message) < headerLen {
		return 0, false
	}
	flags := binary.BigEndian.Uint16(message[2:])
	if rcode := flags & rcodeMask; flags&flagQR == 0 || flags&(opcodeMask|flagTC) != 0 || rcode != 0 && rcode != nxDomain {
		return 0, false
	}
	count := func(at int) int { return int(binary.BigEndian.Uint16(message[at:])) }
	at := headerLen
	for range count(4) {
		if at = skipName(message, at); at < 0 || at+4 > len(message) {
			return 0, false
		}
		at += 4
	}
	answers := count(6)
	seconds = 1<<32 - 1
	for i := range answers + count(8) {
		var r record
		if r, at = readRecord(message, at); at < 0 {
			return 0, false
		}
		switch {
		case i < answers:
			seconds, ok = min(seconds, r.ttl), true
		case r.kind == typeSOA:
			minimum, whole := soaMinimum(message[:at], r.data)
			if !whole {
				return 0, false
			}
			seconds, ok = min(seconds, r.ttl, minimum), true
		}
	}
	return seconds, ok
}

// record is a resource record without its owner name.
type record struct {
	kind uint16
	ttl  uint32 // seconds
	data int    // offset of its RDATA
}

// readRecord reads the record at an offset and yields the one behind it; less
// than 0 when the message ends before.
func readRecord(message []byte, at int) (record, int) {
	at = skipName(message, at)
	if at < 0 || at+recordFixed > len(message) {
		return record{}, -1
	}
	r := record{binary.BigEndian.Uint16(message[at:]), lasting(binary.BigEndian.Uint32(message[at+4:])), at + recordFixed}
	end := r.data + int(binary.BigEndian.Uint16(message[at+8:]))
	if end > len(message) {
		return record{}, -1
	}
	return r, end
}

// soaMinimum is the last field of an SOA's RDATA, which is all that comes at an
// offset: two names and five numbers (RFC 1035 §3.3.13). It is false when there
// is less, or more.
func soaMinimum(message []byte, at int) (seconds uint32, whole bool) {
	for range 2 {
		if at = skipName(message, at); at < 0 {
			return 0, false
		}
	}
	if len(message) != at+5*4 {
		return 0, false
	}
	return lasting(binary.BigEndian.Uint32(message[at+4*4:])), true
}

// skipName yields the offset behind the name at an offset; less than 0 when the
// message ends before. Where a compression pointer leads does not matter.
func skipName(message []byte, at int) int {
	for at < len(message) {
		switch size := int(message[at]); {
		case size == 0:
			return at + 1
		case size >= 0xc0:
			if at+2 > len(message) {
				return -1
			}
			return at + 2
		case size >= 0x40:
			return -1 // reserved (RFC 1035 §4.1.4)
		default:
			at += 1 + size
		}
	}
	return -1
}

// lasting is a TTL as it is meant: with its first bit set it is 0 (RFC 2181 §8).
func lasting(ttl uint32) uint32 {
	if ttl >= 1<<31 {
		return 0
	}
	return ttl
}
