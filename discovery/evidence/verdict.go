package evidence

import (
	"fmt"
	"time"

	"github.com/fedns/fedns/discovery/cluster"
)

// Standing is how a cluster's shards are used. A smaller one goes before.
type Standing uint8

const (
	// First are answered.
	First Standing = iota
	// Behind are answered when no First are left.
	Behind
	// Drained are answered when neither First nor Behind are left.
	Drained
	// Evicted are not answered.
	Evicted
)

// String is the standing in the words of the API and metrics.
func (s Standing) String() string {
	switch s {
	case First:
		return "first"
	case Behind:
		return "behind"
	case Drained:
		return "drained"
	case Evicted:
		return "evicted"
	}
	return "unknown"
}

// Word is what the operator said of a cluster.
type Word string

const (
	// NoWord leaves it to the evidence.
	NoWord Word = ""
	// Drain has its shards answered only when nothing else is left.
	Drain Word = "drained"
	// Evict has them not answered.
	Evict Word = "evicted"
)

// Valid says that w is one of the words there are.
func (w Word) Valid() bool { return w == NoWord || w == Drain || w == Evict }

// Signals are all that is seen of a cluster.
type Signals struct {
	API, Nodes, Data cluster.Liveness
}

// Policy is how evidence is weighed. The zero Policy has the defaults.
type Policy struct {
	Behind     time.Duration // from the last signal going down until shards step behind. Defaults to 5 s
	Unprobed   time.Duration // the same where nothing is known of the data path. Defaults to 1 min
	HoldShare  float64       // of the clusters; more lost at once are held. Defaults to 0.5; 1 holds none
	HoldWindow time.Duration // what "at once" means. Defaults to 30 s
}

// withDefaults fills in what was left out.
func (p Policy) withDefaults() Policy {
	setDefault(&p.Behind, 5*time.Second)
	setDefault(&p.Unprobed, time.Minute)
	setDefault(&p.HoldShare, 0.5)
	setDefault(&p.HoldWindow, 30*time.Second)
	return p
}

func setDefault[T int | float64 | time.Duration](v *T, def T) {
	if *v <= 0 {
		*v = def
	}
}

// Verdict is what answers may use of a cluster. It is comparable.
type Verdict struct {
	Standing Standing
	Stale    bool // nobody can vouch for what is answered
	Held     bool // it would be behind, but too many clusters would
	Reason   string
}

// judged is a Verdict on one cluster by itself.
type judged struct {
	Verdict
	lost time.Time // the last signal that a loss rests on went down; zero: none is lost, or about to be
	next time.Time // the verdict changes by then if nothing else does; zero: never
}

// judge is the truth table of the package comment.
func (p Policy) judge(s Signals, w Word, now time.Time) judged {
	var j judged
	j.Stale = s.API.Signal != cluster.Up && s.Data.Signal != cluster.Up
	switch w {
	case Drain:
		j.Standing, j.Reason = Drained, "drained by the operator"
		return j
	case Evict:
		j.Standing, j.Reason = Evicted, "evicted by the operator"
		return j
	}
	down := func(after time.Duration, reason string, on ...cluster.Liveness) judged {
		for _, l := range on {
			if l.Since.After(j.lost) {
				j.lost = l.Since
			}
		}
		if due := j.lost.Add(after); now.Before(due) {
			j.next = due
			return j
		}
		j.Standing, j.Reason = Behind, reason
		return j
	}
	switch {
	case s.Data.Signal == cluster.Up:
		if s.API.Signal == cluster.Down {
			j.Reason = "as last known, its data path works: API " + s.API.Reason
		}
	case s.Data.Signal == cluster.Down && s.API.Signal == cluster.Down:
		return down(p.Behind, fmt.Sprintf("API: %s; data path: %s", s.API.Reason, s.Data.Reason), s.API, s.Data)
	case s.Data.Signal == cluster.Down:
		return down(p.Behind, "data path: "+s.Data.Reason, s.Data)
	case s.API.Signal == cluster.Down:
		return down(p.Unprobed, "API: "+s.API.Reason+"; nobody probes its data path", s.API)
	case s.Nodes.Signal == cluster.Down:
		return down(p.Unprobed, "nodes: "+s.Nodes.Reason+"; nobody probes its data path", s.Nodes)
	}
	return j
}
