package dnssec

import (
	"sync/atomic"
	"time"
)

// budget is a token bucket that holds one second's worth. It takes no lock: its
// state is the time at which all that was taken is paid for.
type budget struct {
	interval int64        // nanoseconds a signature
	paid     atomic.Int64 // nanoseconds since 1970
}

func newBudget(perSecond int) *budget {
	return &budget{interval: max(1, int64(time.Second)/int64(perSecond))}
}

// take says whether one more signature may be made now.
func (b *budget) take(now time.Time) bool {
	t := now.UnixNano()
	for {
		was := b.paid.Load()
		paid := max(was, t-int64(time.Second))
		if was > t+b.interval {
			paid = t - int64(time.Second) // the clock was set back
		}
		if paid+b.interval > t {
			return false
		}
		if b.paid.CompareAndSwap(was, paid+b.interval) {
			return true
		}
	}
}
