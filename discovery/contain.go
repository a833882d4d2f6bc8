package discovery

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"time"

	"github.com/fedns/fedns/discovery/guarantee"
)

// panicError is a panic that was contained: what it hit goes wrong, the rest goes on.
type panicError struct {
	in    string
	value any
	stack []byte
}

func (p *panicError) Error() string { return fmt.Sprintf("panic in %s: %v", p.in, p.value) }

// guard does f. A panic of f is its error, and is counted. f may hold a lock
// only in a way that a panic gives it back.
func (e *Engine) guard(in string, f func()) (err error) {
	if !guarantee.Holds(guarantee.PanicsStay) {
		f()
		return nil
	}
	defer func() {
		if v := recover(); v != nil {
			err = &panicError{in, v, debug.Stack()}
			e.locked(func() { e.stats.Panics++ })
		}
	}()
	f()
	return nil
}

// locked does f, short work, with mu held.
func (e *Engine) locked(f func()) {
	e.mu.Lock()
	defer e.mu.Unlock()
	f()
}

// logPanic tells of a contained panic, with what to look for.
func (e *Engine) logPanic(msg string, err error, attrs ...any) {
	var p *panicError
	if errors.As(err, &p) {
		attrs = append(attrs, "err", err, "stack", string(p.stack))
		e.log.Error(msg, attrs...)
	}
}

// pause waits until ctx is done or d is over; false: ctx is done.
func pause(ctx context.Context, d time.Duration) bool {
	select {
	case <-time.After(d):
		return true
	case <-ctx.Done():
		return false
	}
}
