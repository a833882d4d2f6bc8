package zonefile

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/fedns/fedns/dnsserver/dnsname"
	"github.com/fedns/fedns/dnsserver/zone"
)

// assemble makes RRsets of records. It returns an error for each RRset that can
// have one record and has more.
func assemble(apex dnsname.Name, records []record) (*Set, []error) {
	// What is sorted is indexes: records are large, and an index also keeps
	// those of one RRset in the order of the files.
	order := make([]int32, len(records))
	for i := range order {
		order[i] = int32(i)
	}
	slices.SortFunc(order, func(a, b int32) int {
		x, y := &records[a], &records[b]
		if c := strings.Compare(x.key, y.key); c != 0 {
			return c
		}
		if c := cmp.Compare(x.typ, y.typ); c != 0 {
			return c
		}
		return cmp.Compare(a, b)
	})
	s := &Set{Apex: apex}
	var errs []error
	var same []*record // the records of one RRset
	var rdatas []string
	for i := 0; i < len(order); {
		same, rdatas = same[:0], rdatas[:0]
		first := &records[order[i]]
		for ; i < len(order); i++ {
			r := &records[order[i]]
			if r.typ != first.typ || r.key != first.key {
				break
			}
			same, rdatas = append(same, r), append(rdatas, r.rdata)
		}
		if err := single(same); err != nil {
			errs = append(errs, err)
		}
		s.RRsets = append(s.RRsets, zone.NewRRset(first.owner, first.typ, s.lowestTTL(same), rdatas...))
		s.at = append(s.at, first.pos)
	}
	return s, errs
}

// singles are the types of which a name has one record at most.
var singles = map[uint16]string{
	zone.TypeSOA:   "one SOA (RFC 1035 §5.2)",
	zone.TypeCNAME: "one CNAME (RFC 2181 §10.1)",
	zone.TypeDNAME: "one DNAME (RFC 6672 §2.4)",
}

// single refuses an RRset of one of these types with records that differ.
func single(records []*record) error {
	first := records[0]
	want, ok := singles[first.typ]
	if !ok {
		return nil
	}
	for _, r := range records {
		if r.rdata != first.rdata {
			return &Error{
				Pos: r.pos, Owner: r.owner.String(), Type: typeName(r.typ),
				Problem: fmt.Sprintf("another one is at %s", first.pos), Want: want,
			}
		}
	}
	return nil
}

// lowestTTL is what an RRset whose records differ in TTL gets (RFC 2181 §5.2).
func (s *Set) lowestTTL(records []*record) uint32 {
	first := records[0]
	lowest := first.ttl
	var odd *record
	for _, r := range records {
		if r.ttl != first.ttl && odd == nil {
			odd = r
		}
		lowest = min(lowest, r.ttl)
	}
	if odd != nil {
		s.Warnings = append(s.Warnings, &Error{
			Pos: odd.pos, Owner: odd.owner.String(), Type: typeName(odd.typ),
			Problem: fmt.Sprintf("TTL %d, but %d at %s; all get %d", odd.ttl, first.ttl, first.pos, lowest),
			Want:    "one TTL in an RRset (RFC 2181 §5.2)",
		})
	}
	return lowest
}
