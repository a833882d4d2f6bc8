package hosted

import (
	"math/rand/v2"
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/fedns/fedns/integration/harness"
)

// seeded is chance, told in the log and repeated with $FEDNS_SEED.
func seeded(t *testing.T) *rand.Rand {
	t.Helper()
	seed := uint64(time.Now().UnixNano())
	if text := os.Getenv("FEDNS_SEED"); text != "" {
		var err error
		seed, err = strconv.ParseUint(text, 10, 64)
		must(t, err)
	}
	t.Logf("FEDNS_SEED=%d", seed)
	return rand.New(rand.NewPCG(seed, 0))
}

// leaderIsPaused stops the leader in the middle of an apply, for longer than its Lease
// lasts, and has it go on in the middle of its successor's.
func leaderIsPaused(t *testing.T, f *harness.Fleet) {
	chance := seeded(t)
	p := newPair(t, f, "paused")
	first := p.follows("")
	p.settles(first, 1)
	begin := p.serial()
	p.endpoints(2)
	p.written(begin, 1+uint32(chance.IntN(3)))
	must(t, p.fedns[first].Process.Pause())
	paused := p.serial()
	p.endpoints(3) // which the one that is paused does not hear of
	second := p.follows(first)
	p.written(paused, 2+uint32(chance.IntN(3))) // its fence, and a part of what it has to write
	must(t, p.fedns[first].Process.Resume())
	resumed := p.serial()
	p.settles(second, 3)
	p.leads(second)
	p.endpoints(4) // both hear of it, and one writes
	p.settles(second, 4)
	all := p.history(begin)
	t.Logf("%d UPDATEs of %d names: %d before %s was paused, %d before it went on, %d after; then %s led", len(all), many, paused-begin, first, resumed-paused, uint32(len(all))-(resumed-begin), second)
	if all, err := status(t.Context(), p.fedns[second]); err != nil || all[busy].Calls.Conflicts > 0 {
		t.Errorf("%s was outrun: %+v, %v", second, all[busy].Calls, err)
	}
}

// leaderIsKilled kills the leader in the middle of an apply.
func leaderIsKilled(t *testing.T, f *harness.Fleet) {
	chance := seeded(t)
	p := newPair(t, f, "killed")
	first := p.follows("")
	p.settles(first, 1)
	begin := p.serial()
	p.endpoints(2)
	p.written(begin, 1+uint32(chance.IntN(3)))
	must(t, p.fedns[first].Process.Kill())
	killed := p.serial()
	p.endpoints(3)
	second := p.follows(first)
	must(t, p.fedns[first].Start(t.Context())) // as its Deployment would
	p.settles(second, 3)
	p.leads(second)
	all := p.history(begin)
	t.Logf("%d UPDATEs of %d names: %d before %s was killed, then %s led", len(all), many, killed-begin, first, second)
}
