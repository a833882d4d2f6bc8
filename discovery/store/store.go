package store

import (
	"fmt"
	"iter"
	"maps"
	"slices"

	"github.com/fedns/fedns/discovery/cluster"
)

// Store holds one Group a service and cluster. It is not safe for concurrent use.
type Store struct {
	services map[cluster.ServiceKey]holding // none is empty
	counts   map[cluster.ID]Count
	latest   map[cluster.ID]latest
	bytes    int
	packing  []byte // scratch of Renew and Replace

	unpacking shelf // scratch of Since
}

// Count is what a cluster has in the Store.
type Count struct{ Services, Endpoints int }

// latest is how many Groups of a cluster were reported in the latest of its runs that
// any was.
type latest struct {
	run    uint32
	groups int
}

// New makes an empty Store.
func New() *Store {
	return &Store{services: map[cluster.ServiceKey]holding{}, counts: map[cluster.ID]Count{}, latest: map[cluster.ID]latest{}}
}

// Renew notes that g, which must not be Withdrawn, was reported in a run as it is
// held already; false: it is not held like that, and nothing was noted.
func (s *Store) Renew(g *cluster.Group, run uint32) bool {
	s.packing = Append(s.packing[:0], g)
	of := s.services[g.Service]
	list := of.all()
	i, found := search(list, g.Cluster)
	if !found || list[i].packed != string(s.packing) {
		return false
	}
	if list[i].run != run {
		s.countRun(list[i], -1)
		list[i].run = run
		s.countRun(list[i], 1)
		s.services[g.Service] = of
	}
	return true
}

// Put keeps g, which must not be Withdrawn, as reported in a run of its
// cluster's Source. It tells whether g differs from what was held. g is not kept.
func (s *Store) Put(g *cluster.Group, run uint32) (changed bool) {
	if s.Renew(g, run) {
		return false
	}
	s.Replace(g, run)
	return true
}

// Replace keeps g as the call of Renew for it, which was the last of either, has
// packed it: what differs is packed once.
func (s *Store) Replace(g *cluster.Group, run uint32) {
	of := s.services[g.Service]
	i, found := of.search(g.Cluster)
	s.keep(g.Service, of, i, found, held{g.Cluster, run, uint32(len(g.Endpoints)), string(s.packing)})
}

// keep puts h where search has found it, or where it belongs.
func (s *Store) keep(key cluster.ServiceKey, of holding, i int, found bool, h held) {
	if found {
		s.count(of.all()[i], -1)
		of.all()[i] = h
	} else {
		of.insert(i, h)
	}
	s.services[key] = of
	s.count(h, 1)
}

// Remove takes a cluster's Group away and tells whether there was one.
func (s *Store) Remove(key cluster.ServiceKey, id cluster.ID) bool {
	of := s.services[key]
	i, found := of.search(id)
	if !found {
		return false
	}
	s.count(of.all()[i], -1)
	if of.remove(i); len(of.all()) == 0 {
		delete(s.services, key)
	} else {
		s.services[key] = of
	}
	return true
}

func (s *Store) count(h held, sign int) {
	c := s.counts[h.cluster]
	c.Services += sign
	c.Endpoints += sign * int(h.endpoints)
	s.bytes += sign * len(h.packed)
	s.countRun(h, sign)
	if s.counts[h.cluster] = c; c == (Count{}) {
		delete(s.counts, h.cluster)
		delete(s.latest, h.cluster)
	}
}

// countRun counts h in or out where it was reported in its cluster's latest run.
func (s *Store) countRun(h held, sign int) {
	l := s.latest[h.cluster]
	switch {
	case h.run > l.run:
		l = latest{run: h.run}
	case h.run < l.run:
		return
	}
	l.groups += sign
	s.latest[h.cluster] = l
}

// Groups appends the service's Groups to dst, sorted by cluster. They are only to be read.
func (s *Store) Groups(dst []cluster.Group, key cluster.ServiceKey) []cluster.Group {
	of := s.services[key]
	for _, h := range of.all() {
		dst = append(dst, h.group(key))
	}
	return dst
}

// Group is the Group of one cluster; false when there is none.
func (s *Store) Group(key cluster.ServiceKey, id cluster.ID) (cluster.Group, bool) {
	h, found := s.of(key, id)
	if !found {
		return cluster.Group{}, false
	}
	return h.group(key), true
}

// of is what a cluster has of a service.
func (s *Store) of(key cluster.ServiceKey, id cluster.ID) (held, bool) {
	of := s.services[key]
	i, found := of.search(id)
	if !found {
		return held{}, false
	}
	return of.all()[i], true
}

func (h held) group(key cluster.ServiceKey) cluster.Group { return h.groupIn(nil, key) }

func (h held) groupIn(room *shelf, key cluster.ServiceKey) cluster.Group {
	g, err := decode(h.packed, room)
	if err != nil { // only Append makes these octets
		panic(fmt.Sprintf("%s in %s: %v", key, h.cluster, err))
	}
	g.Cluster, g.Service = h.cluster, key
	return g
}

// Keys are all services, sorted.
func (s *Store) Keys() []cluster.ServiceKey {
	return slices.SortedFunc(maps.Keys(s.services), cluster.ServiceKey.Compare)
}

// Services yields all services in no order. The Store must not change meanwhile.
func (s *Store) Services() iter.Seq[cluster.ServiceKey] { return maps.Keys(s.services) }

// NotOf are the services that a cluster holds, but did not report in this run. All
// Services are looked through only if there are any.
func (s *Store) NotOf(id cluster.ID, run uint32) []cluster.ServiceKey {
	if (s.latest[id] == latest{run, s.counts[id].Services}) {
		return nil
	}
	return s.where(id, func(h held) bool { return h.run != run })
}

// Of are the services that a cluster holds.
func (s *Store) Of(id cluster.ID) []cluster.ServiceKey {
	return s.where(id, func(held) bool { return true })
}

func (s *Store) where(id cluster.ID, ok func(held) bool) (keys []cluster.ServiceKey) {
	for key, of := range s.services {
		if i, found := of.search(id); found && ok(of.all()[i]) {
			keys = append(keys, key)
		}
	}
	return keys
}

// Count is what a cluster has here.
func (s *Store) Count(id cluster.ID) Count { return s.counts[id] }

// Len counts the services.
func (s *Store) Len() int { return len(s.services) }

// Bytes is the size of all packed Groups, in octets.
func (s *Store) Bytes() int { return s.bytes }
