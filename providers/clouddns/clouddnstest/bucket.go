package clouddnstest

import "time"

// Rate is a quota of calls: Burst at once, and PerSecond after that.
type Rate struct {
	Burst     int
	PerSecond float64
}

// bucket keeps a Rate.
type bucket struct {
	rate   Rate
	tokens float64
	at     time.Time
}

func newBucket(r Rate) bucket { return bucket{rate: r, tokens: float64(r.Burst)} }

// take takes a token, or says how long until there is one.
func (b *bucket) take(now time.Time) (after time.Duration, ok bool) {
	if b.rate == (Rate{}) {
		return 0, true
	}
	if !b.at.IsZero() {
		b.tokens = min(float64(b.rate.Burst), b.tokens+now.Sub(b.at).Seconds()*b.rate.PerSecond)
	}
	b.at = now
	if b.tokens < 1 {
		return time.Duration((1 - b.tokens) / b.rate.PerSecond * float64(time.Second)), false
	}
	b.tokens--
	return 0, true
}
