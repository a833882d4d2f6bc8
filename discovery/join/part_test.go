package join

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
)

// TestParts: parts are a list, whichever way they are kept.
func TestParts(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 0))
	var p parts
	var want []string
	for n := range 10_000 {
		if len(want) == 0 || len(want) < 4 && r.IntN(2) == 0 {
			s := Slice{octets: fmt.Sprintf("slice-%d endpoints", n)}
			s.Key.Name = s.octets[:len(s.octets)-len(" endpoints")]
			p.add(s.part())
			want = append(want, s.Key.Name)
		} else {
			i := r.IntN(len(want))
			p.remove(i)
			want = slices.Delete(want, i, i+1)
		}
		var got []string
		for _, q := range p.all() {
			if q.packed() != " endpoints" {
				t.Fatalf("step %d: %q is packed as %q", n, q.name(), q.packed())
			}
			got = append(got, q.name())
		}
		if !slices.Equal(got, want) || p.empty() != (len(want) == 0) {
			t.Fatalf("step %d: got %q, want %q", n, got, want)
		}
		for i, name := range want {
			if p.index(name) != i {
				t.Fatalf("step %d: %s is at %d, want %d", n, name, p.index(name), i)
			}
		}
		if p.index("another") >= 0 || len(want) == 1 && p.more != nil {
			t.Fatalf("step %d: another is at %d, %d parts in a list of their own", n, p.index("another"), len(p.more))
		}
	}
}
