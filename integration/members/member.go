package members

import (
	"fmt"
	"maps"
	"sync"
	"time"
)

// Fault is what is wrong with a member.
type Fault int

// All Faults.
const (
	None    Fault = iota
	Hangs         // takes calls and answers none, watches that are open included
	Rejects       // forbids every write
	Gone          // breaks every connection
)

// Counts are calls by verb: get, list, watch, create, apply, patch, delete, discover.
// Those that were answered with an error are among them.
type Counts map[string]int

// Writes are the calls that may change something.
func (c Counts) Writes() int { return c["create"] + c["apply"] + c["patch"] + c["delete"] }

// kept is how many changes of a resource are kept for watches: more than happen
// while one is opened anew.
const kept = 20_000

// journal is what changed of a resource.
type journal struct {
	changes []change
	oldest  uint64        // what came after this version is all there
	news    chan struct{} // closed at each change
}

// change has old and now; one is nil where the object came or went.
type change struct {
	version  uint64
	old, now *object
}

// id is an object's.
type id struct{ resource, namespace, name string }

// Member is one simulated API server. Its methods may be called from many
// goroutines at once.
type Member struct {
	Name   string
	number int
	fleet  *Fleet

	mu       sync.Mutex
	version  uint64
	uids     uint32
	objects  map[id]*object
	journals map[string]*journal
	counts   Counts
	fault    Fault
	other    chan struct{} // closed when fault changes
}

func newMember(f *Fleet, i int) *Member {
	m := &Member{
		Name: fmt.Sprintf("m-%03d", i), number: i, fleet: f, version: 1000,
		objects: map[id]*object{}, journals: map[string]*journal{}, counts: Counts{}, other: make(chan struct{}),
	}
	s, err := f.read([]byte(`{"apiVersion":"v1","kind":"Namespace","metadata":{"name":"default"}}`))
	if err != nil {
		panic("members: " + err.Error()) // a text of our own
	}
	m.put(id{"namespaces", "", "default"}, &object{form: s.form, manager: "kube-apiserver"})
	return m
}

// Set has a fault from now on; None: all is well again.
func (m *Member) Set(f Fault) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.fault = f
	close(m.other)
	m.other = make(chan struct{})
}

// Counts are the calls so far.
func (m *Member) Counts() Counts {
	m.mu.Lock()
	defer m.mu.Unlock()
	return maps.Clone(m.counts)
}

// Objects counts those of a resource.
func (m *Member) Objects(resource string) (n int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for at := range m.objects {
		if at.resource == resource {
			n++
		}
	}
	return n
}

// journal is a resource's; mu is held.
func (m *Member) journal(resource string) *journal {
	j := m.journals[resource]
	if j == nil {
		j = &journal{oldest: m.version, news: make(chan struct{})}
		m.journals[resource] = j
	}
	return j
}

// put has an object there as now, nil: not any more, with the next version; mu is
// held. now is put's to complete.
func (m *Member) put(at id, now *object) {
	old := m.objects[at]
	j := m.journal(at.resource)
	m.version++
	if now == nil {
		delete(m.objects, at)
		gone := *old
		gone.version = m.version
		old = &gone
	} else {
		now.version = m.version
		switch {
		case old == nil:
			m.uids++
			now.uid, now.generation = m.uids, 1
		case old.form.spec != now.form.spec:
			now.uid, now.generation = old.uid, old.generation+1
		default:
			now.uid, now.generation = old.uid, old.generation
		}
		m.objects[at] = now
	}
	if len(j.changes) == kept {
		j.oldest = j.changes[kept/2-1].version
		j.changes = append(make([]change, 0, kept), j.changes[kept/2:]...)
	}
	j.changes = append(j.changes, change{m.version, old, now})
	close(j.news)
	j.news = make(chan struct{})
}

func (m *Member) wrote(verb string, at id, o *object) {
	m.fleet.tell(Write{m.number, verb, at.resource, at.namespace, at.name, o.form.annotations, time.Now()})
}
