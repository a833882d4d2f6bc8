package simulation

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fedns/fedns/discovery/cluster"
)

// world is one history: sites, the daemon that watches them, and what happened.
type world struct {
	*rand.Rand
	t         *testing.T
	sites     []*site
	followers map[cluster.ID]*follower
	revisions map[cluster.ID]int
	daemon    *daemon
	trace     []string
	happened  map[string]int
	broken    bool

	mu      sync.Mutex
	losses  []time.Time // that the daemon was told of all sites within a window
	mayHold bool        // they were enough
}

// loses takes note that the daemon is told that n Services of a site are gone.
func (w *world) loses(n int, now time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for range n {
		w.losses = append(w.losses, now)
	}
	w.losses = slices.DeleteFunc(w.losses, func(at time.Time) bool { return now.Sub(at) >= window+longestStop })
	w.mayHold = w.mayHold || len(w.losses) > count
}

// newWorld makes two to six sites with some Services each.
func newWorld(t *testing.T, seed uint64) *world {
	w := &world{
		Rand: rand.New(rand.NewPCG(seed, 1)), t: t, happened: map[string]int{},
		followers: map[cluster.ID]*follower{}, revisions: map[cluster.ID]int{},
	}
	for i := range 2 + w.IntN(5) {
		s := &site{
			id: cluster.ID(fmt.Sprintf("c%d", i)), number: byte(i), probed: w.IntN(2) == 0, changed: make(chan struct{}), version: 1_000_000,
			services: map[string]state{}, last: map[string]byte{},
		}
		for _, name := range names {
			if w.IntN(3) > 0 {
				s.put(name, w.IntN(5) > 0, true)
			}
		}
		w.sites = append(w.sites, s)
		w.followers[s.id] = &follower{s, rand.New(rand.NewPCG(seed, uint64(10+i)))}
	}
	return w
}

// happens is one thing that can happen to a site; false: it could not.
type happens struct {
	name   string
	weight int
	do     func(w *world, s *site) bool
}

// locked is a thing that happens within a site.
func locked(f func(w *world, s *site) bool) func(*world, *site) bool {
	return func(w *world, s *site) (did bool) {
		s.lock(func() {
			if did = f(w, s); did {
				s.wake()
			}
		})
		return did
	}
}

// some is a Service that the site has; empty: it has none. s.mu is held.
func (w *world) some(s *site) string {
	var have []string
	for _, name := range names {
		if _, ok := s.services[name]; ok {
			have = append(have, name)
		}
	}
	if len(have) == 0 {
		return ""
	}
	return have[w.IntN(len(have))]
}

// flip turns something on that is off.
func flip(of func(s *site) *bool) func(*world, *site) bool {
	return locked(func(_ *world, s *site) bool {
		was := *of(s)
		*of(s) = true
		return !was
	})
}

var all = []happens{
	{"service made or moved", 16, locked(func(w *world, s *site) bool {
		s.put(names[w.IntN(len(names))], true, true)
		return true
	})},
	{"service not ready", 8, locked(func(w *world, s *site) bool {
		name := w.some(s)
		if name != "" {
			s.put(name, false, false)
		}
		return name != ""
	})},
	{"service ready", 8, locked(func(w *world, s *site) bool {
		name := w.some(s)
		if name != "" {
			s.put(name, true, false)
		}
		return name != ""
	})},
	{"service deleted", 8, locked(func(w *world, s *site) bool {
		name := w.some(s)
		s.remove(name)
		return name != ""
	})},
	{"EndpointSlice deleted", 4, locked(func(w *world, s *site) bool {
		name := w.some(s)
		if name == "" {
			return false
		}
		now := s.services[name]
		now.ready = false
		s.services[name] = now
		s.tell(change{name: name, now: now, sliced: true})
		return true
	})},
	{"namespace deleted", 2, locked(func(_ *world, s *site) bool {
		n := len(s.services)
		for _, name := range names {
			s.remove(name)
		}
		return n > 1
	})},
	{"API cut", 6, flip(func(s *site) *bool { return &s.apiCut })},
	{"watch stalled", 5, flip(func(s *site) *bool { return &s.stalled })},
	{"API back", 9, locked(func(_ *world, s *site) bool {
		was := s.apiCut || s.stalled
		s.apiCut, s.stalled = false, false
		return was
	})},
	{"data path cut", 5, func(w *world, s *site) bool { return w.cutData(s, true) }},
	{"data path back", 5, func(w *world, s *site) bool { return w.cutData(s, false) }},
	{"nodes dead", 2, flip(func(s *site) *bool { return &s.nodesDown })},
	{"nodes alive", 3, locked(func(_ *world, s *site) bool {
		was := s.nodesDown
		s.nodesDown = false
		return was
	})},
	{"log compacted", 4, locked(func(_ *world, s *site) bool { s.relist(); return true })},
	{"lists cut short", 4, locked(func(w *world, s *site) bool {
		s.cutLists = 1 + w.IntN(3)
		s.relist()
		return true
	})},
	{"list empty by error", 3, locked(func(w *world, s *site) bool { return w.lie(s, lacking, 1) })},
	{"list lacks some by error", 3, locked(func(w *world, s *site) bool { return w.lie(s, lacking, 0.5) })},
	{"list of an older store", 4, locked(func(w *world, s *site) bool { return w.lie(s, older, w.Float64()) })},
	{"lists are true again", 6, locked(func(_ *world, s *site) bool { return s.honest() })},
	{"source panics", 3, locked(func(_ *world, s *site) bool { s.fault = "panic"; return true })},
	{"source ends", 3, locked(func(_ *world, s *site) bool { s.fault = "end"; return true })},
	{"member configured anew", 2, func(w *world, s *site) bool {
		w.revisions[s.id]++
		w.followers[s.id] = &follower{s, rand.New(rand.NewPCG(w.Uint64(), 0))}
		w.setMembers()
		return true
	}},
	{"withdrawals released", 3, func(w *world, s *site) bool { return w.daemon.Release(s.id) == nil && w.released(s) }},
	{"daemon stops for a while", 3, func(w *world, s *site) bool {
		w.daemon.gate.mu.Lock()
		w.daemon.gate.next = time.Duration(1+w.IntN(int(longestStop/time.Second))) * time.Second
		w.daemon.gate.mu.Unlock()
		s.lock(func() { s.put(names[w.IntN(len(names))], true, true) })
		return true
	}},
	{"daemon restarts", 3, func(w *world, _ *site) bool {
		w.stop()
		if err := w.start(); err != nil {
			w.fail("%v", err)
		}
		return true
	}},
}

