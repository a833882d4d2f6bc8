package process

import "runtime"

// Spawner starts children from one thread. Linux ties a child's life to the
// thread that started it, not to the process, and Go ends threads when it
// likes; a thread that is locked to a waiting goroutine stays.
type Spawner struct {
	orders chan func()
}

// NewSpawner returns a Spawner. Close it when its children have ended.
func NewSpawner() *Spawner {
	s := &Spawner{orders: make(chan func())}
	go func() {
		runtime.LockOSThread() // never unlocked: the thread ends with the goroutine
		for order := range s.orders {
			order()
		}
	}()
	return s
}

// Start runs a child. It must not be called after Close.
func (s *Spawner) Start(c Command) (p *Process, err error) {
	started := make(chan struct{})
	s.orders <- func() {
		p, err = start(c)
		close(started)
	}
	<-started
	return p, err
}

// Close lets the thread go, which kills every child that still runs.
func (s *Spawner) Close() { close(s.orders) }
