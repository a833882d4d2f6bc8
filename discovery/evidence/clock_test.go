package evidence

import (
	"reflect"
	"testing"
	"time"
	"unsafe"

	"github.com/fedns/fedns/discovery/cluster"
)

// jumped is t as it would have been read had the machine's clock been set
// meanwhile: the wall clock differs, what is monotonic does not. Nothing in
// package time makes one; its first word has the seconds from bit 30 on.
func jumped(t *testing.T, at time.Time, by time.Duration) time.Time {
	t.Helper()
	wall := (*uint64)(unsafe.Pointer(&at))
	was := at
	*wall += uint64(by/time.Second) << 30
	if !at.Round(0).Equal(was.Round(0).Add(by)) || at.Sub(was) != 0 {
		t.Fatalf("package time has changed: %v became %v", was, at)
	}
	return at
}

var jumps = []time.Duration{time.Hour, -time.Hour, 10 * 365 * 24 * time.Hour, -10 * 365 * 24 * time.Hour}

// TestClockJumps: how old evidence is, the machine's clock has no say in.
func TestClockJumps(t *testing.T) {
	now := time.Now()
	ago := func(d time.Duration) cluster.Liveness {
		return cluster.Liveness{Signal: cluster.Down, Since: now.Add(-d)}
	}
	up := cluster.Liveness{Signal: cluster.Up, Since: now.Add(-time.Hour)}
	cases := []Case{
		{ID: "a", Signals: Signals{API: ago(3 * time.Second), Data: ago(3 * time.Second)}},
		{ID: "b", Signals: Signals{API: ago(time.Hour), Data: up}},
		{ID: "c", Signals: Signals{API: up, Data: ago(time.Minute)}},
		{ID: "d", Signals: Signals{API: ago(50 * time.Second)}},
		{ID: "e", Signals: Signals{API: ago(10 * time.Minute)}},
		{ID: "f", Signals: Signals{API: up}}, {ID: "g", Signals: Signals{API: up}}, {ID: "h", Signals: Signals{API: up}},
	}
	want, next := Policy{}.Weigh(cases, now)
	if want[0].Standing != First || want[2].Standing != Behind || want[3].Standing != First || want[4].Standing != Behind {
		t.Fatalf("%+v", want)
	}
	for _, by := range jumps {
		got, then := Policy{}.Weigh(cases, jumped(t, now, by))
		if !reflect.DeepEqual(got, want) || then.Sub(next) != 0 {
			t.Errorf("the clock was set by %v: %+v until %v, want %+v until %v", by, got, then, want, next)
		}
	}
}

// TestGuardClockJumps: nor in what is lost within a window.
func TestGuardClockJumps(t *testing.T) {
	for _, by := range jumps {
		var g Guard
		now := time.Now()
		left := func(int) int { return 100 }
		if err := g.Admit(Limits{}, now, 40, left, cluster.Deleted); err != nil {
			t.Fatal(err)
		}
		if g.Admit(Limits{}, jumped(t, now.Add(30*time.Second), by), 40, left, cluster.Deleted) == nil {
			t.Errorf("set by %v: the window ended early", by)
		}
		if err := g.Admit(Limits{}, jumped(t, now.Add(time.Minute), by), 40, left, cluster.Deleted); err != nil {
			t.Errorf("set by %v: the window did not end: %v", by, err)
		}
	}
}
