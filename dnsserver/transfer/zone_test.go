package transfer_test

import (
	"encoding/binary"
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/miekg/dns"

	"github.com/fedns/fedns/dnsserver/dnsname"
	"github.com/fedns/fedns/dnsserver/transfer"
	"github.com/fedns/fedns/dnsserver/zone"
)

var seed = flag.Uint64("seed", uint64(time.Now().UnixNano()), "seed of the random tests")

func random(t testing.TB) *rand.Rand {
	t.Logf("go test -run '%s' -seed %d", t.Name(), *seed)
	return rand.New(rand.NewPCG(*seed, 1))
}

var apex = dnsname.MustParse("example.")

func soa(serial uint32) zone.RRset {
	s := zone.SOA{MName: dnsname.MustParse("ns.example"), RName: dnsname.MustParse("host.example"), Serial: serial, Refresh: 1, Retry: 2, Expire: 3, Minimum: 5}
	return zone.NewRRset(apex, zone.TypeSOA, 60, s.RDATA())
}

// history is a zone, every Snapshot it ever had, and its Journal.
type history struct {
	journal *transfer.Journal
	past    []*zone.Snapshot // the last is the zone
}

func newHistory(t testing.TB, journal *transfer.Journal, serial uint32, sets ...zone.RRset) *history {
	t.Helper()
	b := zone.NewZone(apex)
	b.Set(soa(serial))
	for _, r := range sets {
		b.Set(r)
	}
	s, _, err := b.Build()
	if err != nil {
		t.Fatal(err)
	}
	return &history{journal, []*zone.Snapshot{s}}
}

func (h *history) now() *zone.Snapshot { return h.past[len(h.past)-1] }

func (h *history) zone() transfer.Zone {
	return transfer.Zone{Snapshot: h.now(), Journal: h.journal}
}

func (h *history) change(t testing.TB, edits ...zone.Edit) {
	t.Helper()
	b := zone.NewBuilder(h.now())
	b.Apply(edits...)
	next, changes, err := b.Build()
	if err != nil {
		t.Fatal(err)
	}
	if next == h.now() {
		return
	}
	before, _ := h.now().Lookup(apex, zone.TypeSOA)
	after, _ := next.Lookup(apex, zone.TypeSOA)
	h.journal.Append(h.now().Serial(), next.Serial(), before, after, changes)
	h.past = append(h.past, next)
}

func set(r zone.RRset) zone.Edit { return zone.Edit{Op: zone.OpSet, RRset: r} }

func txt(name string, ttl uint32, texts ...string) zone.RRset {
	var all []string
	for _, s := range texts {
		all = append(all, zone.TXT(s))
	}
	return zone.NewRRset(dnsname.MustParse(name+".example."), zone.TypeTXT, ttl, all...)
}

// randomEdit is any edit that leaves a zone valid.
func randomEdit(rnd *rand.Rand) zone.Edit {
	owner := dnsname.MustParse(fmt.Sprintf("n%d.s%d.example.", rnd.IntN(30), rnd.IntN(5)))
	other := dnsname.MustParse(fmt.Sprintf("n%d.s%d.example.", rnd.IntN(30), rnd.IntN(5)))
	if rnd.IntN(20) == 0 {
		s, _ := zone.ParseSOA(soa(0).First())
		s.Refresh, s.Serial = rnd.Uint32(), 0 // an SOA that changes by itself; Build counts its serial up
		return set(zone.NewRRset(apex, zone.TypeSOA, uint32(rnd.IntN(3)), s.RDATA()))
	}
	ttl := uint32(60 + rnd.IntN(2))
	var rdatas []string
	var typ uint16
	kind := rnd.IntN(5)
	for range 1 + rnd.IntN(4) {
		switch kind {
		case 0:
			typ = zone.TypeA
			rdatas = append(rdatas, zone.Addr(netip.AddrFrom4([4]byte{10, 0, 0, byte(rnd.IntN(6))})))
		case 1:
			typ = zone.TypeTXT
			rdatas = append(rdatas, zone.TXT(strings.Repeat("x", rnd.IntN(400))))
		case 2:
			typ = zone.TypeMX
			rdatas = append(rdatas, "\x00"+string(rune(rnd.IntN(5)))+other.Wire())
		case 3:
			typ = zone.TypeSRV
			rdatas = append(rdatas, zone.SRV(0, uint16(rnd.IntN(5)), 80, other))
		case 4:
			typ = zone.TypeNS
			rdatas = append(rdatas, zone.Target(other))
		}
	}
	op := []zone.Op{zone.OpSet, zone.OpSet, zone.OpDelete, zone.OpAdd, zone.OpRemove}[rnd.IntN(5)]
	return zone.Edit{Op: op, RRset: zone.NewRRset(owner, typ, ttl, rdatas...)}
}

