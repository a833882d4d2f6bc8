package forward_test

import (
	"bytes"
	"testing"

	"github.com/miekg/dns"

	"github.com/fedns/fedns/dnsserver/dnsname"
	"github.com/fedns/fedns/dnsserver/forward"
	"github.com/fedns/fedns/dnsserver/wire"
	"github.com/fedns/fedns/dnsserver/zone"
)

// FuzzReply: whatever an upstream sends, what is taken of it is a chain from the
// QNAME, well-formed, and says nothing about names of ours.
func FuzzReply(f *testing.F) {
	q := new(dns.Msg).SetQuestion("www.test.", dns.TypeA)
	for _, lines := range [][]string{
		{right},
		{"www.test. 60 IN CNAME a.test.", "a.test. 60 IN A 192.0.2.1"},
		{"www.test. 60 IN CNAME a.ours.", "a.ours. 60 IN A 192.0.2.1"},
		{"NXDOMAIN", soa},
		{"!test. 60 IN NS ns.test."},
		{`www.test. 60 IN NAPTR 1 1 "S" "x" "" A.B.`, `www.test. 60 IN HTTPS 1 . alpn=h2`},
	} {
		m := records(q, lines...)
		m.Compress = true
		b, err := m.Pack()
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b, uint16(dns.TypeA))
	}
	f.Fuzz(func(t *testing.T, msg []byte, typ uint16) {
		key := zone.Key{Owner: name("www.test."), Type: typ}
		got, err := forward.Parse(msg, key, ours)
		if err != nil {
			return
		}
		at, octets := key.Owner, 0
		for i, r := range got.Answer {
			if r.Owner != at || r.IsEmpty() || r.TTL > 1<<31-1 || ours(r.Owner) && i > 0 {
				t.Fatalf("link %d is %s, want one of %s", i, r, at)
			}
			for d := range r.RDATA() {
				octets += len(d)
				if size, fixed := map[uint16]int{dns.TypeA: 4, dns.TypeAAAA: 16}[r.Type]; fixed && len(d) != size {
					t.Fatalf("%s", r)
				}
			}
			if r.Type == typ {
				if i != len(got.Answer)-1 || got.Denied {
					t.Fatalf("%v goes on", got.Answer)
				}
				break
			}
			if r.Type != zone.TypeCNAME || r.Len() != 1 {
				t.Fatalf("%s in the chain", r)
			}
			next, n, err := dnsname.FromWire([]byte(r.First()))
			if err != nil || n != len(r.First()) || next.Wire() != r.First() {
				t.Fatalf("target %q: %v", r.First(), err)
			}
			at = next
		}
		if octets > 1<<16 || len(got.Answer) > 17 {
			t.Fatalf("%d octets in %d RRsets", octets, len(got.Answer))
		}
		if !got.SOA.IsEmpty() {
			if _, err := zone.ParseSOA(got.SOA.First()); err != nil || !at.Under(got.SOA.Owner) {
				t.Fatalf("%s for %s: %v", got.SOA, at, err)
			}
		}
		if !got.Ours.IsZero() && (got.Ours != at || got.Denied) || !got.Further.IsZero() && got.Further != at {
			t.Fatalf("%+v", got)
		}
	})
}

// FuzzMatch: what matches has the ID and the question octet by octet.
func FuzzMatch(f *testing.F) {
	f.Add([]byte("\x80\x00\x00\x01\x00\x00\x00\x00\x00\x00\x03wWw\x04test\x00\x00\x01\x00\x01"), true)
	f.Fuzz(func(t *testing.T, rest []byte, sameID bool) {
		key := zone.Key{Owner: name("www.test."), Type: 0x4141} // which is "AA": a type has no case
		sent := forward.NewQuery(key)
		msg := append([]byte{sent[0], sent[1]}, rest...)
		if !sameID {
			msg[0]++
		}
		end := wire.HeaderLen + len(key.Owner.Wire()) + 4
		same := sameID && len(msg) >= end && msg[2]&0xf8 == 0x80 && msg[4] == 0 && msg[5] == 1 && bytes.Equal(msg[12:end], sent[12:end])
		if got := forward.Match(sent, msg, key); got != same {
			t.Fatalf("%x to %x: %v", msg, sent, got)
		}
		copy(sent[2:], "\x80\x00\x00\x01")
		if !forward.Match(sent, sent, key) {
			t.Fatalf("%x does not match itself", sent)
		}
	})
}
