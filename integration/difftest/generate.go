package difftest

import (
	"fmt"
	"math/rand/v2"
	"strings"
)

// nestedEvery is how many zones stand between two that have a child zone served
// beside them.
const nestedEvery = 12

// apexOf is the apex of the zone with this number.
func apexOf(i int) name { return name{fmt.Sprintf("z%05d", i), "test"} }

// nestedApex is the apex of the child zone of zone i.
func nestedApex(i int) name { return apexOf(i).child("child") }

// random is the source of everything about one zone, so that a zone can be made again by itself.
func random(seed uint64, i int, what string) *rand.Rand {
	return rand.New(rand.NewPCG(seed, uint64(i)<<8|uint64(what[0])))
}

// generate makes n zones, some of which are children of others.
func generate(seed uint64, n int) []*zone {
	var zones []*zone
	for i := 0; len(zones) < n; i++ {
		g := &generator{Rand: random(seed, i, "zone"), zone: newZone(apexOf(i)), total: n}
		nested := i%nestedEvery == 0 && len(zones)+1 < n
		g.apex()
		g.content(nested)
		zones = append(zones, g.zone)
		if nested {
			c := &generator{Rand: random(seed, i, "child"), zone: newZone(nestedApex(i)), total: n}
			c.apex()
			c.content(false)
			zones = append(zones, c.zone)
		}
	}
	return zones
}

// generator makes one zone.
type generator struct {
	*rand.Rand
	*zone
	total int // zones there are, to point into
}

// apex gives the zone what every zone has.
func (g *generator) apex() {
	ttl := []int{0, 60, 3600, 86400}[g.IntN(4)]
	g.add(g.Rand, g.zone.apex, "SOA", fmt.Sprintf("ns1.%s hostmaster.%s %d 7200 3600 1209600 %d",
		g.zone.apex, g.zone.apex, g.Uint32(), ttl))
	for i := range 1 + g.IntN(2) {
		ns := g.zone.apex.child(fmt.Sprintf("ns%d", i+1))
		g.point(g.zone.apex, "NS", ns)
		g.add(g.Rand, ns, "A", g.v4())
	}
}

// content gives the zone a handful of the things that zones can have.
func (g *generator) content(nested bool) {
	if !nested && len(g.zone.apex) == len(apexOf(0)) && g.IntN(60) == 0 {
		g.dnameAtApex()
		return
	}
	if nested {
		g.parentOf()
	}
	features := []func(){
		g.hosts, g.hosts, g.wildcards, g.wildcards, g.aliases, g.aliases, g.dnames, g.cuts, g.cuts,
		g.emptyNonTerminals, g.large, g.odd, g.deep, g.longest, g.loops, g.overflow, g.chain,
	}
	for range 4 + g.IntN(6) {
		features[g.IntN(len(features))]()
	}
}

var (
	plainLabels = []string{"a", "b", "c", "d", "www", "mail", "Host", "x1", "_tcp", "_http", "ns1", "0", "-", "xn--bcher-kva", "MiXeD"}
	oddLabels   = []string{
		"\x00", "\xff", "a.b", `\`, `"`, " ", ";", "(", ")", "@", "$", "\x7f", "*a", "a*", "**", "\x01", "\n", "\t", "'", "`",
		"A\xc4B", "$TTL", "[", "{", strings.Repeat("l", 63), strings.Repeat("\x00", 20), "\x01\x01", "127.0.0.1",
	}
	// valueTypes are types with any RDATA, to be put anywhere.
	valueTypes = []string{"A", "A", "AAAA", "TXT", "MX", "SRV", "PTR", "CAA", "TYPE65280", "TYPE1234", "HINFO", "NAPTR", "LOC", "SSHFP", "TLSA", "URI", "RP"}
)

func pick[T any](g *generator, from []T) T { return from[g.IntN(len(from))] }

func (g *generator) v4() string { return fmt.Sprintf("192.0.2.%d", g.IntN(256)) }

// place is a name at one to three labels below the apex, often one near what is there.
func (g *generator) place() name {
	base := g.zone.apex
	if len(g.records) > 0 && g.IntN(2) == 0 {
		base = pick(g, g.records).owner
		if len(base) > len(g.zone.apex) && g.IntN(2) == 0 {
			base = base.parent()
		}
	}
	for range 1 + g.IntN(2) {
		base = base.child(pick(g, plainLabels))
	}
	return base
}

// target is a name to point at: one that exists, one that does not, one elsewhere.
func (g *generator) target() name {
	t := g.anyTarget()
	if t.octets() > 255 {
		t = g.zone.apex
	}
	g.targets = append(g.targets, t)
	return t
}

func (g *generator) anyTarget() name {
	switch g.IntN(10) {
	case 0:
		return name{"www", "example", "net"}
	case 1:
		return apexOf(g.IntN(g.total)).child("www")
	case 2:
		return g.place()
	case 3:
		return pick(g, g.records).owner.child("below")
	case 4:
		return g.zone.apex
	case 5:
		return nestedApex(g.IntN(g.total) / nestedEvery * nestedEvery).child("a")
	default:
		r := pick(g, g.records)
		if r.owner.isWildcard() {
			return r.owner.parent().child("synthesized")
		}
		return r.owner
	}
}

