package protocol

import (
	"context"
	"net"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/miekg/dns"

	"github.com/fedns/fedns/integration/harness"
)

const probedZone = `$TTL 60
@     SOA ns host 1 3600 600 86400 5
@     NS  ns
ns    A   192.0.2.53
www   A   192.0.2.80
full  TXT "0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789" "0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890"
big   TXT "1 0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789"
`

// bigRecords is how many TXT records "big" gets: more than any datagram takes.
const bigRecords = 12

// probed starts a daemon with the zone that probes ask for.
func probed(t *testing.T, more string) *harness.Daemon {
	t.Helper()
	f := harness.Start(t, harness.Options{})
	zone := probedZone
	for i := range bigRecords - 1 {
		zone += strings.Replace(probedZone[strings.Index(probedZone, "big"):], `"1 `, `"x`+string(rune('a'+i))+" ", 1)
	}
	write(t, f.Dir, "zone", zone)
	return start(t, f, "zones: [{name: fedns.example, files: [zone]}]\n"+more)
}

// www is the question most probes have.
var www = asks(dns.TypeA, dns.ClassINET, "www")

// TestEDNS: what RFC 6891 and those of its options ask.
func TestEDNS(t *testing.T) {
	addr := probed(t, listenPlain+"server: {id: one}\n").DNSAddr
	with := func(records ...string) string {
		return message(0, 1, 0, 0, uint16(len(records)), append([]string{www}, records...)...)
	}
	big, full := asks(dns.TypeTXT, dns.ClassINET, "big"), asks(dns.TypeTXT, dns.ClassINET, "full")
	for _, p := range []probe{
		{"no OPT", "RFC 6891 §6.1.1", with(), "NOERROR aa answers:1", "", 512},
		{"an OPT", "RFC 6891 §6.1.1", with(opt(1232, 0, 0)), "NOERROR aa answers:1 opt:1232", "", 0},
		{"unknown version", "RFC 6891 §6.1.3", with(opt(1232, 1, 0)), "BADVERS opt:1232", "", 0},
		{"unknown version, the last", "RFC 6891 §6.1.3", with("\x00\x00\x29\x04\xd0\x00\xff\x00\x00\x00\x00"), "BADVERS opt:1232", "", 0},
		{"unknown version with an option", "RFC 6891 §6.1.3", with(opt(1232, 1, 0, option(100, "abc"))), "BADVERS opt:1232", "", 0},
		{"unknown version with a flag", "RFC 6891 §6.1.3", with(opt(1232, 1, 0x0040)), "BADVERS opt:1232", "", 0},
		{"unknown version with DO", "RFC 8906 §8.2.9", with(opt(1232, 1, 0x8000)), "BADVERS opt:1232 flags:8000", "", 0},
		{"unknown option", "RFC 6891 §6.1.2", with(opt(1232, 0, 0, option(100, "abc"))), "NOERROR aa answers:1 opt:1232", "", 0},
		{"unknown option, empty, and a known one", "RFC 6891 §6.1.2", with(opt(1232, 0, 0, option(65001, ""), option(dns.EDNS0NSID, ""))), "NOERROR aa answers:1 opt:1232 nsid:one", "", 0},
		{"unknown flags", "RFC 6891 §6.1.4", with(opt(1232, 0, 0x1fff)), "NOERROR aa answers:1 opt:1232", "", 0},
		{"DO", "RFC 3225 §3", with(opt(1232, 0, 0x8000)), "NOERROR aa answers:1 opt:1232 flags:8000", "", 0},
		{"unknown type with an OPT", "RFC 3597 §3", message(0, 1, 0, 0, 1, asks(65280, 1, "www"), opt(1232, 0, 0)), "NOERROR aa soa opt:1232", "", 0},
		{"two OPTs", "RFC 6891 §6.1.1", with(opt(1232, 0, 0), opt(1232, 0, 0)), "FORMERR opt:1232", "", 0},
		{"an OPT below a name", "RFC 6891 §6.1.2", with(optAt(wireName("www"), 1232, 0, 0)), "FORMERR", "", 0},
		{"an OPT among the answers", "RFC 6891 §6.1.1", message(0, 1, 1, 0, 0, www, opt(1232, 0, 0)), "FORMERR", "", 0},
		{"an option past the record", "RFC 6891 §7", with(opt(1232, 0, 0, "\x00\x64\x00\x09abc")), "FORMERR opt:1232", "", 0},
		{"half an option", "RFC 6891 §7", with(opt(1232, 0, 0, "\x00\x64\x00")), "FORMERR opt:1232", "", 0},
		{"an OPT past the message", "RFC 6891 §7", with(opt(1232, 0, 0, option(100, "abc")))[:12+len(www)+12], "FORMERR", "", 0},
		{"an OPT that is cut", "RFC 6891 §7", with(opt(1232, 0, 0)[:9]), "FORMERR", "", 0},
		{"a record before the OPT", "RFC 6891 §6.1.1", with(record("\xc0\x0c", dns.TypeA, "\xc0\x00\x02\x01"), opt(1232, 0, 0)), "NOERROR aa answers:1 opt:1232", "", 0},
		{"payload 0 is 512", "RFC 6891 §6.2.3", message(0, 1, 0, 0, 1, full, opt(0, 0, 0)), "NOERROR aa answers:1 opt:1232", "", 512},
		{"payload 511 is 512", "RFC 6891 §6.2.3", message(0, 1, 0, 0, 1, full, opt(511, 0, 0)), "NOERROR aa answers:1 opt:1232", "", 512},
		{"payload 512", "RFC 6891 §6.2.3", message(0, 1, 0, 0, 1, big, opt(512, 0, 0)), "NOERROR aa tc opt:1232", "NOERROR aa answers:12 opt:1232", 512},
		{"payload 513", "RFC 6891 §6.2.3", message(0, 1, 0, 0, 1, big, opt(513, 0, 0)), "NOERROR aa tc opt:1232", "NOERROR aa answers:12 opt:1232", 513},
		{"payload 65535", "RFC 9715 §3.1", message(0, 1, 0, 0, 1, big, opt(65535, 0, 0)), "NOERROR aa tc opt:1232", "NOERROR aa answers:12 opt:1232", 1232},
		{"no OPT, a long answer", "RFC 1035 §4.2.1", message(0, 1, 0, 0, 0, big), "NOERROR aa tc", "NOERROR aa answers:12", 512},
		{"NSID", "RFC 5001 §2.2", with(opt(1232, 0, 0, option(dns.EDNS0NSID, ""))), "NOERROR aa answers:1 opt:1232 nsid:one", "", 0},
		{"NSID with something in it", "RFC 5001 §2.2", with(opt(1232, 0, 0, option(dns.EDNS0NSID, "me"))), "NOERROR aa answers:1 opt:1232 nsid:one", "", 0},
		{"a client cookie", "RFC 7873 §5.2.3", with(opt(1232, 0, 0, option(dns.EDNS0COOKIE, "clientck"))), "NOERROR aa answers:1 opt:1232 cookie:24", "", 0},
		{"somebody else's server cookie", "RFC 7873 §5.2.4", with(opt(1232, 0, 0, option(dns.EDNS0COOKIE, "clientck0123456789abcdef"))), "NOERROR aa answers:1 opt:1232 cookie:24", "", 0},
		{"a cookie too short", "RFC 7873 §5.2.2", with(opt(1232, 0, 0, option(dns.EDNS0COOKIE, "clientc"))), "FORMERR opt:1232", "", 0},
		{"a server cookie too short", "RFC 7873 §5.2.2", with(opt(1232, 0, 0, option(dns.EDNS0COOKIE, "clientckserver"))), "FORMERR opt:1232", "", 0},
		{"a cookie too long", "RFC 7873 §5.2.2", with(opt(1232, 0, 0, option(dns.EDNS0COOKIE, strings.Repeat("x", 41)))), "FORMERR opt:1232", "", 0},
		{"a cookie without a question", "RFC 7873 §5.4", message(0, 0, 0, 0, 1, opt(1232, 0, 0, option(dns.EDNS0COOKIE, "clientck"))), "NOERROR questions:0 opt:1232 cookie:24", "", 0},
		{"client subnet", "RFC 7871 §7.2.1", with(opt(1232, 0, 0, option(dns.EDNS0SUBNET, "\x00\x01\x18\x00\xc6\x33\x64"))), "NOERROR aa answers:1 opt:1232 subnet:198.51.100.0/24/0", "", 0},
		{"client subnet of IPv6", "RFC 7871 §7.2.1", with(opt(1232, 0, 0, option(dns.EDNS0SUBNET, "\x00\x02\x20\x00\x20\x01\x0d\xb8"))), "NOERROR aa answers:1 opt:1232 subnet:2001:db8::/32/0", "", 0},
		{"client subnet, opted out", "RFC 7871 §7.1.2", with(opt(1232, 0, 0, option(dns.EDNS0SUBNET, "\x00\x01\x00\x00"))), "NOERROR aa answers:1 opt:1232 subnet:0.0.0.0/0/0", "", 0},
		{"client subnet with a scope", "RFC 7871 §6", with(opt(1232, 0, 0, option(dns.EDNS0SUBNET, "\x00\x01\x18\x18\xc6\x33\x64"))), "FORMERR opt:1232", "", 0},
		{"client subnet with bits past the prefix", "RFC 7871 §6", with(opt(1232, 0, 0, option(dns.EDNS0SUBNET, "\x00\x01\x17\x00\xc6\x33\x65"))), "FORMERR opt:1232", "", 0},
		{"options known and unknown, and DO", "RFC 6891 §6.1.2", with(opt(1232, 0, 0x8000, option(dns.EDNS0NSID, ""), option(dns.EDNS0SUBNET, "\x00\x01\x00\x00"), option(dns.EDNS0EXPIRE, ""), option(dns.EDNS0COOKIE, "clientck"))), "NOERROR aa answers:1 opt:1232 flags:8000 nsid:one subnet:0.0.0.0/0/0 cookie:24", "", 0},
		{"keepalive", "RFC 7828 §3.2.1, §3.3.2", with(opt(1232, 0, 0, option(dns.EDNS0TCPKEEPALIVE, ""))), "NOERROR aa answers:1 opt:1232", "NOERROR aa answers:1 opt:1232 keepalive:100", 0},
		{"padding in the clear", "RFC 7830 §6", with(opt(1232, 0, 0, option(dns.EDNS0PADDING, "\x00\x00"))), "NOERROR aa answers:1 opt:1232", "", 0},
		{"an extended error of the client's", "RFC 8914 §2", with(opt(1232, 0, 0, option(dns.EDNS0EDE, "\x00\x01"))), "NOERROR aa answers:1 opt:1232", "", 0},
		{"an answer that has a reason", "RFC 8914 §2", message(0, 1, 0, 0, 1, wireName("elsewhere")+"\x00\x01\x00\x01", opt(1232, 0, 0)), "REFUSED opt:1232 ede:20", "", 0},
		{"an answer that has a reason, no OPT", "RFC 6891 §6.1.1", message(0, 1, 0, 0, 0, wireName("elsewhere")+"\x00\x01\x00\x01"), "REFUSED", "", 0},
	} {
		p.check(t, addr)
	}
	t.Run("dig's own cookie is good", func(t *testing.T) {
		harness.Need(t, "dig", "bind9-dnsutils")
		host, port, err := net.SplitHostPort(addr)
		if err != nil {
			t.Fatal(err)
		}
		// The second query has the first answer's cookie.
		args := []string{"@" + host, "-p", port, "+cookie", "www.fedns.example", "A", "www.fedns.example", "A"}
		out, err := exec.CommandContext(t.Context(), "dig", args...).Output()
		if err != nil || strings.Count(string(out), "(good)") != 2 {
			t.Errorf("dig %q: %v\n%s", args, err, out)
		}
	})
}

