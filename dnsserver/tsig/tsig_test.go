package tsig_test

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/miekg/dns"

	"github.com/fedns/fedns/dnsserver/dnsname"
	"github.com/fedns/fedns/dnsserver/tsig"
)

var secret = []byte("0123456789abcdef0123456789abcdef")

var secret64 = base64.StdEncoding.EncodeToString(secret)

var algorithms = []string{"hmac-sha256", "hmac-sha384", "hmac-sha512"}

func ring(t testing.TB, algorithm string) *tsig.Keyring {
	t.Helper()
	k, err := tsig.NewKeyring(tsig.Key{Name: dnsname.MustParse("Transfer.Example"), Algorithm: algorithm, Secret: secret})
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// signed has miekg/dns sign an AXFR query.
func signed(t testing.TB, algorithm, key string, at time.Time) (msg []byte, mac string) {
	t.Helper()
	var m dns.Msg
	m.SetAxfr("Example.")
	m.SetEdns0(1232, true)
	m.SetTsig(key, algorithm+".", 300, at.Unix())
	msg, mac, err := dns.TsigGenerate(&m, secret64, "", false)
	if err != nil {
		t.Fatal(err)
	}
	return msg, mac
}

// answer is an answer to msg without records.
func answer(msg []byte) []byte {
	a := append([]byte(nil), msg[:12+9+4]...)
	a[2], a[3] = 0x84, 0
	copy(a[4:], "\x00\x01\x00\x00\x00\x00\x00\x00")
	return a
}

// TestOtherImplementation: miekg/dns signs, we believe; we sign a stream of
// messages, miekg/dns believes.
func TestOtherImplementation(t *testing.T) {
	now := time.Now()
	for _, algorithm := range algorithms {
		t.Run(algorithm, func(t *testing.T) {
			k := ring(t, algorithm)
			msg, mac := signed(t, algorithm, "transfer.EXAMPLE.", now)
			whole := bytes.Clone(msg)
			stripped, s, err := k.Verify(msg, now)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(msg, whole) {
				t.Error("Verify wrote to the message")
			}
			var m dns.Msg
			if err := m.Unpack(stripped); err != nil || len(m.Extra) != 1 || m.IsEdns0() == nil {
				t.Fatalf("stripped to %v, %v", m, err)
			}
			if s.Key().String() != "transfer.example." {
				t.Errorf("key %s", s.Key())
			}
			for i := range 4 {
				a := answer(msg)
				out := s.Sign(a[:0], a, now)
				if len(out) != len(a)+s.Room() {
					t.Errorf("message %d has %d octets and %d for TSIG, Room says %d", i, len(a), len(out)-len(a), s.Room())
				}
				var m dns.Msg
				if err := m.Unpack(out); err != nil || m.IsTsig() == nil {
					t.Fatalf("message %d: %v, %v", i, m, err)
				}
				next := m.IsTsig().MAC
				if err := dns.TsigVerify(out, secret64, mac, i > 0); err != nil {
					t.Errorf("message %d: %v", i, err)
				}
				mac = next
			}
		})
	}
}

func TestRefusals(t *testing.T) {
	now := time.Now()
	good, _ := signed(t, "hmac-sha256", "transfer.example.", now)
	tamper := func(f func(m []byte) []byte) []byte { return f(bytes.Clone(good)) }
	macAt := bytes.Index(good, []byte("\x0bhmac-sha256\x00")) + 13 + 8
	short := func(n int) []byte {
		return tamper(func(m []byte) []byte {
			binary.BigEndian.PutUint16(m[macAt:], uint16(n))
			m = append(m[:macAt+2+n], m[macAt+2+32:]...)
			rdlen := macAt - 13 - 8 - 2
			binary.BigEndian.PutUint16(m[rdlen:], uint16(len(m)-rdlen-2))
			return m
		})
	}
	other, _ := signed(t, "hmac-sha256", "other.example.", now)
	otherAlgorithm, _ := signed(t, "hmac-sha512", "transfer.example.", now)
	late, _ := signed(t, "hmac-sha256", "transfer.example.", now.Add(-301*time.Second))
	early, _ := signed(t, "hmac-sha256", "transfer.example.", now.Add(301*time.Second))
	tsigAt := bytes.LastIndex(good, []byte("\x08transfer"))
	for _, c := range []struct {
		what string
		msg  []byte
		want tsig.Code
		mac  bool // the answer is signed
	}{
		{"another key", other, tsig.BadKey, false},
		{"another algorithm", otherAlgorithm, tsig.BadKey, false},
		{"a changed question", tamper(func(m []byte) []byte { m[13] ^= 1; return m }), tsig.BadSig, false},
		{"a changed MAC", tamper(func(m []byte) []byte { m[macAt+5] ^= 1; return m }), tsig.BadSig, false},
		{"a changed original ID", tamper(func(m []byte) []byte { m[len(m)-6] ^= 1; return m }), tsig.BadSig, false},
		{"signed too early", early, tsig.BadTime, true},
		{"signed too late", late, tsig.BadTime, true},
		{"a MAC of 31 octets", short(31), tsig.BadTrunc, true},
		{"a MAC of 16 octets", short(16), tsig.BadTrunc, true},
		{"a MAC of 15 octets", short(15), tsig.FormErr, false},
		{"no MAC", short(0), tsig.FormErr, false},
		{"two TSIGs", tamper(func(m []byte) []byte { m[11]++; return append(m, m[tsigAt:]...) }), tsig.FormErr, false},
		{"a TSIG in the authority section", tamper(func(m []byte) []byte { m[9], m[11] = 2, 0; return m }), tsig.FormErr, false},
		{"octets behind it", tamper(func(m []byte) []byte { return append(m, 0) }), tsig.FormErr, false},
		{"cut short", good[:len(good)-1], tsig.FormErr, false},
		{"class IN", tamper(func(m []byte) []byte { m[tsigAt+18+3] = 1; return m }), tsig.FormErr, false},
		{"a TTL", tamper(func(m []byte) []byte { m[tsigAt+18+7] = 1; return m }), tsig.FormErr, false},
	} {
		t.Run(c.what, func(t *testing.T) {
			stripped, s, err := ring(t, "hmac-sha256").Verify(c.msg, now)
			var e *tsig.Error
			if !errors.As(err, &e) || e.Code != c.want || stripped != nil || s != nil {
				t.Fatalf("%v (%v, %v), want %v", err, stripped, s, c.want)
			}
			out := e.Respond(nil, c.msg, now)
			var m dns.Msg
			if err := m.Unpack(out); err != nil {
				t.Fatal(err)
			}
			if !m.Response || m.Id != binary.BigEndian.Uint16(c.msg) || len(m.Question) != 1 || len(m.Answer)+len(m.Ns) != 0 {
				t.Errorf("answer %v", &m)
			}
			rec := m.IsTsig()
			if c.want == tsig.FormErr {
				if m.Rcode != dns.RcodeFormatError || rec != nil {
					t.Errorf("answer %v", &m)
				}
				return
			}
			if m.Rcode != dns.RcodeNotAuth || rec == nil || rec.Error != uint16(c.want) || (rec.MACSize > 0) != c.mac {
				t.Fatalf("answer %v", &m)
			}
			if !c.mac {
				return
			}
			out[3] = 0 // TsigVerify reads no NOTAUTH; the MAC is to be checked all the same
			var q dns.Msg
			q.Unpack(c.msg)
			if err := verifyRcode(out, q.IsTsig().MAC, dns.RcodeNotAuth); err != nil {
				t.Error(err)
			}
			if c.want == tsig.BadTime {
				if q.IsTsig().TimeSigned != rec.TimeSigned || rec.OtherData != fmt.Sprintf("%012x", now.Unix()) {
					t.Errorf("times %d and %s", rec.TimeSigned, rec.OtherData)
				}
			}
		})
	}
}

// rcodeProvider puts an RCODE back before the MAC is checked.
type rcodeProvider struct{ rcode byte }

func (p rcodeProvider) Generate(msg []byte, t *dns.TSIG) ([]byte, error) { panic("not used") }

func (p rcodeProvider) Verify(msg []byte, rec *dns.TSIG) error {
	msg[2+int(binary.BigEndian.Uint16(msg))+3] = p.rcode // behind the request's MAC
	h := hmac.New(sha256.New, secret)
	h.Write(msg)
	if hex.EncodeToString(h.Sum(nil)) != rec.MAC {
		return dns.ErrSig
	}
	return nil
}

func verifyRcode(msg []byte, mac string, rcode byte) error {
	if err := dns.TsigVerifyWithProvider(msg, rcodeProvider{rcode}, mac, false); err != nil && !errors.Is(err, dns.ErrTime) {
		return err
	}
	return nil
}

func TestUnsigned(t *testing.T) {
	var m dns.Msg
	m.SetQuestion("example.", dns.TypeSOA)
	m.SetEdns0(1232, false)
	msg, _ := m.Pack()
	for _, msg := range [][]byte{msg, msg[:len(msg)-3], msg[:14], msg[:5], nil} {
		stripped, s, err := ring(t, "hmac-sha256").Verify(msg, time.Now())
		if err != nil || s != nil || !bytes.Equal(stripped, msg) {
			t.Errorf("%x: %x, %v, %v", msg, stripped, s, err)
		}
	}
	var none *tsig.Keyring
	q, _ := signed(t, "hmac-sha256", "transfer.example.", time.Now())
	if _, _, err := none.Verify(q, time.Now()); err == nil || !strings.Contains(err.Error(), "BADKEY") {
		t.Errorf("no keyring: %v", err)
	}
}

// TestForwarded: a forwarder gave the query another ID.
func TestForwarded(t *testing.T) {
	now := time.Now()
	msg, mac := signed(t, "hmac-sha256", "transfer.example.", now)
	binary.BigEndian.PutUint16(msg, binary.BigEndian.Uint16(msg)+1)
	stripped, s, err := ring(t, "hmac-sha256").Verify(msg, now)
	if err != nil || !bytes.Equal(stripped[:2], msg[:2]) {
		t.Fatalf("%v, ID %x of %x", err, stripped[:2], msg[:2])
	}
	if err := dns.TsigVerify(s.Sign(nil, answer(msg), now), secret64, mac, false); err != nil {
		t.Error(err)
	}
}

// TestTruncation: MACs as long as the key says are believed, and made.
func TestTruncation(t *testing.T) {
	now := time.Now()
	k := ring(t, "hmac-sha512-256")
	r, err := k.NewRequest(dnsname.MustParse("transfer.example"))
	if err != nil {
		t.Fatal(err)
	}
	q := []byte("ab\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00\x07example\x00\x00\x06\x00\x01")
	msg := r.Sign(nil, q, now)
	_, s, err := k.Verify(msg, now)
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := ring(t, "hmac-sha512").Verify(msg, now); err == nil || !strings.Contains(err.Error(), "BADTRUNC") {
		t.Errorf("a key of 512 bits: %v", err)
	}
	out := s.Sign(nil, answer(msg), now)
	if len(out) != len(answer(msg))+s.Room() {
		t.Errorf("%d octets, room for %d", len(out), len(answer(msg))+s.Room())
	}
	if _, err := r.Verify(out, now); err != nil {
		t.Error(err)
	}
}

// TestRequest: we ask, and believe only what the other side signed for us.
func TestRequest(t *testing.T) {
	now := time.Now()
	k := ring(t, "hmac-sha256")
	name := dnsname.MustParse("transfer.example")
	r, _ := k.NewRequest(name)
	q := []byte("ab\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00\x07example\x00\x00\x06\x00\x01")
	msg := r.Sign(nil, q, now)
	if err := dns.TsigVerify(bytes.Clone(msg), secret64, "", false); err != nil {
		t.Fatal(err)
	}
	var m dns.Msg
	m.Unpack(msg)
	var a dns.Msg
	a.SetReply(&m)
	a.SetTsig("transfer.example.", dns.HmacSHA256, 300, now.Unix())
	out, _, err := dns.TsigGenerate(&a, secret64, m.IsTsig().MAC, false)
	if err != nil {
		t.Fatal(err)
	}
	if stripped, err := r.Verify(out, now); err != nil || binary.BigEndian.Uint16(stripped[10:]) != 0 {
		t.Errorf("%x, %v", stripped, err)
	}
	if _, err := r.Verify(answer(msg), now); err == nil {
		t.Error("an answer without a signature is believed")
	}
	if _, err := r.Verify(out, now.Add(time.Hour)); err == nil {
		t.Error("an old answer is believed")
	}
	second, _ := k.NewRequest(name)
	second.Sign(nil, q, now.Add(time.Second))
	if _, err := second.Verify(out, now); err == nil {
		t.Error("the answer to another request is believed")
	}
	_, _, err = k.Verify(r.Sign(nil, q, now.Add(-time.Hour)), now)
	var e *tsig.Error
	if !errors.As(err, &e) {
		t.Fatal(err)
	}
	if _, err := r.Verify(e.Respond(nil, msg, now), now); err == nil || !strings.Contains(err.Error(), "BADTIME") {
		t.Errorf("a clock that is wrong is told as %v", err)
	}
	if _, err := k.NewRequest(dnsname.MustParse("other")); err == nil {
		t.Error("a key that is not there signs")
	}
}

func FuzzVerify(f *testing.F) {
	now := time.Unix(1700000000, 0)
	for _, a := range algorithms {
		msg, _ := signed(f, a, "transfer.example.", now)
		f.Add(msg)
	}
	k := ring(f, "hmac-sha256")
	f.Fuzz(func(t *testing.T, msg []byte) {
		before := bytes.Clone(msg)
		stripped, s, err := k.Verify(msg, now)
		if !bytes.Equal(before, msg) {
			t.Fatal("Verify wrote to the message")
		}
		var e *tsig.Error
		if errors.As(err, &e) {
			if out := e.Respond(nil, msg, now); len(out) < 12 || out[2]&0x80 == 0 {
				t.Fatalf("answer %x", out)
			}
			return
		}
		if s != nil {
			s.Sign(nil, stripped, now)
		}
	})
}
