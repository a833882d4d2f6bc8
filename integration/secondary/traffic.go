package secondary

import (
	"fmt"
	"math/rand/v2"
	"net/netip"

	"github.com/fedns/fedns/dnsserver/dnsname"
	"github.com/fedns/fedns/dnsserver/zone"
)

// place is an owner name that is changed again and again, and what may stand there.
type place struct {
	owner   dnsname.Name
	choices [][]uint16 // sets of types that exclude each other
}

var (
	host     = [][]uint16{{zone.TypeA, zone.TypeAAAA, zone.TypeTXT, zone.TypeMX}}
	service  = [][]uint16{{zone.TypeSRV, zone.TypeTXT}}
	alias    = [][]uint16{{zone.TypeCNAME}, {zone.TypeA, zone.TypeTXT}}
	wildcard = [][]uint16{{zone.TypeA, zone.TypeTXT, zone.TypeMX}, {zone.TypeCNAME}}
	cut      = [][]uint16{{zone.TypeNS}, {zone.TypeA, zone.TypeAAAA}}
	glue     = [][]uint16{{zone.TypeA, zone.TypeAAAA}}
)

// askedTypes are those that any place may have, and more.
var askedTypes = []uint16{
	zone.TypeA, zone.TypeAAAA, zone.TypeTXT, zone.TypeSRV, zone.TypeCNAME, zone.TypeMX, zone.TypeNS, zone.TypeSOA,
}

// places are n owner names of a zone, or a few more.
func places(apex string, n int) []place {
	var all []place
	add := func(choices [][]uint16, format string, args ...any) {
		all = append(all, place{dnsname.MustParse(fmt.Sprintf(format, args...) + "." + apex), choices})
	}
	for i := 0; len(all) < n; i++ {
		add(host, "h%d", i)
		add(host, "h%d.ns%d", i, i%50)
		switch i % 5 {
		case 0:
			add(service, "_http._tcp.h%d", i)
		case 1:
			add(alias, "a%d", i)
		case 2:
			add(wildcard, "*.w%d", i)
			add(host, "h.w%d", i)
		case 3:
			add(cut, "c%d", i)
			add(glue, "ns.c%d", i)
			add(host, "deep.below.c%d", i)
		case 4:
			add(host, "deep.er.e%d", i) // its parents are empty non-terminals
		}
	}
	return all
}

// traffic makes random changes in one zone, each of which changes something.
type traffic struct {
	apex   string
	rng    *rand.Rand
	places []place
	sets   map[zone.Key]zone.RRset   // that are there
	ever   map[dnsname.Name]struct{} // owner names that ever were
}

func newTraffic(apex string, seed uint64, n int) *traffic {
	return &traffic{
		apex: apex, rng: rand.New(rand.NewPCG(seed, uint64(len(apex)))), places: places(apex, n),
		sets: map[zone.Key]zone.RRset{}, ever: map[dnsname.Name]struct{}{},
	}
}

// edits are the next n changes or a few more: what excludes each other at an
// owner name is exchanged at once.
func (t *traffic) edits(n int) []zone.Edit {
	var edits []zone.Edit
	for len(edits) < n {
		edits = append(edits, t.change()...)
	}
	return edits
}

func (t *traffic) change() []zone.Edit {
	p := t.places[t.rng.IntN(len(t.places))]
	now := p.choices[t.rng.IntN(len(p.choices))]
	var edits []zone.Edit
	for _, others := range p.choices {
		if others[0] == now[0] {
			continue
		}
		for _, typ := range others {
			edits = t.remove(edits, zone.Key{Owner: p.owner, Type: typ})
		}
	}
	key := zone.Key{Owner: p.owner, Type: now[t.rng.IntN(len(now))]}
	if _, there := t.sets[key]; there && t.rng.IntN(3) == 0 {
		return t.remove(edits, key)
	}
	for {
		r := t.random(key)
		if r != t.sets[key] {
			t.sets[key] = r
			t.ever[key.Owner] = struct{}{}
			return append(edits, zone.Edit{Op: zone.OpSet, RRset: r})
		}
	}
}

