package transfer_test

import (
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"iter"
	"math"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/miekg/dns"

	"github.com/fedns/fedns/dnsserver/dnsname"
	"github.com/fedns/fedns/dnsserver/transfer"
	"github.com/fedns/fedns/dnsserver/tsig"
	"github.com/fedns/fedns/dnsserver/wire"
	"github.com/fedns/fedns/dnsserver/zone"
)

var secret = []byte("0123456789abcdef0123456789abcdef")

func ring(t testing.TB) *tsig.Keyring {
	k, err := tsig.NewKeyring(tsig.Key{Name: dnsname.MustParse("key"), Algorithm: "hmac-sha256", Secret: secret})
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// serve answers transfers by TCP until the test ends.
func serve(t testing.TB, z func() transfer.Zone) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	keys := ring(t)
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				var size [2]byte
				if _, err := io.ReadFull(conn, size[:]); err != nil {
					return
				}
				raw := make([]byte, binary.BigEndian.Uint16(size[:]))
				io.ReadFull(conn, raw)
				msg, sess, err := keys.Verify(raw, time.Now())
				if err != nil {
					t.Error(err)
					return
				}
				_, err = transfer.Send(msg, z(), sess, transfer.MaxMessage, func(m []byte) error {
					_, err := conn.Write(append(binary.BigEndian.AppendUint16(nil, uint16(len(m))), m...))
					return err
				})
				if err != nil {
					t.Error(err)
				}
				io.Copy(io.Discard, conn)
			}()
		}
	}()
	return l.Addr().String()
}

// fetch has miekg/dns do a transfer.
func fetch(t testing.TB, addr string, q *dns.Msg, signed bool) (rrs []dns.RR) {
	t.Helper()
	tr := &dns.Transfer{DialTimeout: time.Minute, ReadTimeout: time.Minute, WriteTimeout: time.Minute}
	if signed {
		tr.TsigSecret = map[string]string{"key.": base64.StdEncoding.EncodeToString(secret)}
		q.SetTsig("key.", dns.HmacSHA256, 300, time.Now().Unix())
	}
	env, err := tr.In(q, addr)
	if err != nil {
		t.Fatal(err)
	}
	for e := range env {
		if e.Error != nil {
			t.Fatal(e.Error)
		}
		rrs = append(rrs, e.RR...)
	}
	return rrs
}

func axfr() *dns.Msg { return new(dns.Msg).SetAxfr("Example.") }

func ixfr(serial uint32) *dns.Msg {
	return new(dns.Msg).SetIxfr("example.", serial, "ns.example.", "host.example.")
}

