package zone

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"strconv"
	"strings"

	"github.com/fedns/fedns/dnsserver/dnsname"
)

// RR types that the zone model itself has to know (IANA DNS parameters).
const (
	TypeA      uint16 = 1
	TypeNS     uint16 = 2
	TypeCNAME  uint16 = 5
	TypeSOA    uint16 = 6
	TypePTR    uint16 = 12
	TypeMX     uint16 = 15
	TypeTXT    uint16 = 16
	TypeAAAA   uint16 = 28
	TypeSRV    uint16 = 33
	TypeDNAME  uint16 = 39
	TypeDS     uint16 = 43
	TypeRRSIG  uint16 = 46
	TypeNSEC   uint16 = 47
	TypeDNSKEY uint16 = 48
)

// Addr is the RDATA of an A (4 octets) or AAAA (16 octets) record; an
// IPv4-mapped address counts as IPv4. AddrType tells which.
func Addr(a netip.Addr) string {
	a = a.Unmap()
	if a.Is4() {
		b := a.As4()
		return string(b[:])
	}
	b := a.As16()
	return string(b[:])
}

// AddrType is the RR type that holds a: A or AAAA.
func AddrType(a netip.Addr) uint16 {
	if a.Unmap().Is4() {
		return TypeA
	}
	return TypeAAAA
}

// Target is the RDATA of the types that hold one name: NS, CNAME, PTR, DNAME.
func Target(n dnsname.Name) string { return n.Wire() }

// SRV is the RDATA of an SRV record (RFC 2782).
func SRV(priority, weight, port uint16, target dnsname.Name) string {
	var b [6]byte
	binary.BigEndian.PutUint16(b[0:], priority)
	binary.BigEndian.PutUint16(b[2:], weight)
	binary.BigEndian.PutUint16(b[4:], port)
	return string(b[:]) + target.Wire()
}

// TXT is the RDATA of a TXT record holding text in strings of at most 255 octets.
func TXT(text string) string {
	var b strings.Builder
	for {
		s := text[:min(len(text), 255)]
		text = text[len(s):]
		b.WriteByte(byte(len(s)))
		b.WriteString(s)
		if text == "" {
			return b.String()
		}
	}
}

// SOA is the RDATA of an SOA record (RFC 1035 §3.3.13); times in seconds.
// Minimum is the negative TTL (RFC 2308 §4).
type SOA struct {
	MName, RName                            dnsname.Name
	Serial, Refresh, Retry, Expire, Minimum uint32
}

// RDATA is s in wire form.
func (s SOA) RDATA() string {
	var b [20]byte
	for i, v := range []uint32{s.Serial, s.Refresh, s.Retry, s.Expire, s.Minimum} {
		binary.BigEndian.PutUint32(b[4*i:], v)
	}
	return s.MName.Wire() + s.RName.Wire() + string(b[:])
}

// ParseSOA reads canonical SOA RDATA.
func ParseSOA(rdata string) (SOA, error) {
	var s SOA
	wire := []byte(rdata)
	var n int
	var err error
	if s.MName, n, err = dnsname.FromWire(wire); err != nil {
		return SOA{}, fmt.Errorf("SOA MNAME: %w", err)
	}
	wire = wire[n:]
	if s.RName, n, err = dnsname.FromWire(wire); err != nil {
		return SOA{}, fmt.Errorf("SOA RNAME: %w", err)
	}
	wire = wire[n:]
	if len(wire) != 20 {
		return SOA{}, fmt.Errorf("SOA RDATA has %d octets behind its names, want 20", len(wire))
	}
	for i, p := range []*uint32{&s.Serial, &s.Refresh, &s.Retry, &s.Expire, &s.Minimum} {
		*p = binary.BigEndian.Uint32(wire[4*i:])
	}
	return s, nil
}

// SerialLess says that serial a comes before b (RFC 1982 §3.2).
func SerialLess(a, b uint32) bool { return a != b && int32(b-a) > 0 }

var typeNames = map[uint16]string{
	TypeA: "A", TypeNS: "NS", TypeCNAME: "CNAME", TypeSOA: "SOA", TypePTR: "PTR", TypeMX: "MX", TypeTXT: "TXT",
	TypeAAAA: "AAAA", TypeSRV: "SRV", TypeDNAME: "DNAME", TypeDS: "DS", TypeRRSIG: "RRSIG", TypeNSEC: "NSEC", TypeDNSKEY: "DNSKEY",
}

// TypeString is the type's mnemonic, or TYPEnnn (RFC 3597 §5) for one this package does not know.
func TypeString(t uint16) string {
	if s, ok := typeNames[t]; ok {
		return s
	}
	return "TYPE" + strconv.Itoa(int(t))
}

// RDATAString shows RDATA to people: addresses, names and SRV in their usual
// form, everything else in the unknown-type form of RFC 3597 §5.
func RDATAString(typ uint16, rdata string) string {
	switch typ {
	case TypeA, TypeAAAA:
		if a, ok := netip.AddrFromSlice([]byte(rdata)); ok {
			return a.String()
		}
	case TypeNS, TypeCNAME, TypePTR, TypeDNAME:
		if n, _, err := dnsname.FromWire([]byte(rdata)); err == nil {
			return n.String()
		}
	case TypeSRV:
		if len(rdata) > 6 {
			b := []byte(rdata)
			if n, _, err := dnsname.FromWire(b[6:]); err == nil {
				return fmt.Sprintf("%d %d %d %s", binary.BigEndian.Uint16(b), binary.BigEndian.Uint16(b[2:]), binary.BigEndian.Uint16(b[4:]), n)
			}
		}
	case TypeTXT:
		var parts []string
		for rest := rdata; rest != ""; {
			n := int(rest[0])
			if 1+n > len(rest) {
				break
			}
			parts = append(parts, strconv.Quote(rest[1:1+n]))
			rest = rest[1+n:]
		}
		return strings.Join(parts, " ")
	}
	return fmt.Sprintf(`\# %d %x`, len(rdata), rdata)
}
