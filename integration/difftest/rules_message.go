package difftest

import (
	"cmp"
	"fmt"
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

// takeOption makes an EDNS option of the other answer be there as it is in
// fedns's; false when it was so already.
func takeOption(c *comparison, code int) bool {
	text := fmt.Sprintf(", option %d", code)
	own, other := strings.Contains(c.fedns.edns, text), strings.Contains(c.other.edns, text)
	if own == other || c.other.edns == "" {
		return false
	}
	if other {
		c.other.edns = strings.ReplaceAll(c.other.edns, text, "")
		return true
	}
	parts := strings.Split(c.other.edns+text, ", option ")
	slices.SortFunc(parts[1:], func(a, b string) int { return cmp.Or(cmp.Compare(len(a), len(b)), cmp.Compare(a, b)) })
	c.other.edns = strings.Join(parts, ", option ")
	return true
}

// messageRules are about headers, EDNS, sizes and classes.
var messageRules = []rule{
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
			return takeOption(c, 15)
		},
	}, {
		name: "client-subnet", peers: []string{"BIND", "Knot", "NSD"},
		why: "RFC 7871 §7.2.1: a server whose answers depend on no subnet may say so, or leave the option out",
		apply: func(c *comparison) bool {
			return c.q.how.subnet && strings.Contains(c.fedns.edns, ", option 8") && takeOption(c, 8)
		},
	}, {
		name: "checking-disabled", peers: []string{"BIND", "NSD"},
		why: "RFC 4035 §3.1.6: an authoritative answer should have CD clear; BIND copies it, NSD does with errors",
		apply: func(c *comparison) bool {
			if !c.q.cd || c.fedns.has("cd") || !c.other.has("cd") {
				return false
			}
			c.other.set("cd", false)
			return true
		},
	}, {
		name: "truncated", peers: []string{"BIND", "Knot", "NSD"},
		why: "RFC 2181 §9: what a truncated answer holds is not to be used; whether it must be truncated depends on how well names are compressed",
		apply: func(c *comparison) bool {
			if c.whole == nil || !c.fedns.has("tc") && !c.other.has("tc") || c.fedns.has("tc") != (c.whole["fedns"].size > room(c.q)) {
				return false
			}
			w := c.whole[c.peer]
			// What is not needed can be left out instead.
			withoutExtra := len(c.other.additional) < len(w.additional) && w.has("aa") &&
				slices.Equal(c.other.answer, w.answer) && slices.Equal(c.other.authority, w.authority)
			if c.other.has("tc") != (w.size > room(c.q)) && !withoutExtra {
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
	},
}
