package providers

import (
	"testing"
	"time"
)

// TestLossesOfAMovingWindow: what counts is how many there were when the window began,
// not when the first of a chain of losses was that has never broken off.
func TestLossesOfAMovingWindow(t *testing.T) {
	g := Guard{Window: time.Minute, Count: 2, Share: 0.5}
	var l losses
	now := time.Unix(0, 0)
	for _, tt := range []struct {
		after time.Duration
		n     int
		owned int
		ok    bool
	}{
		{0, 1, 8, true},
		{40 * time.Second, 1, 7, true},
		{40 * time.Second, 1, 5, true},  // 2 within a minute, of 7
		{40 * time.Second, 2, 5, false}, // 3 within a minute, of 5
	} {
		now = now.Add(tt.after)
		err := l.admit(g, now, balance{losing: tt.n, owned: tt.owned, created: 1})
		if (err == nil) != tt.ok {
			t.Errorf("after %v: %d of %d: %v", now.Sub(time.Unix(0, 0)), tt.n, tt.owned, err)
		}
		if err == nil {
			for range tt.n {
				l.add(now, tt.owned)
			}
		}
	}
}
