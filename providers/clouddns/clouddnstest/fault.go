package clouddnstest

import (
	"context"
	"net/http"
	"time"
)

// Kind is what goes wrong with a call.
type Kind uint8

const (
	// None lets all go well.
	None Kind = iota
	// Lost has the request never arrive; the client waits until it gives up.
	Lost
	// Unanswered does the request, and the client waits until it gives up.
	Unanswered
	// Late has the client wait until it gives up, and the request done when
	// Server.Land is called.
	Late
	// Broken answers 503 backendError, with nothing done.
	Broken
	// BrokenAfter answers 503 backendError, though the request is done.
	BrokenAfter
	// Throttled answers 429 rateLimitExceeded, with nothing done. Fault.For is its
	// Retry-After.
	Throttled
	// Reset breaks the connection, with nothing done.
	Reset
	// ResetAfter breaks the connection, though the request is done.
	ResetAfter
	// Slow does the request and answers it after Fault.For.
	Slow
)

// Fault is one thing that goes wrong.
type Fault struct {
	Kind Kind
	For  time.Duration
}

// Inject makes the next calls of an action go wrong, one for each fault. An
// action is a method's name in the discovery document: dns.changes.create.
func (s *Server) Inject(action string, faults ...Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults[action] = append(s.faults[action], faults...)
}

// fault takes the next fault of an action.
func (s *Server) fault(action string) Fault {
	s.mu.Lock()
	queue := s.faults[action]
	if len(queue) > 0 {
		s.faults[action] = queue[1:]
		s.mu.Unlock()
		return queue[0]
	}
	choose := s.cfg.Fault
	s.mu.Unlock()
	if choose == nil {
		return Fault{}
	}
	return choose(action)
}

// Land does the requests that came Late, in the order in which they came, and
// says how many of them were accepted.
func (s *Server) Land() int {
	s.mu.Lock()
	late := s.late
	s.late = nil
	s.mu.Unlock()
	accepted := 0
	for _, do := range late {
		if f := do(); f == nil {
			accepted++
		}
	}
	return accepted
}

// suffer does a request with a fault.
func (s *Server) suffer(w http.ResponseWriter, r *http.Request, f Fault, do func() (any, *failure)) {
	switch f.Kind {
	case Lost:
		hang(r.Context())
	case Late:
		s.mu.Lock()
		s.late = append(s.late, func() *failure { _, failed := do(); return failed })
		s.mu.Unlock()
		hang(r.Context())
	case Unanswered:
		do()
		hang(r.Context())
	case Reset:
		panic(http.ErrAbortHandler)
	case ResetAfter:
		do()
		panic(http.ErrAbortHandler)
	case Broken:
		broken().write(w)
	case BrokenAfter:
		do()
		broken().write(w)
	case Throttled:
		throttled(f.For).write(w)
	case Slow:
		t := time.NewTimer(f.For)
		defer t.Stop()
		select {
		case <-t.C:
		case <-r.Context().Done():
		}
		s.finish(w, do)
	default:
		s.finish(w, do)
	}
}

func (s *Server) finish(w http.ResponseWriter, do func() (any, *failure)) {
	body, failed := do()
	if failed != nil {
		failed.write(w)
		return
	}
	answer(w, http.StatusOK, body)
}

func hang(ctx context.Context) {
	<-ctx.Done()
	panic(http.ErrAbortHandler)
}

func broken() *failure {
	return fail(http.StatusServiceUnavailable, "backendError", "The service is currently unavailable.")
}

func throttled(after time.Duration) *failure {
	f := fail(http.StatusTooManyRequests, "rateLimitExceeded", "Resource has been exhausted (e.g. check quota).")
	f.retryAfter = after
	return f
}
