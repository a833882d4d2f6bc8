package difftest

import (
	"fmt"
	"slices"
	"sort"
	"strconv"
	"strings"

	"github.com/miekg/dns"
)

// answer is a message in a form in which answers that mean the same are equal:
// names in lower case, records gathered into RRsets and these sorted inside.
type answer struct {
	broken string // what is wrong with the message itself; then nothing else is set
	rcode  int    // with the extended bits
	flags  string // those that are set, sorted
	// question is what was echoed, letters in the case they came in.
	question string
	answer   []string // RRsets, in the order of the message: a chain has one
	// authority and additional are sorted: their order means nothing.
	authority  []string
	additional []string // without OPT
	edns       string
	size       int // octets of the message
}

// normalise reads a message.
func normalise(wire []byte) answer {
	var m dns.Msg
	if err := m.Unpack(wire); err != nil {
		return answer{broken: fmt.Sprintf("%d octets do not unpack: %v", len(wire), err)}
	}
	a := answer{rcode: m.Rcode, size: len(wire)}
	a.flags = flags(&m)
	for _, q := range m.Question {
		a.question += fmt.Sprintf("%s %s %s;", q.Name, classString(q.Qclass), typeString(q.Qtype))
	}
	a.answer = gather(m.Answer)
	a.authority = gather(m.Ns)
	sort.Strings(a.authority)
	var rest []dns.RR
	for _, rr := range m.Extra {
		opt, ok := rr.(*dns.OPT)
		if !ok {
			rest = append(rest, rr)
			continue
		}
		a.edns += fmt.Sprintf("version %d, DO %t, size %d", opt.Version(), opt.Do(), opt.UDPSize())
		for _, o := range opt.Option {
			a.edns += fmt.Sprintf(", option %d", o.Option())
		}
	}
	a.additional = gather(rest)
	sort.Strings(a.additional)
	return a
}

// rcodeString tells BADVERS from BADSIG, which has the same number in TSIG (RFC 6895 §2.3).
func rcodeString(rcode int) string {
	if rcode == dns.RcodeBadVers {
		return "BADVERS"
	}
	return dns.RcodeToString[rcode]
}

func flags(m *dns.Msg) string {
	words := []string{fmt.Sprintf("opcode%d", m.Opcode)}
	for _, f := range []struct {
		set  bool
		name string
	}{
		{m.Response, "qr"}, {m.Authoritative, "aa"}, {m.Truncated, "tc"}, {m.RecursionDesired, "rd"},
		{m.RecursionAvailable, "ra"}, {m.AuthenticatedData, "ad"}, {m.CheckingDisabled, "cd"}, {m.Zero, "z"},
	} {
		if f.set {
			words = append(words, f.name)
		}
	}
	sort.Strings(words)
	return strings.Join(words, " ")
}

// gather makes one line of each RRset: OWNER TTL TYPE RDATA, RDATA... sorted.
func gather(rrs []dns.RR) []string {
	type set struct {
		head string
		data []string
	}
	var sets []set
	for _, rr := range rrs {
		h := rr.Header()
		head := fmt.Sprintf("%s %d %s %s", respell(h.Name), h.Ttl, classString(h.Class), typeString(h.Rrtype))
		i := slices.IndexFunc(sets, func(s set) bool { return s.head == head })
		if i < 0 {
			i = len(sets)
			sets = append(sets, set{head: head})
		}
		sets[i].data = append(sets[i].data, rdata(rr))
	}
	var lines []string
	for _, s := range sets {
		sort.Strings(s.data)
		lines = append(lines, s.head+" "+strings.Join(s.data, ", "))
	}
	return lines
}

// rdata is what follows the header; letters are folded only in types whose RDATA is names (RFC 4034 §6.2).
func rdata(rr dns.RR) string {
	if r, ok := rr.(*dns.RFC3597); ok {
		return `\# ` + r.Rdata
	}
	s := strings.TrimPrefix(rr.String(), rr.Header().String())
	switch rr.Header().Rrtype {
	case dns.TypeNS, dns.TypeCNAME, dns.TypeSOA, dns.TypePTR, dns.TypeMX, dns.TypeSRV, dns.TypeDNAME, dns.TypeRP:
		return respell(s)
	case dns.TypeNAPTR:
		r := rr.(*dns.NAPTR)
		return fmt.Sprintf("%d %d %q %q %q %s", r.Order, r.Preference, r.Flags, r.Service, r.Regexp, respell(r.Replacement))
	}
	return s
}

