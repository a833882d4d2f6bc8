package propagation

import (
	"context"
	"errors"
	"sync"

	"github.com/fedns/fedns/federation/work"
)

// Propagator carries tasks out. It implements work.Propagator.
type Propagator struct {
	cfg    Config
	press  press
	parsed *parsed

	mu      sync.Mutex
	ctx     context.Context // of Run; nil: it does not run
	members map[string]*member
	leaving map[string]chan struct{} // of those forgotten: closed when all of it is told
	group   sync.WaitGroup           // of members' ends
}

// New makes a Propagator. It does nothing until Run, but takes tasks.
func New(cfg Config) (*Propagator, error) {
	cfg, err := cfg.complete()
	if err != nil {
		return nil, err
	}
	return &Propagator{cfg: cfg, parsed: newParsed(), members: map[string]*member{}, leaving: map[string]chan struct{}{}}, nil
}

// Do has a task carried out. What it points to must not change any more.
func (p *Propagator) Do(t work.Task) {
	if t.Cede {
		p.cede(t.Cluster, t.Key)
		return
	}
	g := &goal{orphan: t.Orphan, retain: t.RetainReplicas, leave: t.Existing == work.Leave, suspend: t.Suspend, template: t.Template, own: t.Own, succeeds: t.Succeeds}
	if t.Object != nil {
		var err error
		if g.body, err = p.press.of(t, p.cfg.Home); err != nil {
			g.fault = line(err.Error())
		}
	}
	p.mu.Lock()
	if p.ctx != nil && p.ctx.Err() != nil {
		p.mu.Unlock()
		return // it has ended, or is about to
	}
	m := p.members[t.Cluster]
	if m == nil {
		m = newMember(t.Cluster, &p.cfg, p.parsed)
		p.members[t.Cluster] = m
		p.start(m)
	}
	p.mu.Unlock()
	m.do(t.Key, g)
}

// cede forgets what was to be done with an object.
func (p *Propagator) cede(cluster string, key work.Key) {
	p.mu.Lock()
	m := p.members[cluster]
	p.mu.Unlock()
	if m != nil {
		m.cede(key)
	}
}

// start has a member begin its work, once Run runs; mu is held. One of its name
// that was forgotten ends first.
func (p *Propagator) start(m *member) {
	if p.ctx == nil {
		return
	}
	ctx, before := p.ctx, p.leaving[m.name]
	m.start(ctx, before)
}

// Forget says that a cluster is not a member any more.
func (p *Propagator) Forget(cluster string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	m := p.members[cluster]
	if m == nil {
		return
	}
	delete(p.members, cluster)
	before, ended := p.leaving[cluster], make(chan struct{})
	p.leaving[cluster] = ended
	p.group.Add(1)
	go func() {
		defer p.group.Done()
		if before != nil {
			<-before
		}
		m.end()
		m.abandon()
		close(ended)
		p.mu.Lock()
		defer p.mu.Unlock()
		if p.leaving[cluster] == ended {
			delete(p.leaving, cluster)
		}
	}()
}

// Changed says that a member is to be reached in another way from now on (its
// credentials were rotated), or can be reached now. What waits for it is tried at
// once. It costs one list of each kind in use there.
func (p *Propagator) Changed(cluster string) {
	p.mu.Lock()
	m := p.members[cluster]
	p.mu.Unlock()
	if m != nil {
		m.changed()
	}
}

// Run carries tasks out until ctx is done, and returns when every goroutine has
// ended: after a call that is under way, at the latest after its deadline. It is
// called once.
func (p *Propagator) Run(ctx context.Context) error {
	p.mu.Lock()
	if p.ctx != nil {
		p.mu.Unlock()
		return errors.New("propagation: it runs already")
	}
	p.ctx = ctx
	for _, m := range p.members {
		p.start(m)
	}
	p.mu.Unlock()
	<-ctx.Done()
	p.mu.Lock()
	members := p.members
	p.members = map[string]*member{}
	p.mu.Unlock()
	for _, m := range members {
		m.end()
	}
	p.group.Wait()
	return nil
}
