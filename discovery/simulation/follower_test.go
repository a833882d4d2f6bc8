package simulation

import (
	"context"
	"errors"
	"maps"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/fedns/fedns/discovery/cluster"
)

// follower is a site's Source. What a run knows it forgets with the run.
type follower struct {
	*site
	rnd *rand.Rand // of one run at a time
}

// Times as a real Source has them.
const (
	silence = 15 * time.Second // until a connection that carries nothing is given up
	retry   = 2 * time.Second  // between two tries
)

var errEnded = errors.New("the Source ended")

// run is one Run of a follower.
type run struct {
	*follower
	ctx     context.Context
	up      chan<- cluster.Update
	knows   map[string]state
	version int
	at      int  // of the site's log
	listed  bool // once
	phase   cluster.Phase
	nodes   bool // as told: down
	looked  bool // at nodes
}

func (f *follower) Run(ctx context.Context, up chan<- cluster.Update) error {
	r := &run{follower: f, ctx: ctx, up: up, knows: map[string]state{}}
	r.send(cluster.Update{State: &cluster.State{Phase: cluster.Syncing}})
	for ctx.Err() == nil {
		var fault string
		var old bool
		f.lock(func() {
			fault, f.fault = f.fault, ""
			old = !r.listed || r.at < f.first
		})
		if fault != "" {
			f.lock(f.unseen)
			if fault == "panic" {
				panic("the Source of " + string(f.id) + " panicked")
			}
			return errEnded
		}
		err := error(nil)
		if old {
			err = r.list()
		}
		if err == nil {
			err = r.watch()
		}
		if err != nil {
			r.unreachable(err)
			r.pause(retry + time.Duration(f.rnd.IntN(1000))*time.Millisecond)
		}
	}
	return nil
}

// unseen takes note that the API is told to be down; mu is held.
func (s *site) unseen() {
	if s.apiDown.IsZero() {
		s.apiDown = time.Now()
	}
}

func (r *run) send(u cluster.Update) bool {
	u.Cluster = r.id
	select {
	case r.up <- u:
		return true
	case <-r.ctx.Done():
		return false
	}
}

func (r *run) pause(d time.Duration) {
	select {
	case <-time.After(d):
	case <-r.ctx.Done():
	}
}

func (r *run) unreachable(err error) {
	if r.phase == cluster.Unreachable || r.ctx.Err() != nil {
		return
	}
	r.phase = cluster.Unreachable
	if r.send(cluster.Update{State: &cluster.State{Phase: cluster.Unreachable, Since: time.Now(), Reason: err.Error()}}) {
		r.lock(r.unseen)
	}
}

func (r *run) sayLive() {
	if r.phase == cluster.Live || r.ctx.Err() != nil {
		return
	}
	r.phase = cluster.Live
	if r.send(cluster.Update{State: &cluster.State{Phase: cluster.Live, Since: time.Now()}}) {
		r.lock(func() { r.apiDown, r.site.live = time.Time{}, true })
	}
}

// list reads all Services and tells what differs from what is known.
func (r *run) list() error {
	var all map[string]state
	var err error
	version := 0
	r.lock(func() {
		if r.stalled {
			return
		}
		all, version, r.at, err = r.site.list()
	})
	if err == nil && all == nil {
		r.pause(silence)
		return errors.New("no answer in time")
	}
	if err != nil {
		return err
	}
	loss := cluster.Missing
	if version < r.version {
		loss = cluster.Doubtful
	}
	r.version = version
	var gone, now []cluster.Group
	ready := map[string]bool{} // of gone
	for _, name := range slices.Sorted(maps.Keys(r.knows)) {
		if _, ok := all[name]; !ok {
			gone = append(gone, cluster.Group{Service: r.group(name, state{}).Service, Withdrawn: true, Loss: loss})
			ready[name] = r.knows[name].ready
			delete(r.knows, name)
		}
	}
	r.lock(func() { r.lacks(all, loss) })
	for _, name := range slices.Sorted(maps.Keys(all)) {
		if was, ok := r.knows[name]; !ok || was != all[name] {
			now = append(now, r.group(name, all[name]))
			r.knows[name] = all[name]
		}
	}
	for groups := slices.Concat(gone, now); len(groups) > 0; {
		n := min(len(groups), 1+r.rnd.IntN(4))
		losing := 0
		for i, g := range groups {
			if g.Loss != cluster.NoLoss && (i < n || ready[g.Service.Name]) {
				losing++
			}
		}
		if !r.send(cluster.Update{Groups: groups[:n], Losing: losing}) {
			return nil
		}
		for _, g := range groups[:n] {
			if g.Loss == cluster.NoLoss {
				r.lock(func() { r.tells(g.Service.Name, all[g.Service.Name]) })
			}
		}
		groups = groups[n:]
	}
	r.listed = true
	return nil
}

// tells takes note of what the daemon was told of a Service; mu is held.
func (s *site) tells(name string, now state) {
	s.told[name] = now
	delete(s.excused, name)
	if !s.withheld[name] {
		return
	}
	// At least half of what was held came back: the rest may be made.
	if delete(s.withheld, name); 2*len(s.withheld) <= s.most {
		for rest := range s.withheld {
			s.excused[rest] = true
		}
		clear(s.withheld)
		s.most = 0
	}
}

