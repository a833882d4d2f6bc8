package propagation

import (
	"context"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/fedns/fedns/federation/interpret"
	"github.com/fedns/fedns/federation/work"
)

// kind is a kind that is in use in a member: where it is served, and what its watch
// has come to.
type kind struct {
	member     *member
	gvk        schema.GroupVersionKind
	resource   schema.GroupVersionResource
	namespaced bool
	mark       mark

	// The member's lock guards what follows.
	synced bool   // all objects were listed
	blind  bool   // they cannot be; each is read before it is written
	gone   bool   // the kind is not served any more
	stop   func() // ends the watch that runs; nil: none has begun
}

// follow keeps the kind's watch until the member ends or does not serve it any more.
func (k *kind) follow() {
	m := k.member
	m.followAll(func(c *connection, stop func()) *follower {
		m.mu.Lock()
		defer m.mu.Unlock()
		if k.stop = stop; k.gone {
			stop()
		}
		return &follower{
			client: c.client, path: k.path("", ""), selector: LabelManagedBy + "=" + managedBy, mark: &k.mark,
			pack: k.pack, put: k.put, drop: k.drop, replace: k.replace,
			fault: func(err error) {
				if k.fault(c, err) {
					stop()
				}
			},
		}
	}, func() bool { m.mu.Lock(); defer m.mu.Unlock(); return k.gone })
}

// followAll keeps a watch over all connections of a member, until over says so.
func (m *member) followAll(make func(c *connection, stop func()) *follower, over func() bool) {
	for n := 1; m.ctx.Err() == nil && !over(); n++ {
		c, f := m.connect()
		if f != nil {
			select {
			case <-m.ctx.Done():
			case <-time.After(m.cfg.wait(n, longestAway)):
			}
			continue
		}
		ctx, stop := context.WithCancel(c.ctx)
		watch := make(c, stop)
		watch.called = func(verb string, took time.Duration, err error) {
			call := Call{Cluster: m.name, Verb: verb, Took: took}
			if err != nil {
				call.Reason = faultOf(err).reason
			}
			m.cfg.Called(call)
		}
		watch.run(ctx)
		stop()
		n = 0
	}
}