// TestMessages: what RFC 1035 and those that mended it ask of messages.
func TestMessages(t *testing.T) {
	addr := probed(t, listenPlain).DNSAddr
	q := func(flags uint16) string { return message(flags, 1, 0, 0, 0, www) }
	typ := func(typ uint16, labels ...string) string {
		return message(0, 1, 0, 0, 0, asks(typ, dns.ClassINET, labels...))
	}
	extra := func(records ...string) string {
		return message(0, 1, 0, 0, uint16(len(records)), append([]string{www}, records...)...)
	}
	at := func(offset int) string { return u16(0xc000 | uint16(offset)) }
	behind := 12 + len(www) // the question
	label := strings.Repeat("x", 63)
	for _, p := range []probe{
		{"a query", "RFC 1035 §4.1", q(0), "NOERROR aa answers:1", "", 0},
		{"RD is copied", "RFC 1035 §4.1.1", q(0x0100), "NOERROR aa rd answers:1", "", 0},
		{"AA, RA and AD mean nothing in a query", "RFC 1035 §4.1.1", q(0x04a0), "NOERROR aa answers:1", "", 0},
		{"TC means nothing in a query", "RFC 1035 §4.1.1", q(0x0200), "NOERROR aa answers:1", "", 0},
		{"CD is cleared", "RFC 4035 §3.1.6", q(0x0010), "NOERROR aa answers:1", "", 0},
		{"Z is zero in answers", "RFC 1035 §4.1.1", q(0x0040), "NOERROR aa answers:1", "", 0},
		{"an RCODE means nothing in a query", "RFC 1035 §4.1.1", q(0x000f), "NOERROR aa answers:1", "", 0},
		{"letters in either case", "RFC 4343 §3", message(0, 1, 0, 0, 0, asks(dns.TypeA, dns.ClassINET, "wWw")), "NOERROR aa answers:1", "", 0},
		{"unknown type", "RFC 3597 §3", typ(65280, "www"), "NOERROR aa soa", "", 0},
		{"unknown type of no name", "RFC 1034 §4.3.2", typ(65280, "nothing"), "NXDOMAIN aa soa", "", 0},
		{"unknown class", "RFC 1035 §4.1.1", message(0, 1, 0, 0, 0, asks(dns.TypeA, 65280, "www")), "REFUSED", "", 0},
		{"class NONE", "RFC 2136 §2.4", message(0, 1, 0, 0, 0, asks(dns.TypeA, dns.ClassNONE, "www")), "REFUSED", "", 0},
		{"class CHAOS", "RFC 4892 §3", message(0, 1, 0, 0, 0, wireName("version", "bind")+u16(dns.TypeTXT)+u16(dns.ClassCHAOS)), "REFUSED", "", 0},
		{"ANY is one RRset", "RFC 8482 §4.1", typ(dns.TypeANY, "full"), "NOERROR aa answers:1", "", 0},
		{"a type for denials only", "RFC 9824 §3.5", typ(128, "www"), "FORMERR", "", 0},
		{"a transfer nobody may have", "RFC 5936 §2.2.1", typ(dns.TypeAXFR), "REFUSED", "", 0},
		{"STATUS", "RFC 1035 §4.1.1", q(0x1000), "NOTIMP opcode:2 questions:0", "", 0},
		{"NOTIFY", "RFC 1035 §4.1.1", q(0x2000), "NOTIMP opcode:4 questions:0", "", 0},
		{"UPDATE", "RFC 2136 §3.1", q(0x2800), "NOTIMP opcode:5 questions:0", "", 0},
		{"an opcode that is nobody's", "RFC 1035 §4.1.1", q(0x7800), "NOTIMP opcode:15 questions:0", "", 0},
		{"an answer", "RFC 1035 §7.3", q(0x8000), "dropped", "closed", 0},
		{"nothing", "RFC 1035 §4.1.1", "", "dropped", "closed", 0},
		{"half a header", "RFC 1035 §4.1.1", q(0)[:11], "dropped", "closed", 0},
		{"a header", "RFC 9619 §4", message(0, 0, 0, 0, 0), "FORMERR questions:0", "", 0},
		{"a header that lies", "RFC 1035 §4.1.1", message(0, 1, 0, 0, 0), "FORMERR questions:0", "", 0},
		{"two questions", "RFC 9619 §4", message(0, 2, 0, 0, 0, www, www), "FORMERR questions:0", "", 0},
		{"half a name", "RFC 1035 §4.1.1", q(0)[:12+9], "FORMERR questions:0", "", 0},
		{"a name, no type", "RFC 1035 §4.1.1", q(0)[:behind-4], "FORMERR questions:0", "", 0},
		{"half a class", "RFC 1035 §4.1.1", q(0)[:behind-1], "FORMERR questions:0", "", 0},
		{"something behind", "RFC 1035 §4.1.1", q(0) + "x", "FORMERR", "", 0},
		{"4 KiB behind", "RFC 1035 §4.1.1", q(0) + strings.Repeat("x", 4096), "FORMERR", "", 0},
		{"60 KiB behind", "RFC 1035 §4.1.1", q(0) + strings.Repeat("x", 60000), "FORMERR", "", 0},
		{"60 KiB of records", "RFC 1035 §4.1.1", extra(record("\x00", 65280, strings.Repeat("x", 30000)), record("\x00", 65280, strings.Repeat("x", 30000))), "FORMERR", "NOERROR aa answers:1", 0},
		{"more records than there are", "RFC 1035 §4.1.1", message(0, 1, 0, 0, 2, www, record("\x00", 65280, "")), "FORMERR", "", 0},
		{"65535 records", "RFC 1035 §4.1.1", message(0, 1, 65535, 65535, 65535, www), "FORMERR", "", 0},
		{"a pointer to itself", "RFC 1035 §4.1.4", message(0, 1, 0, 0, 0, at(12), "\x00\x01\x00\x01"), "FORMERR questions:0", "", 0},
		{"a pointer forward", "RFC 1035 §4.1.4", message(0, 1, 0, 0, 0, at(18), "\x00\x01\x00\x01", wireName("www")), "FORMERR questions:0", "", 0},
		{"a pointer into the header", "RFC 1035 §4.1.4", message(0, 1, 0, 0, 0, "\x03www"+at(4), "\x00\x01\x00\x01"), "FORMERR questions:0", "", 0},
		{"half a pointer", "RFC 1035 §4.1.4", message(0, 1, 0, 0, 0, "\x03www\xc0"), "FORMERR questions:0", "", 0},
		{"nested pointers behind the question", "RFC 1035 §4.1.4", extra(record(at(16), 65280, ""), record("\x01a"+at(behind), 65280, ""), record("\x01b"+at(behind+12), 65280, "")), "NOERROR aa answers:1", "", 0},
		{"a pointer to itself behind the question", "RFC 1035 §4.1.4", extra(record(at(behind), 65280, "")), "FORMERR", "", 0},
		{"a pointer forward behind the question", "RFC 1035 §4.1.4", extra(record(at(behind+12), 65280, "")), "FORMERR", "", 0},
		{"a label of type 01", "RFC 6891 §5", message(0, 1, 0, 0, 0, "\x41\x02ab\x00", "\x00\x01\x00\x01"), "FORMERR questions:0", "", 0},
		{"a label of type 10", "RFC 1035 §4.1.4", message(0, 1, 0, 0, 0, "\x80\x02ab\x00", "\x00\x01\x00\x01"), "FORMERR questions:0", "", 0},
		{"a name of 255 octets", "RFC 1035 §2.3.4", message(0, 1, 0, 0, 0, wireName(label, label, label, strings.Repeat("x", 47), "fedns", "example")+"\x00\x01\x00\x01"), "NXDOMAIN aa soa", "", 0},
		{"a name of 256 octets", "RFC 1035 §2.3.4", message(0, 1, 0, 0, 0, wireName(label, label, label, strings.Repeat("x", 48), "fedns", "example")+"\x00\x01\x00\x01"), "FORMERR questions:0", "", 0},
		{"a signature by nobody", "RFC 8945 §5.2.1", extra(tsigRecord("nobody")), "NOTAUTH TSIG", "", 0},
		{"a signature that is not last", "RFC 8945 §5.1", extra(tsigRecord("nobody"), record("\x00", 65280, "")), "FORMERR", "", 0},
	} {
		p.check(t, addr)
	}
	t.Run("the question comes back as it was asked", func(t *testing.T) {
		m := message(0, 1, 0, 0, 0, asks(dns.TypeA, dns.ClassINET, "wWW"))
		b, err := byUDP(addr, m)
		if err != nil || len(b) < len(m) || string(b[12:len(m)]) != m[12:] {
			t.Errorf("got %q, %v, want the question of %q", b, err, m)
		}
	})
	t.Run("TCP", func(t *testing.T) { framing(t, addr) })
}