// send has Send answer a query, and reads the messages.
func send(t testing.TB, q *dns.Msg, z transfer.Zone, limit int) (rrs []dns.RR, r transfer.Result, msgs []*dns.Msg) {
	t.Helper()
	raw, err := q.Pack()
	if err != nil {
		t.Fatal(err)
	}
	r, err = transfer.Send(raw, z, nil, limit, func(m []byte) error {
		if len(m) > limit {
			t.Errorf("a message of %d octets, limit %d", len(m), limit)
		}
		var got dns.Msg
		if err := got.Unpack(m); err != nil {
			t.Fatal(err)
		}
		if got.Id != q.Id || !got.Response {
			t.Fatalf("header %v", got.MsgHdr)
		}
		msgs = append(msgs, &got)
		rrs = append(rrs, got.Answer...)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if r.Messages != len(msgs) || r.Records != len(rrs) {
		t.Errorf("%+v, sent %d messages and %d records", r, len(msgs), len(rrs))
	}
	return rrs, r, msgs
}

// TestRandomChanges: for every serial there ever was, what is sent makes the
// zone of now, past the end of serials too (RFC 1982); another implementation
// reads it with and without TSIG.
func TestRandomChanges(t *testing.T) {
	rnd := random(t)
	for _, serial := range []uint32{1, math.MaxUint32 - 40} {
		h := newHistory(t, transfer.NewJournal(60, 1<<20), serial)
		kinds := map[transfer.Kind]int{}
		addr := serve(t, func() transfer.Zone { return h.zone() })
		for round := range 20 {
			for range 5 {
				var edits []zone.Edit
				for range 1 + rnd.IntN(20) {
					edits = append(edits, randomEdit(rnd))
				}
				h.change(t, edits...)
			}
			want := contentOf(t, h.now())
			var all []dns.RR
			for i, s := range h.past {
				if round%4 < 3 && i < len(h.past)-10 {
					continue
				}
				rrs, r, _ := send(t, ixfr(s.Serial()), h.zone(), transfer.MaxMessage)
				contentOf(t, s).apply(t, s.Serial(), rrs).equal(t, want)
				kinds[r.Kind]++
				if r.Kind == transfer.Differences && r.Records > h.now().Records()+2 {
					t.Errorf("%d records of differences, the zone has %d", r.Records, h.now().Records())
				}
				all = rrs
			}
			if len(all) != 1 {
				t.Errorf("a client that has the zone gets %v", all)
			}
			content(nil).apply(t, 0, fetch(t, addr, axfr(), round%2 == 0)).equal(t, want)
			old := h.past[len(h.past)-1-rnd.IntN(min(5, len(h.past)))]
			if old.Serial() <= h.now().Serial() { // miekg/dns compares serials as numbers
				contentOf(t, old).apply(t, old.Serial(), fetch(t, addr, ixfr(old.Serial()), round%2 == 0)).equal(t, want)
			}
			if t.Failed() {
				return
			}
		}
		if kinds[transfer.Differences] == 0 || kinds[transfer.Whole] == 0 || kinds[transfer.Current] == 0 {
			t.Errorf("answers were %v", kinds)
		}
	}
}

// TestCondensed: steps that undo each other are sent as one when together they are more than the zone.
func TestCondensed(t *testing.T) {
	h := newHistory(t, transfer.NewJournal(1000, 1<<20), 1, txt("b", 5, "1"), txt("c", 5, "1"), txt("d", 5, "1", "2", "3"))
	start := h.now()
	for i := range 100 {
		h.change(t, set(txt("a", 5, fmt.Sprint(i))))
	}
	rrs, r, _ := send(t, ixfr(1), h.zone(), transfer.MaxMessage)
	if r.Kind != transfer.Differences || len(rrs) != 5 || r.From != 1 || r.To != 101 {
		t.Errorf("%+v, %v", r, rrs)
	}
	contentOf(t, start).apply(t, 1, rrs).equal(t, contentOf(t, h.now()))
	// Two steps are sent as they were made.
	if rrs, r, _ := send(t, ixfr(100), h.zone(), transfer.MaxMessage); r.Kind != transfer.Differences || len(rrs) != 6 {
		t.Errorf("%+v, %v", r, rrs)
	}
}

func TestWhatIXFRGets(t *testing.T) {
	h := newHistory(t, transfer.NewJournal(10, 1<<20), 100, txt("b", 5, "1", "2", "3", "4", "5", "6"))
	h.change(t, set(txt("a", 5, "1")))
	z := h.zone()
	ahead := transfer.NewJournal(10, 1<<20)
	ahead.Append(100, 101, soa(100), soa(101), nil)
	ahead.Append(101, 102, soa(101), soa(102), nil)
	behind := transfer.NewJournal(10, 1<<20)
	behind.Append(99, 100, soa(99), soa(100), nil)
	signed := func(yield func(zone.RRset, error) bool) {
		_ = yield(soa(101), nil) && yield(txt("a", 5, "signed"), nil)
	}
	for _, c := range []struct {
		what   string
		serial uint32
		z      transfer.Zone
		want   transfer.Kind
	}{
		{"an old serial", 100, z, transfer.Differences},
		{"this serial", 101, z, transfer.Current},
		{"a newer serial", 102, z, transfer.Current},
		{"a serial that is not held", 99, z, transfer.Whole},
		{"a serial neither old nor new", 101 + 1<<31, z, transfer.Whole},
		{"no journal", 100, transfer.Zone{Snapshot: h.now()}, transfer.Whole},
		{"a journal ahead", 100, transfer.Zone{Snapshot: h.now(), Journal: ahead}, transfer.Differences},
		{"a journal behind", 99, transfer.Zone{Snapshot: h.now(), Journal: behind}, transfer.Whole},
		{"a signed zone", 100, transfer.Zone{Snapshot: h.now(), Journal: h.journal, Signed: signed}, transfer.Whole},
		{"a signed zone, this serial", 101, transfer.Zone{Snapshot: h.now(), Journal: h.journal, Signed: signed}, transfer.Current},
	} {
		rrs, r, _ := send(t, ixfr(c.serial), c.z, transfer.MaxMessage)
		if r.Kind != c.want || r.To != 101 || rrs[0].(*dns.SOA).Serial != 101 {
			t.Errorf("%s: %+v, want %s", c.what, r, c.want)
		}
	}
	rrs, _, msgs := send(t, axfr().SetEdns0(1232, true), transfer.Zone{Snapshot: h.now(), Signed: signed}, transfer.MaxMessage)
	if len(rrs) != 3 || rrs[2].Header().Rrtype != dns.TypeSOA || !strings.Contains(rrs[1].String(), "signed") {
		t.Errorf("a signed zone is sent as %v", rrs)
	}
	if m := msgs[0]; !m.Authoritative || m.Question[0].Name != "example." || m.IsEdns0() == nil || !m.IsEdns0().Do() {
		t.Errorf("sent %v", m)
	}
}

func TestSignedFails(t *testing.T) {
	h := newHistory(t, nil, 1)
	broken := errors.New("no key")
	raw, _ := axfr().Pack()
	for _, c := range []struct {
		signed iter.Seq2[zone.RRset, error]
		rcode  int
	}{
		{func(yield func(zone.RRset, error) bool) { yield(zone.RRset{}, broken) }, dns.RcodeServerFailure},
		{func(yield func(zone.RRset, error) bool) { _ = yield(soa(1), nil) && yield(zone.RRset{}, broken) }, -1},
		{func(yield func(zone.RRset, error) bool) { yield(txt("a", 5, "1"), broken) }, dns.RcodeServerFailure},
		{func(yield func(zone.RRset, error) bool) {}, dns.RcodeServerFailure},
	} {
		rcode := -1
		_, err := transfer.Send(raw, transfer.Zone{Snapshot: h.now(), Signed: c.signed}, nil, transfer.MaxMessage, func(m []byte) error {
			rcode = int(m[3] & 15)
			return nil
		})
		if err == nil || rcode != c.rcode {
			t.Errorf("%v, RCODE %d, want %d", err, rcode, c.rcode)
		}
	}
}

func TestLargeZone(t *testing.T) {
	rnd := random(t)
	var sets []zone.RRset
	for i := range 100_000 {
		sets = append(sets, txt(fmt.Sprintf("host%d.team%d", i, i%977), 60, strings.Repeat("x", rnd.IntN(40))))
	}
	// Records that need a message of their own, one of them right behind the SOA.
	sets = append(sets, txt("a.host1", 60, strings.Repeat("y", 60_000)), txt("host2", 60, strings.Repeat("z", 65_000)),
		zone.NewRRset(apex, zone.TypeTXT, 60, zone.TXT(strings.Repeat("a", 50_000))))
	h := newHistory(t, transfer.NewJournal(10, 1<<30), 1, sets...)
	want := contentOf(t, h.now())
	start := time.Now()
	rrs, r, msgs := send(t, axfr(), h.zone(), transfer.MaxMessage)
	t.Logf("%+v in %v, which miekg/dns read", r, time.Since(start))
	content(nil).apply(t, 0, rrs).equal(t, want)
	if len(msgs[0].Answer) < 2 {
		t.Error("the first message has an SOA only: a client takes that for all")
	}
	addr := serve(t, h.zone)
	content(nil).apply(t, 0, fetch(t, addr, axfr(), true)).equal(t, want)

	var edits []zone.Edit
	for i := range 40_000 {
		edits = append(edits, zone.Edit{Op: zone.OpDelete, RRset: txt(fmt.Sprintf("host%d.team%d", i, i%977), 60)})
	}
	h.change(t, edits...)
	contentOf(t, h.past[0]).apply(t, 1, fetch(t, addr, ixfr(1), true)).equal(t, contentOf(t, h.now()))

	// No message can hold it.
	h.change(t, set(zone.NewRRset(apex, 4711, 60, strings.Repeat("x", 65_535))))
	raw, _ := axfr().Pack()
	if _, err := transfer.Send(raw, h.zone(), nil, transfer.MaxMessage, func([]byte) error { return nil }); err == nil || !strings.Contains(err.Error(), "too large") {
		t.Errorf("a record larger than any message: %v", err)
	}
}

func TestRefused(t *testing.T) {
	h := newHistory(t, nil, 1)
	noSOA := new(dns.Msg).SetQuestion("example.", dns.TypeIXFR)
	chaos := axfr()
	chaos.Question[0].Qclass = dns.ClassCHAOS
	version := axfr().SetEdns0(1232, false)
	version.IsEdns0().SetVersion(1)
	for _, c := range []struct {
		what  string
		q     *dns.Msg
		rcode int
	}{
		{"another zone", new(dns.Msg).SetAxfr("other."), dns.RcodeNotAuth},
		{"another class", chaos, dns.RcodeNotAuth},
		{"an IXFR without a serial", noSOA, dns.RcodeFormatError},
		{"no transfer", new(dns.Msg).SetQuestion("example.", dns.TypeA), dns.RcodeFormatError},
		{"NOTIFY", new(dns.Msg).SetNotify("example."), dns.RcodeNotImplemented},
		{"EDNS version 1", version, dns.RcodeBadVers},
	} {
		rrs, r, msgs := send(t, c.q, h.zone(), transfer.MaxMessage)
		if len(rrs) != 0 || len(msgs) != 1 || msgs[0].Rcode != c.rcode || r.Kind != transfer.Refused || r.Rcode != wire.Rcode(c.rcode) {
			t.Errorf("%s: %+v, %v", c.what, r, msgs)
		}
	}
}

// TestBrokenConnection: whoever writes says when it is over.
func TestBrokenConnection(t *testing.T) {
	h := newHistory(t, nil, 1, txt("a", 5, strings.Repeat("x", 40_000)), txt("b", 5, strings.Repeat("x", 40_000)))
	raw, _ := axfr().Pack()
	n := 0
	_, err := transfer.Send(raw, h.zone(), nil, transfer.MaxMessage, func([]byte) error {
		n++
		return io.ErrClosedPipe
	})
	if !errors.Is(err, io.ErrClosedPipe) || n != 1 {
		t.Errorf("%v after %d messages", err, n)
	}
}

func TestDatagram(t *testing.T) {
	h := newHistory(t, transfer.NewJournal(10, 1<<20), 1, txt("b", 5, "1", "2", "3", "4", "5", "6"))
	h.change(t, set(txt("a", 5, "1")))
	h.change(t, set(txt("a", 5, "2", strings.Repeat("x", 500))))
	keys := ring(t)
	for _, c := range []struct {
		what   string
		q      *dns.Msg
		room   int
		want   transfer.Kind
		answer int
	}{
		{"what fits", ixfr(2), 1232, transfer.Differences, 7},
		{"what does not", ixfr(2), 512, transfer.Current, 1},
		{"a serial not held", ixfr(0), 1232, transfer.Current, 1},
		{"this serial", ixfr(3), 512, transfer.Current, 1},
		{"an AXFR", axfr(), 1232, transfer.Refused, 0},
		{"hardly any room", ixfr(3), 60, transfer.Current, 0},
	} {
		for _, signed := range []bool{false, true} {
			if signed {
				c.q.SetTsig("key.", dns.HmacSHA256, 300, time.Now().Unix())
			}
			raw, _ := c.q.Pack()
			var mac string
			if signed {
				raw, mac, _ = dns.TsigGenerate(c.q, base64.StdEncoding.EncodeToString(secret), "", false)
			}
			msg, sess, err := keys.Verify(raw, time.Now())
			room := c.room
			if signed && room == 60 {
				room += sess.Room()
			}
			if err != nil {
				t.Fatal(err)
			}
			out, r := transfer.Datagram(nil, msg, h.zone(), sess, room)
			var m dns.Msg
			if err := m.Unpack(out); err != nil || r.Kind != c.want || len(m.Answer) != c.answer || len(out) > room {
				t.Errorf("%s: %v, %+v, %d octets, %v", c.what, err, r, len(out), &m)
			}
			if m.Truncated != (c.room == 60) {
				t.Errorf("%s: TC %v", c.what, m.Truncated)
			}
			if signed {
				if err := dns.TsigVerify(out, base64.StdEncoding.EncodeToString(secret), mac, false); err != nil {
					t.Errorf("%s: %v", c.what, err)
				}
			}
		}
	}
}

func FuzzSend(f *testing.F) {
	h := newHistory(f, transfer.NewJournal(10, 1<<20), 1)
	h.change(f, set(txt("a", 5, "1")))
	for _, q := range []*dns.Msg{axfr(), ixfr(1), ixfr(2), axfr().SetEdns0(1232, true)} {
		raw, _ := q.Pack()
		f.Add(raw)
	}
	f.Fuzz(func(t *testing.T, msg []byte) {
		n, want := 0, 1
		if len(msg) < wire.HeaderLen || msg[2]&0x80 != 0 {
			want = 0
		}
		if _, err := transfer.Send(msg, h.zone(), nil, transfer.MaxMessage, func([]byte) error { n++; return nil }); err != nil || n != want {
			t.Fatalf("%d messages, %v", n, err)
		}
		out, _ := transfer.Datagram(nil, msg, h.zone(), nil, 512)
		if want == 1 && len(out) < wire.HeaderLen || want == 0 && len(out) > 0 || len(out) > 512 {
			t.Fatalf("a datagram of %d octets", len(out))
		}
	})
}
