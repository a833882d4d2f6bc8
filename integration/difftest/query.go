package difftest

import (
	"fmt"
	"net"
	"strings"

	"github.com/miekg/dns"
)

// query is a question and how it is put.
type query struct {
	zone  *zone
	name  name
	typ   uint16
	class uint16
	how   transport
	rd    bool
	cd    bool
	ad    bool
}

// transport is how a query travels.
type transport struct {
	tcp  bool
	edns uint16 // UDP payload size that the client says it can take; 0: no EDNS
	do   bool   // DNSSEC OK (RFC 3225)
	// version of EDNS; there is only 0 (RFC 6891 §6.1.3).
	version uint8
	option  bool // an EDNS option that nobody knows (RFC 6891 §6.1.2)
	subnet  bool // a client subnet (RFC 7871)
}

var transports = []transport{
	{}, {}, {edns: 1232}, {edns: 1232}, {edns: 4096}, {edns: 512}, {edns: 1232, do: true}, {edns: 4096, do: true}, {tcp: true}, {tcp: true, edns: 1232},
}

// rareTransports are used now and then.
var rareTransports = []transport{{edns: 1232, version: 1}, {edns: 1232, option: true}, {edns: 1232, subnet: true}, {tcp: true, edns: 1232, do: true, subnet: true}, {edns: 0xffff}, {edns: 1}, {tcp: true, edns: 512, do: true}}

// msg is the query with the ID given.
func (q *query) msg(id uint16) *dns.Msg {
	m := new(dns.Msg)
	m.Id = id
	m.RecursionDesired, m.CheckingDisabled, m.AuthenticatedData = q.rd, q.cd, q.ad
	m.Question = []dns.Question{{Name: q.name.String(), Qtype: q.typ, Qclass: q.class}}
	if q.how.edns > 0 {
		m.SetEdns0(q.how.edns, q.how.do)
		opt := m.IsEdns0()
		opt.SetVersion(q.how.version)
		if q.how.option {
			opt.Option = append(opt.Option, &dns.EDNS0_LOCAL{Code: 65001, Data: []byte("x")})
		}
		if q.how.subnet {
			opt.Option = append(opt.Option, &dns.EDNS0_SUBNET{Code: dns.EDNS0SUBNET, Family: 1, SourceNetmask: 24, Address: net.IPv4(192, 0, 2, 0)})
		}
	}
	return m
}

// dig is the command that asks it.
func (q *query) dig(server, port string) string {
	args := []string{"dig", "@" + server, "-p", port, "+norec"}
	if q.rd {
		args[4] = "+rec"
	}
	if q.cd {
		args = append(args, "+cd")
	}
	if q.ad {
		args = append(args, "+ad")
	} else {
		args = append(args, "+noad")
	}
	switch {
	case q.how.edns == 0:
		args = append(args, "+noedns")
	default:
		args = append(args, "+nocookie", fmt.Sprintf("+bufsize=%d", q.how.edns))
		if q.how.do {
			args = append(args, "+dnssec")
		}
		if q.how.version > 0 {
			args = append(args, fmt.Sprintf("+edns=%d", q.how.version), "+noednsneg")
		}
		if q.how.option {
			args = append(args, "+ednsopt=65001:78")
		}
		if q.how.subnet {
			args = append(args, "+subnet=192.0.2.0/24")
		}
	}
	if q.how.tcp {
		args = append(args, "+tcp")
	} else {
		args = append(args, "+ignore")
	}
	return strings.Join(append(args, "-q", "'"+q.name.String()+"'", "-t", typeString(q.typ), "-c", classString(q.class)), " ")
}

func typeString(t uint16) string {
	if s, ok := dns.TypeToString[t]; ok {
		return s
	}
	return fmt.Sprintf("TYPE%d", t)
}

func classString(c uint16) string {
	if s, ok := dns.ClassToString[c]; ok {
		return s
	}
	return fmt.Sprintf("CLASS%d", c)
}

// String is for tables: transport, name, type.
func (q *query) String() string {
	how := "udp"
	if q.how.tcp {
		how = "tcp"
	}
	if q.how.edns > 0 {
		how += fmt.Sprintf("/%d", q.how.edns)
	}
	if q.how.do {
		how += "/do"
	}
	s := fmt.Sprintf("%s %s %s", how, q.name, typeString(q.typ))
	if q.class != dns.ClassINET {
		s += " " + classString(q.class)
	}
	return s
}