// released takes note that what a lie had held is withdrawn by the operator.
func (w *world) released(s *site) bool {
	s.lock(func() {
		for name := range s.told {
			s.excused[name] = true // whatever it was: the operator wanted it
		}
	})
	return true
}

// lie has a site's lists lack a part of what there is; s.mu is held.
func (w *world) lie(s *site, how lie, part float64) bool {
	if s.lies != truth || len(s.services) == 0 {
		return false
	}
	s.hidden = map[string]bool{}
	for _, name := range names {
		if w.Float64() < part {
			s.hidden[name] = true
		}
	}
	if s.lies = how; how == older {
		s.version -= 1000
	}
	s.relist()
	return true
}

// honest ends a site's lies; s.mu is held.
func (s *site) honest() bool {
	was := s.lies
	if s.lies = truth; was == older {
		s.version += 2000
	}
	if was != truth {
		s.relist()
	}
	return was != truth
}

// cutData cuts a site's data path, or mends it.
func (w *world) cutData(s *site, cut bool) (did bool) {
	s.lock(func() {
		did = s.dataCut != cut
		s.dataCut = cut
	})
	if did {
		w.probe(s)
	}
	return did
}

// probe tells the daemon what probes of a site say.
func (w *world) probe(s *site) {
	l := cluster.Liveness{Signal: cluster.Up, Since: time.Now()}
	s.lock(func() {
		if s.dataSince = (time.Time{}); s.dataCut && s.probed {
			l.Signal, l.Reason, s.dataSince = cluster.Down, "no answer", l.Since
		}
	})
	if s.probed {
		w.daemon.SetAgreed(s.id, cluster.Liveness{}, l)
	}
}

// step has one thing happen, and some time pass.
func (w *world) step() {
	total := 0
	for _, h := range all {
		total += h.weight
	}
	n, i := w.IntN(total), 0
	for ; n >= all[i].weight; i++ {
		n -= all[i].weight
	}
	s := w.sites[w.IntN(len(w.sites))]
	wait := []time.Duration{0, 0, time.Second, 5 * time.Second, 20 * time.Second, 70 * time.Second}[w.IntN(6)]
	if !all[i].do(w, s) {
		return
	}
	w.happened[all[i].name]++
	w.trace = append(w.trace, fmt.Sprintf("%s: %s of %s, then %v pass", time.Now().UTC().Format("15:04:05"), all[i].name, s.id, wait))
	w.settle()
	w.check()
	if wait > 0 {
		time.Sleep(wait)
		w.settle()
		w.check()
	}
}

// settle waits until nothing moves.
func (w *world) settle() {
	for {
		synctest.Wait()
		d := w.daemon.gate.busy()
		if d <= 0 {
			return
		}
		time.Sleep(d)
	}
}

// bound is how long after the last fault the zone is the truth: a Source that
// has panicked again and again is run after a minute, and a failed list is tried
// again after a few seconds.
const bound = 75 * time.Second

// heal ends all faults.
func (w *world) heal() {
	for _, s := range w.sites {
		s.lock(func() {
			s.apiCut, s.stalled, s.nodesDown, s.cutLists, s.fault = false, false, false, 0, ""
			s.honest()
			s.wake()
		})
		w.cutData(s, false)
	}
	w.trace = append(w.trace, time.Now().UTC().Format("15:04:05")+": everything heals")
	time.Sleep(bound)
	w.settle()
	w.check()
	for _, s := range w.sites {
		if w.daemon.Release(s.id) == nil {
			w.happened["held until the end"]++
		}
	}
	w.settle()
	w.converged()
}

// stop ends the daemon, which changes nothing.
func (w *world) stop() {
	before := w.zone()
	w.daemon.stop()
	if after := w.zone(); !slices.EqualFunc(names, names, func(a, _ string) bool { return slices.Equal(before[a], after[a]) }) {
		w.fail("stopping changed the zone: it was %v and is %v", before, after)
	}
}

// fail tells of the first thing that is wrong.
func (w *world) fail(format string, args ...any) {
	if w.broken {
		return
	}
	w.broken = true
	w.t.Errorf(format, args...)
}

// dump tells what led to what is wrong, and how things stand.
func (w *world) dump() {
	w.t.Log(strings.Join(w.trace, "\n"))
	for _, s := range w.sites {
		s.lock(func() { w.t.Log(s) })
	}
	for _, c := range w.daemon.Clusters() {
		w.t.Logf("%s: %s, %s, held %t, %d withdrawals held, %s", c.ID, c.State, c.Standing, c.Held, c.WithdrawalsHeld, c.Why)
	}
}
