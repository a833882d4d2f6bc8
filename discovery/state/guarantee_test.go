package state

import (
	"maps"
	"slices"
	"testing"

	"github.com/fedns/fedns/discovery/guarantee"
	"github.com/fedns/fedns/discovery/guarantee/guaranteetest"
)

// TestGuaranteeDamageIsFound: no octet that was changed on the disk becomes part
// of what is answered.
func TestGuaranteeDamageIsFound(t *testing.T) {
	p := guaranteetest.Prove(t, guarantee.DamageIsFound)
	m, states := history(t)
	for range 500 {
		c := m.copy()
		names := slices.Sorted(maps.Keys(m.names))
		name := names[p.IntN(len(names))]
		at := p.IntN(len(m.names[name].data))
		c.names[name].data[at] ^= byte(1 << p.IntN(8))
		f, err := load(view{c})
		if err != nil {
			t.Fatal(err)
		}
		if wrong := judge(states, f.known, len(f.tell)); wrong != "" {
			p.Broken("%s, octet %d: %s", name, at, wrong)
			return
		}
	}
}
