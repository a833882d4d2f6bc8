package propagation

import (
	"context"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/fedns/fedns/federation/work"
)

// connection is a client, and how long it is to be used.
type connection struct {
	client *client
	ctx    context.Context // done when the member is to be reached in another way
	cancel context.CancelFunc
	// served are the resources of groups and versions that were asked for.
	// The member's lock guards it.
	served   map[schema.GroupVersion][]metav1.APIResource
	identity identity // the lock guards it, too
}

// connect is the connection there is, or a new one. The fault is the member's.
func (m *member) connect() (*connection, *fault) {
	m.dialing.Lock()
	defer m.dialing.Unlock()
	m.mu.Lock()
	c := m.connection
	m.mu.Unlock()
	if c != nil {
		return c, nil
	}
	rc, err := m.cfg.Members(m.name)
	if err != nil {
		return nil, &fault{reason: ReasonNoAccess, message: line(err.Error()), away: true}
	}
	made, err := newClient(rc, m.known)
	if err != nil {
		return nil, &fault{reason: ReasonNoAccess, message: line(err.Error()), away: true}
	}
	c = &connection{client: made, served: map[schema.GroupVersion][]metav1.APIResource{}}
	c.ctx, c.cancel = context.WithCancel(m.ctx)
	m.mu.Lock()
	defer m.mu.Unlock()
	m.connection = c
	return c, nil
}

// changed has the member reached anew.
func (m *member) changed() {
	m.mu.Lock()
	defer m.mu.Unlock()
	if c := m.connection; c != nil {
		m.connection = nil
		c.cancel() // watches begin anew; calls under way end as they will
		c.client.close()
	}
	m.failures, m.notBefore = 0, time.Time{}
	m.kick()
}

// call does one call with its deadline, and tells of it. A call that writes is not
// begun, or ends, when this daemon does not lead any more.
func (m *member) call(verb string, write bool, do func(context.Context) error) (err error, fenced bool) {
	began := time.Now()
	deadline := began.Add(m.cfg.CallTimeout)
	if write {
		_, until := m.cfg.Term()
		if !began.Before(until) {
			return errNotLeading, true
		}
		if until.Before(deadline) {
			deadline = until
			fenced = true
		}
	}
	ctx, cancel := context.WithDeadline(m.ctx, deadline)
	defer cancel()
	err = do(ctx)
	reason := ""
	if err != nil {
		reason = faultOf(err).reason
	}
	m.cfg.Called(Call{Cluster: m.name, Verb: verb, Reason: reason, Took: time.Since(began)})
	if err == nil || !faultOf(err).away {
		m.mu.Lock()
		m.back()
		m.mu.Unlock()
	}
	return err, fenced && err != nil && ctx.Err() != nil
}

// kindOf is where a kind is served; it is followed from then on. errNotServed: it
// is not.
func (m *member) kindOf(c *connection, of schema.GroupVersionKind) (*kind, error) {
	m.mu.Lock()
	k := m.kinds[of]
	all, known := c.served[of.GroupVersion()]
	m.mu.Unlock()
	if k != nil {
		return k, nil
	}
	if !known {
		err, _ := m.call("discover", false, func(ctx context.Context) (err error) {
			all, err = c.client.resources(ctx, of.GroupVersion())
			return err
		})
		if err != nil && faultOf(err).reason != string(metav1.StatusReasonNotFound) {
			return nil, err
		}
		if err == nil {
			m.mu.Lock()
			c.served[of.GroupVersion()] = all
			m.mu.Unlock()
		}
	}
	for _, r := range all {
		if r.Kind != of.Kind || isSubresource(r.Name) {
			continue
		}
		m.mu.Lock()
		defer m.mu.Unlock()
		if k = m.kinds[of]; k == nil {
			k = &kind{member: m, gvk: of, resource: of.GroupVersion().WithResource(r.Name), namespaced: r.Namespaced}
			m.kinds[of] = k
			m.spawn(k.follow)
		}
		return k, nil
	}
	return nil, errNotServed
}

func isSubresource(name string) bool {
	for i := range name {
		if name[i] == '/' {
			return true
		}
	}
	return false
}

// unserved takes note that a kind may not be served any more: it is looked for
// again, and what was seen of it is gone.
func (m *member) unserved(of schema.GroupVersionKind) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.connection != nil {
		delete(m.connection.served, of.GroupVersion())
	}
	k := m.kinds[of]
	if k == nil {
		return
	}
	delete(m.kinds, of)
	k.gone = true
	if k.stop != nil {
		k.stop()
	}
	for _, r := range m.records {
		if r.key.Kind != of {
			continue
		}
		r.seen, r.reading = sight{}, nil
		if r.goal != nil {
			m.queue.put(r, routine)
		}
	}
	m.kick()
}

// appeared takes note that a namespace or a kind's definition came, changed or went.
// Objects that wait for it are tried at once.
func (m *member) appeared(presence, name string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	group := definedGroup(name)
	if presence == definitions && m.connection != nil {
		m.defined[group] = time.Now()
		for gv := range m.connection.served {
			if gv.Group == group {
				delete(m.connection.served, gv)
			}
		}
	}
	for _, r := range m.records {
		if r.told.phase != work.Waiting {
			continue
		}
		if presence == namespaces && r.key.Namespace == name || presence == definitions && r.key.Kind.Group == group {
			m.queue.put(r, fresh)
		}
	}
	m.kick()
}
