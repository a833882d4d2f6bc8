package route53test

import (
	"net/http"
	"time"
)

// Kind is what goes wrong with a call.
type Kind uint8

const (
	// None goes wrong.
	None Kind = iota
	// LoseRequest breaks the connection before anything was done.
	LoseRequest
	// LoseResponse breaks the connection after it was done.
	LoseResponse
	// ApplyLater breaks the connection, and does it when Delay has passed.
	ApplyLater
	// Hang answers nothing until the client has given up. Nothing is done.
	Hang
	// HangDone does it, and answers nothing until the client has given up.
	HangDone
	// HangThenApply answers nothing until the client has given up, and does it when
	// Delay has passed from the beginning.
	HangThenApply
	// ServerError answers 500. Nothing is done.
	ServerError
	// ServerErrorDone does it, and answers 503.
	ServerErrorDone
	// Throttle answers that the rate was exceeded, with RetryAfter if there is one.
	Throttle
	// Prior answers PriorRequestNotComplete.
	Prior
	// Slow takes Delay before it is done; its hosted zone refuses changes meanwhile.
	Slow
)

// Fault is one thing that goes wrong, once.
type Fault struct {
	Action     string // of which the next call goes wrong; empty: of any
	Kind       Kind
	Delay      time.Duration
	RetryAfter time.Duration
}

// pending is a call that is done later.
type pending struct {
	due time.Time
	req request
}

// Inject has the next calls go wrong, each fault with the first call of its action.
func (s *Simulator) Inject(faults ...Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = append(s.faults, faults...)
}

// Settle does all that is to be done later. It says how much that was.
func (s *Simulator) Settle() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := len(s.later)
	s.settle(time.Time{})
	return n
}

// settle does what is due; at the zero time everything is. s.mu is held.
func (s *Simulator) settle(now time.Time) {
	left := s.later[:0:0]
	due := s.later
	s.later = nil
	for _, p := range due {
		if !now.IsZero() && p.due.After(now) {
			left = append(left, p)
			continue
		}
		_, _ = s.do(p.req) // if it fails now, nobody is told
	}
	s.later = append(left, s.later...)
}

// fault takes the first fault of an action. s.mu is held.
func (s *Simulator) fault(action string) Fault {
	for i, f := range s.faults {
		if f.Action == "" || f.Action == action {
			s.faults = append(s.faults[:i:i], s.faults[i+1:]...)
			return f
		}
	}
	return Fault{}
}

// goWrong makes a call with a fault. s.mu is held, and given back here.
func (s *Simulator) goWrong(r *http.Request, f Fault, req request) (any, *fail) {
	switch f.Kind {
	case LoseRequest, ApplyLater:
		if f.Kind == ApplyLater {
			s.later = append(s.later, pending{s.cfg.Now().Add(f.Delay), req})
		}
		s.mu.Unlock()
		panic(http.ErrAbortHandler)
	case LoseResponse:
		_, _ = s.do(req)
		s.mu.Unlock()
		panic(http.ErrAbortHandler)
	case Hang, HangDone, HangThenApply:
		switch f.Kind {
		case HangDone:
			_, _ = s.do(req)
		case HangThenApply:
			s.later = append(s.later, pending{s.cfg.Now().Add(f.Delay), req})
		}
		s.mu.Unlock()
		<-r.Context().Done()
		panic(http.ErrAbortHandler)
	case ServerError:
		s.mu.Unlock()
		return nil, &fail{status: http.StatusInternalServerError, code: "InternalFailure", message: "We encountered an internal error. Please try again."}
	case ServerErrorDone:
		_, _ = s.do(req)
		s.mu.Unlock()
		return nil, &fail{status: http.StatusServiceUnavailable, code: "ServiceUnavailable", message: "Service Unavailable"}
	case Prior:
		s.mu.Unlock()
		return nil, prior()
	case Slow:
		z := s.zones[req.id]
		if z != nil {
			z.working++
		}
		s.mu.Unlock()
		wait(r, f.Delay)
		s.mu.Lock()
		if z != nil {
			z.working--
		}
	}
	defer s.mu.Unlock()
	return s.do(req)
}

// wait waits, but not longer than the client.
func wait(r *http.Request, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-r.Context().Done():
	}
}

func prior() *fail {
	return refuse("PriorRequestNotComplete", "The request was rejected because Route 53 was still processing a prior request.")
}
