package propagation

import (
	"slices"
	"strings"
	"time"

	"github.com/fedns/fedns/federation/work"
)

// Overview is how propagation to one member stands, for metrics and for people.
type Overview struct {
	Cluster string
	// Away is the reason why the member cannot be written to, empty: it can. Since is
	// when that began, and Message what was said.
	Away, Message string
	Since         time.Time
	Objects       int                // that are to be there, or are to go
	Queued        int                // that something is to be done with, now or later
	Phases        map[work.Phase]int // of Objects; those nothing was told of are Pending
}

// Overviews is how it stands with all members, sorted by name. It looks at every
// object, so it is for every ten seconds rather than for every change.
func (p *Propagator) Overviews() []Overview {
	p.mu.Lock()
	members := make([]*member, 0, len(p.members))
	for _, m := range p.members {
		members = append(members, m)
	}
	p.mu.Unlock()
	all := make([]Overview, 0, len(members))
	for _, m := range members {
		all = append(all, m.overview())
	}
	slices.SortFunc(all, func(a, b Overview) int { return strings.Compare(a.Cluster, b.Cluster) })
	return all
}

func (m *member) overview() Overview {
	m.mu.Lock()
	defer m.mu.Unlock()
	o := Overview{Cluster: m.name, Phases: map[work.Phase]int{}}
	if m.away != nil {
		o.Away, o.Message, o.Since = m.away.reason, m.away.message, m.since
	}
	for _, r := range m.records {
		if r.queued != nowhere {
			o.Queued++
		}
		if r.goal == nil {
			continue
		}
		o.Objects++
		phase := r.told.phase
		if phase == "" {
			phase = work.Pending
		}
		o.Phases[phase]++
	}
	return o
}
