package protocol

import (
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/miekg/dns"
)

// Pieces of messages, octet by octet: what is tested no library would write.

// message begins with an ID that is filled in when it is sent.
func message(flags, qd, an, ns, ar uint16, parts ...string) string {
	b := make([]byte, 12)
	for i, v := range []uint16{0, flags, qd, an, ns, ar} {
		binary.BigEndian.PutUint16(b[2*i:], v)
	}
	return string(b) + strings.Join(parts, "")
}

// asks is a question for a name below the zone, whose labels are given.
func asks(typ, class uint16, labels ...string) string {
	return wireName(append(labels, "fedns", "example")...) + u16(typ) + u16(class)
}

func wireName(labels ...string) string {
	var b strings.Builder
	for _, l := range labels {
		b.WriteByte(byte(len(l)))
		b.WriteString(l)
	}
	return b.String() + "\x00"
}

func u16(v uint16) string { return string(binary.BigEndian.AppendUint16(nil, v)) }

// opt is an OPT record (RFC 6891 §6.1.2).
func opt(size uint16, version byte, flags uint16, options ...string) string {
	return optAt("\x00", size, version, flags, options...)
}

func optAt(owner string, size uint16, version byte, flags uint16, options ...string) string {
	all := strings.Join(options, "")
	return owner + u16(dns.TypeOPT) + u16(size) + "\x00" + string(rune(version)) + u16(flags) + u16(uint16(len(all))) + all
}

func option(code uint16, data string) string { return u16(code) + u16(uint16(len(data))) + data }

// record is any other record.
func record(owner string, typ uint16, rdata string) string {
	return owner + u16(typ) + u16(dns.ClassINET) + "\x00\x00\x00\x3c" + u16(uint16(len(rdata))) + rdata
}

const (
	probeID = 0x1234
	markID  = 0x4321
)

// mark is a query that is always answered. It goes behind what may not be, so
// that nobody has to wait for an answer that does not come.
func mark() []byte {
	return withID(markID, message(0, 1, 0, 0, 0, asks(dns.TypeA, dns.ClassINET, "www")))
}

func withID(id uint16, msg string) []byte {
	b := []byte(msg)
	if len(b) >= 2 {
		binary.BigEndian.PutUint16(b, id)
	}
	return b
}

var (
	// errDropped says that a message got no answer though the one behind it did.
	errDropped = errors.New("dropped")
	// errClosed says that the connection was closed without an answer.
	errClosed = errors.New("closed")
)

// byUDP sends a message and returns what comes back.
func byUDP(addr, msg string) ([]byte, error) {
	conn, err := net.Dial("udp", addr)
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	return datagram(conn, msg)
}

func datagram(conn net.Conn, msg string) ([]byte, error) {
	conn.SetDeadline(time.Now().Add(5 * time.Second))
	for _, m := range [][]byte{withID(probeID, msg), mark()} {
		if _, err := conn.Write(m); err != nil {
			return nil, err
		}
	}
	b := make([]byte, 65536)
	n, err := conn.Read(b)
	return answerTo(b[:n], err)
}

// byTCP does so over a connection of its own.
func byTCP(addr, msg string) ([]byte, error) {
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	return byStream(conn, msg)
}

func byStream(conn net.Conn, msg string) ([]byte, error) {
	conn.SetDeadline(time.Now().Add(5 * time.Second))
	if _, err := conn.Write(append(framed(withID(probeID, msg)), framed(mark())...)); err != nil {
		return nil, err
	}
	b, err := readFramed(conn)
	return answerTo(b, err)
}

func framed(msg []byte) []byte {
	return append(binary.BigEndian.AppendUint16(nil, uint16(len(msg))), msg...)
}

func readFramed(conn io.Reader) ([]byte, error) {
	var size [2]byte
	if _, err := io.ReadFull(conn, size[:]); err != nil {
		return nil, err
	}
	b := make([]byte, binary.BigEndian.Uint16(size[:]))
	_, err := io.ReadFull(conn, b)
	return b, err
}

func answerTo(b []byte, err error) ([]byte, error) {
	switch {
	case errors.Is(err, io.EOF), errors.Is(err, syscall.ECONNRESET):
		return nil, errClosed
	case err != nil:
		return nil, err
	case len(b) >= 2 && binary.BigEndian.Uint16(b) == markID:
		return nil, errDropped
	}
	return b, nil
}

