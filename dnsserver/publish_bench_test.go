package dnsserver_test

import (
	"fmt"
	"testing"

	"github.com/fedns/fedns/dnsserver"
	"github.com/fedns/fedns/dnsserver/zone"
)

// BenchmarkPublishTen changes ten RRsets of a zone of 30,000 names at a time, as
// discovery does when it is busy.
func BenchmarkPublishTen(b *testing.B) {
	s := dnsserver.New(dnsserver.Config{})
	if err := s.SetZones([]dnsserver.ZoneSpec{{Apex: apex, Filled: true}}); err != nil {
		b.Fatal(err)
	}
	var all []zone.Edit
	for i := range 30000 {
		all = append(all, zone.Edit{Op: zone.OpSet, RRset: zone.NewRRset(name(fmt.Sprintf("e%d.svc-%d.ns-%d", i%3, i/3, i/3%100)), zone.TypeA, 5, "\x0a\x00\x00\x01")})
	}
	if err := s.Publish(all); err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	b.ResetTimer()
	for n := range b.N {
		var edits []zone.Edit
		for k := range 10 {
			r := all[(n*7919+k*104729)%len(all)].RRset
			edits = append(edits, zone.Edit{Op: zone.OpSet, RRset: zone.NewRRset(r.Owner, zone.TypeA, 5, fmt.Sprintf("\x0a%c%c%c", n&63, (n>>6)&63, k))})
		}
		if err := s.Publish(edits); err != nil {
			b.Fatal(err)
		}
	}
}
