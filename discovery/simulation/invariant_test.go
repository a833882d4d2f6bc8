package simulation

import (
	"maps"
	"slices"
	"time"

	"github.com/fedns/fedns/discovery"
	"github.com/fedns/fedns/discovery/cluster"
	"github.com/fedns/fedns/dnsserver/dnsname"
	"github.com/fedns/fedns/dnsserver/zone"
)

// answered is an address of a name, taken apart.
type answered struct{ site, name, generation byte }

// zone is what is answered of each name.
func (w *world) zone() map[string][]answered {
	snapshot := w.daemon.server.Snapshot(apex)
	out := map[string][]answered{}
	for _, name := range names {
		set, _ := snapshot.Lookup(dnsname.MustParse(name+".shop.prod."), zone.TypeA)
		for rdata := range set.RDATA() {
			out[name] = append(out[name], answered{rdata[1], rdata[2], rdata[3]})
		}
	}
	return out
}

// check holds what is answered against the truth.
func (w *world) check() {
	if w.broken {
		return
	}
	status := map[cluster.ID]discovery.ClusterStatus{}
	for _, c := range w.daemon.Clusters() {
		status[c.ID] = c
		w.count(c)
	}
	if serial := w.daemon.server.Snapshot(apex).Serial(); int32(serial-w.daemon.serial) < 0 && w.daemon.serial != 0 {
		w.fail("the serial went back from %d to %d", w.daemon.serial, serial)
	} else {
		w.daemon.serial = serial
	}
	now := w.zone()
	for _, s := range w.sites {
		s.lock(func() {
			s.cameBack(status[s.id].WithdrawalsHeld)
			w.standing(s, now)
			w.dead(s, now, status[s.id])
			w.behind(s, now)
			w.unhindered(s, status[s.id])
		})
	}
	w.cutOff(status)
}

// cutOff: of more than half of the sites, lost within half a minute, none is behind.
func (w *world) cutOff(status map[cluster.ID]discovery.ClusterStatus) {
	if w.daemon.gate.busy() > -time.Hour { // whoever stopped for a while heard of it at other times
		return
	}
	var since []time.Time
	for _, s := range w.sites {
		s.lock(func() {
			at, _ := s.lost()
			since = append(since, at)
		})
	}
	for i, s := range w.sites {
		n := 0
		for _, at := range since {
			if !at.IsZero() && at.Sub(since[i]).Abs() <= 30*time.Second {
				n++
			}
		}
		if n > 1 && 2*n > len(since) && status[s.id].Standing != "first" {
			w.fail("%d of %d are lost together, and %s stands %s", n, len(since), s.id, status[s.id].Standing)
		}
	}
}

// count counts what the daemon made of what happened.
func (w *world) count(c discovery.ClusterStatus) {
	for what, is := range map[string]bool{
		"stood behind": c.Standing == "behind", "stood stale": c.Stale, "was held": c.Held, "had withdrawals held": c.WithdrawalsHeld > 0,
	} {
		if is {
			w.happened[what]++
		}
	}
}

// alive says that a Service is as the daemon was told, and truly serves; s.mu is held.
func (s *site) alive(name string) (is state, alive bool) {
	is, told := s.told[name]
	return is, told && is.ready && s.services[name] == is && !s.excused[name]
}

// lost is since when a site is told to be lost, and for how long it has to be
// before it steps behind; zero: it is not lost. s.mu is held.
func (s *site) lost() (since time.Time, after time.Duration) {
	switch {
	case s.probed && s.dataSince.IsZero():
		return time.Time{}, 0
	case s.probed && s.apiDown.After(s.dataSince):
		return s.apiDown, 5 * time.Second
	case s.probed:
		return s.dataSince, 5 * time.Second
	case !s.apiDown.IsZero():
		return s.apiDown, time.Minute
	}
	return s.nodesSince, time.Minute
}

// cameBack: what is held is made when half of it came back, which is taken for
// the end of an error. Where that is wrong, for enough has changed while lists go
// on lacking the rest, nobody could tell. s.mu is held.
func (s *site) cameBack(held int) {
	if held < s.held && s.lies != truth {
		for name := range s.hidden {
			s.excused[name] = true
		}
	}
	s.held = held
}

// standing: what lives is answered, unless something better is.
func (w *world) standing(s *site, now map[string][]answered) {
	since, after := s.lost()
	mayBeBehind := !since.IsZero() && time.Since(since) >= after
	for i, name := range names {
		is, alive := s.alive(name)
		if !alive {
			continue
		}
		if len(now[name]) == 0 {
			w.fail("%s serves %s, and the name is gone", s.id, name)
		}
		mine := answered{s.number, byte(i), is.generation}
		others := slices.ContainsFunc(now[name], func(a answered) bool { return a.site != s.number })
		if !slices.Contains(now[name], mine) && (!mayBeBehind || !others) {
			w.fail("%s serves %s at %v, answered is %v", s.id, name, mine, now[name])
		}
	}
}

// dead: what was seen to go is gone, unless its withdrawal is held.
func (w *world) dead(s *site, now map[string][]answered, status discovery.ClusterStatus) {
	for _, name := range names {
		for _, a := range now[name] {
			is, told := s.told[name]
			if a.site == s.number && (!told || !is.ready || is.generation != a.generation) && status.WithdrawalsHeld == 0 {
				w.fail("%s was told to have %s as %v (%t), answered is %v", s.id, name, is, told, a)
			}
		}
	}
}

// behind: the only site that is lost is not answered beside others.
func (w *world) behind(s *site, now map[string][]answered) {
	since, after := s.lost()
	// Whoever stopped for a while counts from when it heard.
	if since.IsZero() || min(time.Since(since), -w.daemon.gate.busy()) < after {
		return
	}
	for _, o := range w.sites {
		if o == s {
			continue
		}
		o.mu.Lock() // one at a time holds two: check's goroutine
		at, _ := o.lost()
		o.mu.Unlock()
		if !at.IsZero() {
			return
		}
	}
	for _, name := range names {
		mine := slices.ContainsFunc(now[name], func(a answered) bool { return a.site == s.number })
		if mine && slices.ContainsFunc(now[name], func(a answered) bool { return a.site != s.number }) {
			w.fail("%s is lost since %v, and is answered beside others for %s: %v", s.id, since.UTC().Format("15:04:05"), name, now[name])
		}
	}
}

// unhindered: what is told to be gone one by one is not held.
func (w *world) unhindered(s *site, status discovery.ClusterStatus) {
	if status.WithdrawalsHeld > 0 && !s.mayHold && !w.mayHold {
		w.fail("%d withdrawals of %s are held: %+v", status.WithdrawalsHeld, s.id, status.Conditions)
	}
}

// converged: after all faults the zone is the truth.
func (w *world) converged() {
	now := w.zone()
	for _, c := range w.daemon.Clusters() {
		if c.Phase != "live" || c.Standing != "first" || c.WithdrawalsHeld > 0 {
			w.fail("after %v without faults: %+v", bound, c)
		}
	}
	for i, name := range names {
		want := map[answered]bool{}
		for _, s := range w.sites {
			s.lock(func() {
				if is, ok := s.services[name]; ok && is.ready {
					want[answered{s.number, byte(i), is.generation}] = true
				}
			})
		}
		have := map[answered]bool{}
		for _, a := range now[name] {
			have[a] = true
		}
		if !maps.Equal(have, want) {
			w.fail("after %v without faults %s is answered %v, want %v", bound, name, have, want)
		}
	}
}
