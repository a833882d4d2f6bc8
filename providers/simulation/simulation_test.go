package simulation

import (
	"fmt"
	"maps"
	"os"
	"runtime"
	"runtime/debug"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	debug.SetGCPercent(800) // a history is small, and there are many: a fifth of the time
	goleak.VerifyTestMain(m)
}

// number is a whole number from the environment.
func number(t *testing.T, name string, otherwise uint64) uint64 {
	t.Helper()
	text := os.Getenv(name)
	if text == "" {
		return otherwise
	}
	n, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		t.Fatalf("%s: want a whole number, got %q", name, text)
	}
	return n
}

// play runs one history, and adds what happened in it. It returns what was wrong.
func play(t *testing.T, seed uint64, happened map[string]int) (broken []string) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(seed)
		w.live()
		w.mend()
		w.end()
		broken = w.broken
		for what, n := range w.happened {
			happened[what] += n
		}
		if len(broken) == 0 {
			broken = w.linearizable()
		}
		if len(broken) > 0 {
			for _, l := range w.trace {
				broken = append(broken, l.String())
			}
		}
	})
	return broken
}

// TestHistories: whatever happens, in whatever order, the hosted zone ends as it is
// wanted, and nobody wrote over what they did not know.
func TestHistories(t *testing.T) {
	if os.Getenv("FEDNS_SEED") != "" && os.Getenv("FEDNS_SIM_SEEDS") == "" {
		for _, line := range play(t, number(t, "FEDNS_SEED", 0), map[string]int{}) {
			t.Error(line)
		}
		return
	}
	seeds := number(t, "FEDNS_SIM_SEEDS", 500)
	first := number(t, "FEDNS_SEED", uint64(time.Now().UnixNano()))
	t.Logf("%d histories from FEDNS_SEED=%d", seeds, first)
	began := time.Now()
	happened, broken, seed := histories(t, first, seeds)
	if len(broken) > 0 {
		for _, line := range broken {
			t.Error(line)
		}
		t.Errorf("history %d of %d is broken: FEDNS_SEED=%d runs it alone", seed-first+1, seeds, seed)
		return
	}
	took := time.Since(began)
	t.Logf("%v, %v a history", took.Round(time.Millisecond), (took / time.Duration(seeds)).Round(time.Microsecond))
	for _, e := range events {
		if happened[e.name] == 0 && seeds >= 500 {
			t.Errorf("%s: never", e.name)
		}
	}
	for _, what := range slices.Sorted(maps.Keys(happened)) {
		t.Logf("%8d %s", happened[what], what)
	}
}

// histories plays so many, on all processors, until one is broken.
func histories(t *testing.T, first, seeds uint64) (happened map[string]int, broken []string, seed uint64) {
	var next atomic.Uint64
	var mu sync.Mutex
	happened = map[string]int{}
	t.Run("all", func(t *testing.T) {
		for i := range runtime.GOMAXPROCS(0) {
			t.Run(fmt.Sprint(i), func(t *testing.T) {
				t.Parallel()
				own := map[string]int{}
				for n := next.Add(1); n <= seeds; n = next.Add(1) {
					if wrong := play(t, first+n-1, own); len(wrong) > 0 {
						next.Store(seeds)
						mu.Lock()
						broken, seed = wrong, first+n-1
						mu.Unlock()
					}
				}
				mu.Lock()
				defer mu.Unlock()
				for what, n := range own {
					happened[what] += n
				}
			})
		}
	})
	return happened, broken, seed
}
