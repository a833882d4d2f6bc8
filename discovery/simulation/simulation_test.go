package simulation

import (
	"fmt"
	"maps"
	"os"
	"runtime"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// Of a history.
const steps = 25

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

// play runs one history, and adds what happened in it.
func play(t *testing.T, seed uint64, happened map[string]int) (ok bool) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, seed)
		for _, s := range w.sites {
			s.world = w
		}
		if err := w.start(); err != nil {
			t.Fatal(err)
		}
		w.settle()
		for range steps {
			if w.step(); w.broken {
				break
			}
		}
		if !w.broken {
			w.heal()
		}
		w.stop()
		if w.broken {
			w.dump()
			t.Errorf("FEDNS_SEED=%d runs this history alone", seed)
		}
		for what, n := range w.happened {
			happened[what] += n
		}
		ok = !w.broken
	})
	return ok
}

// TestHistories: whatever happens, in whatever order, nothing live is withdrawn,
// and in the end everything is as it should be.
func TestHistories(t *testing.T) {
	if os.Getenv("FEDNS_SEED") != "" {
		play(t, number(t, "FEDNS_SEED", 0), map[string]int{})
		return
	}
	seeds := number(t, "FEDNS_SIM_SEEDS", 1000)
	first := uint64(time.Now().UnixNano())
	t.Logf("%d histories from FEDNS_SEED=%d", seeds, first)
	began := time.Now()
	var next atomic.Uint64
	var failed atomic.Bool
	var mu sync.Mutex
	happened := map[string]int{}
	t.Run("all", func(t *testing.T) {
		for i := range runtime.GOMAXPROCS(0) {
			t.Run(fmt.Sprint(i), func(t *testing.T) {
				t.Parallel()
				own := map[string]int{}
				for n := next.Add(1); n <= seeds && !failed.Load(); n = next.Add(1) {
					if !play(t, first+n-1, own) {
						failed.Store(true)
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
	if t.Failed() {
		return
	}
	took := time.Since(began)
	t.Logf("%v, %v a history", took.Round(time.Millisecond), (took / time.Duration(seeds)).Round(time.Microsecond))
	want := []string{"stood behind", "stood stale", "was held", "had withdrawals held", "held until the end"}
	for _, h := range all {
		want = append(want, h.name)
	}
	for _, what := range want {
		if happened[what] == 0 && seeds >= 1000 {
			t.Errorf("%s: never", what)
		}
	}
	for _, what := range slices.Sorted(maps.Keys(happened)) {
		t.Logf("%8d %s", happened[what], what)
	}
}
