package dnssec_test

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fedns/fedns/dnsserver/dnsname"
	"github.com/fedns/fedns/dnsserver/dnssec"
	"github.com/fedns/fedns/dnsserver/zone"
)

// randomZone has zone cuts with and without DS, glue, wildcards, empty
// non-terminals, DNAMEs, CNAMEs, odd octets and a type nobody knows.
func randomZone(t testing.TB, rnd *rand.Rand) *zone.Snapshot {
	t.Helper()
	name := func(labels ...string) dnsname.Name {
		n := apex
		for i := len(labels) - 1; i >= 0; i-- {
			n, _ = n.Child(labels[i])
		}
		return n
	}
	addr := zone.Addr(netip.MustParseAddr("192.0.2.1"))
	host := name("host")
	sets := []zone.RRset{
		zone.NewRRset(apex, zone.TypeSOA, 600, zone.SOA{MName: host, RName: host, Serial: 7, Refresh: 60, Retry: 60, Expire: 600, Minimum: 60}.RDATA()),
		zone.NewRRset(apex, zone.TypeNS, 600, zone.Target(host)),
		zone.NewRRset(host, zone.TypeA, 60, addr),
	}
	for i := range 40 {
		l := fmt.Sprintf("%c%d", 'a'+rnd.IntN(26), i)
		switch rnd.IntN(9) {
		case 0:
			ns := name("ns", l)
			sets = append(sets, zone.NewRRset(name(l), zone.TypeNS, 60, zone.Target(ns), zone.Target(name("ns"))),
				zone.NewRRset(ns, zone.TypeA, 60, addr), zone.NewRRset(name("b", l), zone.TypeTXT, 60, zone.TXT("below")))
			if rnd.IntN(2) == 0 {
				sets = append(sets, zone.NewRRset(name(l), zone.TypeDS, 60, "\x01\x02\x0d\x02"+strings.Repeat("d", 32)))
			}
			if rnd.IntN(2) == 0 { // its own name server
				sets = append(sets, zone.NewRRset(name(l), zone.TypeA, 60, addr))
			}
		case 1:
			sets = append(sets, zone.NewRRset(name("*", l), zone.TypeA, 60, addr))
		case 2:
			sets = append(sets, zone.NewRRset(name("x", "ent", l), zone.TypeSRV, 60, zone.SRV(1, 2, 3, host)))
		case 3:
			sets = append(sets, zone.NewRRset(name(l), zone.TypeDNAME, 60, zone.Target(name("else"))))
		case 4:
			sets = append(sets, zone.NewRRset(name(l), zone.TypeCNAME, 60, zone.Target(host)))
		case 5:
			sets = append(sets, zone.NewRRset(name(l), 65280+uint16(i), 60, "odd"))
		case 6:
			sets = append(sets, zone.NewRRset(name(l+"\xff.\x01"), zone.TypeTXT, 60, zone.TXT("odd")))
		default:
			sets = append(sets, zone.NewRRset(name(l), zone.TypeA, 60, addr, zone.Addr(netip.AddrFrom4([4]byte{192, 0, 2, byte(i)}))),
				zone.NewRRset(name(l), zone.TypeMX, 30, "\x00\x0a"+host.Wire()))
		}
	}
	b := zone.NewZone(apex)
	for _, r := range sets {
		b.Set(r)
	}
	s, _, err := b.Build()
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// walk gathers the zone.
func walk(t testing.TB, s *dnssec.Signer, snap *zone.Snapshot) []zone.RRset {
	t.Helper()
	var sets []zone.RRset
	for r, err := range s.Zone(snap) {
		sets = append(sets, must(t, r, err))
	}
	return sets
}

func masterFile(t testing.TB, sets []zone.RRset) string {
	t.Helper()
	var b strings.Builder
	for _, r := range sets {
		for _, rr := range records(t, r) {
			fmt.Fprintln(&b, rr)
		}
	}
	path := filepath.Join(t.TempDir(), "example.zone")
	if err := os.WriteFile(path, []byte(b.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestZoneIsAcceptedByVerifiers(t *testing.T) {
	rnd := random(t)
	for name, keys := range map[string][]dnssec.Key{
		"ECDSA CSK":      {key(t, 13, true, nil)},
		"KSK and ZSK":    {key(t, 13, true, nil), key(t, 13, false, nil)},
		"Ed25519":        {key(t, 15, true, nil)},
		"two algorithms": {key(t, 13, true, nil), key(t, 15, true, nil), key(t, 15, false, nil)},
	} {
		t.Run(name, func(t *testing.T) {
			for range 8 {
				s := signer(t, dnssec.Config{Keys: keys})
				snap := randomZone(t, rnd)
				sets := walk(t, s, snap)
				if sets[0].Type != zone.TypeSOA {
					t.Fatalf("%v comes first", sets[0])
				}
				order := slices.Clone(sets)
				slices.SortStableFunc(order, func(a, b zone.RRset) int { return dnsname.Compare(a.Owner, b.Owner) })
				if !slices.Equal(order, sets) {
					t.Fatal("not in canonical order")
				}
				if !slices.Equal(sets, walk(t, s, snap)) || !slices.Equal(sets, walk(t, signer(t, dnssec.Config{Keys: keys}), snap)) {
					t.Fatal("another walk gives something else")
				}
				path := masterFile(t, sets)
				if !slices.ContainsFunc(keys, func(k dnssec.Key) bool { return k.Algorithm() == dnssec.Ed25519 }) { // Debian's ldns is built without
					tool(t, "ldnsutils", "ldns-verify-zone", path)
				}
				tool(t, "bind9-utils", "dnssec-verify", "-z", "-o", "example.", path) // -z: a CSK is a ZSK too
			}
		})
	}
}

// TestZoneIsStableUntilNextChange walks through two weeks of waves.
func TestZoneIsStableUntilNextChange(t *testing.T) {
	c := &clock{time.Now()}
	s := signer(t, dnssec.Config{Keys: []dnssec.Key{key(t, 15, true, nil)}, Now: c.now})
	snap := randomZone(t, random(t))
	begin, changed := c.Time, 0
	for sets := walk(t, s, snap); c.Sub(begin) < 15*24*time.Hour; {
		next := s.NextChange(c.Time)
		if !next.After(c.Time) || next.Sub(c.Time) > 5*time.Hour {
			t.Fatalf("at %v the next change is at %v", c.Time, next)
		}
		c.Time = next.Add(-time.Second)
		if !slices.Equal(sets, walk(t, s, snap)) {
			t.Fatalf("the zone changed before %v", next)
		}
		c.Time = next
		now := walk(t, s, snap)
		if !slices.Equal(sets, now) {
			changed++
		}
		sets = now
		for i := 0; i+1 < len(sets); i++ {
			if sets[i+1].Type != zone.TypeRRSIG {
				continue
			}
			if i%16 == 0 && !verify(t, sets[i], sets[i+1], s.Apex()[0], c.Add(3*24*time.Hour)) {
				t.Fatalf("%v: %v: not good for three more days", c.Time, sets[i])
			}
		}
	}
	if changed < 20 {
		t.Errorf("the zone was signed in %d waves", changed)
	}
}

func TestZoneWithoutKeysIsAsItStands(t *testing.T) {
	snap := randomZone(t, random(t))
	n := 0
	for _, r := range walk(t, signer(t, dnssec.Config{}), snap) {
		n += r.Len()
	}
	if n != snap.Records() {
		t.Errorf("%d records of %d", n, snap.Records())
	}
}
