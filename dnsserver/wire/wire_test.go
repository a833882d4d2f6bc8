package wire_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/miekg/dns"

	"github.com/fedns/fedns/dnsserver/dnsname"
	"github.com/fedns/fedns/dnsserver/wire"
)

// message is a header with the counts given, and what follows it.
func message(flags uint16, qd, an, ns, ar byte, rest string) []byte {
	return append([]byte{0xab, 0xcd, byte(flags >> 8), byte(flags), 0, qd, 0, an, 0, ns, 0, ar}, rest...)
}

const (
	www   = "\x03WWW\x07example\x00"
	a     = "\x00\x01\x00\x01"
	opt   = "\x00\x00\x29\x10\x00\x00\x00\x80\x00\x00\x00" // size 4096, DO
	rr    = "\xc0\x0c\x00\x01\x00\x01\x00\x00\x00\x00\x00\x04\x01\x02\x03\x04"
	label = "\x3f123456789012345678901234567890123456789012345678901234567890123"
)

func TestParse(t *testing.T) {
	for _, c := range []struct {
		what string
		msg  []byte
		want wire.Verdict
	}{
		{"plain", message(0, 1, 0, 0, 0, www+a), wire.Answer},
		{"root", message(0, 1, 0, 0, 0, "\x00"+a), wire.Answer},
		{"EDNS", message(0, 1, 0, 0, 1, www+a+opt), wire.Answer},
		{"an authority record, as IXFR has", message(0, 1, 0, 1, 1, www+a+rr+opt), wire.Answer},
		{"255 octets of name", message(0, 1, 0, 0, 0, label+label+label+"\x3d"+label[1:62]+"\x00"+a), wire.Answer},
		{"256 octets of name", message(0, 1, 0, 0, 0, label+label+label+"\x3e"+label[1:63]+"\x00"+a), wire.Malformed},
		{"a runt", message(0, 1, 0, 0, 0, "")[:11], wire.Drop},
		{"a response", message(wire.FlagQR, 1, 0, 0, 0, www+a), wire.Drop},
		{"NOTIFY", message(4<<11, 1, 0, 0, 0, www+a), wire.Unknown},
		{"no question", message(0, 0, 0, 0, 0, ""), wire.Empty},
		{"no question, octets behind the end", message(0, 0, 0, 0, 0, "x"), wire.Malformed},
		{"a TSIG that is not last", message(0, 1, 0, 0, 2, www+a+"\x00\x00\xfa\x00\xff\x00\x00\x00\x00\x00\x00"+opt), wire.Malformed},
		{"two questions", message(0, 2, 0, 0, 0, www+a+www+a), wire.Malformed},
		{"cut in the name", message(0, 1, 0, 0, 0, "\x03WW"), wire.Malformed},
		{"cut in the type", message(0, 1, 0, 0, 0, www+"\x00"), wire.Malformed},
		{"a pointer in the question", message(0, 1, 0, 0, 0, "\xc0\x0c"+a), wire.Malformed},
		{"octets behind the end", message(0, 1, 0, 0, 0, www+a+"x"), wire.Malformed},
		{"a record promised", message(0, 1, 0, 0, 1, www+a), wire.Malformed},
		{"two OPTs", message(0, 1, 0, 0, 2, www+a+opt+opt), wire.Malformed},
		{"OPT of an owner", message(0, 1, 0, 0, 1, www+a+"\xc0\x0c"+opt[1:]), wire.Malformed},
		{"OPT in the answer section", message(0, 1, 1, 0, 0, www+a+opt), wire.Malformed},
		{"an option cut short", message(0, 1, 0, 0, 1, www+a+opt[:9]+"\x00\x05\x00\x0a\x00\x08x"), wire.Malformed},
		{"a pointer to itself", message(0, 1, 0, 0, 1, www+a+"\xc0\x1d"+rr[2:]), wire.Malformed},
	} {
		var q wire.Query
		if got := q.Parse(c.msg); got != c.want {
			t.Errorf("%s: verdict %d, want %d", c.what, got, c.want)
		}
	}
	var q wire.Query
	q.Parse(message(wire.FlagRD, 1, 0, 0, 1, www+a+opt))
	if q.ID != 0xabcd || q.Owner() != dnsname.MustParse("www.example.") || q.Type != 1 || q.Class != 1 || q.UDPSize != 4096 || !q.DO || !q.HasOpt || q.Flags != wire.FlagRD {
		t.Errorf("parsed as %+v", q)
	}
	q.Parse(message(0, 1, 0, 0, 0, www+a))
	if q.HasOpt || q.DO || q.UDPSize != 512 {
		t.Errorf("a Query that is used again remembers: %+v", q)
	}
}

