package dnssec_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/miekg/dns"

	"github.com/fedns/fedns/dnsserver/dnsname"
	"github.com/fedns/fedns/dnsserver/dnssec"
	"github.com/fedns/fedns/dnsserver/zone"
)

func TestSign(t *testing.T) {
	ksk, zsk, ed := key(t, 13, true, nil), key(t, 13, false, nil), key(t, 15, true, nil)
	s := signer(t, dnssec.Config{Keys: []dnssec.Key{ksk, zsk, ed}})
	dnskeys := s.Apex()[0]
	for _, c := range []struct {
		r    zone.RRset
		tags []uint16
	}{
		{txt("a.example.", "x").With(zone.TXT("a"), zone.TXT("")), []uint16{zsk.Tag(), ed.Tag()}},
		{txt("*.example.", "x"), []uint16{zsk.Tag(), ed.Tag()}},
		{txt(`\000\255.A.example.`, "x"), []uint16{zsk.Tag(), ed.Tag()}},
		{zone.NewRRset(apex, zone.TypeNS, 0, zone.Target(apex)), []uint16{zsk.Tag(), ed.Tag()}},
		{s.Deny(dnsname.MustParse("no.example."), nil, false, 60), []uint16{zsk.Tag(), ed.Tag()}},
		{dnskeys, []uint16{ksk.Tag(), ed.Tag()}},
	} {
		sigs, err := s.Sign(c.r)
		must(t, sigs, err)
		var tags []uint16
		for _, rr := range records(t, sigs) {
			sig := rr.(*dns.RRSIG)
			tags = append(tags, sig.KeyTag)
			if want := dns.CountLabel(strings.TrimPrefix(sig.Hdr.Name, "*.")); int(sig.Labels) != want {
				t.Errorf("%v: want %d labels", sig, want)
			}
			if !sig.ValidityPeriod(time.Now()) || sig.Hdr.Ttl != c.r.TTL || sig.OrigTtl != c.r.TTL {
				t.Errorf("%v", sig)
			}
			one := zone.NewRRset(sigs.Owner, sigs.Type, sigs.TTL, slices.Collect(sigs.RDATA())[len(tags)-1])
			if !verify(t, c.r, one, dnskeys, time.Now()) {
				t.Errorf("%v does not validate", sig)
			}
		}
		slices.Sort(tags)
		slices.Sort(c.tags)
		if !slices.Equal(tags, c.tags) {
			t.Errorf("%v signed by %v, want %v", c.r, tags, c.tags)
		}
	}
	if _, err := s.Sign(txt("other.", "x")); err == nil {
		t.Error("signs for other zones")
	}
	if _, err := signer(t, dnssec.Config{}).Sign(txt("a.example.", "x")); !errors.Is(err, dnssec.ErrNoKey) {
		t.Errorf("without keys: %v", err)
	}
}

func TestDeny(t *testing.T) {
	s := signer(t, dnssec.Config{})
	name := func(n string) dnsname.Name { return dnsname.MustParse(n) }
	l := strings.Repeat("a", 63) + "."
	long := l + l + l // 192 octets
	for _, c := range []struct {
		name   string
		types  []uint16
		exists bool
		want   string
	}{
		{"no.example.", []uint16{1}, false, `\000.no.example. RRSIG NSEC NXNAME`},
		{"a.example.", []uint16{28, 1, 257, 1}, true, `\000.a.example. A AAAA RRSIG NSEC CAA`},
		{"ent.example.", nil, true, `\000.ent.example. RRSIG NSEC`},
		{"example.", []uint16{6, 2, 48}, true, `\000.example. NS SOA RRSIG NSEC DNSKEY`},
		{strings.Repeat("b", 52) + "." + long + "example.", nil, true, strings.Repeat("b", 52) + `\000.` + long + "example. RRSIG NSEC"},
		{strings.Repeat("b", 53) + "." + long + "example.", nil, true, strings.Repeat("b", 52) + "c." + long + "example. RRSIG NSEC"},
		{strings.Repeat("b", 52) + "@." + long + "example.", nil, true, strings.Repeat("b", 52) + "[." + long + "example. RRSIG NSEC"},
		{strings.Repeat("b", 52) + `\255.` + long + "example.", nil, true, strings.Repeat("b", 51) + "c." + long + "example. RRSIG NSEC"},
		{strings.Repeat(`\255`, 53) + "." + long + "example.", nil, true, strings.Repeat("a", 62) + "b." + l + l + "example. RRSIG NSEC"},
	} {
		r := s.Deny(name(c.name), c.types, c.exists, 60)
		rr := records(t, r)[0].(*dns.NSEC)
		_, rdata, _ := strings.Cut(rr.String(), "NSEC\t")
		if got := strings.TrimSpace(rdata); got != c.want {
			t.Errorf("%s: %s; want %s", c.name, got, c.want)
		}
		if next := name(rr.NextDomain); r.TTL != 60 || dnsname.Compare(name(c.name), next) >= 0 {
			t.Errorf("%s: next is %s", c.name, next)
		}
	}
}

