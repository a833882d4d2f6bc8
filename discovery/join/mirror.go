package join

import (
	"slices"

	"github.com/fedns/fedns/discovery/cluster"
)

// mirrors are the other names that Services ask for by annotation, an alias in their
// namespace and hosts, each with the Services that ask for it, sorted. A name that is
// nothing else has the Group of the first of them that is exported; a Service, or the
// Ingresses and HTTPRoutes, that have the name themselves go before. The Join's mu is
// held.
type mirrors map[cluster.ServiceKey][]cluster.ServiceKey

// others are the other names that the Service key asks for.
func (r record) others(key cluster.ServiceKey) (all []cluster.ServiceKey) {
	if r == nil || !r.flag(recordMirrored) {
		return nil
	}
	s := r.service(key, func(s string) string { return s })
	if s.alias != "" && s.alias != key.Name {
		all = append(all, cluster.ServiceKey{Namespace: key.Namespace, Name: s.alias})
	}
	for _, host := range s.hosts {
		all = append(all, cluster.HostKey(host))
	}
	return all
}

// mirror takes note that the Service key asks for other names than before; how is
// the evidence for those that it does not ask for any more.
func (j *Join) mirror(key cluster.ServiceKey, before, now []cluster.ServiceKey, how cluster.Loss) {
	for _, other := range before {
		if slices.Contains(now, other) {
			continue
		}
		left := slices.DeleteFunc(j.mirrors[other], func(of cluster.ServiceKey) bool { return of == key })
		if j.mirrors[other] = left; len(left) == 0 {
			delete(j.mirrors, other)
		}
		e := j.entry(other)
		e.lose(object{theName, key.String()}, how)
		j.touch(other, e)
	}
	for _, other := range now {
		all := j.mirrors[other]
		i, found := slices.BinarySearchFunc(all, key, cluster.ServiceKey.Compare)
		if found {
			continue
		}
		if j.mirrors == nil {
			j.mirrors = mirrors{}
		}
		j.mirrors[other] = slices.Insert(all, i, key)
		e := j.entry(other)
		delete(e.lost, object{theName, key.String()})
		j.touch(other, e)
	}
}

// behind is what the Group of key is made of: its own entry, or that of a Service
// which it is another name of.
func (j *Join) behind(key cluster.ServiceKey, e *entry) (cluster.ServiceKey, *entry) {
	if e.service != nil || len(e.claims) > 0 {
		return key, e
	}
	for _, of := range j.mirrors[key] {
		if target := j.services[of]; target != nil && j.exportOf(target) != 0 {
			return of, target
		}
	}
	return key, e
}

// lose is entry.lose for a Service and all its other names.
func (j *Join) lose(key cluster.ServiceKey, e *entry, o object, how cluster.Loss) {
	e.lose(o, how)
	for _, other := range e.service.others(key) {
		if m := j.services[other]; m != nil {
			m.lose(o, how)
		}
	}
}

// regain takes note, for a Service and all its other names, that what had gone away
// is there again.
func (j *Join) regain(key cluster.ServiceKey, e *entry, o object) {
	delete(e.lost, o)
	for _, other := range e.service.others(key) {
		if m := j.services[other]; m != nil {
			delete(m.lost, o)
		}
	}
}

// misnamed are the other names that a Service asks for and others have.
func (j *Join) misnamed(key cluster.ServiceKey, e *entry, s Service) (f findings) {
	for _, other := range e.service.others(s.Key) {
		m := j.services[other]
		if m == nil || s.Key != key {
			continue
		}
		name, field := other.Name, AnnotationHosts
		if !other.IsHost() {
			field = AnnotationAlias
		}
		if of, _ := j.behind(other, m); of != key {
			f.add("Service "+key.String(), "metadata.annotations["+field+"]", "a name that nothing else here has", name)
		}
	}
	return f
}
