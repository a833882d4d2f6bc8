package difftest

import (
	"slices"
	"strings"

	"github.com/miekg/dns"
)

// room is how long the answer to q may be, in octets.
func room(q *query) int {
	switch {
	case q.how.tcp:
		return 65535
	case q.how.edns == 0:
		return 512 // RFC 1035 §4.2.1
	}
	return min(max(int(q.how.edns), 512), 1232)
}

// rules are the differences that are allowed. One that stops firing in full
// runs explains nothing and has to go.
var rules = []rule{
	{
		name: "edns-size-below-512", peers: []string{"Knot"},
		why: "RFC 6891 §6.2.3: a size below 512 is to be taken for 512; Knot 3.2 says FORMERR",
		apply: func(c *comparison) bool {
			if c.q.how.edns == 0 || c.q.how.edns >= 512 || c.other.rcode != dns.RcodeFormatError || c.all["NSD"].rcode == dns.RcodeFormatError {
				return false
			}
			c.other = c.fedns
			return true
		},
	}, {
		name: "extended-error", peers: []string{"BIND", "Knot", "NSD"},
		why: "RFC 8914 §2: any answer to a query with EDNS may carry an extended error, which changes nothing else",
		apply: func(c *comparison) bool {
			was := c.other.edns
			c.other.edns = strings.ReplaceAll(was, ", option 15", "")
			return c.fedns.edns == c.other.edns && was != c.other.edns
		},
	}, {
		name: "checking-disabled", peers: []string{"BIND", "Knot", "NSD"},
		why: "RFC 4035 §3.1.6: an authoritative answer should have CD clear; some copy it",
		apply: func(c *comparison) bool {
			if c.fedns.has("cd") == c.other.has("cd") || !c.q.cd {
				return false
			}
			c.fedns.set("cd", false)
			c.other.set("cd", false)
			return true
		},
	}, {
		name: "truncated", peers: []string{"BIND", "Knot", "NSD"},
		why: "RFC 2181 §9: what a truncated answer holds is not to be used; whether it must be truncated depends on how well names are compressed",
		apply: func(c *comparison) bool {
			if c.whole == nil || c.fedns.has("tc") != (c.whole["fedns"].size > room(c.q)) {
				return false
			}
			if c.other.has("tc") != (c.whole[c.peer].size > room(c.q)) {
				return false
			}
			if len(c.fedns.answer)+len(c.fedns.authority)+len(c.fedns.additional) > 0 && c.fedns.has("tc") {
				return false // fedns gives none of it
			}
			c.other = c.fedns
			return true
		},
	}, {
		name: "class-unknown", peers: []string{"BIND", "NSD"},
		why: "RFC 1035 §4.1.1: a class that is not served can be refused or not implemented",
		apply: func(c *comparison) bool {
			if c.q.class == dns.ClassINET || c.q.class == dns.ClassANY || c.fedns.rcode != dns.RcodeRefused || !isBare(&c.other) {
				return false
			}
			if c.other.rcode != dns.RcodeNotImplemented && c.other.rcode != dns.RcodeRefused {
				return false
			}
			c.other.rcode = c.fedns.rcode
			if c.other.question == "" { // NSD leaves it out
				c.other.question = c.fedns.question
			}
			return true
		},
	}, {
		name: "class-any", peers: []string{"BIND", "Knot", "NSD"},
		why: "RFC 1035 §3.2.5, RFC 8482 §3: no name server has to answer for all classes; peers answer as for IN, or with FORMERR",
		apply: func(c *comparison) bool {
			if c.q.class != dns.ClassANY || c.fedns.rcode != dns.RcodeRefused || !isBare(&c.fedns) {
				return false
			}
			if c.peer == "BIND" && c.other.rcode != dns.RcodeFormatError {
				return false
			}
			c.other.rcode, c.other.answer, c.other.authority, c.other.additional = c.fedns.rcode, nil, nil, nil
			c.other.set("aa", false)
			c.other.set("tc", false)
			return true
		},
	}, {
		name: "chain-within-zone", peers: []string{"BIND", "Knot"},
		why: "RFC 1034 §4.3.2 step 3a: a chain that leaves the zone may be followed in another zone served here, or by the resolver",
		apply: func(c *comparison) bool {
			n := len(c.other.answer)
			if n == 0 || len(c.fedns.answer) < n || !slices.Equal(c.fedns.answer[:n], c.other.answer) {
				return false
			}
			last := c.other.answer[n-1]
			from, to := c.zoneOf(owner(last)), c.zoneOf(target(last))
			if rrType(last) == "CNAME" && c.q.typ == dns.TypeDS && target(last) == to {
				// A DS is in the zone above (RFC 4035 §3.1.4.1), which is another.
				c.other.rcode, c.other.answer, c.other.authority = c.fedns.rcode, c.fedns.answer, c.fedns.authority
				return true
			}
			if rrType(last) != "CNAME" || from == to || to == "" {
				return false
			}
			if !isBelow(to, from) && (len(c.other.authority) > 0 || c.other.rcode != dns.RcodeSuccess) {
				return false
			}
			c.other.rcode, c.other.answer, c.other.authority, c.other.additional = c.fedns.rcode, c.fedns.answer, c.fedns.authority, c.fedns.additional
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
			if c.fedns.rcode != dns.RcodeYXDomain || c.all["BIND"].rcode != dns.RcodeYXDomain || c.all["NSD"].rcode != dns.RcodeYXDomain {
				return false
			}
			n := len(c.fedns.answer)
			if len(c.other.answer) < n || !slices.Equal(c.fedns.answer, c.other.answer[:n]) {
				return false
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
	}, {
		name: "nonexistent-in-child", peers: []string{"NSD"},
		why: "RFC 8020 §2: NSD 4.6 keeps all zones in one tree, and what a parent zone hides below its cut makes a name exist in the child",
		apply: func(c *comparison) bool {
			if !c.hiddenByParent() || c.fedns.rcode != dns.RcodeSuccess && c.fedns.rcode != dns.RcodeNameError {
				return false
			}
			// Of chains into another zone BIND does not know the end.
			if len(c.fedns.answer) == 0 && c.all["BIND"].rcode != c.fedns.rcode {
				return false
			}
			if len(c.other.authority) != 1 || rrType(c.other.authority[0]) != "SOA" || c.fedns.rcode == c.other.rcode && len(c.fedns.answer) <= len(c.other.answer) {
				return false
			}
			c.other = withFlagsOf(&c.fedns, &c.other)
			return true
		},
	}, {
		name: "glue-left-out", peers: []string{"BIND", "NSD"},
		why: "RFC 9471 §3.1: glue that does not fit should set TC; older name servers leave out what does not fit and set nothing",
		apply: func(c *comparison) bool {
			a, b := &c.fedns, &c.other
			if c.whole != nil {
				a, b = c.whole["fedns"], c.whole[c.peer]
			}
			const address = 2 + 10 + 16 // octets of the record that did not fit
			if c.q.how.tcp || c.other.has("tc") || b.size > room(c.q) && a.size > room(c.q) && !c.fedns.has("tc") {
				return false
			}
			if c.other.size+address <= room(c.q) || len(c.other.additional) >= len(a.additional) || !subset(c.other.additional, a.additional) {
				return false
			}
			if len(a.authority) != 1 || !slices.Equal(c.other.answer, a.answer) || !slices.Equal(c.other.authority, a.authority) {
				return false
			}
			// At other addresses TC is wrong (RFC 2181 §9).
			isGlue := func(set string) bool {
				return !slices.Contains(c.other.additional, set) && isBelow(owner(set), owner(a.authority[0]))
			}
			if !slices.ContainsFunc(a.additional, isGlue) {
				return false
			}
			c.other = withFlagsOf(&c.fedns, &c.other)
			c.other.set("tc", c.fedns.has("tc"))
			return true
		},
	}, {
		name: "alias-twice", peers: []string{"Knot", "NSD"},
		why: "RFC 2181 §5: a record is in an answer once; where a wildcard's CNAME leads to itself, some write it again",
		apply: func(c *comparison) bool {
			n := len(c.other.answer)
			if n == 0 || n != len(c.fedns.answer) || rrType(c.other.answer[n-1]) != "CNAME" {
				return false
			}
			once := c.fedns.answer[n-1]
			if again := strings.TrimPrefix(c.other.answer[n-1], once); again == "" || strings.ReplaceAll(again, ", "+target(once), "") != "" {
				return false
			}
			c.other.answer = slices.Clone(c.other.answer)
			c.other.answer[n-1] = once
			return true
		},
	}, {
		name: "soa-left-out", peers: []string{"Knot"},
		why: "RFC 2308 §5: without an SOA a negative answer is not cached, no more; Knot leaves it out when it does not fit",
		apply: func(c *comparison) bool {
			if c.whole == nil || !c.fedns.has("tc") || c.other.has("tc") || len(c.other.authority) > 0 {
				return false
			}
			w := c.whole[c.peer]
			if w.size <= room(c.q) || len(w.authority) != 1 || rrType(w.authority[0]) != "SOA" || !slices.Equal(w.answer, c.other.answer) {
				return false
			}
			c.other = withFlagsOf(&c.fedns, &c.other)
			c.other.set("tc", true)
			return true
		},
	}, {
		name: "addresses-by-wildcard", peers: []string{"Knot", "NSD"},
		why: "RFC 4592 §3.3.1: a wildcard can also stand for a host that a referral names; its addresses are not needed",
		apply: func(c *comparison) bool {
			if len(c.fedns.authority) != 1 || rrType(c.fedns.authority[0]) != "NS" {
				return false
			}
			var rest []string
			for _, set := range c.other.additional {
				if z := c.served[c.zoneOf(owner(set))]; z == nil || len(z.types[owner(set)]) > 0 || !isAddress(set) || !names(c.fedns.authority, owner(set)) {
					rest = append(rest, set)
				}
			}
			if len(rest) == len(c.other.additional) {
				return false
			}
			c.other.additional = rest
			return true
		},
	}, {
		name: "any-subset", peers: []string{"BIND", "Knot", "NSD"},
		why: "RFC 8482 §4.1: ANY may be answered with any of the RRsets at the name",
		apply: func(c *comparison) bool {
			if c.q.typ != dns.TypeANY || len(c.fedns.answer) != 1 || len(c.other.answer) == 0 || c.other.has("tc") {
				return false
			}
			for _, set := range c.other.answer {
				if owner(set) != owner(c.fedns.answer[0]) {
					return false
				}
			}
			c.other.answer = c.fedns.answer
			if len(c.fedns.additional) == 0 {
				c.other.additional = nil
			}
			return true
		},
	}, {
		name: "addresses-of-targets", peers: []string{"BIND", "Knot", "NSD"},
		why: "RFC 1034 §4.3.2 step 6, RFC 2782: addresses of the hosts that an answer names are useful, not needed",
		apply: func(c *comparison) bool {
			if len(c.fedns.answer) == 0 || len(c.fedns.additional) > 0 || len(c.other.additional) == 0 || !c.fedns.has("aa") {
				return false
			}
			for _, set := range c.other.additional {
				if !isAddress(set) || !names(c.fedns.answer, owner(set)) {
					return false
				}
			}
			c.other.additional = nil
			return true
		},
	}, {
		name: "referral-less-addresses", peers: []string{"BIND"},
		why: "RFC 9471 §3: glue is what lies below the cut or a sibling; other addresses of a referral are optional",
		apply: func(c *comparison) bool {
			if len(c.fedns.authority) != 1 || rrType(c.fedns.authority[0]) != "NS" || len(c.other.additional) >= len(c.fedns.additional) {
				return false
			}
			cut := owner(c.fedns.authority[0])
			for _, set := range c.fedns.additional {
				if !slices.Contains(c.other.additional, set) && isBelow(owner(set), cut) {
					return false
				}
			}
			c.other.additional = c.fedns.additional
			return true
		},
	},
}

// chainLimits are how many aliases each name server follows.
var chainLimits = map[string]int{"fedns": 16, "BIND": 12, "Knot": 5}

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

// withFlagsOf is a with b's flags and EDNS, which are still to be compared.
func withFlagsOf(a, b *answer) answer {
	out := *a
	out.flags, out.edns, out.question = b.flags, b.edns, b.question
	return out
}

func subset(a, b []string) bool {
	for _, set := range a {
		if !slices.Contains(b, set) {
			return false
		}
	}
	return true
}

// hiddenByParent says that the name asked for, or the one its aliases lead to,
// is in a zone whose parent zone, served here too, holds data that is near the
// name and below the cut.
func (c *comparison) hiddenByParent() bool {
	near := []string{c.q.name.key()}
	if n := len(c.fedns.answer); n > 0 && rrType(c.fedns.answer[n-1]) == "CNAME" {
		near = append(near, target(c.fedns.answer[n-1]))
	}
	for _, name := range near {
		child := c.served[c.zoneOf(name)]
		if child == nil {
			continue
		}
		parent := c.served[c.zoneOf(child.apex.parent().key())]
		if parent == nil {
			continue
		}
		for _, r := range parent.records {
			if dns.CompareDomainName(r.owner.key(), name) > len(child.apex) {
				return true
			}
		}
	}
	return false
}

// owner is the owner name of an RRset as gather shows it.
func owner(set string) string { return field(set, 0) }

// rrType is its type's mnemonic.
func rrType(set string) string { return field(set, 3) }

func field(set string, i int) string {
	words := strings.SplitN(set, " ", i+2)
	if i >= len(words) {
		return ""
	}
	return words[i]
}

// target is the only RDATA of an RRset.
func target(set string) string { return set[strings.LastIndexByte(set, ' ')+1:] }

// isBare says that there is no record in a.
func isBare(a *answer) bool { return len(a.answer)+len(a.authority)+len(a.additional) == 0 }

func isAddress(set string) bool { return rrType(set) == "A" || rrType(set) == "AAAA" }

// names says that the RDATA of one of the RRsets has this name in it.
func names(sets []string, name string) bool {
	for _, set := range sets {
		for _, word := range strings.FieldsFunc(set, func(r rune) bool { return r == ' ' || r == ',' })[4:] {
			if word == name {
				return true
			}
		}
	}
	return false
}

// isBelow says that name is cut or below it. Both are in presentation form and lower case.
func isBelow(name, cut string) bool { return name == cut || strings.HasSuffix(name, "."+cut) }
