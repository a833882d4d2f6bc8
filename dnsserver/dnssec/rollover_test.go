package dnssec_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/miekg/dns"

	"github.com/fedns/fedns/dnsserver/dnssec"
	"github.com/fedns/fedns/dnsserver/zone"
)

// seen is one RRset with signatures, as a resolver may hold it from at on.
type seen struct {
	r, sigs zone.RRset
	at      time.Time
}

// parent follows CDS, an hour late.
type parent struct {
	ds  zone.RRset
	cds []seen
}

func (p *parent) poll(s *dnssec.Signer, now time.Time) {
	for _, r := range s.Apex() {
		if r.Type == dns.TypeCDS {
			p.cds = append(p.cds, seen{r: r, at: now})
		}
	}
	for _, c := range p.cds {
		if c.at.Add(time.Hour).Equal(now) {
			p.ds = zone.NewRRset(apex, zone.TypeDS, 1800, slices.Collect(c.r.RDATA())...)
		}
	}
}

// TestRollOver rehearses roll-overs by a clock that it moves. At each step every pair of
// what a resolver may hold must validate: DNSKEY by DS, answers by DNSKEY.
func TestRollOver(t *testing.T) {
	begin := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	h := func(hours float64) time.Time { return begin.Add(time.Duration(hours * float64(time.Hour))) }
	always := func(w *dnssec.Timing) { w.Publish, w.Activate = h(-100), h(-100) }
	sync := func(w *dnssec.Timing) { always(w); w.SyncPublish = h(-100) }
	for name, keys := range map[string]func() []dnssec.Key{
		"pre-published ZSK": func() []dnssec.Key {
			return []dnssec.Key{key(t, 13, true, sync),
				key(t, 13, false, func(w *dnssec.Timing) { always(w); w.Inactive = h(4); w.Delete = h(6) }),
				key(t, 13, false, func(w *dnssec.Timing) { w.Publish = h(2); w.Activate = h(4) })}
		},
		"double-DS KSK": func() []dnssec.Key {
			return []dnssec.Key{key(t, 13, false, always),
				key(t, 13, true, func(w *dnssec.Timing) { sync(w); w.Inactive, w.Delete, w.SyncDelete = h(5), h(5), h(7) }),
				key(t, 13, true, func(w *dnssec.Timing) { w.SyncPublish = h(2); w.Publish, w.Activate = h(5), h(5) })}
		},
		"double-signed CSK": func() []dnssec.Key {
			return []dnssec.Key{
				key(t, 13, true, func(w *dnssec.Timing) { sync(w); w.Inactive, w.Delete, w.SyncDelete = h(9), h(9), h(6) }),
				key(t, 13, true, func(w *dnssec.Timing) { w.Publish, w.Activate, w.SyncPublish = h(2), h(2), h(4) })}
		},
		"another algorithm, signatures first": func() []dnssec.Key {
			return []dnssec.Key{
				key(t, 13, true, func(w *dnssec.Timing) { sync(w); w.Inactive, w.Delete, w.SyncDelete = h(10), h(10), h(7) }),
				key(t, 15, true, func(w *dnssec.Timing) { w.Activate, w.Publish, w.SyncPublish = h(2), h(4), h(6) })}
		},
		"KSK with a gap": func() []dnssec.Key {
			return []dnssec.Key{key(t, 13, true, func(w *dnssec.Timing) { sync(w); w.Inactive = h(3) }), key(t, 13, false, always)}
		},
		"ZSK with a gap": func() []dnssec.Key {
			return []dnssec.Key{key(t, 13, true, sync),
				key(t, 13, false, func(w *dnssec.Timing) { always(w); w.Inactive = h(3); w.Delete = h(6) })}
		},
	} {
		t.Run(name, func(t *testing.T) { rehearse(t, begin, keys(), 60, 40) })
		t.Run(name+", budget spent", func(t *testing.T) { rehearse(t, begin, keys(), 1, 0) })
	}
}

// rehearse runs twelve hours. A step is 20 minutes; TTLs are one hour.
func rehearse(t *testing.T, begin time.Time, keys []dnssec.Key, budget, cold int) {
	c := &clock{begin}
	s := signer(t, dnssec.Config{Keys: keys, Now: c.now, ZoneBudget: budget})
	p := &parent{}
	p.ds = zone.NewRRset(apex, zone.TypeDS, 1800, slices.Collect(s.DS().RDATA())...)
	for _, r := range s.Apex() { // the DS that CDS asks for is there from the start
		if r.Type == dns.TypeCDS {
			p.ds = zone.NewRRset(apex, zone.TypeDS, 1800, slices.Collect(r.RDATA())...)
		}
	}
	var dss, dnskeys, answers []seen
	fresh := func(all []seen, ttl time.Duration) []seen {
		return slices.DeleteFunc(all, func(x seen) bool { return !x.at.Add(ttl).After(c.Time) })
	}
	hot := zone.NewRRset(apex, zone.TypeTXT, 3600, zone.TXT("x"))
	warm := txt("warm.example.", "x")
	warm.TTL = 3600
	for ; c.Sub(begin) < 12*time.Hour; c.Time = c.Add(20 * time.Minute) {
		p.poll(s, c.Time)
		for n := 0; cold == 0 && c.After(begin); n++ { // spend the budget: warm has its old signature as long as that is sound
			if _, err := s.Sign(txt(fmt.Sprintf("spent%d.example.", n), c.String())); err != nil {
				break
			}
		}
		sets := []zone.RRset{hot, warm}
		for i := range cold {
			if i%20 == 0 {
				r := txt(fmt.Sprintf("n%d.example.", i), c.String())
				r.TTL = 3600
				sets = append(sets, r)
			}
		}
		for _, r := range sets {
			if sigs, err := s.Sign(r); err == nil {
				answers = append(answers, seen{r, sigs, c.Time})
			} else if cold > 0 {
				t.Fatal(err)
			}
		}
		k := s.Apex()[0]
		sigs, err := s.Sign(k)
		dnskeys = append(dnskeys, seen{k, must(t, sigs, err), c.Time})
		dss = append(dss, seen{r: p.ds, at: c.Time})
		dss, dnskeys, answers = fresh(dss, 30*time.Minute), fresh(dnskeys, time.Hour), fresh(answers, time.Hour)
		if cold > 0 {
			s.Ahead(10)
		}
		for _, k := range dnskeys {
			for _, ds := range dss {
				if !trusted(t, k, ds.r, c.Time) {
					t.Fatalf("%v: DNSKEY of %v does not validate by DS of %v", c.Sub(begin), k.at.Sub(begin), ds.at.Sub(begin))
				}
			}
			for _, a := range answers {
				if !verify(t, a.r, a.sigs, k.r, c.Time) {
					t.Fatalf("%v: %s of %v does not validate by DNSKEY of %v", c.Sub(begin), a.r.Owner, a.at.Sub(begin), k.at.Sub(begin))
				}
			}
		}
	}
}

// trusted says that a key that a DS names signed the DNSKEY RRset.
func trusted(t *testing.T, k seen, ds zone.RRset, at time.Time) bool {
	t.Helper()
	for _, d := range records(t, ds) {
		d := d.(*dns.DS)
		for rdata := range k.r.RDATA() {
			one := zone.NewRRset(k.r.Owner, k.r.Type, k.r.TTL, rdata)
			if got := records(t, one)[0].(*dns.DNSKEY).ToDS(dns.SHA256); got.Digest == d.Digest && got.KeyTag == d.KeyTag && verify(t, k.r, k.sigs, one, at) {
				return true
			}
		}
	}
	return false
}
