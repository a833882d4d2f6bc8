package clouddns_test

import (
	"testing"

	"github.com/fedns/fedns/providers/clouddns"
	"github.com/fedns/fedns/providers/clouddns/clouddnstest"
	"github.com/fedns/fedns/providers/hosted"
)

// BenchmarkSwap is one replacement by the real client against the simulator in
// memory: what a simulated history pays for a call.
func BenchmarkSwap(b *testing.B) {
	s := clouddnstest.New(clouddnstest.Config{})
	s.AddZone("example", "example.com.", "public")
	z, err := clouddns.New(clouddns.Config{Project: "test", Apex: apex, HTTPClient: s.Client()})
	if err != nil {
		b.Fatal(err)
	}
	old, next := hosted.Entry{}, entry(b, "a 60 A: 192.0.2.1")
	other := entry(b, "a 60 A: 192.0.2.2")
	for b.Loop() {
		if _, err := z.Apply(b.Context(), hosted.Batch{Changes: []hosted.Change{{Old: old, New: next}}}); err != nil {
			b.Fatal(err)
		}
		if old.IsEmpty() {
			old, next = next, other
		} else {
			old, next = next, old
		}
	}
}
