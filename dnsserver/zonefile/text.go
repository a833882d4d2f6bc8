package zonefile

import (
	"encoding/hex"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/miekg/dns"

	"github.com/fedns/fedns/dnsserver/dnsname"
)

// RDATAParser turns RDATA in presentation form (RFC 1035 §5.1, RFC 3597 §5) into
// canonical RDATA, one record at a time, as APIs of hosted zones have it. Names
// that do not end with a dot are taken as if they did. The zero RDATAParser is
// ready. It is not safe for concurrent use.
type RDATAParser struct {
	s scanner
	p rdataParser
}

// Parse reads text, which must be all of the RDATA and nothing else.
func (r *RDATAParser) Parse(typ uint16, text string) (string, error) {
	if isMeta(typ) {
		return "", fmt.Errorf("%s is no type of data (RFC 6895 §3.1)", typeName(typ))
	}
	if strings.ContainsAny(text, "\r\n") {
		return "", errors.New("the data has a line break in it")
	}
	e := &r.s.e
	e.buf, e.tokens = append(append(e.buf[:0], text...), '\n'), e.tokens[:0]
	r.s.line, r.s.depth = 1, 0
	if err := r.s.tokenize(0); err != nil {
		return "", errors.New(err.Problem)
	}
	if r.s.depth > 0 {
		return "", errors.New(r.s.unclosed().Problem)
	}
	if end := len(e.tokens); end > 0 && strings.Contains(string(e.buf[e.tokens[end-1].end:]), ";") {
		// In a file it would begin a comment; here it would be lost.
		return "", errors.New("the data has a semicolon outside of quotes")
	}
	return r.p.parse(e, 0, typ, dnsname.Root)
}

// RDATAText is canonical RDATA in presentation form: RDATAParser.Parse's inverse.
// Names are absolute. Of a type that is not known, and of RDATA that its type's
// own form does not give again, it is the form of RFC 3597 §5.
func RDATAText(typ uint16, rdata string) string {
	// Most records are addresses: they need no library.
	if typ == dns.TypeA && len(rdata) == 4 || typ == dns.TypeAAAA && len(rdata) == 16 {
		addr, _ := netip.AddrFromSlice([]byte(rdata))
		return addr.String()
	}
	if _, ok := dns.TypeToRR[typ]; ok && typ != dns.TypeNULL {
		h := dns.RR_Header{Name: ".", Rrtype: typ, Class: dns.ClassINET, Rdlength: uint16(len(rdata))}
		if rr, _, err := dns.UnpackRRWithHeader(h, []byte(rdata), 0); err == nil {
			text := strings.TrimPrefix(rr.String(), rr.Header().String())
			if faithful(typ) || reads(typ, text, rdata) {
				return text
			}
		}
	}
	return strings.TrimSpace(fmt.Sprintf(`\# %d %s`, len(rdata), hex.EncodeToString([]byte(rdata))))
}

// faithful says that what miekg/dns writes of a type always reads as the same.
// Of some rare ones it does not quote what has to be quoted.
func faithful(typ uint16) bool {
	switch typ {
	case dns.TypeA, dns.TypeAAAA, dns.TypeNS, dns.TypeCNAME, dns.TypePTR, dns.TypeDNAME, dns.TypeMX, dns.TypeSRV, dns.TypeTXT, dns.TypeSOA:
		return true
	}
	return false
}

func reads(typ uint16, text, rdata string) bool {
	got, err := new(RDATAParser).Parse(typ, text)
	return err == nil && got == rdata
}

// ParseType reads a type's mnemonic or TYPEnnn (RFC 3597 §5), in capitals.
func ParseType(text string) (typ uint16, ok bool) { return parseType([]byte(text)) }

// TypeText is ParseType's inverse: the mnemonic, or TYPEnnn.
func TypeText(typ uint16) string { return typeName(typ) }

// ParseRDATA is RDATAParser.Parse for a single record; errors begin with the type.
func ParseRDATA(typ uint16, text string) (string, error) {
	rdata, err := new(RDATAParser).Parse(typ, text)
	if err != nil {
		return "", fmt.Errorf("%s: %w", typeName(typ), err)
	}
	return rdata, nil
}

// Canonical is RDATA without compressed names with the names of the well-known
// types in lower case (RFC 4034 §6.2). It does not change rdata.
func Canonical(typ uint16, rdata []byte) (string, error) {
	return canonical(typ, slices.Clone(rdata))
}
