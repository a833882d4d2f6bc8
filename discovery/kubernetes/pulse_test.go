package kubernetes

import (
	"errors"
	"testing"
	"time"

	"github.com/fedns/fedns/discovery/cluster"
)

func TestPulse(t *testing.T) {
	away := errors.New("connection refused")
	moves, still, none, part := sighting{3, true, true}, sighting{3, false, true}, sighting{0, false, true}, sighting{20000, false, false}
	type look struct {
		sighting
		err  error
		want cluster.Signal
	}
	for _, c := range []struct {
		name  string
		looks []look // ten seconds apart
		why   string // after the last
	}{
		{"nodes work", []look{{still, nil, 0}, {moves, nil, cluster.Up}, {moves, nil, cluster.Up}}, ""},
		{"some work on a page that is not the last", []look{{still, nil, 0}, {sighting{50, true, false}, nil, cluster.Up}}, ""},
		{"they stop", []look{{moves, nil, cluster.Up}, {still, nil, cluster.Up}, {still, nil, cluster.Up}, {still, nil, cluster.Up}, {still, nil, cluster.Down}},
			"none of 3 nodes renewed its lease for 40s"},
		{"they never worked", []look{{still, nil, 0}, {still, nil, 0}, {still, nil, 0}, {still, nil, 0}, {still, nil, cluster.Down}, {moves, nil, cluster.Up}}, ""},
		{"a look that failed begins the window anew", []look{{still, nil, 0}, {still, nil, 0}, {still, away, 0}, {still, nil, 0}, {still, nil, 0}, {still, nil, 0}, {still, nil, 0}, {still, nil, cluster.Down}},
			"none of 3 nodes renewed its lease for 40s"},
		{"the API is away", []look{{moves, nil, cluster.Up}, {still, away, cluster.Up}, {still, away, cluster.Up}, {still, away, cluster.Up}, {still, away, 0}},
			"list leases: connection refused"},
		{"it goes while nodes are down", []look{{still, nil, 0}, {still, nil, 0}, {still, nil, 0}, {still, nil, 0}, {still, nil, cluster.Down}, {still, away, 0}},
			"list leases: connection refused"},
		{"there are none", []look{{none, nil, 0}, {none, nil, 0}, {none, nil, 0}, {none, nil, 0}, {none, nil, 0}, {none, nil, 0}}, "there are no node leases"},
		{"there are more than are read", []look{{part, nil, 0}, {part, nil, 0}, {part, nil, 0}, {part, nil, 0}, {part, nil, 0}, {part, nil, 0}}, "there are too many node leases to look at"},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := pulse{window: 40 * time.Second}
			now := time.Unix(1000, 0)
			var last cluster.Liveness
			for i, l := range c.looks {
				got := p.see(now, l.sighting, l.err)
				if got.Signal != l.want {
					t.Errorf("look %d is %v (%s), want %v", i, got.Signal, got.Reason, l.want)
				}
				if (i == 0 || got.Signal != last.Signal) && !got.Since.Equal(now) || i > 0 && got.Signal == last.Signal && got.Since != last.Since {
					t.Errorf("look %d: since %v", i, got.Since)
				}
				last, now = got, now.Add(10*time.Second)
			}
			if last.Reason != c.why {
				t.Errorf("because %q, want %q", last.Reason, c.why)
			}
		})
	}
}
