package inmemory

import (
	"context"
	"time"

	"github.com/fedns/fedns/providers/hosted"
)

// Action is a call of the Server's API, as Limits.Rates has it.
type Action string

// All actions.
const (
	List    Action = "list" // one page
	Read    Action = "read"
	Apply   Action = "apply"
	Confirm Action = "confirm"
)

// Call is one call of one Zone. Batch is of Apply.
type Call struct {
	Client string
	Action Action
	Batch  hosted.Batch
}

// Fault is what goes wrong with one Call. The zero Fault is nothing. Errors may be
// any of hosted's; others mean that nobody knows, as after a timeout.
type Fault struct {
	// Delay passes before the Server does anything.
	Delay time.Duration
	// Until holds the Call up, behind Delay, until it is closed. In a test with
	// testing/synctest it has to be made inside.
	Until <-chan struct{}
	// Before is returned, with nothing done.
	Before error
	// After is returned, whatever the Server did.
	After error
	// Lost is returned by Apply, with nothing done. But the Batch is on its way still:
	// it is made by Release.
	Lost error
}

// script is what a test wants of a Server. The Server's mutex guards it.
type script struct {
	faults  func(Call) Fault
	poison  func(hosted.Entry) string
	lag     time.Duration
	counts  map[Action]int
	keep    int
	applied []Applied
	held    []Call
}

// Applied is a Batch that was made, and for whom.
type Applied struct {
	Client string
	Batch  hosted.Batch
}

// Inject has faults asked, from now on, what goes wrong with each Call; nil:
// nothing. faults is called concurrently, and may call the Server.
func (s *Server) Inject(faults func(Call) Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = faults
}

// Poison makes the Server refuse, from now on, Entries that it has a reason
// against. Check does not know of them. poison must not call the Server.
func (s *Server) Poison(poison func(hosted.Entry) string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.poison = poison
}

// Lag makes Batches be everywhere, from now on, only so long after they were made.
func (s *Server) Lag(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lag = d
}

// Remember makes the Server keep the last n Batches made, for Applied. It keeps
// none by itself.
func (s *Server) Remember(n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.keep = n
}

// Applied are the Batches remembered, oldest first. The caller owns the slice.
func (s *Server) Applied() []Applied {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]Applied(nil), s.applied...)
}

// remember keeps a Batch that was made. s.mu is held.
func (s *Server) remember(client string, b hosted.Batch) {
	if s.keep == 0 {
		return
	}
	if len(s.applied) >= s.keep {
		s.applied = s.applied[len(s.applied)-s.keep+1:]
	}
	s.applied = append(s.applied, Applied{Client: client, Batch: b})
}

// Count says how often an action was called, whatever became of it.
func (s *Server) Count(a Action) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.counts[a]
}

// Edit makes what is at each Entry's Key exactly that, as somebody else would who
// asks nobody. An empty Entry takes away.
func (s *Server) Edit(entries ...hosted.Entry) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, e := range entries {
		s.put(e)
	}
}

// Held says how many Batches are on their way.
func (s *Server) Held() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.held)
}

// Release makes the Batches that are on their way, in the order in which they
// came, and returns what became of each.
func (s *Server) Release() []error {
	s.mu.Lock()
	held := s.held
	s.held = nil
	s.mu.Unlock()
	became := make([]error, len(held))
	for i, c := range held {
		_, became[i] = s.apply(c.Client, c.Batch)
	}
	return became
}

// serve counts a Call and lets happen what goes wrong with it.
func (s *Server) serve(ctx context.Context, c Call, do func() error) error {
	s.mu.Lock()
	s.counts[c.Action]++
	faults := s.faults
	s.mu.Unlock()
	if faults == nil {
		return do()
	}
	f := faults(c)
	if err := f.wait(ctx); err != nil {
		return err
	}
	if f.Lost != nil && c.Action == Apply {
		s.mu.Lock()
		s.held = append(s.held, c)
		s.mu.Unlock()
		return f.Lost
	}
	if f.Before != nil {
		return f.Before
	}
	err := do()
	if f.After != nil {
		return f.After
	}
	return err
}

func (f Fault) wait(ctx context.Context) error {
	if f.Delay > 0 {
		timer := time.NewTimer(f.Delay)
		defer timer.Stop()
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-timer.C:
		}
	}
	if f.Until != nil {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-f.Until:
		}
	}
	return nil
}
