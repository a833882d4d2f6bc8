package transfer

import (
	"errors"
	"fmt"
	"iter"

	"github.com/fedns/fedns/dnsserver/zone"
)

// Zone is what is transferred.
type Zone struct {
	Snapshot *zone.Snapshot
	// Journal has the steps that led to the Snapshot; nil: every transfer is whole.
	Journal *Journal
	// Signed is what an AXFR of a signed zone sends, the apex's SOA first, its
	// closing SOA left out; it may be ranged over more than once. Transfers of such
	// a zone are whole. Nil: the zone is not signed.
	Signed iter.Seq2[zone.RRset, error]
	// Provisional says that records may be missing that the zone had before, at its
	// last start. A secondary keeps what it has: it is told that this is current, by
	// an SOA of its own serial, and SERVFAIL if it asks for the whole zone. Refused an
	// IXFR, BIND 9.18 would forget a NOTIFY that comes within half a second.
	Provisional bool
}

// Kind is how a transfer was answered.
type Kind uint8

// The kinds.
const (
	// Refused is an answer that has an RCODE and no records.
	Refused Kind = iota
	// Current is the SOA alone: the client has the zone (RFC 1995 §2), or is to ask by TCP.
	Current
	// Differences are steps (RFC 1995 §4).
	Differences
	// Whole is the zone (RFC 5936).
	Whole
)

// String is a word for logs and metrics.
func (k Kind) String() string {
	return [...]string{"refused", "current", "differences", "whole"}[k]
}

// sequence is the records of an answer, in order. An error ends it.
type sequence = iter.Seq2[record, error]

// soa is the SOA that a transfer begins and ends with.
func (z Zone) soa() (zone.RRset, error) {
	if z.Signed == nil {
		soa, _ := z.Snapshot.Lookup(z.Snapshot.Apex(), zone.TypeSOA)
		return soa, nil
	}
	for r, err := range z.Signed {
		if err == nil && r.Key() != (zone.Key{Owner: z.Snapshot.Apex(), Type: zone.TypeSOA}) {
			err = fmt.Errorf("begins with %s, not with its SOA", r)
		}
		if err != nil {
			return zone.RRset{}, fmt.Errorf("signed zone %s: %w", z.Snapshot.Apex(), err)
		}
		return r, nil
	}
	return zone.RRset{}, fmt.Errorf("signed zone %s: %w", z.Snapshot.Apex(), errors.New("is empty"))
}

// differences decides how a client that has the zone at a serial is answered,
// cur being the zone's. Steps are those to send, if it is Differences.
func (z Zone) differences(cur, serial uint32) (k Kind, steps []*Step) {
	if serial == cur || zone.SerialLess(cur, serial) {
		return Current, nil
	}
	if z.Journal == nil || z.Signed != nil {
		return Whole, nil
	}
	steps, ok := z.Journal.Since(serial)
	if !ok {
		return Whole, nil
	}
	// The Journal may be ahead of the Snapshot.
	for len(steps) > 0 && steps[len(steps)-1].To != cur {
		steps = steps[:len(steps)-1]
	}
	if len(steps) == 0 {
		return Whole, nil
	}
	if z.worthIt(steps) {
		return Differences, steps
	}
	if steps = []*Step{condense(steps)}; z.worthIt(steps) {
		return Differences, steps
	}
	return Whole, nil
}

// worthIt says that steps have no more records than the zone.
func (z Zone) worthIt(steps []*Step) bool {
	n := 0
	for _, s := range steps {
		n += s.Records()
	}
	return n <= z.Snapshot.Records()
}

// sequence yields an answer's records; soa is the zone's.
func (z Zone) sequence(k Kind, soa zone.RRset, steps []*Step) sequence {
	switch k {
	case Current:
		return single(soa)
	case Differences:
		return incremental(soa, steps)
	}
	return z.whole(soa)
}

func single(soa zone.RRset) sequence {
	return func(yield func(record, error) bool) { yieldAll(soa, yield) }
}

// incremental is the form of RFC 1995 §4: each step as its old SOA, what it
// deletes, its new SOA, what it adds; the current SOA around all of them.
func incremental(soa zone.RRset, steps []*Step) sequence {
	return func(yield func(record, error) bool) {
		if !yieldAll(soa, yield) {
			return
		}
		for _, s := range steps {
			if !yieldAll(s.SOAFrom, yield) || !yieldPacked(s.deleted, yield) ||
				!yieldAll(s.SOATo, yield) || !yieldPacked(s.added, yield) {
				return
			}
		}
		yieldAll(soa, yield)
	}
}

// whole is the form of RFC 5936 §2.2: all records, the SOA before and behind.
func (z Zone) whole(soa zone.RRset) sequence {
	return func(yield func(record, error) bool) {
		if z.Signed == nil {
			if !yieldAll(soa, yield) {
				return
			}
			for r := range z.Snapshot.All() {
				if r.Key() != soa.Key() && !yieldAll(r, yield) {
					return
				}
			}
		} else {
			for r, err := range z.Signed {
				if err != nil {
					yield(record{}, fmt.Errorf("signed zone %s: %w", z.Snapshot.Apex(), err))
					return
				}
				if !yieldAll(r, yield) {
					return
				}
			}
		}
		yieldAll(soa, yield)
	}
}

func yieldAll(r zone.RRset, yield func(record, error) bool) bool {
	for rec := range records(r) {
		if !yield(rec, nil) {
			return false
		}
	}
	return true
}

func yieldPacked(packed string, yield func(record, error) bool) bool {
	for r := range each(packed) {
		if !yield(unpack(r), nil) {
			return false
		}
	}
	return true
}
