package forward

import (
	"fmt"
	"strings"

	"github.com/miekg/dns"

	"github.com/fedns/fedns/dnsserver/dnsname"
)

// ownerOf is the record's owner name.
func ownerOf(rr dns.RR) (dnsname.Name, error) {
	var buf [dnsname.MaxWire + 1]byte
	end, err := dns.PackDomainName(rr.Header().Name, buf[:], 0, nil, false)
	if err != nil {
		return dnsname.Name{}, fmt.Errorf("owner name in reply: %w", err)
	}
	n, _, err := dnsname.FromWire(buf[:end])
	return n, err
}

// ttlOf is the record's TTL in seconds; one with the top bit set counts as 0 (RFC 2181 §8).
func ttlOf(rr dns.RR) uint32 {
	if t := rr.Header().Ttl; t < 1<<31 {
		return t
	}
	return 0
}

// rdataOf is the record's RDATA in canonical form (RFC 4034 §6.2). rr's names
// are made lower case in place.
func rdataOf(rr dns.RR) (string, error) {
	lower(rr)
	buf := make([]byte, dns.Len(rr)+64)
	start, err := dns.PackDomainName(rr.Header().Name, buf, 0, nil, false)
	if err != nil {
		return "", fmt.Errorf("record in reply: %w", err)
	}
	end, err := dns.PackRR(rr, buf, 0, nil, false)
	if err != nil {
		return "", fmt.Errorf("record in reply: %w", err)
	}
	const fixed = 10 // type, class, TTL, length
	d := string(buf[start+fixed : end])
	if rr.Header().Rrtype == dns.TypeCNAME {
		// It becomes a name that is looked up: it must be one.
		if n, size, err := dnsname.FromWire([]byte(d)); err != nil || size != len(d) || n.Wire() != d {
			return "", fmt.Errorf("alias in reply has no target")
		}
	}
	return d, nil
}

// lower folds the names in RDATA, of the types that RFC 4034 §6.2 lists and that are in use.
func lower(rr dns.RR) {
	fold := func(names ...*string) {
		for _, n := range names {
			*n = asciiLower(*n)
		}
	}
	switch rr := rr.(type) {
	case *dns.CNAME:
		fold(&rr.Target)
	case *dns.DNAME:
		fold(&rr.Target)
	case *dns.NS:
		fold(&rr.Ns)
	case *dns.PTR:
		fold(&rr.Ptr)
	case *dns.MX:
		fold(&rr.Mx)
	case *dns.SRV:
		fold(&rr.Target)
	case *dns.NAPTR:
		fold(&rr.Replacement)
	case *dns.SOA:
		fold(&rr.Ns, &rr.Mbox)
	}
}

// asciiLower folds ASCII letters only (RFC 4343). The library writes all other
// octets past ASCII as escapes.
func asciiLower(s string) string {
	return strings.Map(func(c rune) rune {
		if 'A' <= c && c <= 'Z' {
			return c + 'a' - 'A'
		}
		return c
	}, s)
}
