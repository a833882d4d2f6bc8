package difftest

import (
	"slices"

	"github.com/miekg/dns"
)

// contentRules are about records that may be there or not.
var contentRules = []rule{
	{
		name: "any-subset", peers: []string{"BIND", "Knot", "NSD"},
		why: "RFC 8482 §4.1: ANY may be answered with any of the RRsets at the name; where fedns sets TC, BIND takes one that fits",
		apply: func(c *comparison) bool {
			own := &c.fedns
			if own.has("tc") && c.whole != nil && c.whole["fedns"].size > room(c.q) {
				own = c.whole["fedns"] // the peer may have one that fits
			}
			n := len(own.answer) - 1 // of the aliases before
			if c.q.typ != dns.TypeANY || n < 0 || len(c.other.answer) <= n || c.other.has("tc") || !slices.Equal(own.answer[:n], c.other.answer[:n]) {
				return false
			}
			for _, set := range c.other.answer[n:] {
				if owner(set) != owner(own.answer[n]) {
					return false
				}
			}
			if slices.Equal(c.fedns.answer, c.other.answer) {
				return false
			}
			c.other.set("tc", c.fedns.has("tc"))
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
		name: "addresses-by-wildcard", peers: []string{"Knot", "NSD"},
		why: "RFC 4592 §3.3.1: a wildcard can also stand for a host that a referral names; its addresses are not needed",
		apply: func(c *comparison) bool {
			if !isReferral(&c.other) {
				return false
			}
			var rest []string
			for _, set := range c.other.additional {
				if z := c.served[c.zoneOf(owner(set))]; z == nil || len(z.types[owner(set)]) > 0 || !isAddress(set) || !names(c.other.authority, owner(set)) {
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
		name: "addresses-not-needed", peers: []string{"BIND", "Knot", "NSD"},
		why: "RFC 9471 §3, RFC 2181 §9: a referral needs the glue below its cut; other addresses are left out where there is no room, or always",
		apply: func(c *comparison) bool {
			if !isReferral(&c.fedns) || c.fedns.has("tc") || c.other.has("tc") || slices.Equal(c.fedns.additional, c.other.additional) {
				return false
			}
			for _, set := range c.other.additional {
				if slices.Contains(c.fedns.additional, set) || isGlue(set, &c.fedns) {
					continue
				}
				// fedns leaves out what it has for want of room alone.
				if c.whole == nil || c.whole["fedns"].size <= room(c.q) || !isPart(set, c.whole["fedns"].additional) {
					return false
				}
			}
			a, b := glueOnly(&c.fedns), glueOnly(&c.other)
			if len(a) == len(c.fedns.additional) && len(b) == len(c.other.additional) {
				return false
			}
			c.fedns.additional, c.other.additional = a, b
			return true
		},
	}, {
		name: "truncated-for-addresses", peers: []string{"Knot", "NSD"},
		why: "RFC 2181 §9, RFC 9471 §3.2: TC should not be set for want of addresses that are not needed; some fill up with them first, and set it",
		apply: func(c *comparison) bool {
			if c.whole == nil || !isReferral(&c.fedns) || c.fedns.has("tc") || !c.other.has("tc") || c.whole[c.peer].size <= room(c.q) {
				return false
			}
			if !subset(glueOnly(c.whole["fedns"]), c.fedns.additional) {
				return false
			}
			c.other = withFlagsOf(&c.fedns, &c.other)
			c.other.set("tc", false)
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
			if c.q.how.tcp || c.other.has("tc") || !isReferral(a) || !c.fedns.has("tc") && !subset(glueOnly(a), c.fedns.additional) {
				return false
			}
			if slices.Equal(c.other.additional, a.additional) || !subset(c.other.additional, a.additional) {
				return false
			}
			if !slices.Equal(c.other.answer, a.answer) || !slices.Equal(c.other.authority, a.authority) {
				return false
			}
			// At other addresses TC is wrong (RFC 2181 §9).
			leftOut := func(set string) bool {
				return !slices.Contains(c.other.additional, set) && (c.other.size+octets(set) > room(c.q) || b.size > room(c.q))
			}
			if !slices.ContainsFunc(glueOnly(a), leftOut) {
				return false
			}
			c.other = withFlagsOf(&c.fedns, &c.other)
			c.other.set("tc", c.fedns.has("tc"))
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
			if w.size <= room(c.q) || !isNegative(w) || !slices.Equal(w.answer, c.other.answer) {
				return false
			}
			c.other = withFlagsOf(&c.fedns, &c.other)
			c.other.set("tc", true)
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
			if !isNegative(&c.other) || c.fedns.rcode == c.other.rcode && len(c.fedns.answer) <= len(c.other.answer) {
				return false
			}
			c.other = withFlagsOf(&c.fedns, &c.other)
			return true
		},
	},
}

// name and below the cut.
func (c *comparison) hiddenByParent() bool {
	near := []string{c.q.name.key()}
	for _, set := range c.fedns.answer {
		if rrType(set) == "CNAME" {
			near = append(near, target(set))
		}
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

func subset(a, b []string) bool {
	for _, set := range a {
		if !isPart(set, b) {
			return false
		}
	}
	return true
}

// isPart says that one of sets has all records of set: NSD fills up with as
// many of an RRset as fit.
func isPart(set string, sets []string) bool {
	return slices.ContainsFunc(sets, func(whole string) bool {
		if owner(set) != owner(whole) || rrType(set) != rrType(whole) {
			return false
		}
		all := rdatas(whole)
		for _, d := range rdatas(set) {
			if !slices.Contains(all, d) {
				return false
			}
		}
		return true
	})
}

// isReferral says that a sends the resolver on, if only at the end of a chain.
func isReferral(a *answer) bool { return len(a.authority) == 1 && rrType(a.authority[0]) == "NS" }

// isGlue says that set is an address below the cut of the referral a, without
// which the servers named there cannot be found (RFC 9471 §2.1).
func isGlue(set string, a *answer) bool {
	return isAddress(set) && isBelow(owner(set), owner(a.authority[0]))
}

// glueOnly is a's additional section without addresses that are not needed.
func glueOnly(a *answer) []string {
	var glue []string
	for _, set := range a.additional {
		if !isAddress(set) || isGlue(set, a) {
			glue = append(glue, set)
		}
	}
	return glue
}
