package federation

import (
	"sync"

	"k8s.io/client-go/util/workqueue"

	"github.com/fedns/fedns/federation/work"
)

// turns is in which order Keys are looked at: those whose orders people changed
// come before all others, which after a start, or when a cluster is lost, may be
// thousands. The work queue has each Key in it at most once, and calls it with its own
// lock held.
type turns struct {
	mu     sync.Mutex
	urgent map[work.Key]bool // that have not had their turn since; true: they are in soon
	soon   []work.Key
	later  []work.Key
	in     map[work.Key]bool // those that wait; a Key may be in soon and in later
}

var _ workqueue.Queue[work.Key] = (*turns)(nil)

func newTurns() *turns {
	return &turns{urgent: map[work.Key]bool{}, in: map[work.Key]bool{}}
}

// hurry has a Key come before others from now on, until it has had its turn. It is
// put into the queue, or is in it, by whoever says so.
func (t *turns) hurry(key work.Key) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if _, already := t.urgent[key]; !already {
		t.urgent[key] = false
	}
}

// Push implements workqueue.Queue.
func (t *turns) Push(key work.Key) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.in[key] = true
	if !t.promote(key) {
		t.later = append(t.later, key)
	}
}

// promote puts a Key among those whose turn comes soon, if that is to be; mu is held.
func (t *turns) promote(key work.Key) bool {
	there, urgent := t.urgent[key]
	if urgent && !there {
		t.urgent[key] = true
		t.soon = append(t.soon, key)
	}
	return urgent
}

// Touch implements workqueue.Queue: a Key was put in that is in already.
func (t *turns) Touch(key work.Key) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.in[key] {
		t.promote(key)
	}
}

// Len implements workqueue.Queue.
func (t *turns) Len() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return len(t.in)
}

// Pop implements workqueue.Queue. There is one.
func (t *turns) Pop() work.Key {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, line := range []*[]work.Key{&t.soon, &t.later} {
		for len(*line) > 0 {
			key := (*line)[0]
			(*line)[0] = work.Key{}
			*line = (*line)[1:]
			if t.in[key] {
				delete(t.in, key)
				delete(t.urgent, key)
				return key
			}
		}
	}
	panic("federation: a turn was asked for, and nobody waits")
}