// respell writes names, with spaces between them, in lower case and with the
// escapes that name.String uses; miekg/dns has a way of its own.
func respell(names string) string {
	var b strings.Builder
	for i := 0; i < len(names); i++ {
		c := names[i]
		if c == '.' || c == ' ' {
			b.WriteByte(c)
			continue
		}
		if c == '\\' {
			i++
			c = names[i]
			if v, err := strconv.ParseUint(names[i:min(i+3, len(names))], 10, 8); err == nil && i+3 <= len(names) {
				i += 2
				c = byte(v)
			}
		}
		writeOctet(&b, c)
	}
	return lower(b.String())
}

// facets are the parts of an answer that are compared.
var facets = []string{"message", "rcode", "flags", "question", "answer", "authority", "additional", "edns"}

func (a *answer) facet(name string) string {
	switch name {
	case "message":
		return a.broken
	case "rcode":
		return rcodeString(a.rcode)
	case "flags":
		return a.flags
	case "question":
		return a.question
	case "answer":
		return strings.Join(a.answer, "\n")
	case "authority":
		return strings.Join(a.authority, "\n")
	case "additional":
		return strings.Join(a.additional, "\n")
	}
	return a.edns
}

// differs lists the facets in which a and b differ.
func differs(a, b *answer) []string {
	var names []string
	for _, f := range facets {
		if a.facet(f) != b.facet(f) {
			names = append(names, f)
		}
	}
	return names
}

func (a *answer) has(flag string) bool { return slices.Contains(strings.Fields(a.flags), flag) }

func (a *answer) set(flag string, on bool) {
	words := strings.Fields(a.flags)
	i := slices.Index(words, flag)
	switch {
	case on && i < 0:
		words = append(words, flag)
	case !on && i >= 0:
		words = slices.Delete(words, i, i+1)
	}
	sort.Strings(words)
	a.flags = strings.Join(words, " ")
}

// String shows the answer for reports.
func (a *answer) String() string {
	if a.broken != "" {
		return a.broken
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s [%s] %d octets", rcodeString(a.rcode), a.flags, a.size)
	if a.edns != "" {
		b.WriteString(" EDNS(" + a.edns + ")")
	}
	for _, s := range []struct {
		name string
		sets []string
	}{{"answer", a.answer}, {"authority", a.authority}, {"additional", a.additional}} {
		for _, set := range s.sets {
			if len(set) > 200 {
				set = set[:200] + "..."
			}
			fmt.Fprintf(&b, "\n      %-10s %s", s.name, set)
		}
	}
	return b.String()
}

// withFlagsOf is a with b's flags and EDNS, which are still to be compared.
func withFlagsOf(a, b *answer) answer {
	out := *a
	out.flags, out.edns, out.question = b.flags, b.edns, b.question
	return out
}

// shape is the sort of answer that a is, to show what a run has covered.
func (a *answer) shape() string {
	aliased := ""
	if aliases(a.answer) > 0 {
		aliased = " by alias"
	}
	switch {
	case a.broken != "":
		return "broken"
	case a.has("tc"):
		return "truncated"
	case a.rcode != dns.RcodeSuccess:
		return rcodeString(a.rcode) + aliased
	case len(a.authority) > 0 && rrType(a.authority[0]) == "NS":
		return "referral" + aliased
	case isNegative(a):
		return "NODATA" + aliased
	}
	return "data" + aliased
}

// isNegative says that a has no authority but the SOA of a denial.
func isNegative(a *answer) bool { return len(a.authority) == 1 && rrType(a.authority[0]) == "SOA" }

// isBare says that there is no record in a.
func isBare(a *answer) bool { return len(a.answer)+len(a.authority)+len(a.additional) == 0 }
