package propagation

import (
	"math/rand/v2"
	"testing"
	"time"
)

// TestQueue: at random, every record that is in the queue comes out once, when its
// time has come, and those of a lower level before others.
func TestQueue(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 1))
	for range 200 {
		q, now := &queue{}, time.Now()
		records := make([]*record, 30)
		for i := range records {
			records[i] = &record{}
		}
		var underWay []*record
		for range 500 {
			r := records[random.IntN(len(records))]
			switch random.IntN(6) {
			case 0, 1:
				q.put(r, level(random.IntN(int(levels))))
			case 2:
				if r.queued != working {
					q.delay(r, now.Add(time.Duration(random.IntN(20))*time.Second))
				}
			case 3:
				if r.queued != working {
					q.drop(r)
				}
			case 4:
				if r.queued == nowhere {
					q.park(r)
				}
			case 5:
				now = now.Add(time.Second)
				best := levels
				for _, r := range records {
					if r.queued == ready {
						best = min(best, r.level)
					} else if r.queued == later && !r.due.After(now) {
						best = min(best, routine)
					}
				}
				got := q.next(now)
				if got == nil {
					if best != levels {
						t.Fatalf("nothing comes, and one of level %d is ready", best)
					}
					continue
				}
				if got.queued != working || got.level != best {
					t.Fatalf("came: place %d, level %d; the best is of level %d", got.queued, got.level, best)
				}
				underWay = append(underWay, got)
				if len(underWay) > 3 {
					done := underWay[0]
					underWay = underWay[1:]
					again := done.again
					done.again, done.queued = false, nowhere
					if again {
						q.put(done, done.level)
					}
				}
			}
		}
		inParked := 0
		for _, r := range records {
			if r.queued == parked {
				inParked++
			}
		}
		if q.parked != inParked {
			t.Fatalf("%d are parked, and %d counted", inParked, q.parked)
		}
		for i, r := range q.later {
			if r.heapedAt != i || r.queued != later {
				t.Fatalf("the heap's %d is at %d, place %d", i, r.heapedAt, r.queued)
			}
		}
	}
}