// tsigRecord is a TSIG by a key that nobody has, of the moment.
func tsigRecord(key string) string {
	now := time.Now().Unix()
	when := string([]byte{0, 0, byte(now >> 24), byte(now >> 16), byte(now >> 8), byte(now)})
	rdata := wireName("hmac-sha256") + when + u16(300) + u16(32) + strings.Repeat("x", 32) + u16(probeID) + u16(0) + u16(0)
	return wireName(key) + u16(dns.TypeTSIG) + u16(dns.ClassANY) + "\x00\x00\x00\x00" + u16(uint16(len(rdata))) + rdata
}

// framing: messages on a connection are parted by their lengths alone (RFC 7766 §8).
func framing(t *testing.T, addr string) {
	dial := func() net.Conn {
		var d net.Dialer
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		conn, err := d.DialContext(ctx, "tcp", addr)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { conn.Close() })
		conn.SetDeadline(time.Now().Add(5 * time.Second))
		return conn
	}
	conn := dial()
	for _, b := range framed(mark()) { // an octet a segment
		if _, err := conn.Write([]byte{b}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Millisecond)
	}
	if b, err := readFramed(conn); err != nil || len(b) == 0 {
		t.Errorf("a message octet by octet: %v", err)
	}
	var many []byte
	for range 100 { // in one segment, or as many as it takes
		many = append(many, framed(mark())...)
	}
	if _, err := conn.Write(many); err != nil {
		t.Fatal(err)
	}
	for i := range 100 {
		if _, err := readFramed(conn); err != nil {
			t.Fatalf("answer %d of 100: %v", i+1, err)
		}
	}
	conn = dial()
	if _, err := conn.Write(append(framed(mark()), 0xff, 0xff, 'x')); err != nil { // the beginning of another
		t.Fatal(err)
	}
	if err := conn.(*net.TCPConn).CloseWrite(); err != nil {
		t.Fatal(err)
	}
	if _, err := readFramed(conn); err != nil {
		t.Errorf("a client that says no more gets no answer: %v", err)
	}
}