// TestWriterIsUnderstood has another implementation read what a Writer composed.
func TestWriterIsUnderstood(t *testing.T) {
	name := dnsname.MustParse
	msg := message(0, 1, 0, 0, 1, www+a+opt)
	var q wire.Query
	q.Parse(msg)
	var w wire.Writer
	w.Begin(make([]byte, 0, 600), msg, &q, 600)
	w.Reserve(wire.OptLen)
	long := strings.Repeat("x", 63) + "." + strings.Repeat("y", 63)
	for _, r := range []struct {
		s     wire.Section
		owner string
		typ   uint16
		rdata string
	}{
		{wire.AnswerSection, "www.example.", dns.TypeCNAME, name("a.b.example.").Wire()},
		{wire.AnswerSection, "a.b.example.", dns.TypeMX, "\x00\x05" + name("mail.b.example.").Wire()},
		{wire.AnswerSection, "a.b.example.", dns.TypeSRV, "\x00\x01\x00\x02\x00\x50" + name("a.b.example.").Wire()},
		{wire.Authority, "example.", dns.TypeSOA, name("ns.example.").Wire() + name("host.ns.example.").Wire() + strings.Repeat("\x00\x00\x00\x09", 5)},
		{wire.Additional, long + ".", dns.TypeA, "\x01\x02\x03\x04"},
	} {
		if !w.Record(r.s, name(r.owner), r.typ, 7, r.rdata) {
			t.Fatalf("no room for %v", r)
		}
	}
	if w.Record(wire.Additional, name("z."+long+"."), dns.TypeTXT, 7, strings.Repeat("\x09123456789", 40)) || !w.Full() {
		t.Error("a record found room that is not there")
	}
	w.SetFlags(wire.FlagQR|wire.FlagAA, wire.BadVers)
	w.Opt(1232, wire.BadVers, true, nil)
	var m dns.Msg
	if err := m.Unpack(w.Message()); err != nil {
		t.Fatal(err)
	}
	var lines []string
	for _, rr := range append(append(m.Answer, m.Ns...), m.Extra[0]) {
		lines = append(lines, strings.ReplaceAll(rr.String(), "\t", " "))
	}
	want := "WWW.example. 7 IN CNAME a.b.example.|a.b.example. 7 IN MX 5 mail.b.example.|a.b.example. 7 IN SRV 1 2 80 a.b.example.|" +
		"example. 7 IN SOA ns.example. host.ns.example. 9 9 9 9 9|" + long + ". 7 IN A 1.2.3.4"
	if got := strings.Join(lines, "|"); got != want {
		t.Errorf("read as\n%s, want\n%s", got, want)
	}
	if o := m.IsEdns0(); o == nil || o.UDPSize() != 1232 || !o.Do() || m.Rcode != int(wire.BadVers) {
		t.Errorf("EDNS reads as %v, rcode %d", o, m.Rcode)
	}
	// SRV targets are never compressed (RFC 3597 §4).
	if !bytes.Contains(w.Message(), []byte("\x00\x50\x01a\x01b\x07example\x00")) {
		t.Error("the SRV target is compressed")
	}
	w.Clear(&q)
	if w.Full() || w.Count(wire.AnswerSection)+w.Count(wire.Authority)+w.Count(wire.Additional) != 0 || len(w.Message()) != q.QuestionEnd() {
		t.Error("something is left after Clear")
	}
}

func FuzzParse(f *testing.F) {
	f.Add(message(0, 1, 0, 0, 1, www+a+opt))
	f.Add(message(0, 1, 1, 1, 1, www+a+rr+rr+opt))
	f.Fuzz(func(t *testing.T, msg []byte) {
		var q wire.Query
		if q.Parse(msg) != wire.Answer {
			return
		}
		if q.QuestionEnd() > len(msg) {
			t.Fatalf("the question of %q ends at %d", msg, q.QuestionEnd())
		}
		// What we take for one whole name is one, to others as well.
		text, end, err := dns.UnpackDomainName(msg, wire.HeaderLen)
		if err != nil || end+4 != q.QuestionEnd() {
			t.Fatalf("%q: name read to %d as %q, %v; we read to %d", msg, end, text, err, q.QuestionEnd()-4)
		}
	})
}
