package difftest

import (
	"slices"
	"strings"

	"github.com/miekg/dns"
)

// chainLimits are how many aliases each name server follows.
var chainLimits = map[string]int{"fedns": 16, "BIND": 12, "Knot": 5}

// chainRules are about how far aliases are followed, and what is said at their end.
var chainRules = []rule{
	{
		name: "chain-within-zone", peers: []string{"BIND", "Knot"},
		why: "RFC 1034 §4.3.2 step 3a: a chain that leaves the zone may be followed in another zone served here, or by the resolver",
		apply: func(c *comparison) bool {
			n, from, to := c.leavesZone()
			if n == 0 || len(c.other.answer) < n || !slices.Equal(c.fedns.answer[:n], c.other.answer[:n]) {
				return false
			}
			// What a peer says beyond can only be what the zone it is in has below the other's apex.
			if !isBelow(to, from) && (len(c.other.answer) > n || len(c.other.authority) > 0 || c.other.rcode != dns.RcodeSuccess) {
				return false
			}
			c.other = withFlagsOf(&c.fedns, &c.other)
			return true
		},
	}, {
		name: "ds-at-end-of-chain", peers: []string{"BIND", "Knot"},
		why: "RFC 4035 §3.1.4.1: a DS is the parent zone's to answer, which a chain that ends at the apex has to go to",
		apply: func(c *comparison) bool {
			n := len(c.other.answer)
			if n == 0 || c.q.typ != dns.TypeDS || len(c.fedns.answer) < n || !slices.Equal(c.fedns.answer[:n], c.other.answer) || !isNegative(&c.other) {
				return false
			}
			last := c.other.answer[n-1]
			if to := target(last); rrType(last) != "CNAME" || c.served[to] == nil || owner(c.other.authority[0]) != to {
				return false
			}
			c.other = withFlagsOf(&c.fedns, &c.other)
			return true
		},
	}, {
		name: "alias-loop", peers: []string{"BIND"},
		why: "RFC 1034 §3.6.2: CNAME loops should be signalled as an error; what comes round is the answer as far as it goes",
		apply: func(c *comparison) bool {
			if c.fedns.rcode != dns.RcodeSuccess || c.other.rcode != dns.RcodeServerFailure || !slices.Equal(c.fedns.answer, c.other.answer) {
				return false
			}
			for _, set := range c.fedns.answer {
				if owner(set) == target(c.fedns.answer[len(c.fedns.answer)-1]) {
					c.other.rcode = c.fedns.rcode
					return true
				}
			}
			return false
		},
	}, {
		name: "alias-twice", peers: []string{"Knot", "NSD"},
		why: "RFC 2181 §5: a record is in an answer once; where a chain comes by the same CNAME or DNAME again, some write it again",
		apply: func(c *comparison) bool {
			if len(c.other.answer) != len(c.fedns.answer) || slices.Equal(c.other.answer, c.fedns.answer) {
				return false
			}
			for i, once := range c.fedns.answer {
				again, ok := strings.CutPrefix(c.other.answer[i], once)
				if !ok || rrType(once) != "CNAME" && rrType(once) != "DNAME" && again != "" || strings.ReplaceAll(again, ", "+target(once), "") != "" {
					return false
				}
			}
			c.other.answer = c.fedns.answer
			return true
		},
	}, {
		name: "answer-by-owner", peers: []string{"BIND"},
		why: "RFC 1034 §3.6: the order of records means nothing; BIND puts RRsets of one owner side by side, also where a chain comes back to it",
		apply: func(c *comparison) bool {
			if len(c.fedns.answer) < 3 || !slices.Equal(slices.Sorted(slices.Values(c.fedns.answer)), slices.Sorted(slices.Values(c.other.answer))) {
				return false
			}
			for i, set := range c.other.answer {
				if i > 0 && rrType(c.other.answer[i-1]) == "DNAME" && owner(set) == owner(c.other.answer[i-1]) {
					c.other.answer = c.fedns.answer
					return true
				}
			}
			return false
		},
	}, {
		name: "chain-length", peers: []string{"BIND", "Knot", "NSD"},
		why: "RFC 1034 §5.2.2: how far a chain is followed is the name server's to limit; the resolver goes on from there",
		apply: func(c *comparison) bool {
			short, long, by := &c.other, &c.fedns, c.peer
			if aliases(c.fedns.answer) == chainLimits["fedns"] && aliases(c.other.answer) >= chainLimits["fedns"] {
				short, long, by = &c.fedns, &c.other, "fedns"
			}
			n, limit := len(short.answer), chainLimits[by]
			if limit == 0 || aliases(short.answer) != limit || n > len(long.answer) || !slices.Equal(short.answer, long.answer[:n]) || len(short.authority) > 0 {
				return false
			}
			if short.rcode != dns.RcodeSuccess && (by != "BIND" || short.rcode != dns.RcodeServerFailure) {
				return false
			}
			c.other = withFlagsOf(&c.fedns, &c.other)
			return true
		},
	}, {
		name: "dname-applied-again", peers: []string{"NSD"},
		why: "RFC 6672 §3.4: NSD takes it for a loop when a chain comes below the same DNAME twice, and stops",
		apply: func(c *comparison) bool {
			n := len(c.other.answer)
			if n == 0 || n >= len(c.fedns.answer) || !slices.Equal(c.fedns.answer[:n], c.other.answer) || len(c.other.authority) > 0 {
				return false
			}
			for _, set := range c.other.answer {
				if rrType(set) == "DNAME" && isBelow(target(c.other.answer[n-1]), owner(set)) {
					c.other = withFlagsOf(&c.fedns, &c.other)
					return true
				}
			}
			return false
		},
	}, {
		name: "dname-overflow-goes-on", peers: []string{"Knot"},
		why: "RFC 6672 §2.2 wants YXDOMAIN and an end; Knot 3.2 goes on and answers for the DNAME's target",
		apply: func(c *comparison) bool {
			if c.fedns.rcode != dns.RcodeYXDomain || c.all["NSD"].rcode != dns.RcodeYXDomain || len(c.other.answer) < len(c.fedns.answer) {
				return false
			}
			for i, set := range c.fedns.answer {
				if !strings.HasPrefix(c.other.answer[i], set) { // with more, when it comes back by a wildcard
					return false
				}
			}
			c.other = withFlagsOf(&c.fedns, &c.other)
			return true
		},
	}, {
		name: "any-is-synthesized-cname", peers: []string{"BIND"},
		why: "RFC 8482 §4.1: the CNAME made from a DNAME is one RRset at the name, enough for ANY; BIND does not follow it",
		apply: func(c *comparison) bool {
			n := len(c.other.answer)
			if c.q.typ != dns.TypeANY || n < 2 || n > len(c.fedns.answer) || !slices.Equal(c.fedns.answer[:n], c.other.answer) || len(c.other.authority) > 0 {
				return false
			}
			if rrType(c.other.answer[n-1]) != "CNAME" || !slices.ContainsFunc(c.other.answer, func(set string) bool { return rrType(set) == "DNAME" }) {
				return false
			}
			c.other = withFlagsOf(&c.fedns, &c.other)
			return true
		},
	},
}

// aliases counts the steps of a chain.
func aliases(sets []string) int {
	n := 0
	for _, set := range sets {
		if rrType(set) == "CNAME" {
			n++
		}
	}
	return n
}

// in and into another: n counts the RRsets up to it, 0 when there is none.
func (c *comparison) leavesZone() (n int, from, to string) {
	for i, set := range c.fedns.answer {
		if rrType(set) != "CNAME" {
			continue
		}
		if from, to := c.zoneOf(owner(set)), c.zoneOf(target(set)); to != "" && from != to {
			return i + 1, from, to
		}
	}
	return 0, "", ""
}
