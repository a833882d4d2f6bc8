package forward

import (
	"errors"
	"fmt"

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

// rdataOf is the record's RDATA in canonical form (RFC 4034 §6.2).
func rdataOf(rr dns.RR) (string, error) {
	h := rr.Header()
	if _, known := dns.TypeToRR[h.Rrtype]; known && h.Rdlength == 0 && h.Rrtype != dns.TypeAPL && h.Rrtype != dns.TypeNULL {
		return "", fmt.Errorf("%s record in reply: %w", dns.TypeToString[h.Rrtype], errCut)
	}
	buf := make([]byte, dns.Len(rr)+64)
	start, err := dns.PackDomainName(h.Name, buf, 0, nil, false)
	if err != nil {
		return "", fmt.Errorf("record in reply: %w", err)
	}
	end, err := dns.PackRR(rr, buf, 0, nil, false)
	if err != nil {
		return "", fmt.Errorf("record in reply: %w", err)
	}
	const fixed = 10 // type, class, TTL, length
	d := buf[start+fixed : end]
	if err := canonical(h.Rrtype, d); err != nil {
		return "", fmt.Errorf("%s record in reply: %w", dns.TypeToString[h.Rrtype], err)
	}
	return string(d), nil
}

var errCut = errors.New("data is cut short")

// layouts are how RDATA is made up, of the types that are in use and of those
// that hold names to be lowered (RFC 4034 §6.2). A digit is that many octets, s a
// character string, n a name, + one more of the same for as long as there is data.
var layouts = map[uint16]string{
	dns.TypeA: "4", dns.TypeAAAA: "88", dns.TypeTXT: "s+", dns.TypeSPF: "s+", dns.TypeHINFO: "ss",
	dns.TypeNS: "n", dns.TypeCNAME: "n", dns.TypePTR: "n", dns.TypeDNAME: "n", dns.TypeMB: "n", dns.TypeMG: "n", dns.TypeMR: "n",
	dns.TypeSOA: "nn992", dns.TypeMINFO: "nn", dns.TypeRP: "nn",
	dns.TypeMX: "2n", dns.TypeAFSDB: "2n", dns.TypeRT: "2n", dns.TypeKX: "2n", dns.TypePX: "2nn",
	dns.TypeSRV: "6n", dns.TypeNAPTR: "4sssn",
}

// canonical makes the names in rdata lower case, in place, and says whether it
// is whole: the library takes RDATA that ends early, and leaves out the rest.
func canonical(typ uint16, rdata []byte) error {
	layout, ok := layouts[typ]
	if !ok {
		return nil
	}
	rest := rdata
	for i := 0; i < len(layout); i++ {
		part := layout[i]
		if part == '+' {
			if len(rest) == 0 {
				return nil
			}
			i--
			part = layout[i]
		}
		size := int(part - '0')
		switch part {
		case 'n':
			_, n, err := dnsname.FromWire(rest)
			if err != nil {
				return err
			}
			dnsname.Fold(rest[:n], rest[:n])
			size = n
		case 's':
			if len(rest) == 0 {
				return errCut
			}
			size = 1 + int(rest[0])
		}
		if size > len(rest) {
			return errCut
		}
		rest = rest[size:]
	}
	if len(rest) > 0 {
		return errors.New("data goes on past its end")
	}
	return nil
}
