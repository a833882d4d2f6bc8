package discovery

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"time"

	"github.com/fedns/fedns/discovery/cluster"
)

// event is what a supervisor tells the loop, in the order it happened.
type event struct {
	from   *supervisor
	begin  bool           // a run begins: what follows is its
	failed error          // the run ended
	update cluster.Update // else
}

// supervisor runs one member's Source until it is stopped, over and over. It
// stamps what the Source says, so that nothing of a run that is over, or of a
// cluster that was removed, is taken for news.
type supervisor struct {
	id     cluster.ID
	source cluster.Source
	events chan<- event
	cancel context.CancelFunc
}

// panicError is a Source's panic.
type panicError struct {
	value any
	stack []byte
}

func (p *panicError) Error() string { return fmt.Sprintf("panic in source: %v", p.value) }

// errEnded: Run returned nil although it was not asked to end.
var errEnded = errors.New("source ended by itself")

// run blocks until ctx is done and the Source has returned.
func (s *supervisor) run(ctx context.Context, wait, longest time.Duration) {
	first := wait
	for {
		s.send(ctx, event{from: s, begin: true})
		began := time.Now()
		err := s.once(ctx)
		if ctx.Err() != nil {
			return
		}
		if err == nil {
			err = errEnded
		}
		if time.Since(began) > longest {
			wait = first
		}
		s.send(ctx, event{from: s, failed: err})
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			return
		}
		wait = min(2*wait, longest)
	}
}

// once is one run of the Source. The channel is the run's own: what a goroutine
// left behind by a panic may still send reaches nobody.
func (s *supervisor) once(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	updates := make(chan cluster.Update)
	ended := make(chan error, 1)
	go func() {
		defer func() {
			if v := recover(); v != nil {
				ended <- &panicError{v, debug.Stack()}
			}
		}()
		ended <- s.source.Run(ctx, updates)
	}()
	for {
		select {
		case u := <-updates:
			s.send(ctx, event{from: s, update: u})
		case err := <-ended:
			return err
		}
	}
}

func (s *supervisor) send(ctx context.Context, ev event) {
	select {
	case s.events <- ev:
	case <-ctx.Done():
	}
}
