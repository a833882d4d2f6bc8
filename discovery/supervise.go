package discovery

import (
	"context"
	"errors"
	"runtime/debug"
	"time"

	"github.com/fedns/fedns/discovery/cluster"
	"github.com/fedns/fedns/discovery/guarantee"
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
	aborts chan error // one at most waits
}

// inSource is where a Source's own panics are.
const inSource = "source"

// errEnded: Run returned nil although it was not asked to end.
var errEnded = errors.New("source ended by itself")

// run blocks until ctx is done and the Source has returned.
func (s *supervisor) run(ctx context.Context, wait, longest time.Duration) {
	first := wait
	for {
		select {
		case <-s.aborts: // came too late for the run before
		default:
		}
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
		if !pause(ctx, wait) {
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
			if !guarantee.Holds(guarantee.SourcePanicsStay) {
				return
			}
			if v := recover(); v != nil {
				ended <- &panicError{inSource, v, debug.Stack()}
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
		case err := <-s.aborts:
			cancel()
			for {
				select {
				case <-updates: // not heard any more
				case <-ended:
					return err
				}
			}
		}
	}
}

// abort ends the run that is on; err is what it failed of.
func (s *supervisor) abort(err error) {
	select {
	case s.aborts <- err:
	default:
	}
}

func (s *supervisor) send(ctx context.Context, ev event) {
	select {
	case s.events <- ev:
	case <-ctx.Done():
	}
}
