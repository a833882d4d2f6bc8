package zone

import (
	"encoding/binary"
	"iter"
	"slices"
	"strings"

	"github.com/fedns/fedns/dnsserver/dnsname"
)

// MaxRDATA is the longest RDATA in octets (RFC 1035 §3.2.1: a 16-bit length).
const MaxRDATA = 65535

// Key names an RRset within a zone.
type Key struct {
	Owner dnsname.Name
	Type  uint16
}

// RRset is all records of one owner name and type; the class is always IN. It
// is an immutable value: copying is cheap, == compares content.
//
// RDATA is held in canonical form (RFC 4034 §6.2: names lower case and
// uncompressed), in canonical order (§6.3) and without duplicates.
type RRset struct {
	Owner dnsname.Name
	Type  uint16
	// Stale says that nobody can vouch for the records at present: they are answered
	// as last known (RFC 8767), and marked so to clients that understand it. It is no
	// part of what is transferred.
	Stale bool
	TTL   uint32 // seconds
	rdata string // each RDATA behind its length as a uvarint
}

// NewRRset sorts rdatas and drops duplicates. The RDATA must be canonical
// already, as the functions of this package and zonefile make it. rdatas is
// reordered in place; its elements are copied.
func NewRRset(owner dnsname.Name, typ uint16, ttl uint32, rdatas ...string) RRset {
	slices.Sort(rdatas)
	rdatas = slices.Compact(rdatas)
	var number [binary.MaxVarintLen64]byte
	size := 0
	for _, d := range rdatas {
		size += binary.PutUvarint(number[:], uint64(len(d))) + len(d)
	}
	var packed strings.Builder // its string is what was written, not a copy
	packed.Grow(size)
	for _, d := range rdatas {
		packed.Write(number[:binary.PutUvarint(number[:], uint64(len(d)))])
		packed.WriteString(d)
	}
	return RRset{Owner: owner, Type: typ, TTL: ttl, rdata: packed.String()}
}

// Key is the RRset's key.
func (r RRset) Key() Key { return Key{r.Owner, r.Type} }

// IsEmpty says that there is no record in the RRset, which therefore does not exist.
func (r RRset) IsEmpty() bool { return r.rdata == "" }

// Len counts the records.
func (r RRset) Len() int {
	n := 0
	for range r.RDATA() {
		n++
	}
	return n
}

// RDATA yields each record's RDATA in canonical order.
func (r RRset) RDATA() iter.Seq[string] {
	return func(yield func(string) bool) {
		for rest := r.rdata; rest != ""; {
			var d string
			d, rest = cutRDATA(rest)
			if !yield(d) {
				return
			}
		}
	}
}

// First is the first record's RDATA; empty when there is none.
func (r RRset) First() string {
	if r.rdata == "" {
		return ""
	}
	d, _ := cutRDATA(r.rdata)
	return d
}

// With is r with rdatas added; r's TTL and Stale stay.
func (r RRset) With(rdatas ...string) RRset {
	all := slices.AppendSeq(slices.Clone(rdatas), r.RDATA())
	return r.like(all)
}

// like is r with other RDATA.
func (r RRset) like(rdatas []string) RRset {
	n := NewRRset(r.Owner, r.Type, r.TTL, rdatas...)
	n.Stale = r.Stale
	return n
}

// Without is r with rdatas taken out; it may become empty.
func (r RRset) Without(rdatas ...string) RRset {
	var left []string
	for d := range r.RDATA() {
		if !slices.Contains(rdatas, d) {
			left = append(left, d)
		}
	}
	return r.like(left)
}

// String shows owner, TTL, type number and record count, for logs and failing tests.
func (r RRset) String() string {
	var b strings.Builder
	b.WriteString(r.Owner.String())
	b.WriteByte(' ')
	b.WriteString(TypeString(r.Type))
	for d := range r.RDATA() {
		b.WriteByte(' ')
		b.WriteString(RDATAString(r.Type, d))
	}
	return b.String()
}

// cutRDATA parts the first RDATA from the rest of a packed list.
func cutRDATA(packed string) (first, rest string) {
	size, n := uvarint(packed)
	return packed[n : n+size], packed[n+size:]
}

// uvarint is binary.Uvarint on a string that this package packed itself.
func uvarint(s string) (v, n int) {
	if s[0] < 0x80 {
		return int(s[0]), 1
	}
	shift := 0
	for {
		c := s[n]
		n++
		v |= int(c&0x7f) << shift
		if c < 0x80 {
			return v, n
		}
		shift += 7
	}
}
