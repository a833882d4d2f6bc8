package plan_test

import (
	"fmt"
	"net/netip"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/fedns/fedns/dnsserver/dnsname"
	"github.com/fedns/fedns/dnsserver/zone"
	"github.com/fedns/fedns/providers/hosted"
	"github.com/fedns/fedns/providers/ownership"
	"github.com/fedns/fedns/providers/plan"
)

var (
	apex = dnsname.MustParse("example.com.")
	web  = dnsname.MustParse("web.example.com.")
)

// types that the table has, and how a record of each is written in it.
var types = map[string]uint16{"A": zone.TypeA, "CNAME": zone.TypeCNAME, "TXT": zone.TypeTXT}

// rdata reads one record's data.
func rdata(typ uint16, text string) string {
	switch typ {
	case zone.TypeCNAME:
		return zone.Target(dnsname.MustParse(text))
	case zone.TypeTXT:
		return zone.TXT(text)
	}
	return zone.Addr(netip.MustParseAddr(text))
}

// limits are a provider's that has routing policies, and cannot hold 192.0.2.66.
func limits() hosted.Limits {
	return hosted.Limits{
		Provider: "table", Title: "The table", Atomic: true, Swaps: true,
		Policies: []hosted.Policy{hosted.PolicyWeighted, hosted.PolicyFailover},
		Rules: []hosted.Rule{{Name: "not 192.0.2.66", Refuse: func(e hosted.Entry) string {
			for _, s := range e.Sets {
				for d := range s.Records.RDATA() {
					if d == rdata(zone.TypeA, "192.0.2.66") && s.Records.Type == zone.TypeA {
						return "192.0.2.66 cannot be held"
					}
				}
			}
			return ""
		}}},
	}
}

// situation is one case of the table: what is wanted, and what is there.
type situation struct {
	t       *testing.T
	codec   ownership.Codec
	rules   plan.Rules
	shape   plan.Shape
	wants   map[uint16]plan.Want
	entries map[uint16][]hosted.Set
	claims  map[uint16][]ownership.Claim
	haves   map[uint16]plan.Have
	known   map[string]string // digest → the record's data, as the table has it
}

func newSituation(t *testing.T) *situation {
	codec, err := ownership.NewCodec(apex, nil)
	if err != nil {
		t.Fatal(err)
	}
	return &situation{
		t: t, codec: codec, rules: plan.Rules{Owner: "prod", Codec: codec, Limits: limits()},
		wants: map[uint16]plan.Want{}, entries: map[uint16][]hosted.Set{}, claims: map[uint16][]ownership.Claim{}, haves: map[uint16]plan.Have{},
		known: map[string]string{},
	}
}

func (s *situation) records(typ uint16, ttl string, data []string) zone.RRset {
	var seconds uint32
	if _, err := fmt.Sscan(ttl, &seconds); err != nil {
		s.t.Fatalf("TTL %q: %v", ttl, err)
	}
	var all []string
	for _, d := range data {
		r := rdata(typ, d)
		s.known[ownership.Digest(r)] = d
		all = append(all, r)
	}
	return zone.NewRRset(web, typ, seconds, all...)
}

// set reads "30 192.0.2.1", or with an identifier "eu-1:weight=3 30 192.0.2.1".
func (s *situation) set(typ uint16, f []string) hosted.Set {
	var set hosted.Set
	if id, how, ok := strings.Cut(f[0], ":"); ok {
		set.ID, f = id, f[1:]
		switch {
		case how == "primary" || how == "secondary":
			set.Routing = hosted.Routing{Policy: hosted.PolicyFailover, Secondary: how == "secondary"}
		default:
			set.Routing.Policy = hosted.PolicyWeighted
			if _, err := fmt.Sscanf(how, "weight=%d", &set.Routing.Weight); err != nil {
				s.t.Fatalf("routing %q: %v", how, err)
			}
		}
	}
	set.Records = s.records(typ, f[0], f[1:])
	return set
}

