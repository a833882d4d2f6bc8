package join

import (
	"slices"

	"github.com/fedns/fedns/discovery/cluster"
)

// object names one of the objects that a Service's Group is made of.
type object struct {
	kind objectKind
	name string // of an EndpointSlice; namespace/name of what says where a host is; empty otherwise
}

type objectKind uint8

const (
	theService objectKind = iota
	theExport
	aSlice
	anIngress
	aRoute
	theName // that a Service asked for
)

// lose takes note of what went away, and by which evidence. Of an object that
// went away twice the weaker evidence stays.
func (e *entry) lose(o object, how cluster.Loss) {
	if !e.reported {
		return // nobody was told of anything that rested on it
	}
	if e.lost == nil {
		e.lost = map[object]cluster.Loss{}
	}
	e.lost[o] = max(e.lost[o], how)
}

// loss is the weakest evidence among what went away and did not come back. It
// forgets it: whoever asks tells it, or has seen that it made no difference.
func (e *entry) loss() cluster.Loss {
	var weakest cluster.Loss
	for _, how := range e.lost {
		weakest = max(weakest, how)
	}
	e.lost = nil
	return weakest
}

// dropService takes the Service away from e.
func (j *Join) dropService(key cluster.ServiceKey, e *entry, how cluster.Loss) {
	if e == nil || e.service == nil {
		return
	}
	j.lose(key, e, object{kind: theService}, how)
	others := e.service.others(key)
	e.service, e.warned = nil, 0
	j.mirror(key, others, nil, how)
	j.touch(key, e)
}

// dropExport takes the ServiceExport away from e. Where the rule is off nothing
// rests on it.
func (j *Join) dropExport(key cluster.ServiceKey, e *entry, how cluster.Loss) {
	if e == nil || !e.exported() {
		return
	}
	e.export = nil
	if j.cfg.Rules&cluster.ByServiceExport != 0 {
		j.lose(key, e, object{kind: theExport}, how)
	}
	j.touch(key, e)
}

// carries says whether a Group rests on a slice: whether it has an endpoint that
// is ready, or, where those that are not are published too, any.
func (e *entry) carries(octets string) bool {
	endpoints, err := unpack(nil, octets, func(s string) string { return s })
	if err != nil || e.service != nil && e.service.flag(recordNotReady) {
		return len(endpoints) > 0
	}
	return slices.ContainsFunc(endpoints, func(p cluster.Endpoint) bool { return p.Ready })
}
