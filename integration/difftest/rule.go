package difftest

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/miekg/dns"
)

// rule is a difference that is allowed, and why.
type rule struct {
	name string
	why  string // what differs and which RFC lets it
	// peers that are known to differ so.
	peers []string
	// apply looks at a fedns answer and a peer's that differ. When the difference
	// is the one that the rule is about, it changes the answers, which are copies,
	// so that they no longer differ in it, and returns true.
	apply func(c *comparison) bool
}

// comparison is one answer of fedns beside one of a peer.
type comparison struct {
	q     *query
	peer  string
	fedns answer
	other answer
	// all is what everybody answered, unchanged, by name: a rule may want that others agree.
	all map[string]*answer
	// whole is what everybody answers over TCP, when somebody's answer over UDP
	// was truncated; else nil.
	whole map[string]*answer
	// served are all zones, by apex.
	served map[string]*zone
}

// zoneOf is the apex of the zone that is served here and holds the name, both
// in presentation form and lower case; empty when there is none.
func (c *comparison) zoneOf(name string) string {
	for _, i := range dns.Split(name) {
		if c.served[name[i:]] != nil {
			return name[i:]
		}
	}
	return ""
}

// explain applies rules until the answers are equal or none fires any more. It
// returns those that fired.
func (c *comparison) explain(rules []rule) (fired []string, equal bool) {
	for {
		was := len(fired)
		for _, r := range rules {
			if len(differs(&c.fedns, &c.other)) == 0 {
				return fired, true
			}
			if slices.Contains(r.peers, c.peer) && !slices.Contains(fired, r.name) && r.apply(c) {
				fired = append(fired, r.name)
			}
		}
		if len(fired) == was {
			return fired, len(differs(&c.fedns, &c.other)) == 0
		}
	}
}

// tally counts what a run saw. It is not safe for concurrent use.
type tally struct {
	queries int
	shapes  map[string]int // what fedns answered, by sort
	peers   map[string]*peerTally
	rules   map[string]*ruleTally
	served  map[string]*zone // by apex
	failed  []failure
}

type peerTally struct{ equal, explained, unexplained int }

type ruleTally struct {
	count   map[string]int // by peer
	example *query
}

// failure is a difference that no rule explains.
type failure struct {
	q       *query
	answers map[string]*answer // of fedns and all peers
	kinds   []string           // how peers differ that do so unexplained
}

func newTally(zones []*zone) *tally {
	t := &tally{shapes: map[string]int{}, peers: map[string]*peerTally{}, rules: map[string]*ruleTally{}, served: map[string]*zone{}}
	for _, z := range zones {
		t.served[z.apex.key()] = z
	}
	for _, p := range peers {
		t.peers[p.name] = &peerTally{}
	}
	for _, r := range rules {
		t.rules[r.name] = &ruleTally{count: map[string]int{}}
	}
	return t
}

// judge compares what fedns answered with what each peer did.
func (t *tally) judge(q *query, answers, whole map[string]*answer) {
	t.queries++
	t.shapes[answers["fedns"].shape()]++
	var odd []string
	for _, p := range peers {
		c := &comparison{q: q, peer: p.name, fedns: *answers["fedns"], other: *answers[p.name], all: answers, whole: whole, served: t.served}
		fired, equal := c.explain(rules)
		switch {
		case equal && len(fired) == 0:
			t.peers[p.name].equal++
		case equal:
			t.peers[p.name].explained++
			for _, name := range fired {
				r := t.rules[name]
				r.count[p.name]++
				if r.example == nil {
					r.example = q
				}
			}
		default:
			t.peers[p.name].unexplained++
			odd = append(odd, c.kind())
		}
	}
	if len(odd) > 0 {
		t.failed = append(t.failed, failure{q, answers, odd})
	}
}

// kind says how the answers still differ.
func (c *comparison) kind() string {
	s := c.peer + ":"
	for _, facet := range differs(&c.fedns, &c.other) {
		s += " " + facet
		if facet == "rcode" || facet == "flags" || facet == "edns" {
			s += fmt.Sprintf(" (%s, not %s)", c.fedns.facet(facet), c.other.facet(facet))
		}
	}
	return s
}

// kind is unexplained differences that look alike.
type kind struct {
	name    string
	count   int
	example failure
}

// kinds groups what is unexplained by how the answers differ, most frequent first.
func (t *tally) kinds() []*kind {
	byName := map[string]*kind{}
	for _, f := range t.failed {
		for _, name := range f.kinds {
			k := byName[name]
			if k == nil {
				k = &kind{name: name, example: f}
				byName[name] = k
			}
			k.count++
		}
	}
	return slices.SortedFunc(maps.Values(byName), func(a, b *kind) int {
		return cmp.Or(b.count-a.count, strings.Compare(a.name, b.name))
	})
}

// table shows what was counted.
func (t *tally) table() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d queries, of fedns's answers\n", t.queries)
	for _, shape := range slices.Sorted(maps.Keys(t.shapes)) {
		fmt.Fprintf(&b, "%10d %s\n", t.shapes[shape], shape)
	}
	fmt.Fprintf(&b, "\n%-8s %10s %10s %12s\n", "peer", "equal", "explained", "unexplained")
	for _, p := range peers {
		n := t.peers[p.name]
		fmt.Fprintf(&b, "%-8s %10d %10d %12d\n", p.name, n.equal, n.explained, n.unexplained)
	}
	fmt.Fprintf(&b, "\n%-28s %8s %8s %8s  %s\n", "rule", "BIND", "Knot", "NSD", "example")
	for _, r := range rules {
		n := t.rules[r.name]
		example := "never fired"
		if n.example != nil {
			example = n.example.String()
		}
		if len(example) > 90 {
			example = example[:90] + "..."
		}
		fmt.Fprintf(&b, "%-28s %8d %8d %8d  %s\n", r.name, n.count["BIND"], n.count["Knot"], n.count["NSD"], example)
	}
	return b.String()
}