// point adds a record of typ that holds a name.
func (g *generator) point(owner name, typ string, to name) bool {
	return to.octets() <= 255 && g.add(g.Rand, owner, typ, to.String())
}

// value adds a record of typ at owner with RDATA made up.
func (g *generator) value(owner name, typ string) {
	var rdata string
	switch typ {
	case "A":
		rdata = g.v4()
	case "AAAA":
		rdata = fmt.Sprintf("2001:db8::%x", 1+g.IntN(0xffff))
	case "TXT":
		rdata = pick(g, []string{`"plain"`, `"Mixed Case" "and two"`, `"\000\255\"\\;"`, `""`, `unquoted`, fmt.Sprintf(`"%s"`, strings.Repeat("t", 255))})
	case "MX":
		rdata = fmt.Sprintf("%d %s", g.IntN(3)*10, g.target())
	case "SRV":
		rdata = fmt.Sprintf("%d %d %d %s", g.IntN(3), g.IntN(100), g.IntN(65536), g.target())
	case "PTR":
		rdata = g.target().String()
	case "RP":
		rdata = g.target().String() + " " + g.target().String()
	case "CAA":
		rdata = pick(g, []string{`0 issue "ca.example.net"`, `128 iodef "mailto:a@example.net"`, `0 issuewild ";"`})
	case "HINFO":
		rdata = pick(g, []string{`"RFC8482" ""`, `"a" "b"`})
	case "NAPTR":
		rdata = fmt.Sprintf(`%d 10 "S" "SIP+D2U" "" %s`, g.IntN(100), g.target())
	case "LOC":
		rdata = "52 22 23.000 N 4 53 32.000 E -2.00m 0.00m 10000m 10m"
	case "SSHFP":
		rdata = "2 1 123456789abcdef67890123456789abcdef67890"
	case "TLSA":
		rdata = "3 1 1 " + strings.Repeat("0d", 32)
	case "URI":
		rdata = `10 1 "ftp://ftp.example.net/public"`
	default: // RFC 3597 §5
		rdata = fmt.Sprintf(`\# 4 %08x`, g.Uint32())
	}
	g.add(g.Rand, owner, typ, rdata)
}

func (g *generator) hosts() {
	for range 1 + g.IntN(4) {
		owner := g.place()
		for range 1 + g.IntN(3) {
			g.value(owner, pick(g, valueTypes))
		}
	}
	if g.IntN(3) == 0 {
		g.value(g.zone.apex, pick(g, valueTypes))
	}
}

// wildcards also stand under wildcards, in the middle of names, and as nodes without data (RFC 4592 §2).
func (g *generator) wildcards() {
	base := g.place()
	if g.IntN(4) == 0 {
		base = g.zone.apex
	}
	star := base.child("*")
	switch g.IntN(6) {
	case 0: // an asterisk that is an empty non-terminal: it synthesizes nothing, and NODATA it is
		g.value(star.child("under"), "A")
	case 1:
		g.value(star, pick(g, valueTypes))
		g.value(star.child("*"), pick(g, valueTypes))
	case 2:
		g.value(star.child("middle"), "TXT")
		g.value(star, "A")
	case 3:
		g.point(star, "CNAME", g.target())
	case 4: // blocked by a closer name that exists (RFC 4592 §2.2.1)
		g.value(star, "A")
		g.value(base.child("closer"), "TXT")
		g.hints = append(g.hints, base.child("below", "closer"))
	default:
		for range 1 + g.IntN(3) {
			g.value(star, pick(g, valueTypes))
		}
	}
	g.hints = append(g.hints, base.child("synthesized"), base.child("two", "deep"), star.child("x"))
}

func (g *generator) aliases() {
	for range 1 + g.IntN(4) {
		owner := g.place()
		if g.point(owner, "CNAME", g.target()) {
			g.targets = append(g.targets, owner)
		}
	}
}

// chain is a CNAME chain, now and then one longer than name servers like to follow.
func (g *generator) chain() {
	n := 2 + g.IntN(5)
	if g.IntN(8) == 0 {
		n = 8 + g.IntN(18)
	}
	at := g.place()
	for i := range n {
		next := at.child(fmt.Sprintf("n%d", i))
		if i > 0 {
			next = at.parent().child(fmt.Sprintf("n%d", i))
		}
		g.point(at, "CNAME", next)
		at = next
	}
	if g.IntN(2) == 0 {
		g.value(at, "A")
	}
}

// loops are aliases that lead back to themselves.
func (g *generator) loops() {
	a, b, c := g.place(), g.place(), g.place()
	switch g.IntN(5) {
	case 0:
		g.point(a, "CNAME", a)
	case 1:
		g.point(a, "CNAME", b)
		g.point(b, "CNAME", a)
	case 2:
		g.point(a, "CNAME", b)
		g.point(b, "CNAME", c)
		g.point(c, "CNAME", a)
	case 3: // each target is synthesized from the same wildcard
		g.point(a.child("*"), "CNAME", a.child("again"))
		g.hints = append(g.hints, a.child("once"), a.child("again"))
	default: // each step is one label longer, until the name is full
		g.point(a, "DNAME", a.child("in"))
		g.hints = append(g.hints, a.child("x"))
	}
}