func (t *traffic) remove(edits []zone.Edit, key zone.Key) []zone.Edit {
	if _, there := t.sets[key]; !there {
		return edits
	}
	delete(t.sets, key)
	return append(edits, zone.Edit{Op: zone.OpDelete, RRset: zone.RRset{Owner: key.Owner, Type: key.Type}})
}

// random is any RRset of a key.
func (t *traffic) random(key zone.Key) zone.RRset {
	n := 1 + t.rng.IntN(3)
	if key.Type == zone.TypeCNAME {
		n = 1
	}
	var rdatas []string
	for range n {
		rdatas = append(rdatas, t.rdata(key))
	}
	return zone.NewRRset(key.Owner, key.Type, []uint32{0, 5, 30, 300}[t.rng.IntN(4)], rdatas...)
}

func (t *traffic) rdata(key zone.Key) string {
	r := t.rng
	switch key.Type {
	case zone.TypeA:
		return zone.Addr(netip.AddrFrom4([4]byte{10, byte(r.Uint32()), byte(r.Uint32()), byte(r.Uint32())}))
	case zone.TypeAAAA:
		return zone.Addr(netip.AddrFrom16([16]byte{0xfd, 14: byte(r.Uint32()), 15: byte(r.Uint32())}))
	case zone.TypeTXT:
		return zone.TXT(fmt.Sprintf("Text \"%d\" \\ %x", r.Uint32(), r.Uint64()))
	case zone.TypeSRV:
		return zone.SRV(uint16(r.IntN(3)), uint16(r.IntN(10)), uint16(r.Uint32()), t.host())
	case zone.TypeMX:
		return string([]byte{0, byte(r.IntN(30))}) + t.host().Wire()
	case zone.TypeNS:
		ns, err := key.Owner.Child("ns")
		if err != nil || r.IntN(3) == 0 {
			ns = dnsname.MustParse(fmt.Sprintf("ns%d.elsewhere.test.", r.IntN(100)))
		}
		return zone.Target(ns)
	case zone.TypeCNAME:
		return zone.Target(t.host())
	}
	panic(fmt.Sprintf("no RDATA of type %d", key.Type))
}

// host is the name of a host, which may not be there, may be made by a wildcard,
// or be elsewhere. It has no CNAME itself: how far chains are followed differs.
func (t *traffic) host() dnsname.Name {
	i := t.rng.IntN(len(t.places) / 4)
	switch t.rng.IntN(8) {
	case 0:
		return dnsname.MustParse(fmt.Sprintf("h%d.elsewhere.test.", i))
	case 1:
		return dnsname.MustParse(fmt.Sprintf("h%d.nowhere.%s", i, t.apex))
	}
	return dnsname.MustParse(fmt.Sprintf("h%d.%s", i, t.apex))
}

// names are those to ask for: all that ever were, what is above and below them,
// and some that never were.
func (t *traffic) names() []dnsname.Name {
	apex := dnsname.MustParse(t.apex)
	seen := map[dnsname.Name]struct{}{apex: {}}
	for owner := range t.ever {
		for up := owner; up != apex; up = up.Parent() {
			seen[up] = struct{}{}
		}
		if owner.IsWildcard() {
			seen[dnsname.MustParse("any."+owner.Parent().String())] = struct{}{}
			seen[dnsname.MustParse("a.ny."+owner.Parent().String())] = struct{}{}
		}
	}
	for i := range 200 {
		seen[dnsname.MustParse(fmt.Sprintf("never%d.%s", i, t.apex))] = struct{}{}
		seen[dnsname.MustParse(fmt.Sprintf("never.h%d.%s", i, t.apex))] = struct{}{}
	}
	names := make([]dnsname.Name, 0, len(seen))
	for n := range seen {
		names = append(names, n)
	}
	return names
}
