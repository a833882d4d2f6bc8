package answer

import (
	"reflect"
	"testing"

	"github.com/fedns/fedns/dnsserver/dnsname"
	"github.com/fedns/fedns/dnsserver/zone"
)

// TestNegativeAfter: what is made of the last one is what would be made anew,
// and the last one stays as it is.
func TestNegativeAfter(t *testing.T) {
	apex := dnsname.MustParse("example.com.")
	soa := zone.SOA{MName: dnsname.MustParse("ns.example.com."), RName: dnsname.MustParse("host.example.net."), Serial: 7, Refresh: 1, Retry: 2, Expire: 3, Minimum: 4}
	build := func(soa zone.SOA, ttl uint32) *zone.Snapshot {
		b := zone.NewZone(apex)
		b.Set(zone.NewRRset(apex, zone.TypeSOA, ttl, soa.RDATA()))
		s, _, err := b.Build()
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	first := build(soa, 3)
	was := newNegative(first)
	for what, change := range map[string]func(*zone.SOA){
		"the serial": func(s *zone.SOA) { s.Serial = 0x01020304 },
		"nothing":    func(*zone.SOA) {},
		"MNAME":      func(s *zone.SOA) { s.MName = dnsname.MustParse("a.ns.example.com.") },
		"RNAME":      func(s *zone.SOA) { s.RName = dnsname.MustParse("h.example.com.") },
		"minimum":    func(s *zone.SOA) { s.Minimum = 2 },
		"expire":     func(s *zone.SOA) { s.Expire = 9 },
	} {
		for _, ttl := range []uint32{3, 1} {
			changed := soa
			change(&changed)
			next := build(changed, ttl)
			if got, want := was.after(first, next), newNegative(next); !reflect.DeepEqual(got, want) {
				t.Errorf("%s is another, TTL %d: got %+v, want %+v", what, ttl, got, want)
			}
		}
	}
	if !reflect.DeepEqual(was, newNegative(first)) {
		t.Error("the last one was written to")
	}
}
