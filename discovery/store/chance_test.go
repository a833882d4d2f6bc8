package store

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/fedns/fedns/discovery/cluster"
)

// TestGroupsByChance: the Groups of a service are those that were put last, in order,
// and what was kept of them stays as it was, whichever way Groups come and go.
func TestGroupsByChance(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	s := New()
	model := map[cluster.ServiceKey]map[cluster.ID]int{} // how many endpoints
	text := func(groups []cluster.Group) (out []string) {
		for _, g := range groups {
			out = append(out, fmt.Sprint(g.Cluster, len(g.Endpoints)))
		}
		return out
	}
	want := func(key cluster.ServiceKey) (out []string) {
		for _, id := range slices.Sorted(maps.Keys(model[key])) {
			out = append(out, fmt.Sprint(id, model[key][id]))
		}
		return out
	}
	type then struct {
		kept Kept
		want []string
	}
	var kept []then
	for n := range 20_000 {
		key := cluster.ServiceKey{Namespace: "ns", Name: fmt.Sprint(random.IntN(3))}
		id, size := cluster.ID(rune('a'+random.IntN(5))), random.IntN(3)
		if model[key] == nil {
			model[key] = map[cluster.ID]int{}
		}
		g := cluster.Group{Cluster: id, Service: key, Endpoints: endpoints(size)}
		switch random.IntN(5) {
		case 0, 1:
			_, had := model[key][id]
			if s.Remove(key, id) != had {
				t.Fatalf("step %d: %s was removed from %v, want %t", n, id, key, had)
			}
			delete(model[key], id)
		case 2:
			if _, err := s.Restore(key, id, string(Append(nil, &g))); err != nil {
				t.Fatal(err)
			}
			model[key][id] = size
		default:
			was, had := model[key][id]
			if s.Put(&g, uint32(random.IntN(3))) != (!had || was != size) {
				t.Fatalf("step %d: %s of %v changed from %d to %d", n, id, key, was, size)
			}
			model[key][id] = size
		}
		if got := text(s.Groups(nil, key)); !slices.Equal(got, want(key)) {
			t.Fatalf("step %d: %v has %q, want %q", n, key, got, want(key))
		}
		if s.Has(key) != (len(model[key]) > 0) {
			t.Fatalf("step %d: %v is there: %t", n, key, s.Has(key))
		}
		if kept = append(kept, then{s.Kept(key), want(key)}); len(kept) > 8 {
			kept = kept[1:]
		}
		for i, k := range kept {
			if got := text(k.kept.Groups(nil)); !slices.Equal(got, k.want) {
				t.Fatalf("step %d: kept %d steps ago %q, want %q", n, len(kept)-i, got, k.want)
			}
			old, now := s.Since(k.kept, nil, nil)
			if got := text(old); !slices.Equal(got, k.want) {
				t.Fatalf("step %d: then %q, want %q", n, got, k.want)
			}
			if got := text(now); !slices.Equal(got, want(k.kept.key)) {
				t.Fatalf("step %d: since then %q, want %q", n, got, want(k.kept.key))
			}
		}
	}
}
