package route53test

import "time"

// changesBucket is the name of the bucket for elements of batches.
const changesBucket = "\x00changes"

// Rate is a token bucket: so many at once, and so many more each second.
type Rate struct {
	Burst     int
	PerSecond float64
}

// Documented are the rates of the Developer Guide ("Throttling for Amazon Route 53
// API requests", since July 2026). Actions that it does not name have 50 and 10.
func Documented() map[string]Rate {
	rates := map[string]Rate{
		"*":                 {50, 10},
		"CreateHealthCheck": {50, 0.5},
		"DeleteHealthCheck": {15, 3},
	}
	for _, a := range []string{
		"ChangeResourceRecordSets", "ListResourceRecordSets", "GetHostedZone", "ListHostedZonesByName", "GetChange",
		"ListHealthChecks", "GetHealthCheck", "ListTagsForResource", "ListTagsForResources", "ChangeTagsForResource",
	} {
		rates[a] = Rate{50, 10}
	}
	return rates
}

type bucket struct {
	rate   Rate
	tokens float64
	at     time.Time
}

func newBucket(r Rate, now time.Time) *bucket { return &bucket{r, float64(r.Burst), now} }

// fill adds what has come since the last time.
func (b *bucket) fill(now time.Time) {
	if now.After(b.at) {
		b.tokens = min(float64(b.rate.Burst), b.tokens+now.Sub(b.at).Seconds()*b.rate.PerSecond)
		b.at = now
	}
}

// take takes a token from the action's bucket and from the account's, if both have
// one. s.mu is held.
func (s *Simulator) take(action string) bool {
	own, all, now := s.buckets[action], s.buckets["*"], s.cfg.Now()
	for _, b := range []*bucket{own, all} {
		if b == nil {
			continue
		}
		if b.fill(now); b.tokens < 1 {
			return false
		}
	}
	for _, b := range []*bucket{own, all} {
		if b != nil {
			b.tokens--
		}
	}
	return true
}

// takeChanges takes n tokens from the bucket for elements of batches. s.mu is held.
func (s *Simulator) takeChanges(n int) bool {
	b := s.buckets[changesBucket]
	if b.rate.Burst == 0 {
		return true
	}
	if b.fill(s.cfg.Now()); b.tokens < float64(n) {
		return false
	}
	b.tokens -= float64(n)
	return true
}
