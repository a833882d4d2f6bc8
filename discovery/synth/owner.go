package synth

import (
	"strings"

	"github.com/fedns/fedns/discovery/cluster"
	"github.com/fedns/fedns/dnsserver/dnsname"
)

// Level is the family of names that an owner name belongs to: stable words of the
// configuration and the API.
type Level string

// The levels. Zone, Region and Global are those of federation names.
const (
	LevelShort      Level = "Short"
	LevelClusterSet Level = "ClusterSet"
	LevelZone       Level = "Zone"
	LevelRegion     Level = "Region"
	LevelGlobal     Level = "Global"
	LevelHost       Level = "Host"
)

// Service tells by the form of an owner name which Service it would be of, or that
// it would be a host; false: of none. Reverse names do not tell.
func (s *Synthesizer) Service(owner dnsname.Name) (cluster.ServiceKey, bool) {
	key, _, ok := s.Origin(owner)
	return key, ok
}

// Origin is Service that also tells the level.
func (s *Synthesizer) Origin(owner dnsname.Name) (cluster.ServiceKey, Level, bool) {
	if key, ok := below(owner, s.short); ok {
		return key, LevelShort, true
	}
	if key, ok := below(owner, s.clusterSet); ok {
		return key, LevelClusterSet, true
	}
	for i := range s.levels {
		if key, ok := below(owner, s.levels[i].suffix); ok {
			return key, s.levels[i].name(), true
		}
	}
	if s.holdsHosts(owner) && s.reserved(owner) == "" {
		return cluster.HostKey(strings.TrimSuffix(owner.String(), ".")), LevelHost, true
	}
	return cluster.ServiceKey{}, "", false
}

// name is the level's own.
func (l *level) name() Level {
	switch {
	case l.zone != "":
		return LevelZone
	case l.region != "":
		return LevelRegion
	}
	return LevelGlobal
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