// loses takes note of n Services that the daemon is told are gone, and whether
// that is enough for it to hold them; mu is held.
func (s *site) loses(n int) {
	now := time.Now()
	for range n {
		s.losses = append(s.losses, now)
	}
	s.losses = slices.DeleteFunc(s.losses, func(at time.Time) bool { return now.Sub(at) >= window+longestStop })
	s.mayHold = s.mayHold || n > 1 || len(s.losses) > 1
	s.world.loses(n, now)
}

// lacks takes note of what a list that the daemon is told of does not have, and
// of what that may withdraw by a lie: nothing if what is ready of it is more than
// half of what is left of all, and nothing that an older store lacks; mu is held.
func (s *site) lacks(all map[string]state, by cluster.Loss) {
	var lacked []string
	gone, ready, known := 0, 0, 0
	for name, was := range s.told {
		_, listed := all[name]
		if (s.excused[name] || s.withheld[name]) && !listed { // withdrawn before, or held
			if _, is := s.services[name]; !is {
				delete(s.told, name)
			}
			continue
		}
		if known++; listed {
			continue
		}
		gone++
		if was.ready {
			ready++
			lacked = append(lacked, name)
		}
		switch _, is := s.services[name]; {
		case !is:
			delete(s.told, name)
		case !was.ready: // what is not answered anyway is not held
			s.excused[name] = true
		}
	}
	for name := range all {
		if _, told := s.told[name]; !told { // it may be told before the rest is seen to be gone
			known++
		}
	}
	s.loses(gone)
	s.mayHold = s.mayHold || by == cluster.Doubtful && ready > 0
	if by != cluster.Doubtful && (ready < 2 || 2*ready <= known-(gone-ready)) {
		for _, name := range lacked {
			s.excused[name] = true
		}
		return
	}
	for _, name := range lacked {
		s.withheld[name] = true
	}
	s.most = max(s.most, len(s.withheld))
}

// watch follows what changes until it breaks; nil: a list is needed.
func (r *run) watch() error {
	for first := true; r.ctx.Err() == nil; first = false {
		var changes []change
		var changed chan struct{}
		var cut, stalled, ended, nodes bool
		r.lock(func() {
			changed, cut, stalled, nodes = r.changed, r.apiCut, r.stalled, r.nodesDown
			ended = r.at < r.first || r.fault != ""
			if !cut && !stalled && !ended {
				changes = slices.Clone(r.log[r.at:])
				r.at, r.version = len(r.log), r.site.version
			}
		})
		switch {
		case cut:
			return errRefused
		case stalled && first:
			r.pause(silence)
			return errors.New("no answer in time")
		case stalled:
			if !r.stays(func() bool { return r.stalled }, silence) {
				continue
			}
			return errors.New("http2: client connection lost")
		case ended:
			return nil
		}
		for _, c := range changes {
			r.event(c)
		}
		if nodes != r.nodes || !r.looked {
			r.tellNodes(nodes)
		}
		r.sayLive()
		select {
		case <-changed:
		case <-r.ctx.Done():
		}
	}
	return nil
}

// stays waits for d, and says whether is held all the while.
func (r *run) stays(is func() bool, d time.Duration) bool {
	end := time.After(d)
	for {
		var changed chan struct{}
		var ok bool
		r.lock(func() { changed, ok = r.changed, is() })
		if !ok {
			return false
		}
		select {
		case <-changed:
		case <-end:
			return true
		case <-r.ctx.Done():
			return false
		}
	}
}

// event tells one change.
func (r *run) event(c change) {
	was, known := r.knows[c.name]
	var g cluster.Group
	switch {
	case c.deleted && !known, !c.deleted && known && was == c.now:
		return
	case c.deleted:
		g = cluster.Group{Service: r.group(c.name, state{}).Service, Withdrawn: true, Loss: cluster.Deleted}
		delete(r.knows, c.name)
	default:
		g = r.group(c.name, c.now)
		r.knows[c.name] = c.now
		if c.sliced {
			g.Endpoints, g.Loss = nil, cluster.Deleted
		}
	}
	losing := 0
	if g.Loss != cluster.NoLoss {
		losing = 1
	}
	if !r.send(cluster.Update{Groups: []cluster.Group{g}, Losing: losing}) {
		return
	}
	r.lock(func() {
		if losing > 0 && r.told[c.name].ready {
			r.loses(1)
		}
		if c.deleted {
			if len(r.withheld) > 0 && r.told[c.name].ready { // nothing trickles away
				r.withheld[c.name] = true
				r.most = max(r.most, len(r.withheld))
			}
			delete(r.told, c.name)
			delete(r.excused, c.name)
		} else {
			r.tells(c.name, c.now)
		}
	})
}

func (r *run) tellNodes(down bool) {
	l := &cluster.Liveness{Signal: cluster.Up, Since: time.Now()}
	if down {
		l.Signal, l.Reason = cluster.Down, "no Lease moves"
	}
	if r.send(cluster.Update{Nodes: l}) {
		r.nodes, r.looked = down, true
		r.lock(func() {
			r.nodesSince = time.Time{}
			if down {
				r.nodesSince = l.Since
			}
		})
	}
}
