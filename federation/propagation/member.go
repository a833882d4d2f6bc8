package propagation

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/fedns/fedns/federation/work"
)

// member is what is done in one cluster. It has goroutines of its own: workers, as
// many as calls are in flight; one that tells outcomes while there are any; one a
// watch.
type member struct {
	name   string
	cfg    *Config
	parsed *parsed
	log    *slog.Logger

	// What start sets.
	ctx    context.Context
	cancel context.CancelFunc
	group  sync.WaitGroup

	dialing sync.Mutex // held while a client is made

	mu       sync.Mutex
	started  bool
	ended    bool
	records  map[work.Key]*record
	queue    queue
	inFlight int
	timer    *time.Timer

	connection *connection
	kinds      map[schema.GroupVersionKind]*kind
	presences  map[string]bool      // which are watched
	defined    map[string]time.Time // when a definition of a group was seen to change

	failures  int // calls in a row that showed the member away
	away      *fault
	since     time.Time
	notBefore time.Time // no call until then

	outcomes []*record // that are to be told
	telling  bool
}

func newMember(name string, cfg *Config, p *parsed) *member {
	return &member{
		name: name, cfg: cfg, parsed: p, log: cfg.Log.With("cluster", name),
		records: map[work.Key]*record{}, kinds: map[schema.GroupVersionKind]*kind{}, presences: map[string]bool{}, defined: map[string]time.Time{},
	}
}

// start begins the work, after before is closed (nil: at once).
func (m *member) start(ctx context.Context, before <-chan struct{}) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.ctx, m.cancel = context.WithCancel(ctx)
	begin := func() {
		m.started = true
		m.kick()
		m.speak()
	}
	if before == nil {
		begin()
		return
	}
	m.group.Go(func() {
		select {
		case <-before:
		case <-m.ctx.Done():
			return
		}
		m.mu.Lock()
		defer m.mu.Unlock()
		begin()
	})
}

// end ends all goroutines and waits for them.
func (m *member) end() {
	m.mu.Lock()
	m.ended = true
	if m.timer != nil {
		m.timer.Stop()
	}
	cancel, c := m.cancel, m.connection
	m.mu.Unlock()
	if cancel != nil {
		cancel()
	}
	m.group.Wait()
	if c != nil {
		c.client.close()
	}
}

// spawn has f run in a goroutine of the member; mu is held.
func (m *member) spawn(f func()) {
	if m.started && !m.ended {
		m.group.Go(f)
	}
}

// do takes a task.
func (m *member) do(key work.Key, g *goal) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.ended {
		return
	}
	r := m.records[key]
	if r == nil {
		r = &record{key: key}
		m.records[key] = r
	}
	if r.goal != nil && *r.goal == *g {
		return
	}
	l := fresh
	if r.goal != nil || g.removes() {
		l = changed
	}
	r.goal, r.accepted, r.failures, r.fights, r.refused = g, 0, 0, 0, ""
	if m.away != nil {
		m.say(r, work.Failed, m.away.reason, m.away.message)
	} else {
		m.say(r, work.Pending, "", "")
	}
	m.queue.put(r, l)
	m.kick()
}

// cede forgets a task: the object is another's, whose Key has another version.
func (m *member) cede(key work.Key) {
	m.mu.Lock()
	defer m.mu.Unlock()
	r := m.records[key]
	if r == nil {
		return
	}
	r.goal, r.told, r.fights, r.failures = nil, told{}, 0, 0
	if r.queued != working {
		m.queue.drop(r)
	}
	m.sweep(r)
}

// kick has a worker look for something to do, if one more may; mu is held. Workers
// call it again as long as there is something.
func (m *member) kick() {
	limit := m.cfg.InFlight
	if m.away != nil {
		limit = 1 // one is enough to see whether it is back
	}
	if !m.started || m.ended || m.inFlight >= limit {
		return
	}
	now := time.Now()
	if now.Before(m.notBefore) {
		m.wake(m.notBefore.Sub(now))
		return
	}
	r := m.queue.next(now)
	if r == nil {
		if due, ok := m.queue.due(); ok {
			m.wake(due.Sub(now))
		}
		return
	}
	m.inFlight++
	m.spawn(func() { m.worker(r) })
	// Others come in through the one that was spawned.
}

