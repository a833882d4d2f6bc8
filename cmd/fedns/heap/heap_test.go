package heap

import (
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"testing"
)

func TestWanted(t *testing.T) {
	for live, want := range map[uint64]int{
		0: mostPercent, 1 << 20: mostPercent, 40 << 20: 100, 20 << 20: 200, 160 << 20: percent, 4 << 30: percent,
	} {
		p := pacer{last: live}
		if got := p.wanted(live, spare); got != want {
			t.Errorf("%d MiB in use: %d %%, want %d %%", live>>20, got, want)
		}
		p.last = live / 2
		if got := p.wanted(live, spare); got != min(want, growingPercent) && live > 0 {
			t.Errorf("%d MiB in use and half of it before: %d %%, want %d %%", live>>20, got, min(want, growingPercent))
		}
	}
}

// TestSteady: a heap that stays about as large may have more garbage than one that
// grows, or has just grown.
func TestSteady(t *testing.T) {
	p := pacer{}
	at := func(live uint64, times, want int) {
		t.Helper()
		for i := range times {
			if got := p.wanted(live+uint64(i)<<10, spare); got != want {
				t.Fatalf("%d MiB in use, for the %d. time: %d %%, want %d %%", live>>20, i+1, got, want)
			}
		}
	}
	at(200<<20, steadyAfter, percent)
	at(200<<20, 5, steadyPercent)
	at(230<<20, steadyAfter, percent)
	at(230<<20, 1, steadyPercent)
	at(100<<20, steadyAfter, percent)
	at(100<<20, 1, steadyPercent)
	for live := uint64(200 << 20); live < 2<<30; live += live / 20 { // a slow start
		at(live, 1, percent)
	}
}

// TestBurst: while garbage is made fast there may be more of it, beside a heap of
// some size, too.
func TestBurst(t *testing.T) {
	p := pacer{last: 100 << 20}
	if got, want := p.wanted(100<<20, burst), 128; got != want {
		t.Errorf("100 MiB in use: %d %%, want %d %%", got, want)
	}
}

// TestPace: what is set follows the heap.
func TestPace(t *testing.T) {
	t.Setenv("GOGC", "")
	defer debug.SetGCPercent(debug.SetGCPercent(100))
	set := func() int {
		s := []metrics.Sample{{Name: "/gc/gogc:percent"}}
		metrics.Read(s)
		return int(s[0].Value.Uint64())
	}
	runtime.GC()
	Pace()
	if got := set(); got < 100 {
		t.Errorf("a small heap: %d %%", got)
	}
	big := make([]byte, 200<<20)
	for range 1000 { // cleanups run some time after the collection
		if runtime.GC(); set() == percent {
			break
		}
		runtime.Gosched()
	}
	if got := set(); got != percent {
		t.Errorf("a heap of 200 MiB: %d %%, want %d %%", got, percent)
	}
	runtime.KeepAlive(big)
}

// TestCalm: what nobody needs any more goes back to the system.
func TestCalm(t *testing.T) {
	free := func() uint64 {
		s := []metrics.Sample{{Name: "/memory/classes/heap/free:bytes"}}
		metrics.Read(s)
		return s[0].Value.Uint64()
	}
	burst := make([]byte, 64<<20)
	for i := range burst {
		burst[i] = 1
	}
	runtime.KeepAlive(burst)
	burst = nil
	runtime.GC()
	calm()
	if got := free(); got > trifle {
		t.Errorf("%d MiB are kept", got>>20)
	}
}
