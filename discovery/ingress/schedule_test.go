package ingress

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

func TestSchedule(t *testing.T) {
	s := newSchedule(8)
	now := time.Unix(0, 0)
	var all []*entry
	for i, d := range []int{3, 1, 2, 5, 4, 0} {
		e := &entry{hostname: fmt.Sprint(i)}
		s.add(e, now.Add(time.Duration(d)*time.Second))
		all = append(all, e)
	}
	s.remove(all[2])
	s.remove(all[5])
	if e, wait := s.next(now); e != nil || wait != time.Second {
		t.Errorf("%v, wait %s", e, wait)
	}
	s.add(&entry{hostname: "slow"}, now)
	e, _ := s.next(now)
	e.stop = func() {}
	s.landed(e)
	s.wait(e, slow, now)
	var order []string
	for e, _ := s.next(now.Add(time.Minute)); e != nil; e, _ = s.next(now.Add(time.Minute)) {
		e.stop = func() {}
		order = append(order, e.hostname)
		s.remove(e) // while it is asked
		if s.landed(e) {
			t.Errorf("%s was removed and is wanted", e.hostname)
		}
	}
	if want := []string{"1", "0", "4", "3", "slow"}; !slices.Equal(order, want) || len(s.entries) != 0 || len(s.asked) != 0 || s.slow != 0 {
		t.Errorf("order %v, want %v; %d left", order, want, len(s.entries))
	}
}

// TestScheduleLimits: whatever happens, no more are asked than there are
// workers, no more slow ones than their share, and no prompt one that is due
// waits longer than patience while slow ones begin.
func TestScheduleLimits(t *testing.T) {
	for seed := range uint64(20) {
		r := rand.New(rand.NewPCG(seed, 1))
		s := newSchedule(1 + r.IntN(20))
		now := time.Unix(0, 0)
		stopped := 0
		for i := range 2000 {
			now = now.Add(time.Duration(r.IntN(100)) * time.Millisecond)
			switch n := r.IntN(10); {
			case n < 4:
				s.add(&entry{hostname: fmt.Sprint(i)}, now.Add(time.Duration(r.IntN(3))*time.Second))
			case n < 6 && len(s.asked) > 0:
				e := s.asked[r.IntN(len(s.asked))]
				if s.landed(e) {
					s.wait(e, class(r.IntN(2)), now.Add(time.Duration(r.IntN(3))*time.Second))
				}
			case n == 6:
				for _, e := range s.entries {
					s.remove(e)
					break
				}
			}
			for e, wait := s.next(now); ; e, wait = s.next(now) {
				if e == nil {
					if wait <= 0 {
						t.Fatalf("seed %d: wait %s", seed, wait)
					}
					break
				}
				_, cancel := context.WithCancel(t.Context())
				e.stop = func() { stopped++; cancel() }
				if q := s.queues[prompt]; e.class == slow && len(q) > 0 && !q[0].due.After(now) {
					t.Fatalf("seed %d: a slow one begins while a prompt one waits", seed)
				}
			}
			slows := 0
			for _, e := range s.asked {
				if e.class == slow {
					slows++
				}
			}
			if len(s.asked) > s.workers || slows != s.slow || slows > s.share {
				t.Fatalf("seed %d: %d asked of %d, %d slow of %d, counted %d", seed, len(s.asked), s.workers, slows, s.share, s.slow)
			}
			if q := s.queues[prompt]; len(q) > 0 && !q[0].due.After(now) && len(s.asked) < s.workers {
				t.Fatalf("seed %d: one is due, a worker is free", seed)
			}
		}
		if stopped == 0 {
			t.Errorf("seed %d: none gave way", seed)
		}
	}
}
