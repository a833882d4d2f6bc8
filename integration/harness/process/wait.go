package process

import (
	"context"
	"fmt"
	"time"
)

// Patience is how long a wait lasts whose context has no deadline: many times
// what anything here takes on a busy machine, and short of a test's time limit.
const Patience = 90 * time.Second

// interval is how often a condition is asked for.
const interval = 50 * time.Millisecond

// Wait calls condition until it returns nil. When ctx ends first, or after
// Patience if it has no deadline, the error wraps the context's and says what
// condition said last before that.
func Wait(ctx context.Context, condition func(context.Context) error) error {
	return wait(ctx, nil, condition)
}

// WaitReady is Wait for something of the process. It gives up when the process
// ends, too, and its errors carry the tail of the process's log.
func (p *Process) WaitReady(ctx context.Context, ready func(context.Context) error) error {
	err := wait(ctx, p.done, ready)
	if err == nil {
		return nil
	}
	if !p.Running() {
		return p.Err()
	}
	return fmt.Errorf("%s is not ready: %w\n%s", p.Name, err, p.Tail(30))
}

func wait(ctx context.Context, end <-chan struct{}, condition func(context.Context) error) error {
	if _, ok := ctx.Deadline(); !ok {
		limited, cancel := context.WithTimeout(ctx, Patience)
		defer cancel()
		ctx = limited
	}
	tick := time.NewTicker(interval)
	defer tick.Stop()
	var last error
	for {
		err := condition(ctx)
		if err == nil {
			return nil
		}
		if ctx.Err() == nil || last == nil {
			last = err // not what an ended context made of the question
		}
		select {
		case <-end:
			return last
		case <-ctx.Done():
			return fmt.Errorf("%w: %w", ctx.Err(), last)
		case <-tick.C:
		}
	}
}
