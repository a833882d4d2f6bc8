package kubernetes

import (
	"fmt"
	"time"

	"github.com/fedns/fedns/discovery/cluster"
)

// sighting is what one look at the nodes' Leases saw.
type sighting struct {
	nodes int  // Leases that were renewed once
	moved bool // one was renewed since the last look
	whole bool // all Leases were read
}

// pulse makes a signal of sightings:
//
//	one moved within the window                              Up, whatever failed since
//	else, the last look failed or was refused                Unknown
//	else, there are no Leases, or too many to read           Unknown
//	else, all looks of a whole window saw all, none moved    Down
//	else                                                     Unknown: not looked at for long enough
type pulse struct {
	window time.Duration

	moved  time.Time // when a Lease was last seen to have moved; zero: never
	steady time.Time // since when every look saw all Leases, and some; zero: the last did not
	told   cluster.Liveness
}

// see takes in one look, and is the signal as of now.
func (p *pulse) see(now time.Time, s sighting, err error) cluster.Liveness {
	signal, why := cluster.Unknown, ""
	if err == nil && s.moved {
		p.moved = now
	}
	if err != nil || s.nodes == 0 || !s.whole && !s.moved {
		p.steady = time.Time{}
	} else if p.steady.IsZero() {
		p.steady = now
	}
	switch {
	case !p.moved.IsZero() && now.Sub(p.moved) < p.window:
		signal = cluster.Up
	case err != nil:
		why = "list leases: " + reason(err)
	case s.nodes == 0:
		why = "there are no node leases"
	case !s.whole:
		why = "there are too many node leases to look at"
	case now.Sub(p.steady) < p.window:
		why = "node leases are not looked at for long enough"
	default:
		signal, why = cluster.Down, fmt.Sprintf("none of %d nodes renewed its lease for %v", s.nodes, p.window)
	}
	if signal != p.told.Signal || p.told.Since.IsZero() {
		p.told.Since = now
	}
	p.told.Signal, p.told.Reason = signal, why
	return p.told
}