// queryTypes are asked for at any name.
var queryTypes = []uint16{
	dns.TypeA, dns.TypeA, dns.TypeAAAA, dns.TypeTXT, dns.TypeMX, dns.TypeSRV, dns.TypeCNAME, dns.TypeNS, dns.TypeSOA, dns.TypeDS,
	dns.TypeDNAME, dns.TypePTR, dns.TypeANY, dns.TypeHTTPS, dns.TypeCAA, 65280, 65281, 1234,
}

// queries are n questions about z, drawn from what is in it and what is near that.
func queries(seed uint64, i int, z *zone, n int) []*query {
	g := &asker{generator: generator{Rand: random(seed, i, "query "+z.apex.String()), zone: z}}
	g.survey()
	var qs []*query
	for _, q := range g.fixed() {
		qs = append(qs, g.put(q.name, q.typ))
	}
	for len(qs) < n {
		qs = append(qs, g.draw())
	}
	return qs
}

// asker makes up questions about one zone.
type asker struct {
	generator
	names []name // owners and all names between them and the apex
	types map[string][]uint16
}

// survey lists the zone's names.
func (g *asker) survey() {
	g.types = map[string][]uint16{}
	seen := map[string]bool{}
	for _, r := range g.records {
		for n := r.owner; len(n) >= len(g.zone.apex); n = n.parent() {
			if key := n.key(); !seen[key] {
				seen[key] = true
				g.names = append(g.names, n)
			}
		}
		key := r.owner.key()
		g.types[key] = append(g.types[key], typeNumber(r.typ))
	}
}

func typeNumber(s string) uint16 {
	if t, ok := dns.StringToType[s]; ok {
		return t
	}
	var t uint16
	if _, err := fmt.Sscanf(s, "TYPE%d", &t); err != nil {
		panic("no type: " + s)
	}
	return t
}

type question struct {
	name name
	typ  uint16
}

// fixed are questions that are asked about every zone.
func (g *asker) fixed() []question {
	apex := g.zone.apex
	qs := []question{{apex, dns.TypeSOA}, {apex, dns.TypeNS}, {apex, dns.TypeANY}, {apex, dns.TypeDS}, {apex.child("nonexistent"), dns.TypeA}}
	for _, h := range g.hints {
		if h.octets() <= 255 && g.IntN(2) == 0 {
			qs = append(qs, question{h, pick(&g.generator, queryTypes)})
		}
	}
	return qs
}

// put says how a question travels.
func (g *asker) put(n name, typ uint16) *query {
	q := &query{zone: g.zone, name: n, typ: typ, class: dns.ClassINET, how: pick(&g.generator, transports)}
	if g.IntN(30) == 0 {
		q.how = pick(&g.generator, rareTransports)
	}
	q.rd, q.cd, q.ad = g.IntN(2) == 0, g.IntN(8) == 0, g.IntN(8) == 0
	if g.IntN(3) == 0 {
		q.name = g.mixCase(n)
	}
	switch g.IntN(150) {
	case 0:
		q.class = dns.ClassCHAOS
	case 1:
		q.class = dns.ClassANY
	case 2:
		q.class = 42
	}
	return q
}

// mixCase spells letters at random (draft-vixie-dnsext-dns0x20).
func (g *asker) mixCase(n name) name {
	out := make(name, len(n))
	for i, label := range n {
		b := []byte(label)
		for j, c := range b {
			if 'a' <= c|0x20 && c|0x20 <= 'z' && g.IntN(2) == 0 {
				b[j] = c ^ 0x20
			}
		}
		out[i] = string(b)
	}
	return out
}

// draw is one question, by chance.
func (g *asker) draw() *query {
	n := pick(&g.generator, g.names)
	switch g.IntN(12) {
	case 0: // does not exist, at some depth
		for range 1 + g.IntN(3) {
			n = n.child(pick(&g.generator, []string{"nx", "*", "a", "x", "zz"}))
		}
	case 1: // beside one that exists
		if len(n) > len(g.zone.apex) {
			n = n.parent()
		}
		n = n.child(pick(&g.generator, plainLabels))
	case 2:
		if len(g.hints) > 0 {
			n = pick(&g.generator, g.hints)
		}
	case 3:
		if len(g.targets) > 0 {
			n = pick(&g.generator, g.targets)
		}
	case 4:
		if g.IntN(8) == 0 { // outside
			n = pick(&g.generator, []name{{}, {"test"}, {"example", "net"}, g.zone.apex[1:].child("x" + g.zone.apex[0]), {"z99999", "test"}})
		}
	case 5: // below
		n = n.child("below")
	}
	if n.octets() > 255 {
		n = g.zone.apex
	}
	typ := pick(&g.generator, queryTypes)
	if there := g.types[n.key()]; len(there) > 0 && g.IntN(2) == 0 {
		typ = pick(&g.generator, there)
	}
	return g.put(n, typ)
}
