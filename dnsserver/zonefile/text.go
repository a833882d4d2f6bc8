package zonefile

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/miekg/dns"

	"github.com/fedns/fedns/dnsserver/dnsname"
)

// ParseRDATA reads what stands behind a record's type in a zone file, and gives
// canonical RDATA. Names in it are absolute, with or without the final dot. It is
// for records that come one by one, from APIs; Read is for files.
func ParseRDATA(typ uint16, text string) (string, error) {
	left := int64(maxEntry)
	s := newScanner(strings.NewReader(text), &left)
	e, err := s.next()
	if errors.Is(err, io.EOF) {
		e, err = &entry{}, nil
	}
	if err == nil {
		var p rdataParser
		var rdata string
		if rdata, err = p.parse(e, 0, typ, dnsname.Root); err == nil {
			if _, more := s.next(); !errors.Is(more, io.EOF) {
				return "", fmt.Errorf("%s: there is more than one line", typeName(typ))
			}
			return rdata, nil
		}
	}
	var fault *Error
	if errors.As(err, &fault) {
		err = errors.New(fault.Problem)
	}
	return "", fmt.Errorf("%s: %w", typeName(typ), err)
}

// FormatRDATA is RDATA as ParseRDATA reads it: in the type's own form, or in the
// one of RFC 3597 §5 for a type or for data that has none.
func FormatRDATA(typ uint16, rdata string) string {
	generic := fmt.Sprintf(`\# %d %x`, len(rdata), rdata)
	if _, ok := dns.TypeToRR[typ]; !ok || wellFormed(typ, []byte(rdata)) != nil {
		return generic
	}
	h := dns.RR_Header{Name: ".", Rrtype: typ, Class: dns.ClassINET, Rdlength: uint16(len(rdata))}
	rr, _, err := dns.UnpackRRWithHeader(h, []byte(rdata), 0)
	if err != nil {
		return generic
	}
	text := strings.TrimPrefix(rr.String(), rr.Header().String())
	if again, err := ParseRDATA(typ, text); err != nil || again != rdata {
		return generic
	}
	return text
}

// Canonical is RDATA without compressed names with the names of the well-known
// types in lower case (RFC 4034 §6.2). It does not change rdata.
func Canonical(typ uint16, rdata []byte) (string, error) {
	return canonical(typ, slices.Clone(rdata))
}
