package difftest

import (
	"fmt"
	"strings"
)

// cuts are delegations: with glue of each kind and without, secure and not,
// with data below that only the child should speak of.
func (g *generator) cuts() {
	cut := g.place()
	for range 1 + g.IntN(3) {
		g.nameServer(cut)
	}
	if g.IntN(3) == 0 {
		g.add(g.Rand, cut, "DS", fmt.Sprintf("%d 13 2 %s", g.IntN(65536), strings.Repeat("ab", 32)))
	}
	if g.IntN(2) == 0 { // occluded (RFC 2136 §7.18)
		for range 1 + g.IntN(3) {
			below := cut.child(pick(g, plainLabels))
			switch g.IntN(6) {
			case 0:
				g.point(below, "CNAME", g.target())
			case 1:
				g.value(below.child("*"), "A")
			case 2:
				g.point(below.child("deep"), "NS", below.child("ns"))
			case 3:
				g.point(below, "DNAME", g.target())
			default:
				g.value(below, pick(g, valueTypes))
			}
		}
	}
	if g.IntN(4) == 0 {
		g.value(cut, pick(g, valueTypes)) // beside the NS, and hidden by it
	}
	g.hints = append(g.hints, cut, cut.child("x"), cut.child("y", "x"))
	g.targets = append(g.targets, cut.child("x"))
}

// nameServer adds an NS to cut, and what addresses its name has in this zone.
func (g *generator) nameServer(cut name) {
	var ns name
	glue := true
	switch g.IntN(8) {
	case 0, 1: // below the cut: cannot be found without glue
		ns = cut.child(fmt.Sprintf("ns%d", g.IntN(3)))
		glue = g.IntN(5) > 0
	case 2: // the cut itself
		ns = cut
	case 3: // in this zone, with authority
		ns = g.zone.apex.child("ns1")
		glue = false
	case 4: // below another cut: sibling glue (RFC 9471 §2.2)
		other := g.place()
		g.add(g.Rand, other, "NS", "ns.example.net.")
		ns = other.child("ns")
	case 5: // elsewhere
		ns, glue = name{"ns", "example", "net"}, false
	case 6: // in another zone that is served here
		ns, glue = apexOf(g.IntN(g.total)).child("ns1"), false
	default:
		ns = g.place()
		glue = g.IntN(2) == 0
	}
	if ns.octets() > 255 || !g.point(cut, "NS", ns) || !glue || !ns.under(g.zone.apex) {
		return
	}
	if g.IntN(4) > 0 {
		g.add(g.Rand, ns, "A", g.v4())
	}
	if g.IntN(2) == 0 {
		g.value(ns, "AAAA")
	}
}

// parentOf delegates the child zone that is served beside this one: rightly,
// with a DS, in part, or not at all.
func (g *generator) parentOf() {
	cut := g.zone.apex.child("child")
	if g.IntN(4) > 0 {
		ns := cut.child("ns1")
		g.point(cut, "NS", ns)
		g.add(g.Rand, ns, "A", g.v4())
		if g.IntN(2) == 0 {
			g.add(g.Rand, cut, "DS", fmt.Sprintf("%d 13 2 %s", g.IntN(65536), strings.Repeat("cd", 32)))
		}
	} else {
		g.value(cut, "TXT") // never to be seen: the child's apex is nearer
	}
	g.hints = append(g.hints, cut, cut.child("x"))
	g.targets = append(g.targets, cut.child("a"))
}

// dnames redirect subtrees: near and far, to nothing, to each other.
func (g *generator) dnames() {
	owner := g.place()
	if g.IntN(3) == 0 {
		owner = g.zone.apex.child(fmt.Sprintf("dname%d", g.IntN(4)))
	}
	to := g.target()
	if !g.point(owner, "DNAME", to) {
		return
	}
	if g.IntN(2) == 0 {
		g.value(owner, pick(g, valueTypes))
	}
	if to.under(g.zone.apex) && g.IntN(2) == 0 {
		g.value(to.child("x"), "A")
		g.point(to.child("alias"), "CNAME", g.target())
	}
	below := owner.child("x")
	g.hints = append(g.hints, owner, below, owner.child("alias"), owner.child("y", "x"))
	g.targets = append(g.targets, below)
	if g.IntN(2) == 0 {
		g.point(g.place(), "CNAME", below)
	}
}