// content is a zone as miekg/dns prints its records.
type content map[string]int

// contentOf reads a Snapshot, record by record and without this package.
func contentOf(t testing.TB, s *zone.Snapshot) content {
	t.Helper()
	c := content{}
	for set := range s.All() {
		for d := range set.RDATA() {
			b := []byte(set.Owner.Wire())
			b = binary.BigEndian.AppendUint16(b, set.Type)
			b = append(b, 0, 1)
			b = binary.BigEndian.AppendUint32(b, set.TTL)
			b = binary.BigEndian.AppendUint16(b, uint16(len(d)))
			rr, _, err := dns.UnpackRR(append(b, d...), 0)
			if err != nil {
				t.Fatal(err)
			}
			c[rr.String()]++
		}
	}
	return c
}

func (c content) equal(t testing.TB, want content) {
	t.Helper()
	if maps.Equal(c, want) {
		return
	}
	for _, r := range slices.Sorted(maps.Keys(want)) {
		if c[r] != want[r] {
			t.Errorf("%d of %s, want %d", c[r], r, want[r])
		}
	}
	for _, r := range slices.Sorted(maps.Keys(c)) {
		if want[r] == 0 {
			t.Errorf("%d of %s, want none", c[r], r)
		}
	}
}

// apply makes of the zone a client has the one it gets, as RFC 1995 §4 says,
// and fails on any record that is not where it must be.
func (c content) apply(t testing.TB, serial uint32, rrs []dns.RR) content {
	t.Helper()
	first, ok := rrs[0].(*dns.SOA)
	if !ok {
		t.Fatalf("begins with %s", rrs[0])
	}
	if len(rrs) == 1 {
		return c
	}
	if last := rrs[len(rrs)-1]; last.String() != first.String() {
		t.Fatalf("ends with %s, want %s", last, first)
	}
	rrs = rrs[1 : len(rrs)-1]
	next := content{}
	if from, ok := rrs[0].(*dns.SOA); !ok || from.Serial == first.Serial { // AXFR style
		next[first.String()]++
		for _, rr := range rrs {
			next[rr.String()]++
		}
		return next
	}
	maps.Copy(next, c)
	for len(rrs) > 0 {
		from, ok := rrs[0].(*dns.SOA)
		if !ok || from.Serial != serial || next[from.String()] != 1 {
			t.Fatalf("a step from %s, want serial %d", rrs[0], serial)
		}
		delete(next, from.String())
		for rrs = rrs[1:]; rrs[0].Header().Rrtype != dns.TypeSOA; rrs = rrs[1:] {
			if next[rrs[0].String()] != 1 {
				t.Fatalf("%s is deleted, and is not there", rrs[0])
			}
			delete(next, rrs[0].String())
		}
		serial = rrs[0].(*dns.SOA).Serial
		next[rrs[0].String()]++
		for rrs = rrs[1:]; len(rrs) > 0 && rrs[0].Header().Rrtype != dns.TypeSOA; rrs = rrs[1:] {
			if next[rrs[0].String()]++; next[rrs[0].String()] != 1 {
				t.Fatalf("%s is added, and is there", rrs[0])
			}
		}
	}
	if serial != first.Serial {
		t.Fatalf("the steps end at %d, want %d", serial, first.Serial)
	}
	return next
}