// summary tells of an answer what the tests look at: RCODE, flags, how many
// records the answer section has, whether there is an SOA, and the OPT record.
func summary(b []byte, err error) string {
	if err != nil {
		return err.Error()
	}
	r := new(dns.Msg)
	if err := r.Unpack(b); err != nil {
		return err.Error() + ": " + hex.EncodeToString(b)
	}
	words := []string{dns.RcodeToString[r.Rcode]}
	if r.Rcode == dns.RcodeBadVers {
		words[0] = "BADVERS" // BADSIG by the same number
	}
	for _, f := range []struct {
		set  bool
		name string
	}{
		{!r.Response, "no-qr"}, {r.Authoritative, "aa"}, {r.Truncated, "tc"}, {r.RecursionDesired, "rd"}, {r.RecursionAvailable, "ra"},
		{r.Zero, "z"}, {r.AuthenticatedData, "ad"}, {r.CheckingDisabled, "cd"}, {r.Opcode != 0, "opcode:" + fmt.Sprint(r.Opcode)},
	} {
		if f.set {
			words = append(words, f.name)
		}
	}
	if len(r.Question) != 1 {
		words = append(words, fmt.Sprintf("questions:%d", len(r.Question)))
	}
	if len(r.Answer) > 0 {
		words = append(words, fmt.Sprintf("answers:%d", len(r.Answer)))
	}
	if len(r.Ns) == 1 && r.Ns[0].Header().Rrtype == dns.TypeSOA {
		words = append(words, "soa")
	}
	for _, rr := range r.Extra {
		if o, ok := rr.(*dns.OPT); ok {
			words = append(words, options(o)...)
		} else {
			words = append(words, dns.TypeToString[rr.Header().Rrtype])
		}
	}
	return strings.Join(words, " ")
}

func options(o *dns.OPT) []string {
	words := []string{fmt.Sprintf("opt:%d", o.UDPSize())}
	if o.Version() != 0 {
		words = append(words, fmt.Sprintf("version:%d", o.Version()))
	}
	if flags := o.Hdr.Ttl & 0xffff; flags != 0 {
		words = append(words, fmt.Sprintf("flags:%04x", flags))
	}
	for _, o := range o.Option {
		switch o := o.(type) {
		case *dns.EDNS0_NSID:
			id, _ := hex.DecodeString(o.Nsid)
			words = append(words, "nsid:"+string(id))
		case *dns.EDNS0_COOKIE:
			words = append(words, fmt.Sprintf("cookie:%d", len(o.Cookie)/2))
		case *dns.EDNS0_SUBNET:
			words = append(words, fmt.Sprintf("subnet:%s/%d/%d", o.Address, o.SourceNetmask, o.SourceScope))
		case *dns.EDNS0_TCP_KEEPALIVE:
			words = append(words, fmt.Sprintf("keepalive:%d", o.Timeout))
		case *dns.EDNS0_EDE:
			words = append(words, fmt.Sprintf("ede:%d", o.InfoCode))
		case *dns.EDNS0_PADDING:
			words = append(words, "padding")
		default:
			words = append(words, fmt.Sprintf("option:%d", o.Option()))
		}
	}
	return words
}

// probe is a message and what RFCs ask of the answer. Over TCP it is the same
// unless tcp says otherwise.
type probe struct {
	what, rfc string
	msg       string
	want, tcp string
	most      int // octets that the answer may have over UDP
}

// check sends a probe by UDP and TCP.
func (p *probe) check(t *testing.T, addr string) {
	b, err := byUDP(addr, p.msg)
	if got := summary(b, err); got != p.want {
		t.Errorf("%s, over UDP (%s):\n got %s\nwant %s", p.what, p.rfc, got, p.want)
	}
	if p.most != 0 && len(b) > p.most {
		t.Errorf("%s, over UDP (%s): %d octets, want at most %d", p.what, p.rfc, len(b), p.most)
	}
	want := p.want
	if p.tcp != "" {
		want = p.tcp
	}
	if got := summary(byTCP(addr, p.msg)); got != want {
		t.Errorf("%s, over TCP (%s):\n got %s\nwant %s", p.what, p.rfc, got, want)
	}
}