// dnameAtApex redirects the whole zone but its apex (RFC 6672 §2.3): the name
// servers must then be elsewhere.
func (g *generator) dnameAtApex() {
	apex := g.zone.apex
	soa := g.records[0]
	*g.zone = *newZone(apex)
	g.add(g.Rand, apex, "SOA", soa.rdata)
	g.add(g.Rand, apex, "NS", "ns.example.net.")
	g.point(apex, "DNAME", apexOf(g.IntN(g.total)))
	g.value(apex, "MX")
	g.hints = append(g.hints, apex.child("www"), apex.child("ns1"), apex.child("x", "y"))
}

// overflow is a DNAME whose target makes names too long (RFC 6672 §2.2: YXDOMAIN).
func (g *generator) overflow() {
	owner := g.place()
	to := g.zone.apex
	for to.octets() < 200 {
		to = to.child(strings.Repeat("t", 30+g.IntN(30)))
	}
	if to.octets() > 255 || !g.point(owner, "DNAME", to) {
		return
	}
	for _, size := range []int{1, 10, 254 - to.octets(), 255 - to.octets(), 63} {
		if size > 0 && size <= 63 { // around the last that fits
			g.hints = append(g.hints, owner.child(strings.Repeat("q", size)))
		}
	}
	g.point(g.zone.apex.child("alias-to-long"), "CNAME", owner.child(strings.Repeat("q", 60)))
}

// emptyNonTerminals are names that exist by what is below them alone.
func (g *generator) emptyNonTerminals() {
	ent := g.place()
	g.value(ent.child("leaf", "mid"), pick(g, valueTypes))
	g.hints = append(g.hints, ent, ent.child("mid"), ent.child("other"), ent.child("no", "mid"))
	g.targets = append(g.targets, ent)
}

// large are RRsets that do not fit 512, 1232 or 4096 octets.
func (g *generator) large() {
	owner := g.place()
	if g.IntN(4) == 0 {
		owner = g.place().child("*")
		g.hints = append(g.hints, owner.parent().child("synthesized"))
	}
	switch g.IntN(3) {
	case 0:
		for i := range 25 + g.IntN(230) {
			g.add(g.Rand, owner, "A", fmt.Sprintf("198.51.100.%d", i))
		}
	case 1:
		for i := range 2 + g.IntN(40) {
			g.add(g.Rand, owner, "TXT", fmt.Sprintf(`"%03d%s"`, i, strings.Repeat("x", 40+g.IntN(160))))
		}
	default: // a referral that does not fit
		for i := range 6 + g.IntN(7) {
			ns := owner.child(fmt.Sprintf("ns%d", i), strings.Repeat("n", 40))
			if g.point(owner, "NS", ns) {
				g.add(g.Rand, ns, "A", g.v4())
				g.value(ns, "AAAA")
			}
		}
	}
	g.targets = append(g.targets, owner)
}

// odd are labels with octets that have a meaning to somebody.
func (g *generator) odd() {
	for range 1 + g.IntN(4) {
		owner := g.place()
		if owner[0] != "*" && g.IntN(2) == 0 {
			owner = owner.parent()
		}
		if len(owner) < len(g.zone.apex) {
			owner = g.zone.apex
		}
		owner = owner.child(pick(g, oddLabels))
		if g.IntN(3) == 0 {
			owner = owner.child("*")
		}
		g.value(owner, pick(g, valueTypes))
		g.targets = append(g.targets, owner)
	}
}

func (g *generator) deep() {
	owner := g.place()
	for owner.octets() < 60+g.IntN(180) {
		owner = owner.child(pick(g, []string{"a", "b", "*", "Q", "\x00"}))
	}
	g.value(owner, pick(g, valueTypes))
	g.hints = append(g.hints, owner.parent(), owner.parent().child("c"))
}

// longest is a name of exactly 255 octets.
func (g *generator) longest() {
	owner := g.place()
	for left := 255 - owner.octets(); left > 1; left = 255 - owner.octets() {
		size := min(left-1, 63)
		if left-1-size == 1 { // would leave an octet that no label can fill
			size--
		}
		owner = owner.child(strings.Repeat(pick(g, []string{"m", "\xfe", "N"}), size))
	}
	if g.IntN(3) == 0 {
		g.point(owner, "CNAME", g.target())
	} else {
		g.value(owner, pick(g, valueTypes))
	}
	g.hints = append(g.hints, owner, owner.parent())
}
