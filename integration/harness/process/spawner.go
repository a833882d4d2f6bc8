package process

import (
	"context"
	"fmt"
	"runtime"
	"time"
)

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

// WaitReady calls ready until it returns nil. It gives up when the process
// ends, or when ctx does, and then the error carries what ready said last and
// the tail of the process's log.
func (p *Process) WaitReady(ctx context.Context, ready func(context.Context) error) error {
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		err := ready(ctx)
		if err == nil {
			return nil
		}
		select {
		case <-p.done:
			return p.Err()
		case <-ctx.Done():
			return fmt.Errorf("%s is not ready: %w\n%s", p.Name, err, p.Tail(30))
		case <-tick.C:
		}
	}
}
