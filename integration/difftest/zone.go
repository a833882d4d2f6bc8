package difftest

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
)

// record is a resource record in presentation form.
type record struct {
	owner name
	ttl   uint32 // seconds
	typ   string
	rdata string
}

func (r record) String() string { return fmt.Sprintf("%s %d IN %s %s", r.owner, r.ttl, r.typ, r.rdata) }

// zone is a zone as generated: all that stands in it may stand in a zone.
type zone struct {
	apex    name
	records []record
	types   map[string][]string // by owner's key: the types there
	ttls    map[string]uint32   // by owner's key and type
	hints   []name              // names worth asking for that the records do not show
	targets []name              // names that RDATA points to
}

func newZone(apex name) *zone {
	return &zone{apex: apex, types: map[string][]string{}, ttls: map[string]uint32{}}
}

// add adds a record unless the zone would no longer be valid with it, or longer
// than DNS allows. It tells whether the record is in.
func (z *zone) add(rng *rand.Rand, owner name, typ, rdata string) bool {
	if !z.fits(owner, typ) {
		return false
	}
	key := owner.key()
	id := key + typ
	ttl, ok := z.ttls[id]
	if !ok {
		ttl = []uint32{0, 1, 5, 60, 300, 3600, 86400, 2147483647}[rng.IntN(8)]
	}
	r := record{owner, ttl, typ, rdata}
	for _, other := range z.records {
		if other.typ == typ && other.owner.key() == key && strings.EqualFold(other.rdata, rdata) {
			return false
		}
	}
	z.ttls[id] = ttl
	z.records = append(z.records, r)
	if !slices.Contains(z.types[key], typ) {
		z.types[key] = append(z.types[key], typ)
	}
	return true
}

// fits says that a record of typ may stand at owner beside what is there.
func (z *zone) fits(owner name, typ string) bool {
	if owner.octets() > 255 || !owner.under(z.apex) {
		return false
	}
	for _, label := range owner {
		if len(label) > 63 {
			return false
		}
	}
	atApex := len(owner) == len(z.apex)
	there := z.types[owner.key()]
	has := func(typ string) bool { return slices.Contains(there, typ) }
	switch {
	case has("CNAME"): // RFC 1034 §3.6.2, RFC 2181 §10.1
		return false
	case typ == "CNAME" && (len(there) > 0 || atApex):
		return false
	case typ == "SOA" && (!atApex || has("SOA")):
		return false
	case typ == "DNAME" && (has("DNAME") || has("NS") && !atApex || owner.isWildcard()): // RFC 6672 §2.3, §2.4
		return false
	case typ == "NS" && (has("DNAME") && !atApex || owner.isWildcard()): // RFC 4592 §4.2
		return false
	case typ == "DS" && (atApex || !has("NS")):
		return false
	case typ == "DS" && len(owner) == len(z.apex)+1 && strings.HasPrefix(owner[0], "ns"):
		return false // one of the apex's name servers: BIND 9.18 takes the DS for the apex's
	}
	for up := owner; len(up) > len(z.apex); { // nothing below a DNAME (RFC 6672 §2.4)
		up = up.parent()
		if z.has(up, "DNAME") {
			return false
		}
	}
	if typ == "DNAME" {
		// Not near a child zone that is served, too: to NSD 4.6, whose zones share
		// one tree, the other zone's data would be below it.
		if len(z.apex) > len(apexOf(0)) || owner.under(z.apex.child("child")) {
			return false
		}
		for _, r := range z.records {
			if len(r.owner) > len(owner) && r.owner.under(owner) {
				return false
			}
		}
	}
	return true
}

func (z *zone) has(owner name, typ string) bool { return slices.Contains(z.types[owner.key()], typ) }

// text is the zone file. How it is laid out is chosen by rng: the same records
// relative or absolute, in one line or several, in any case.
func (z *zone) text(rng *rand.Rand) string {
	var b strings.Builder
	fmt.Fprintf(&b, "$ORIGIN %s\n$TTL 300\n", z.apex)
	var last string
	for _, r := range z.records {
		owner := r.owner.String()
		switch {
		case owner == last && rng.IntN(2) == 0:
			owner = ""
		case len(r.owner) > len(z.apex) && rng.IntN(2) == 0:
			owner = strings.TrimSuffix(r.owner[:len(r.owner)-len(z.apex)].String(), ".")
		case len(r.owner) == len(z.apex) && rng.IntN(2) == 0:
			owner = "@"
		}
		last = r.owner.String()
		class := []string{"IN ", "", "in "}[rng.IntN(3)]
		switch {
		case r.typ == "SOA":
			words := strings.Fields(r.rdata)
			fmt.Fprintf(&b, "%s %d %s%s %s %s ( ; serial and times\n\t%s )\n", owner, r.ttl, class, r.typ, words[0], words[1], strings.Join(words[2:], "\n\t"))
		default:
			fmt.Fprintf(&b, "%s %d %s%s %s\n", owner, r.ttl, class, r.typ, r.rdata)
		}
	}
	return b.String()
}
