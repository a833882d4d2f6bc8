package providers

import (
	"errors"
	"time"

	"github.com/fedns/fedns/providers/hosted"
)

// What goes on for weeks is told when it begins and once in a while, not each time it
// is met: a log of thousands of equal lines hides the others. The Status has all of it.
const (
	tellAgain   = time.Hour
	maxRefusals = 20 // told one by one within tellAgain; those on top are counted
)

// telling is what has been told of late. The zero telling is nothing.
type telling struct {
	refusals map[hosted.Key]toldRefusal
	since    time.Time // when the first of told and untold was met
	told     int       // refusals told one by one since
	untold   int       // refusals counted since
	failing  time.Time // when it was told last that calls fail again and again
}

type toldRefusal struct {
	reason string
	at     time.Time
}

// refusal says that a refusal is to be told: it was not within tellAgain, for the same
// reason, nor were so many others.
func (t *telling) refusal(k hosted.Key, reason string, now time.Time) bool {
	if now.Sub(t.since) >= tellAgain {
		t.since, t.told = now, 0
		for k, r := range t.refusals {
			if now.Sub(r.at) >= tellAgain {
				delete(t.refusals, k)
			}
		}
	}
	if r, ok := t.refusals[k]; ok && r.reason == reason && now.Sub(r.at) < tellAgain {
		return false
	}
	if t.told >= maxRefusals {
		t.untold++
		return false
	}
	if t.refusals == nil {
		t.refusals = map[hosted.Key]toldRefusal{}
	}
	t.refusals[k] = toldRefusal{reason, now}
	t.told++
	return true
}

// others are the refusals that were only counted since they were asked for last.
func (t *telling) others() int {
	n := t.untold
	t.untold = 0
	return n
}

// failure says that a failed call is to be told; often: such failures are met again and
// again.
func (t *telling) failure(often bool, now time.Time) bool {
	if often && now.Sub(t.failing) < tellAgain {
		return false
	}
	if often {
		t.failing = now
	}
	return true
}

// isOften says that a failed call is one of many: the provider throttles, or has not
// worked for as long as it takes to get to the longest wait.
func isOften(err error, retry time.Duration) bool {
	var throttled *hosted.ThrottledError
	return errors.As(err, &throttled) || retry == lastRetry
}