// fault takes note that the watch of a connection failed, and says whether it is over.
func (k *kind) fault(c *connection, err error) (over bool) {
	m, f := k.member, faultOf(err)
	if apierrors.IsNotFound(err) {
		m.unserved(k.gvk)
		return true
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.connection != c {
		return false
	}
	if f.away {
		if m.away == nil {
			m.down(f)
			m.kick()
		}
		return false
	}
	if f.passing {
		for _, r := range m.records {
			if r.queued == parked && r.key.Kind == k.gvk {
				m.say(r, work.Failed, f.reason, f.message)
			}
		}
		return false
	}
	if taken := k.synced && (apierrors.IsForbidden(err) || apierrors.IsMethodNotSupported(err)); !k.blind && (taken || !k.synced) {
		k.blind, k.synced = true, false
		m.log.Warn("objects of a kind cannot be watched in a member: what changes them there is noticed late", "kind", k.gvk.GroupKind().String(), "reason", f.reason, "error", f.message)
		if taken {
			m.recheck(k)
		}
		m.unpark(k)
	}
	return false
}

// recheck has all objects of a kind looked at that was watched, and may not be any more;
// mu is held.
func (m *member) recheck(k *kind) {
	for key, r := range m.records {
		if key.Kind == k.gvk && r.goal != nil && r.queued == nowhere {
			m.queue.put(r, routine)
		}
	}
	m.kick()
}

// unpark has those worked on that wait for the kind; mu is held.
func (m *member) unpark(k *kind) {
	for _, r := range m.records {
		if m.queue.parked == 0 {
			break
		}
		if r.queued == parked && r.key.Kind == k.gvk {
			m.queue.put(r, r.level)
		}
	}
	m.kick()
}

func (k *kind) key(f *found) work.Key {
	return work.Key{Kind: k.gvk, Namespace: f.Namespace, Name: f.Name}
}

// pack judges an object by what it is to be now.
func (k *kind) pack(live *unstructured.Unstructured) *found {
	return k.member.found(work.Key{Kind: k.gvk, Namespace: live.GetNamespace(), Name: live.GetName()}, live)
}

// found is what is to be known of an object.
func (m *member) found(key work.Key, live *unstructured.Unstructured) *found {
	if f := m.known(head{key.Kind, key.Namespace, key.Name, live.GetUID(), live.GetResourceVersion()}); f != nil {
		return f
	}
	m.mu.Lock()
	var g *goal
	var accepted uint64
	if r := m.records[key]; r != nil {
		g, accepted = r.goal, r.accepted
	}
	m.mu.Unlock()
	f := &found{ObjectMeta: metaOf(live), reading: observe(live)}
	f.seen, _ = m.parsed.look(live, g, accepted, false, m.cfg.Home)
	if !f.seen.right && !f.seen.leaving && (g == nil || !g.removes()) {
		f.seen.text = keep(live)
	}
	return f
}

// known is what was found already of an object's version: most that a watch tells
// is what our own call was answered just before. nil: it was not.
func (m *member) known(h head) *found {
	m.mu.Lock()
	defer m.mu.Unlock()
	r := m.records[work.Key{Kind: h.kind, Namespace: h.namespace, Name: h.name}]
	if r == nil || r.goal == nil || r.seen.by != r.goal || r.reading == nil || r.seen.uid != h.uid || r.seen.version != h.version {
		return nil
	}
	return &found{
		ObjectMeta: metav1.ObjectMeta{Namespace: h.namespace, Name: h.name, UID: h.uid, ResourceVersion: h.version},
		seen:       r.seen, reading: r.reading,
	}
}

// put takes in an object that came or changed.
func (k *kind) put(f *found) {
	m := k.member
	m.mu.Lock()
	defer m.mu.Unlock()
	m.meet(k.key(f), f)
	m.kick()
}

// drop takes in that an object is gone, or has lost our label.
func (k *kind) drop(f *found) {
	m := k.member
	m.mu.Lock()
	defer m.mu.Unlock()
	if r := m.records[k.key(f)]; r != nil && r.seen.there() && r.seen.uid == f.UID && !work.OlderVersion(f.ResourceVersion, r.seen.version) {
		r.lost = f.ResourceVersion
		m.lost(r)
		m.kick()
	}
}

// replace takes in all objects there are, as of a version. anew: the member was restored
// from a backup, or made anew, and what was seen of it before has later versions, and is
// no more.
func (k *kind) replace(all []*found, version string, anew bool) {
	m := k.member
	m.mu.Lock()
	defer m.mu.Unlock()
	if anew {
		m.log.Warn("a member has gone back to an earlier version, as one that was restored or made anew: what is there is looked at anew", "kind", k.gvk.GroupKind().String())
		k.forget()
	}
	listed := make(map[work.Key]bool, len(all))
	for _, f := range all {
		listed[k.key(f)] = true
		m.meet(k.key(f), f)
	}
	for key, r := range m.records {
		if key.Kind != k.gvk || listed[key] {
			continue
		}
		if !r.seen.there() {
			r.lost = version // a creation's answer that comes only now may be of before
		} else if r.seen.labelled && work.OlderVersion(r.seen.version, version) {
			r.lost = version
			m.lost(r)
		}
	}
	k.synced, k.blind = true, false
	m.back()
	m.unpark(k)
}

// forget forgets what was seen of the kind's objects; mu is held.
func (k *kind) forget() {
	m := k.member
	for key, r := range m.records {
		if key.Kind != k.gvk {
			continue
		}
		r.seen, r.reading, r.lost, r.accepted = sight{}, nil, "", 0
		if r.goal == nil {
			m.sweep(r)
		} else {
			m.queue.put(r, routine)
		}
	}
}

// meet takes in what a watch saw of an object; mu is held.
func (m *member) meet(key work.Key, f *found) {
	r := m.records[key]
	if r == nil {
		if !f.seen.ours {
			return // another federation's, of which there may be many
		}
		r = &record{key: key}
		m.records[key] = r
	}
	before := r.seen
	if r.outdated(&f.seen) {
		return // an answer of ours was sooner
	}
	r.seen, r.reading = f.seen, f.reading
	switch {
	case r.goal == nil || m.content(r):
	case before.isRight(r.goal) && r.seen.by == r.goal:
		m.drifted(r)
	case r.queued == nowhere || r.queued == parked || r.queued == working:
		m.queue.put(r, routine)
	default:
		m.repeat(r)
	}
}

// content tells the outcome of what needs nothing done; mu is held.
func (m *member) content(r *record) bool {
	switch {
	case r.goal.removes() && r.seen.leaving:
		m.removing(r)
		if r.queued != working && r.queued != later { // it may be that it never goes
			m.queue.delay(r, time.Now().Add(min(idle, m.cfg.Longest)))
		}
		return true
	case r.seen.isRight(r.goal):
		r.failures = 0
		if m.applied(r) > 0 {
			return true
		}
	default:
		return false
	}
	if r.queued != working && r.queued != nowhere {
		m.queue.drop(r)
	}
	return true
}

// lost takes in that an object is not there any more; mu is held.
func (m *member) lost(r *record) {
	was := r.seen
	r.seen, r.reading = sight{}, nil
	switch {
	case r.goal == nil:
		m.sweep(r)
	case was.isRight(r.goal):
		m.drifted(r)
	default:
		m.queue.put(r, routine)
	}
}

func observe(live *unstructured.Unstructured) *interpret.Observation {
	o := interpret.Observe(live)
	return &o
}
