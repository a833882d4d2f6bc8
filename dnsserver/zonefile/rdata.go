package zonefile

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/miekg/dns"

	"github.com/fedns/fedns/dnsserver/dnsname"
	"github.com/fedns/fedns/dnsserver/zone"
)

// rdataParser turns the words behind a record's type into canonical RDATA. It
// keeps one ZoneParser, fed one line at a time.
type rdataParser struct {
	line   bytes.Buffer
	zp     *dns.ZoneParser
	origin dnsname.Name
	dry    bool                         // the parser read past the line, and will not read on
	packed [1 + 10 + zone.MaxRDATA]byte // root owner, fixed fields, RDATA
}

// ReadByte makes miekg's lexer read the line as it is, without a buffer of its
// own that would read ahead.
func (p *rdataParser) ReadByte() (byte, error) {
	c, err := p.line.ReadByte()
	p.dry = p.dry || err != nil
	return c, err
}

// Read is there because NewZoneParser asks for an io.Reader; the lexer uses ReadByte.
func (p *rdataParser) Read(b []byte) (int, error) { return p.line.Read(b) }

// parse reads e's tokens from the one at first on as RDATA of typ. Relative
// names in it are completed by origin.
func (p *rdataParser) parse(e *entry, first int, typ uint16, origin dnsname.Name) (string, error) {
	words := e.tokens[first:]
	if len(words) > 0 && string(e.text(first)) == `\#` {
		return generic(e, first+1, typ)
	}
	if len(words) == 0 && !mayBeEmpty(typ) {
		return "", errors.New("the record has no data")
	}
	if _, ok := dns.TypeToRR[typ]; !ok || typ == dns.TypeNULL {
		return "", fmt.Errorf(`data of this type can only be given as \# LENGTH HEX (RFC 3597 §5)`)
	}
	if len(words) == 0 {
		return "", nil
	}
	if p.zp == nil || p.origin != origin {
		p.zp = dns.NewZoneParser(p, origin.String(), "")
		p.zp.SetDefaultTTL(0)
		p.origin, p.dry = origin, false
	}
	p.line.Reset()
	p.line.WriteString(". ")
	p.line.WriteString(typeName(typ))
	for i := range words {
		p.line.WriteByte(' ')
		p.line.Write(e.text(first + i))
	}
	p.line.WriteByte('\n')
	rr, ok, err := p.next()
	if !ok || p.dry || p.line.Len() > 0 {
		p.zp = nil // its errors stick
	}
	if !ok {
		return "", plain(err)
	}
	if rr.Header().Rrtype != typ {
		return "", fmt.Errorf("the data reads as %s", typeName(rr.Header().Rrtype))
	}
	end, err := dns.PackRR(rr, p.packed[:], 0, nil, false)
	if errors.Is(err, dns.ErrBuf) || err != nil && strings.Contains(err.Error(), dns.ErrBuf.Error()) {
		return "", fmt.Errorf("the data is longer than %d octets (RFC 1035 §3.2.1)", zone.MaxRDATA)
	}
	if err != nil {
		return "", plain(err)
	}
	return canonical(typ, p.packed[11:end])
}

// next reads the line. That some data makes miekg's parser panic, which has
// happened, must cost this record and not the daemon that serves the others.
func (p *rdataParser) next() (rr dns.RR, ok bool, err error) {
	defer func() {
		if v := recover(); v != nil {
			rr, ok, err = nil, false, fmt.Errorf("the data cannot be read: %v", v)
		}
	}()
	rr, ok = p.zp.Next()
	return rr, ok, p.zp.Err()
}

// mayBeEmpty says which types can have RDATA of no octets: APL (RFC 3123 §4).
func mayBeEmpty(typ uint16) bool { return typ == dns.TypeAPL }

// plain takes from miekg's messages its prefix and its position, which is one
// in the line that it was fed.
func plain(err error) error {
	if err == nil || errors.Is(err, io.EOF) {
		return errors.New("the data is cut short")
	}
	msg, _, _ := strings.Cut(err.Error(), " at line: ")
	return errors.New(strings.ReplaceAll(msg, "dns: ", ""))
}

