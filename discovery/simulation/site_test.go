package simulation

import (
	"errors"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"sync"
	"time"

	"github.com/fedns/fedns/discovery/cluster"
)

// state is a Service in a cluster, as it truly is.
type state struct {
	generation byte // of its address; 0: it never was there
	ready      bool
}

// lie is how a site's lists are wrong.
type lie uint8

const (
	truth lie = iota
	lacking
	older // as lacking, and of a version that was passed long ago
)

// change is an event of a watch.
type change struct {
	name    string
	now     state
	deleted bool
	sliced  bool // its EndpointSlice was deleted: nothing is ready for that
}

// site is a cluster as it truly is, and what its API tells of it.
type site struct {
	world  *world
	id     cluster.ID
	number byte
	probed bool // somebody looks at its data path

	mu       sync.Mutex
	services map[string]state
	last     map[string]byte // generations ever given
	log      []change
	first    int // of log, that a watch may still begin at
	version  int // of what lists and watches tell now; it goes back with an older store
	changed  chan struct{}

	apiCut, dataCut, stalled, nodesDown bool
	cutLists                            int // so many lists break off
	lies                                lie
	hidden                              map[string]bool // from lists, while they lie
	fault                               string          // "panic" or "end": what its Source does next

	// What the daemon was told, since it started.
	told       map[string]state // last state told, by name
	excused    map[string]bool  // withdrawn by a lie that is within limits
	withheld   map[string]bool  // what a lie lacked beyond them
	most       int              // so many were
	held       int              // as the daemon said last
	apiDown    time.Time        // zero: it is not
	nodesSince time.Time
	dataSince  time.Time
	live       bool        // told so, once
	losses     []time.Time // that were told, of each Service
	mayHold    bool        // enough was lost at a time
}

func (s *site) lock(f func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f()
}

// wake tells the follower that something is different; mu is held.
func (s *site) wake() {
	close(s.changed)
	s.changed = make(chan struct{})
}

// put makes a Service what it is now, with another address where asked; mu is held.
func (s *site) put(name string, ready, moved bool) {
	now := s.services[name]
	if moved || now.generation == 0 {
		s.last[name]++
		now.generation = s.last[name]
	}
	now.ready = ready
	s.services[name] = now
	s.tell(change{name: name, now: now})
}

// remove deletes a Service; mu is held.
func (s *site) remove(name string) {
	if _, ok := s.services[name]; ok {
		delete(s.services, name)
		s.tell(change{name: name, deleted: true})
	}
}

func (s *site) tell(c change) {
	s.log = append(s.log, c)
	s.version++
	s.wake()
}

// relist makes every watch end, and every next one begin with a list; mu is held.
func (s *site) relist() {
	s.first = len(s.log) + 1
	s.wake()
}

var errRefused, errEOF = errors.New("connection refused"), errors.New("unexpected EOF")

// list is what the API tells of all Services, and where a watch goes on; mu is held.
func (s *site) list() (all map[string]state, version, at int, err error) {
	switch {
	case s.apiCut || s.stalled:
		return nil, 0, 0, errRefused
	case s.cutLists > 0:
		s.cutLists--
		return nil, 0, 0, errEOF
	}
	all = maps.Clone(s.services)
	if s.lies != truth {
		maps.DeleteFunc(all, func(name string, _ state) bool { return s.hidden[name] })
	}
	s.first = min(s.first, len(s.log))
	return all, s.version, len(s.log), nil
}

// address is that of a Service here, of one generation.
func (s *site) address(name string, generation byte) netip.Addr {
	return netip.AddrFrom4([4]byte{10, s.number, byte(slices.Index(names, name)), generation})
}

var names = []string{"a", "b", "c", "d", "e", "f"}

// group is what a Source reports of a Service.
func (s *site) group(name string, now state) cluster.Group {
	g := cluster.Group{
		Service: cluster.ServiceKey{Namespace: "shop", Name: name}, Export: cluster.ByAnnotation,
		Created:   time.Unix(int64(s.number), 0).UTC(),
		Endpoints: []cluster.Endpoint{{Addr: netip.AddrFrom4([4]byte{10, 200, 0, 1}), Ready: now.ready, Serving: now.ready}},
	}
	if slices.Index(names, name)%2 == 0 {
		g.ClusterIPs = []netip.Addr{s.address(name, now.generation)}
	} else {
		g.Type = cluster.Headless
		g.Endpoints[0].Addr = s.address(name, now.generation)
	}
	return g
}

func (s *site) String() string {
	return fmt.Sprintf("%s: probed %t, API cut %t, stalled %t, data cut %t, nodes down %t, lies %d, truth %v, told %v, excused %v",
		s.id, s.probed, s.apiCut, s.stalled, s.dataCut, s.nodesDown, s.lies, s.services, s.told, s.excused)
}
