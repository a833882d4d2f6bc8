package rate

import (
	"context"
	"math"
	"sync"
	"time"
)

const (
	// decrease is what a refusal leaves of the rate: half, so a few refusals find the
	// share of an account, however small.
	decrease = 0.5
	// once: the calls that were under way when the first was refused are refused for
	// the same reason. Halving for each would end at the floor.
	once = time.Second
	// recovery is the time from nothing to the ceiling, so half a minute after one
	// refusal: whoever else uses the account is disturbed twice a minute at most.
	recovery = time.Minute
	// floor is the least part of the ceiling that stays, so that recovery is felt
	// and records go on being written, if slowly.
	floor = 1.0 / 32

	// jitter is by how much less time a call may take to the provider than the one
	// before it. It counts when calls arrive: what left at the full rate may get
	// there closer together. A burst keeps the tokens of that time back (headroom).
	jitter = 200 * time.Millisecond

	// longest that a provider may ask to wait: a broken answer must not stop an
	// account for good.
	longest = time.Hour
	// unsaid is the wait after a refusal where no rate is known that could be lowered.
	unsaid = time.Second
	// look again at least so often, while somebody waits: the rate grows meanwhile.
	look = time.Second

	// almost a whole token: sums of fractions end a little below.
	almost = 1 - 1e-9
)

// bucket is one action's. Tokens and rate are of the moment at; later ones are
// worked out when they are asked for.
type bucket struct {
	action  string
	ceiling float64 // tokens a second; 0: no rate is known, tokens do not count
	burst   float64

	mu        sync.Mutex
	at        time.Time
	rate      float64
	tokens    float64
	until     time.Time // nobody calls before
	lowered   time.Time // when rate was last halved
	throttled uint64
	queue     queue
	timer     *time.Timer // runs while somebody waits
}

func newBucket(action string, l Limit, now time.Time) *bucket {
	b := &bucket{action: action, ceiling: l.PerSecond, rate: l.PerSecond, at: now}
	b.burst = max(1, float64(l.Burst)-headroom(l.PerSecond))
	b.tokens = b.burst
	return b
}

// headroom is the part of a burst that is for the network.
func headroom(perSecond float64) float64 { return math.Ceil(perSecond * jitter.Seconds()) }

// wait for a token.
func (b *bucket) wait(ctx context.Context, zone string, urgent bool) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	b.mu.Lock()
	c, err := b.queue.add(zone, urgent)
	b.grant()
	b.mu.Unlock()
	if err != nil {
		return err
	}
	select {
	case <-c.ready:
		return nil
	case <-ctx.Done():
	}
	b.leave(c)
	return ctx.Err()
}

// leave takes back a call that is not made.
func (b *bucket) leave(c *call) {
	b.mu.Lock()
	defer b.mu.Unlock()
	select {
	case <-c.ready: // at the same moment: the token is for who waits behind
		b.tokens++
	default:
		b.queue.remove(c)
	}
	b.grant()
}

// refused takes in that a call was, and how long the provider asks to wait.
func (b *bucket) refused(after time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := time.Now()
	b.advance(now)
	b.throttled++
	after = min(after, longest)
	if after <= 0 && b.ceiling == 0 {
		after = unsaid
	}
	// The provider's bucket is empty, so ours is. Behind a wait that it asked for
	// there is a token: that is what it said.
	b.tokens = 0
	if after > 0 {
		b.tokens = 1
		if t := now.Add(after); t.After(b.until) {
			b.until = t
		}
	}
	if b.lowered.IsZero() || now.Sub(b.lowered) >= once {
		b.rate = max(b.rate*decrease, b.ceiling*floor)
		b.lowered = now
	}
	b.grant()
}

// grant gives tokens to calls as long as there are both, and sets the timer for
// the next.
func (b *bucket) grant() {
	now := time.Now()
	b.advance(now)
	for b.queue.len() > 0 && !now.Before(b.until) && (b.tokens >= almost || b.ceiling == 0) {
		b.tokens--
		close(b.queue.next().ready)
	}
	switch {
	case b.queue.len() == 0:
		if b.timer != nil {
			b.timer.Stop()
		}
	case b.timer == nil:
		b.timer = time.AfterFunc(b.pause(now), b.tick)
	default:
		b.timer.Reset(b.pause(now))
	}
}

func (b *bucket) tick() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.grant()
}

// pause until grant may have something to give.
func (b *bucket) pause(now time.Time) time.Duration {
	if now.Before(b.until) {
		return b.until.Sub(now)
	}
	missing := time.Duration((1-b.tokens)/b.rate*float64(time.Second)) + 1
	return min(missing, look)
}

// advance works out tokens and rate for now. While the provider asked to wait
// neither grows.
func (b *bucket) advance(now time.Time) {
	from := b.at
	if b.until.After(from) {
		from = b.until
	}
	b.at = now
	elapsed := now.Sub(from).Seconds()
	if elapsed <= 0 || b.ceiling == 0 {
		return
	}
	slope := b.ceiling / recovery.Seconds()
	rising := min(elapsed, (b.ceiling-b.rate)/slope)
	after := b.rate + slope*rising
	b.tokens += (b.rate + after) / 2 * rising // the area under a rate that grows evenly
	b.tokens += b.ceiling * (elapsed - rising)
	b.rate = after
	if elapsed > rising {
		b.rate = b.ceiling // exactly, after any number of small steps
	}
	b.tokens = min(b.tokens, max(1, b.burst*b.rate/b.ceiling))
}

func (b *bucket) status() Status {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := time.Now()
	b.advance(now)
	s := Status{
		Action: b.action, PerSecond: b.rate, Ceiling: b.ceiling,
		Waiting: b.queue.len(), Urgent: b.queue.urgent.calls, Throttled: b.throttled,
	}
	if now.Before(b.until) {
		s.Until = b.until
	}
	return s
}