// wake has kick called again; mu is held.
func (m *member) wake(after time.Duration) {
	if m.timer == nil {
		m.timer = time.AfterFunc(after, func() {
			m.mu.Lock()
			defer m.mu.Unlock()
			m.kick()
		})
		return
	}
	m.timer.Reset(after)
}

// worker attends to records until none is ready.
func (m *member) worker(r *record) {
	for {
		m.mu.Lock()
		m.kick()
		m.mu.Unlock()
		v := m.attend(r)
		m.mu.Lock()
		m.settle(r, v)
		m.inFlight--
		r = nil
		if !m.ended && time.Now().After(m.notBefore) && (m.away == nil || m.inFlight == 0) && m.inFlight < m.cfg.InFlight {
			if r = m.queue.next(time.Now()); r != nil {
				m.inFlight++
			}
		}
		if r == nil {
			m.kick() // arms the timer
			m.mu.Unlock()
			return
		}
		m.mu.Unlock()
	}
}

// verdict is what came of attending to a record.
type verdict struct {
	fault  *fault        // nil: none
	wait   time.Duration // until it is looked at again; 0: only when something comes
	park   *kind         // until this is synced
	fenced bool          // this daemon does not lead
}

// settle puts a record where it belongs; mu is held.
func (m *member) settle(r *record, v verdict) {
	again, l := r.again, r.level
	r.again, r.queued = false, nowhere
	switch {
	case v.fenced:
		m.notBefore = time.Now().Add(unfenced)
		m.queue.put(r, l)
	case v.fault != nil && v.fault.away:
		m.down(*v.fault)
		m.queue.put(r, l)
	case again:
		m.queue.put(r, l)
	case v.park != nil && !v.park.synced && !v.park.blind && m.kinds[v.park.gvk] == v.park:
		m.queue.park(r)
	case v.park != nil:
		m.queue.put(r, l)
	case v.fault != nil:
		r.failures++
		m.queue.delay(r, time.Now().Add(max(v.fault.after, m.cfg.wait(r.failures, m.cfg.Longest))))
	case v.wait > 0:
		m.queue.delay(r, time.Now().Add(v.wait))
	default:
		r.failures = 0
		m.sweep(r)
	}
}

// sweep forgets a record of which there is nothing to know any more; mu is held.
func (m *member) sweep(r *record) {
	if !r.seen.there() && r.queued == nowhere && r.outcome == nil && (r.goal == nil || r.goal.removes() && r.told.phase == work.Removed) {
		delete(m.records, r.key)
	}
}

// down takes note that the member cannot be reached, or wants to be left alone; mu
// is held. All that is to be done there is told of.
func (m *member) down(f fault) {
	if m.away == nil {
		m.since = time.Now()
		m.log.Warn("a member cannot be written to, and is tried again", "reason", f.reason, "error", f.message)
	}
	tell := m.away == nil || m.away.reason != f.reason
	m.away = &f
	m.failures++
	m.notBefore = time.Now().Add(max(f.after, m.cfg.wait(m.failures, longestAway)))
	if !tell {
		return
	}
	for _, r := range m.records {
		if r.goal != nil && r.queued != nowhere {
			m.say(r, work.Failed, f.reason, f.message)
		}
	}
}

// back takes note that the member answered; mu is held.
func (m *member) back() {
	if m.away == nil {
		return
	}
	m.log.Info("a member can be written to again", "after", time.Since(m.since).Round(time.Millisecond))
	m.away, m.failures, m.notBefore = nil, 0, time.Time{}
	m.kick()
}

// abandon tells that nothing more is done; all goroutines have ended.
func (m *member) abandon() {
	for _, r := range m.records {
		if r.goal == nil || r.told.phase == work.Removed && r.outcome == nil {
			continue
		}
		message := "the cluster is not a member any more; what is there stays"
		if r.goal.removes() && r.goal.orphan {
			message = "the cluster is not a member any more; the object there has not been let go"
		} else if r.goal.removes() {
			message = "the cluster is not a member any more; the object may still be there"
		}
		r.reading = nil
		m.cfg.Tell(m.compose(r, work.Abandoned, "", message))
	}
}
