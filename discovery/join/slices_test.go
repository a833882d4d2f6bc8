package join

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/fedns/fedns/discovery/cluster"
)

// TestSlicesByChance: what is told of Services is what their slices have, however
// slices come, go, are listed and change hands, by names that do not tell whose they are.
func TestSlicesByChance(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 0))
	owners := []string{"a", "b", "a-b", "c", ""}
	names := []string{"a-1", "a-2", "a-3", "b-1", "a-b-1", "a-b", "x", "c-", "-a"}
	type slice struct{ of, addr string }
	j := New(Config{Cluster: "c"})
	have, there, told := map[string]slice{}, map[string]bool{}, map[string]string{}
	made := func(name string) Slice {
		s := slice{owners[r.IntN(len(owners))], fmt.Sprintf("10.0.0.%d", 1+r.IntN(4))}
		have[name] = s
		return lossSlice(name, s.of, s.addr, true)
	}
	for n := range 20_000 {
		name, owner := names[r.IntN(len(names))], owners[r.IntN(4)]
		switch r.IntN(9) {
		case 0:
			j.PutService(lossService(owner, false))
			there[owner] = true
		case 1:
			j.DeleteService(keyOf(owner))
			delete(there, owner)
		case 2:
			clear(have)
			var all []Slice
			for _, name := range names {
				if r.IntN(2) == 0 {
					all = append(all, made(name))
				}
			}
			j.ReplaceSlices(all, cluster.Missing)
		case 3, 4:
			j.DeleteSlice(keyOf(name))
			delete(have, name)
		default:
			j.PutSlice(made(name))
		}
		if r.IntN(3) == 0 {
			continue // several changes are told together
		}
		groups, more := j.Take(100, true)
		if more {
			t.Fatalf("step %d: there is more", n)
		}
		for _, g := range groups {
			var addrs []string
			for _, e := range g.Endpoints {
				addrs = append(addrs, e.Addr.String())
			}
			if told[g.Service.Name] = strings.Join(addrs, " "); g.Withdrawn {
				delete(told, g.Service.Name)
			}
		}
		for _, owner := range owners[:4] {
			var want []string
			for _, s := range have {
				if s.of == owner {
					want = append(want, s.addr)
				}
			}
			slices.Sort(want)
			want = slices.Compact(want)
			if got, is := told[owner]; is != there[owner] || is && got != strings.Join(want, " ") {
				t.Fatalf("step %d: of %s %q was told (%t), want %q (%t)", n, owner, got, is, want, there[owner])
			}
		}
		if len(have) == 0 && len(j.strays) > 0 {
			t.Fatalf("step %d: slices that are gone are kept: %v", n, j.strays)
		}
	}
}
