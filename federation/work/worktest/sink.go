package worktest

import (
	"sync"

	"github.com/fedns/fedns/federation/work"
)

// Sink is a work.Sink that keeps what it is told. The zero Sink is ready. It may be
// used from any goroutine.
type Sink struct {
	mu     sync.Mutex
	orders []work.Order
	synced int
}

var _ work.Sink = (*Sink)(nil)

// Order implements work.Sink.
func (s *Sink) Order(o work.Order) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.orders = append(s.orders, o)
}

// Synced implements work.Sink.
func (s *Sink) Synced(string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.synced++
}

// Last is the last order, the zero Order if there was none, and how often Synced
// was called.
func (s *Sink) Last() (o work.Order, synced int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.orders) > 0 {
		o = s.orders[len(s.orders)-1]
	}
	return o, s.synced
}

// Of is the last order of a key; false: there was none.
func (s *Sink) Of(key work.Key) (o work.Order, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := len(s.orders) - 1; i >= 0; i-- {
		if s.orders[i].Key == key {
			return s.orders[i], true
		}
	}
	return o, false
}

// Told is how many orders there were.
func (s *Sink) Told() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.orders)
}
