package quorum

import (
	"maps"
	"slices"
	"time"
)

// sighted is a replica's Lease as a list showed it.
type sighted struct {
	name    string
	renewed time.Time // by that replica's clock: only whether it changes counts
	view    View
}

// peer is another replica.
type peer struct {
	sighted
	since time.Time // when it was first seen, by the clock here
	moved time.Time // when its Lease was last seen to move; zero: not yet
}

// idle is since when the Lease has not moved.
func (p *peer) idle() time.Time {
	if p.moved.After(p.since) {
		return p.moved
	}
	return p.since
}

// peers are the other replicas, as the lists of the host cluster showed them. The
// zero value knows of none.
type peers struct {
	contact time.Time // of the last list; zero: none yet
	all     map[string]*peer
}

// see takes in a list.
func (p *peers) see(now time.Time, list []sighted) {
	if p.contact.IsZero() || now.Sub(p.contact) >= fresh {
		// What moved meanwhile was not seen to: all of them are as new.
		for _, old := range p.all {
			old.since, old.moved = now, time.Time{}
		}
	}
	p.contact = now
	next := map[string]*peer{}
	for _, s := range list {
		known := p.all[s.name]
		switch {
		case known == nil:
			known = &peer{since: now}
		case !known.renewed.Equal(s.renewed):
			known.moved = now
		}
		known.sighted = s
		next[s.name] = known
	}
	p.all = next
}

// reached says that the host cluster was listed lately.
func (p *peers) reached(now time.Time) bool {
	return !p.contact.IsZero() && now.Sub(p.contact) < fresh
}

// fresh are the replicas that count, by name. Their age is that at the last list:
// while there is none, nobody is seen to move.
func (p *peers) fresh() (out []Replica) {
	for _, name := range slices.Sorted(maps.Keys(p.all)) {
		one := p.all[name]
		if p.contact.Sub(one.idle()) >= fresh {
			continue
		}
		r := Replica{Name: name}
		if !one.moved.IsZero() {
			r.View = one.view
		}
		out = append(out, r)
	}
	return out
}