// line reads one line of what is given.
func (s *situation) line(text string) {
	f := strings.Fields(text)
	typ, isType := types[f[1]]
	switch f[0] {
	case "want": // want A 30 eu-1=192.0.2.1 192.0.2.2: with the cluster that it is of
		var shards []plan.Shard
		var data []string
		for _, d := range f[3:] {
			if cluster, addr, ok := strings.Cut(d, "="); ok {
				d = addr
				shards = append(shards, plan.Shard{Cluster: cluster, Object: "web", Addrs: []netip.Addr{netip.MustParseAddr(addr)}})
			}
			data = append(data, d)
		}
		s.wants[typ] = s.shape.New(s.records(typ, f[2], data), "static", shards)
	case "have":
		s.entries[typ] = append(s.entries[typ], s.set(typ, f[2:]))
	case "claim": // claim A prod/eu-1 30 192.0.2.1, or of a set prod/eu-1/eu-1
		who := append(strings.Split(f[2], "/"), "", "")
		r := s.records(typ, f[3], f[4:])
		c := ownership.Claim{Owner: who[0], Cluster: who[1], Object: "web", Set: who[2], TTL: r.TTL}
		for d := range r.RDATA() {
			c.Digests = append(c.Digests, ownership.Digest(d))
		}
		if c.Cluster == "" {
			c.Object = "static"
		}
		s.claims[typ] = append(s.claims[typ], c)
	case "scribble": // a claim that nobody understands
		at, err := s.codec.Key(hosted.Key{Owner: web, Type: typ})
		if err != nil {
			s.t.Fatal(err)
		}
		s.haves[typ] = plan.Have{Registry: hosted.Simple(zone.NewRRset(at.Owner, zone.TypeTXT, 300, zone.TXT("heritage=fedns,sealed=whatever")))}
	case "drift":
		s.rules.Drift, _ = plan.ParseDrift(f[1])
	case "unheard":
		s.rules.Unheard = func(cluster string) bool { return cluster == f[1] }
	case "routing":
		s.shape.Routing, _ = hosted.ParsePolicy(f[1])
	default:
		isType = false
	}
	if !isType && (f[0] == "want" || f[0] == "have" || f[0] == "claim" || f[0] == "scribble") || !slices.Contains([]string{"want", "have", "claim", "scribble", "drift", "unheard", "routing"}, f[0]) {
		s.t.Fatalf("line %q is not understood", text)
	}
}

// decide plans, and tells it as the table does.
func (s *situation) decide() []string {
	for typ := range types {
		k := hosted.Key{Owner: web, Type: types[typ]}
		h := s.haves[k.Type]
		if sets := s.entries[k.Type]; sets != nil {
			h.Entry = hosted.NewEntry(k, sets...)
		}
		if claims := s.claims[k.Type]; claims != nil {
			e, err := s.codec.Encode(k, claims)
			if err != nil {
				s.t.Fatal(err)
			}
			h.Registry = e
		}
		if !h.Entry.IsEmpty() || !h.Registry.IsEmpty() {
			s.haves[k.Type] = h
		}
	}
	return s.tell(s.rules.Name(s.wants, s.haves, hosted.Key{Owner: web}))
}

// tell is a Unit as the table has it.
func (s *situation) tell(u plan.Unit) (out []string) {
	for _, a := range u.Actions {
		losing := ""
		if a.Lost > 0 {
			losing = fmt.Sprintf(" (loses %d)", a.Lost)
		}
		out = append(out, fmt.Sprintf("%s %s: %s%s", a.Verb, zone.TypeString(a.Key.Type), a.Reason, losing))
		for _, c := range a.Changes {
			if c.Key() != a.Key {
				out = append(out, "  claims"+s.claimed(c.New))
				continue
			}
			now := "nothing"
			if !c.New.IsEmpty() {
				now = strings.TrimPrefix(c.New.String(), hosted.KeyString(a.Key)+" ")
			}
			out = append(out, "  "+now)
		}
	}
	return out
}

func (s *situation) claimed(registry hosted.Entry) string {
	if registry.IsEmpty() {
		return " nothing"
	}
	_, claims, _, err := s.codec.Decode(registry)
	if err != nil {
		s.t.Fatal(err)
	}
	var out strings.Builder
	for i, c := range claims {
		if i > 0 {
			out.WriteString(" |")
		}
		fmt.Fprintf(&out, " %s", strings.TrimRight(strings.Join([]string{c.Owner, c.Cluster, c.Set}, "/"), "/"))
		for _, d := range c.Digests {
			fmt.Fprintf(&out, " %s", s.known[d])
		}
	}
	return out.String()
}

// TestDecisions goes through the table in testdata/decisions.txt: what is wanted, what
// is there and who claims it; then what is done, and why.
func TestDecisions(t *testing.T) {
	text, err := os.ReadFile("testdata/decisions.txt")
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for block := range strings.SplitSeq(string(text), "\n\n") {
		var name string
		var given, want []string
		for line := range strings.SplitSeq(strings.TrimSpace(block), "\n") {
			switch {
			case strings.HasPrefix(line, "# "):
				name = strings.TrimPrefix(line, "# ")
			case strings.HasPrefix(line, "> "):
				want = append(want, strings.TrimPrefix(line, "> "))
			case line != "":
				given = append(given, line)
			}
		}
		if want == nil {
			continue // what the table says of itself
		}
		n++
		t.Run(name, func(t *testing.T) {
			s := newSituation(t)
			for _, line := range given {
				s.line(line)
			}
			if got := s.decide(); !slices.Equal(got, want) {
				t.Errorf("given\n\t%s\nwant\n> %s\ngot\n> %s", strings.Join(given, "\n\t"), strings.Join(want, "\n> "), strings.Join(got, "\n> "))
			}
		})
	}
	if n < 40 {
		t.Errorf("%d cases were found in the table", n)
	}
}