// generic reads RDATA in the form of RFC 3597 §5: a length and hexadecimal
// digits. Of a type that is known it must be as well-formed as if it had been
// written in the type's own form, and no name in it may be compressed.
func generic(e *entry, first int, typ uint16) (string, error) {
	if first == len(e.tokens) {
		return "", errors.New(`\# has no length behind it`)
	}
	size, err := strconv.ParseUint(string(e.text(first)), 10, 16)
	if err != nil {
		return "", fmt.Errorf("%q is no length from 0 to 65535", e.text(first))
	}
	var digits []byte
	for i := first + 1; i < len(e.tokens); i++ {
		digits = append(digits, e.text(i)...)
	}
	n, err := hex.Decode(digits, digits)
	if err != nil {
		return "", fmt.Errorf("data is not hexadecimal: %w", err)
	}
	if n != int(size) {
		return "", fmt.Errorf("there are %d octets of data behind the length %d", n, size)
	}
	rdata := digits[:n]
	if _, ok := dns.TypeToRR[typ]; ok && typ != dns.TypeNULL {
		if n == 0 && !mayBeEmpty(typ) {
			return "", errors.New("the record has no data")
		}
		if err := wellFormed(typ, rdata); err != nil {
			return "", err
		}
	}
	return canonical(typ, rdata)
}

// wellFormed reads RDATA as typ's own and writes it again: what comes out
// differently has a compression pointer or is put as no sender may put it.
func wellFormed(typ uint16, rdata []byte) error {
	h := dns.RR_Header{Name: ".", Rrtype: typ, Class: dns.ClassINET, Rdlength: uint16(len(rdata))}
	rr, _, err := dns.UnpackRRWithHeader(h, rdata, 0)
	if err != nil {
		return plain(err)
	}
	again := make([]byte, 1+10+2*len(rdata)+dnsname.MaxWire)
	end, err := dns.PackRR(rr, again, 0, nil, false)
	if err != nil {
		return plain(err)
	}
	if !bytes.Equal(again[11:end], rdata) {
		return fmt.Errorf("the data is not as a %s record has it", typeName(typ))
	}
	return nil
}

// layouts of RDATA that holds names to be lowered: the types that RFC 4034 §6.2
// lists, without NSEC (RFC 6840 §5.1) and without what miekg/dns does not read.
// A digit is that many octets to pass over, s a character string, n a name.
var layouts = map[uint16]string{
	dns.TypeNS: "n", dns.TypeMD: "n", dns.TypeMF: "n", dns.TypeCNAME: "n", dns.TypeMB: "n", dns.TypeMG: "n",
	dns.TypeMR: "n", dns.TypePTR: "n", dns.TypeDNAME: "n", dns.TypeNXT: "n",
	dns.TypeSOA: "nn", dns.TypeMINFO: "nn", dns.TypeRP: "nn",
	dns.TypeMX: "2n", dns.TypeAFSDB: "2n", dns.TypeRT: "2n", dns.TypeKX: "2n", dns.TypePX: "2nn",
	dns.TypeSRV: "6n", dns.TypeNAPTR: "4sssn", dns.TypeSIG: "99n", dns.TypeRRSIG: "99n",
}

// canonical copies rdata with the names of the well-known types in lower case
// (RFC 4034 §6.2, RFC 3597 §7). A compression pointer among them is refused:
// in a file there is nothing that it could point to.
func canonical(typ uint16, rdata []byte) (string, error) {
	at := 0
	for _, part := range layouts[typ] {
		switch {
		case at > len(rdata):
			return "", errors.New("the data is cut short")
		case part == 'n':
			_, n, err := dnsname.FromWire(rdata[at:])
			if err != nil {
				return "", err
			}
			dnsname.Fold(rdata[at:at+n], rdata[at:at+n])
			at += n
		case part == 's':
			if at == len(rdata) {
				return "", errors.New("the data is cut short")
			}
			at += 1 + int(rdata[at])
		default:
			at += int(part - '0')
		}
	}
	return string(rdata), nil
}
