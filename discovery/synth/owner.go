package synth

import (
	"github.com/fedns/fedns/discovery/cluster"
	"github.com/fedns/fedns/dnsserver/dnsname"
)

// Service tells by the form of an owner name which Service it would be of; false:
// of none. Reverse names do not tell.
func (s *Synthesizer) Service(owner dnsname.Name) (cluster.ServiceKey, bool) {
	if key, ok := below(owner, s.short); ok {
		return key, true
	}
	if key, ok := below(owner, s.clusterSet); ok {
		return key, true
	}
	for i := range s.levels {
		if key, ok := below(owner, s.levels[i].suffix); ok {
			return key, true
		}
	}
	return cluster.ServiceKey{}, false
}

// below takes the two labels before a suffix for a namespace and a service.
func below(owner, suffix dnsname.Name) (key cluster.ServiceKey, ok bool) {
	if suffix.IsZero() || !owner.Under(suffix) {
		return key, false
	}
	for n := owner; n != suffix; n = n.Parent() {
		w := n.Wire()
		key.Name, key.Namespace = key.Namespace, w[1:1+w[0]]
	}
	return key, key.Name != ""
}
