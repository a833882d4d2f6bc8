package hosted

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Zone is one hosted zone at a provider. Its methods block until done, and return
// soon after ctx is done; the caller sets the deadlines. They are called by one
// goroutine at a time, but for Records, which may run beside the others: what they
// change meanwhile it may show or not. What they return is the caller's.
//
// Errors: ErrConflict, *RefusedError and *ThrottledError as they say. After any
// other error of Apply nobody knows whether the Batch was made, or will be:
// whoever needs to know reads the fence.
type Zone interface {
	// Records lists everything the hosted zone holds, in any order, SOA and the
	// apex's NS included. It may take many calls and minutes.
	Records(ctx context.Context) ([]Entry, error)

	// Read reads these Entries as they are now, with as few calls as there are, and
	// without listing the whole zone. One that does not exist is left out. Types with
	// a routing policy come whole.
	Read(ctx context.Context, keys ...Key) ([]Entry, error)

	// Apply makes a Batch, and says how to ask whether it has reached all of the
	// provider's name servers. It is atomic where Limits.Atomic says so, and
	// checks every Change's Old where Limits.Swaps does.
	Apply(ctx context.Context, b Batch) (Receipt, error)

	// Confirm says whether a Batch has reached all of the provider's name servers.
	Confirm(ctx context.Context, r Receipt) (bool, error)
}

// Receipt stands for a Batch that was made. Empty: it is everywhere already.
type Receipt string

// Collector is a Zone with things beside its records that have to be tidied up,
// such as health checks that no record set refers to any longer.
type Collector interface {
	// Collect takes away what fedns made and nothing refers to. It is called after a
	// listing, when no Batch is under way.
	Collect(ctx context.Context) error
}

// ErrConflict says that the hosted zone does not hold what a Change's Old says.
// Nothing of the Batch was made.
var ErrConflict = errors.New("the hosted zone holds something else than was expected")

// RefusedError is a provider saying that it will never make this Batch as it is.
// Nothing of it was made.
type RefusedError struct {
	Key    *Key   // of the Change that is to blame; nil: not known
	Reason string // in the provider's words
}

func (e *RefusedError) Error() string {
	if e.Key != nil {
		return fmt.Sprintf("refused: %s: %s", KeyString(*e.Key), e.Reason)
	}
	return "refused: " + e.Reason
}

// ThrottledError is a provider wanting fewer calls. Nothing of the Batch was made.
type ThrottledError struct {
	After time.Duration // the provider asks to wait so long (Retry-After); 0: it does not say
	Err   error
}

func (e *ThrottledError) Error() string { return fmt.Sprintf("throttled: %v", e.Err) }

// Unwrap is the provider's own error.
func (e *ThrottledError) Unwrap() error { return e.Err }

// Gate is where a provider asks before each call to its API: it keeps the rates
// that an account shares. It is safe for concurrent use.
type Gate interface {
	// Wait blocks until the action, one of Limits.Rates, may be called once more, or
	// ctx is done.
	Wait(ctx context.Context, action string, urgent bool) error
	// Throttled tells that the provider refused a call of the action for its rate,
	// and how long it asked to wait; 0: it did not say.
	Throttled(action string, after time.Duration)
}

// Open is a Gate that lets everything pass.
type Open struct{}

// Wait returns at once.
func (Open) Wait(ctx context.Context, _ string, _ bool) error { return ctx.Err() }

// Throttled does nothing.
func (Open) Throttled(string, time.Duration) {}
