package daemon

import (
	"context"
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

// TestDoubtEnds: with the last cluster's first reading, or when the wait for those that cannot be reached is over.
func TestDoubtEnds(t *testing.T) {
	const never = 1000 * time.Hour
	for _, c := range []struct {
		name                     string
		read, unreachable        time.Duration // when gone is read, and when it is found unreachable
		wait, shortened, changed time.Duration // the wait, and what it is changed to, when
		after                    time.Duration
		missing                  []string
		resolved                 time.Duration // when hostnames are
	}{
		{"all are read", time.Second, never, 5 * time.Minute, 5 * time.Minute, never, time.Second, nil, 0},
		{"one cannot be reached", never, time.Second, 5 * time.Minute, 5 * time.Minute, never, 5 * time.Minute, []string{"gone"}, 0},
		{"one comes late", time.Minute, time.Second, 5 * time.Minute, 5 * time.Minute, never, time.Minute, nil, 0},
		{"no waiting", never, time.Second, 0, 0, never, time.Second, []string{"gone"}, 0},
		{"one that is being read is waited for", 10 * time.Minute, never, 5 * time.Minute, 5 * time.Minute, never, 10 * time.Minute, nil, 0},
		{"one that is being read and is lost", never, 10 * time.Minute, 5 * time.Minute, 5 * time.Minute, never, 10 * time.Minute, []string{"gone"}, 0},
		{"the operator will not wait", never, time.Second, 5 * time.Minute, 0, time.Minute, time.Minute, []string{"gone"}, 0},
		{"a hostname is resolved late", time.Second, never, 5 * time.Minute, 5 * time.Minute, never, 3 * time.Second, nil, 3 * time.Second},
		{"a hostname is not resolved", time.Second, never, 5 * time.Minute, 5 * time.Minute, never, 11 * time.Second, nil, never},
		{"no waiting for hostnames either", time.Second, never, 0, 0, never, time.Second, nil, never},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				began := time.Now()
				missing, ended := doubt{
					missing: func() []string {
						if time.Since(began) >= c.read {
							return nil
						}
						return []string{"gone"}
					},
					decided: func() bool { return time.Since(began) >= c.unreachable },
					longest: func() time.Duration {
						if time.Since(began) >= c.changed {
							return c.shortened
						}
						return c.wait
					},
					unresolved: func() []string {
						if time.Since(began) >= c.resolved {
							return nil
						}
						return []string{"host"}
					},
				}.end(t.Context())
				if took := time.Since(began); !ended || took != c.after || !slices.Equal(missing, c.missing) {
					t.Errorf("after %s: %q, %t; want after %s: %q", took, missing, ended, c.after, c.missing)
				}
			})
		})
	}
}

func TestDoubtEndsWithTheDaemon(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, ended := doubt{
		missing: func() []string { return []string{"gone"} },
		decided: func() bool { return true },
		longest: func() time.Duration { return time.Hour },

		unresolved: func() []string { return nil },
	}.end(ctx)
	if ended {
		t.Error("names are no longer in doubt")
	}
}
