package probe

import (
	"fmt"
	"time"

	"github.com/fedns/fedns/discovery/cluster"
)

// outcome is what one try says: Up, Down, or nothing (Unknown), and why.
type outcome struct {
	signal cluster.Signal
	why    string // empty when Up
}

// streak is what a target's tries come to. The zero streak is Unknown.
type streak struct {
	said cluster.Signal
	why  string // of the newest try that said so
	next cluster.Signal
	n    int // tries in a row that said next
}

// see takes in a try.
func (s *streak) see(o outcome, p Pace) {
	if o.signal == s.said {
		s.n, s.why = 0, o.why
		return
	}
	if o.signal != s.next {
		s.next, s.n = o.signal, 0
	}
	s.n++
	need := p.Failures
	if o.signal == cluster.Up {
		need = p.Successes
	}
	if s.n >= need {
		s.said, s.why, s.n = o.signal, o.why, 0
	}
}

// verdict is a target with what it came to.
type verdict struct {
	target Target
	signal cluster.Signal
	why    string
}

// fold makes a cluster's signal of its targets', in the order of the configuration.
func fold(targets []verdict, before cluster.Liveness, now time.Time) cluster.Liveness {
	count := [3]int{}
	var first [3]verdict // of each signal
	for _, v := range targets {
		if count[v.signal]++; count[v.signal] == 1 {
			first[v.signal] = v
		}
	}
	l := cluster.Liveness{Signal: cluster.Unknown, Since: before.Since}
	switch {
	case len(targets) == 0:
		l.Reason = "it is not probed"
	case count[cluster.Up] > 0:
		l.Signal = cluster.Up
	case count[cluster.Down] == len(targets):
		l.Signal, l.Reason = cluster.Down, first[cluster.Down].String()
		if more := len(targets) - 1; more > 0 {
			l.Reason += fmt.Sprintf(", and %d more", more)
		}
	case first[cluster.Unknown].why != "":
		l.Reason = first[cluster.Unknown].String()
	default:
		l.Reason = "it is not probed for long enough"
	}
	if l.Signal != before.Signal || before.Since.IsZero() {
		l.Since = now
	}
	return l
}

func (v verdict) String() string { return v.target.String() + ": " + v.why }
