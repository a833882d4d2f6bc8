package answer

import (
	"encoding/binary"
	"flag"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/fedns/fedns/dnsserver/dnsname"
	"github.com/fedns/fedns/dnsserver/zone"
)

var seed = flag.Uint64("seed", uint64(time.Now().UnixNano()), "seed of the random tests")

func random(t testing.TB) *rand.Rand {
	t.Logf("go test -run '%s' -seed %d", t.Name(), *seed)
	return rand.New(rand.NewPCG(*seed, 2))
}

// randomEdits makes edits of every kind among few names, so that they meet; with
// plain, only such as the hot path answers.
func randomEdits(rnd *rand.Rand, apex dnsname.Name, n int, plain bool) []zone.Edit {
	labels := []string{"a", "b", "c", "d", "ns", "*"}
	if plain {
		labels = labels[:5]
	}
	name := func() dnsname.Name {
		for n := apex; ; {
			n, _ = n.Child(labels[rnd.IntN(len(labels))])
			if rnd.IntN(3) == 0 || n.Labels() > 5 {
				return n
			}
		}
	}
	edits := make([]zone.Edit, n)
	for i := range edits {
		owner, ttl := name(), uint32(rnd.IntN(100))
		var r zone.RRset
		kind := rnd.IntN(9)
		if plain {
			kind = 3 + rnd.IntN(6)
		}
		switch kind {
		case 0:
			r = zone.NewRRset(owner, zone.TypeCNAME, ttl, zone.Target(name()))
		case 1:
			r = zone.NewRRset(owner, zone.TypeNS, ttl, zone.Target(name()), zone.Target(name()))
		case 2:
			r = zone.NewRRset(owner, zone.TypeDNAME, ttl, zone.Target(name()))
		case 3:
			r = zone.NewRRset(owner, zone.TypeMX, ttl, "\x00\x01"+zone.Target(name()), "\x00\x02"+zone.Target(name()))
		case 4:
			r = zone.NewRRset(owner, zone.TypeSRV, ttl, zone.SRV(0, 1, 80, name()))
		case 5:
			r = zone.NewRRset(owner, zone.TypeTXT, ttl, zone.TXT(string(make([]byte, rnd.IntN(1500)))))
		default:
			r = zone.NewRRset(owner, zone.TypeA, ttl, "\x01\x02\x03\x04", string([]byte{1, 2, 3, byte(rnd.IntN(9))}))
		}
		edits[i] = zone.Edit{Op: zone.OpSet, RRset: r}
		if rnd.IntN(3) == 0 {
			edits[i].Op = zone.OpDelete
		}
	}
	return edits
}

// build makes what can stand of the edits.
func build(prev *zone.Snapshot, edits []zone.Edit) (*zone.Snapshot, []zone.Change) {
	var all []zone.Change
	for _, e := range edits {
		b := zone.NewBuilder(prev)
		b.Apply(e)
		if next, changes, err := b.Build(); err == nil {
			prev, all = next, append(all, changes...)
		}
	}
	return prev, all
}

func emptyZone(t testing.TB, apex dnsname.Name) *zone.Snapshot {
	t.Helper()
	ns, _ := apex.Child("ns")
	b := zone.NewZone(apex)
	b.Set(zone.NewRRset(apex, zone.TypeSOA, 9, zone.SOA{MName: ns, RName: ns, Serial: 1, Minimum: 5}.RDATA()))
	b.Set(zone.NewRRset(apex, zone.TypeNS, 9, zone.Target(ns)))
	s, _, err := b.Build()
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// queries lists messages about a zone: every name in it, above and below them,
// every type that plays a part, in odd spelling, with and without EDNS.
func queries(rnd *rand.Rand, s *zone.Snapshot) [][]byte {
	names := map[dnsname.Name]bool{}
	for r := range s.All() {
		for n := r.Owner; n.Under(s.Apex()); n = n.Parent() {
			names[n] = true
			for _, l := range []string{"a", "x", "*"} {
				if c, err := n.Child(l); err == nil {
					names[c] = true
				}
			}
		}
	}
	var out [][]byte
	for n := range names {
		for _, typ := range []uint16{zone.TypeA, zone.TypeNS, zone.TypeCNAME, zone.TypeMX, zone.TypeTXT, zone.TypeAAAA, zone.TypeSRV, zone.TypeDNAME, zone.TypeDS, 41, 250, 255, 65280} {
			msg := binary.BigEndian.AppendUint16(nil, uint16(rnd.Uint32()))
			msg = append(msg, byte(rnd.IntN(2)), byte(rnd.IntN(8))<<4, 0, 1, 0, 0, 0, 0, 0, 0)
			for _, c := range []byte(n.Wire()) {
				if 'a' <= c && c <= 'z' && rnd.IntN(2) == 0 {
					c -= 'a' - 'A'
				}
				msg = append(msg, c)
			}
			msg = append(msg, byte(typ>>8), byte(typ), 0, 1)
			if rnd.IntN(2) == 0 {
				msg[11] = 1
				msg = append(msg, 0, 0, 41, byte(rnd.IntN(20)), 0, 0, 0, byte(rnd.IntN(2))<<7, byte(rnd.IntN(20)/19))
				options := [...]string{
					"", "", "", "\x00\x0a\x00\x08clientck", "\x00\x0a\x00\x18clientck\x01\x00\x00\x00serverserver",
					"\x00\x08\x00\x07\x00\x01\x18\x00\xc0\x00\x02", "\x00\x03\x00\x00", "\x00\x0b\x00\x00", "\x00\x63\x00\x01x",
				}[rnd.IntN(9)]
				msg = append(append(msg, 0, byte(len(options))), options...)
			}
			out = append(out, msg)
		}
	}
	return out
}