// TestFloodLeavesOtherSignaturesAlone asks for ever new names that do not exist.
func TestFloodLeavesOtherSignaturesAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := signer(t, dnssec.Config{Keys: []dnssec.Key{key(t, 15, true, nil)}, Budget: 50, CacheSize: 100})
		deny := func(i int) error {
			_, err := s.Sign(s.Deny(dnsname.MustParse(fmt.Sprintf("n%d.example.", i)), nil, false, 5))
			return err
		}
		signed := 0
		for i := range 10_000 { // ten seconds
			if err := deny(i); err == nil {
				signed++
			} else if !errors.Is(err, dnssec.ErrBudget) {
				t.Fatal(err)
			}
			if i%100 == 0 {
				for _, r := range []zone.RRset{s.Apex()[0], txt(fmt.Sprintf("own%d.example.", i), "x")} {
					if _, err := s.Sign(r); err != nil {
						t.Fatalf("%v: %v", r, err)
					}
				}
			}
			time.Sleep(time.Millisecond)
		}
		if signed < 500 || signed > 551 {
			t.Errorf("%d denials signed in ten seconds, want 500 and a second's burst", signed)
		}
		if err := deny(0); err != nil && !errors.Is(err, dnssec.ErrBudget) {
			t.Error(err)
		}
		time.Sleep(time.Second)
		if _, err := s.Sign(s.Deny(apex, nil, true, 5)); err != nil {
			t.Errorf("after a second: %v", err)
		}
	})
}

// TestHotNamesAreSignedAhead makes sure that no query has to wait: the budget is
// spent at every query, and yet the signature changes when it is due.
func TestHotNamesAreSignedAhead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := signer(t, dnssec.Config{Keys: []dnssec.Key{key(t, 13, true, nil)}, Validity: time.Hour, ZoneBudget: 1})
		go s.Run(t.Context())
		hot := txt("hot.example.", "x")
		sigs, err := s.Sign(hot)
		must(t, sigs, err)
		changes := 0
		for range 3 * 3600 {
			time.Sleep(time.Second)
			synctest.Wait()
			for n := 0; ; n++ { // nothing is left to sign the hot name with
				if _, err := s.Sign(txt(fmt.Sprintf("n%d.example.", n), time.Now().String())); err != nil {
					break
				}
			}
			now, err := s.Sign(hot)
			if must(t, now, err) != sigs {
				changes++
			}
			sigs = now
			if !verify(t, hot, sigs, s.Apex()[0], time.Now().Add(14*time.Minute)) {
				t.Fatal("less than a quarter is left")
			}
		}
		if changes != 4 {
			t.Errorf("signed %d times in three hours, want every 45 minutes", changes)
		}
	})
}

func TestCachedSignDoesNotAllocate(t *testing.T) {
	s := signer(t, dnssec.Config{Keys: []dnssec.Key{key(t, 13, true, nil)}})
	r := txt("a.example.", "x")
	if n := testing.AllocsPerRun(100, func() { s.Sign(r) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkSign(b *testing.B) {
	for _, alg := range []uint8{13, 15} {
		s := signer(b, dnssec.Config{Keys: []dnssec.Key{key(b, alg, true, nil)}, ZoneBudget: 1e9})
		r := txt("a.example.", "x")
		b.Run(fmt.Sprintf("cached/%d", alg), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				s.Sign(r)
			}
		})
		b.Run(fmt.Sprintf("uncached/%d", alg), func(b *testing.B) {
			b.ReportAllocs()
			for r := r; b.Loop(); r.TTL++ {
				if _, err := s.Sign(r); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// TestConcurrentUse is for the race detector.
func TestConcurrentUse(t *testing.T) {
	keys := []dnssec.Key{key(t, 13, true, nil), key(t, 15, true, nil)}
	s := signer(t, dnssec.Config{Keys: keys, CacheSize: 10})
	snap := randomZone(t, random(t))
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			for n := range 20 {
				s.Sign(txt(fmt.Sprintf("n%d.example.", n), "x"))
				s.Ahead(3)
				if i == 0 {
					s.SetKeys(keys[:1+n%2])
				} else if i == 1 {
					for range s.Zone(snap) {
					}
				}
				s.Apex()
			}
		})
	}
	wg.Wait()
}
