package store

import (
	"math/rand/v2"
	"testing"

	"github.com/fedns/fedns/discovery/cluster"
)

// TestSummarize: it finds wrong what Decode finds wrong, and counts what that has.
func TestSummarize(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for i, g := range samples {
		packed := Append(nil, &g)
		for n := range 3000 {
			octets := []byte(string(packed))
			for range n % 4 {
				octets[r.IntN(len(octets))] ^= 1 << r.IntN(8)
			}
			if n%5 == 4 {
				octets = octets[:r.IntN(len(octets))]
			}
			want, err := Decode(string(octets))
			got, serr := Summarize(string(octets))
			if (err == nil) != (serr == nil) || err == nil && (got.Endpoints != len(want.Endpoints) || got.Type != want.Type) {
				t.Fatalf("sample %d, %x: %+v, %v; Decode has %+v, %v", i, octets, got, serr, want, err)
			}
		}
		if n := testing.AllocsPerRun(10, func() { _, _ = Summarize(string(packed)) }); n > 1 {
			t.Errorf("sample %d: %v allocations", i, n)
		}
	}
}

// TestRestore: what is restored is held as if it had been put, by no run.
func TestRestore(t *testing.T) {
	s, want := New(), New()
	key := cluster.ServiceKey{Namespace: "a", Name: "b"}
	for _, id := range []cluster.ID{"c2", "c3", "c1", "c2"} {
		g := samples[1]
		g.Cluster, g.Service = id, key
		want.Put(&g, 7)
		if _, err := s.Restore(key, id, string(Append(nil, &g))); err != nil {
			t.Fatal(err)
		}
	}
	if s.Bytes() != want.Bytes() || s.Count("c2") != want.Count("c2") || len(s.Groups(nil, key)) != 3 || s.Groups(nil, key)[1].Cluster != "c2" {
		t.Errorf("%+v", s)
	}
	if left := s.NotOf("c1", 1); len(left) != 1 {
		t.Errorf("not of run 1: %v", left)
	}
	if _, err := s.Restore(key, "c9", "nonsense"); err == nil || s.Count("c9") != (Count{}) {
		t.Errorf("nonsense is held: %v", err)
	}
}
