package synth

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/fedns/fedns/discovery/cluster"
	"github.com/fedns/fedns/dnsserver/dnsname"
)

// Place is where a member cluster is. Without a region its zones have no name.
type Place struct {
	Region string
	Zones  []string
}

// Equal says that two places are the same.
func (p Place) Equal(q Place) bool { return p.Region == q.Region && slices.Equal(p.Zones, q.Zones) }

// level is one rung of a ladder of federation names.
type level struct {
	of           Ladder
	region, zone string       // empty: global, or a region
	suffix       dnsname.Name // <federation>.svc.[<zone>.][<region>.]<domain>
	up           int          // index of the level that an empty one points to
	ttl          uint32
}

// holds says that a cluster at p contributes to the level.
func (l *level) holds(p Place) bool {
	if l.region == "" {
		return true
	}
	return l.region == p.Region && (l.zone == "" || slices.Contains(p.Zones, l.zone))
}

// Place is where a member cluster is, as names have it.
func (s *Synthesizer) Place(id cluster.ID) Place { return s.places[id] }

// SameLadder says that both give every Service the same federation names, as long
// as they are of one Federation.
func (s *Synthesizer) SameLadder(o *Synthesizer) bool { return slices.Equal(s.levels, o.levels) }

// setPlaces keeps of each place what can stand in a name.
func (s *Synthesizer) setPlaces(places map[cluster.ID]Place) []Finding {
	var found []Finding
	for _, id := range slices.Sorted(maps.Keys(places)) {
		p, texts := places[id].named()
		s.places[id] = p
		for _, t := range texts {
			found = append(found, Finding{id, t})
		}
	}
	return found
}

// named is the place in lower case, without what is no DNS label, its zones
// sorted; and what was left out.
func (p Place) named() (q Place, left []string) {
	if p.Region != "" {
		if q.Region = strings.ToLower(p.Region); !cluster.IsLabel(q.Region) {
			left = append(left, fmt.Sprintf("region %q is not a DNS label: the cluster stands in no region", p.Region))
			q.Region = ""
		}
	}
	for _, z := range p.Zones {
		label := strings.ToLower(z)
		switch {
		case z == "":
		case q.Region == "":
			left = append(left, fmt.Sprintf("zone %q has no name: the region is not known", z))
		case !cluster.IsLabel(label):
			left = append(left, fmt.Sprintf("zone %q is not a DNS label: it has no name", z))
		default:
			q.Zones = append(q.Zones, label)
		}
	}
	slices.Sort(q.Zones)
	q.Zones = slices.Compact(q.Zones)
	return q, left
}

// setLevels lays out a ladder: every region and zone that any member is in.
func (s *Synthesizer) setLevels(of Ladder) []Finding {
	regions := map[string]map[string]bool{}
	for _, p := range s.places {
		if p.Region == "" {
			continue
		}
		if regions[p.Region] == nil {
			regions[p.Region] = map[string]bool{}
		}
		for _, z := range p.Zones {
			regions[p.Region][z] = true
		}
	}
	var found []Finding
	add := func(l level) (index int) {
		l.of = of
		suffix, err := l.full()
		if err != nil {
			found = append(found, Finding{Text: fmt.Sprintf("federation names at %q are off: %v", cmp.Or(l.zone, l.region, "global"), err)})
			return -1
		}
		l.suffix = suffix
		s.levels = append(s.levels, l)
		return len(s.levels) - 1
	}
	top := add(level{ttl: s.fed.TTL.Global})
	if top < 0 {
		return found // all others are longer
	}
	for _, r := range slices.Sorted(maps.Keys(regions)) {
		up := add(level{region: r, up: top, ttl: s.fed.TTL.Region})
		if up < 0 {
			continue
		}
		for _, z := range slices.Sorted(maps.Keys(regions[r])) {
			add(level{region: r, zone: z, up: up, ttl: s.fed.TTL.Zone})
		}
	}
	return found
}

// full is the level's suffix.
func (l *level) full() (n dnsname.Name, err error) {
	n = l.of.Domain
	for _, label := range []string{l.region, l.zone, "svc"} {
		if label == "" {
			continue
		}
		if n, err = n.Child(label); err != nil {
			return dnsname.Name{}, err
		}
	}
	return l.of.Name.Replace(dnsname.Root, n)
}
