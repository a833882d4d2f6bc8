package route53test

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
)

// maxWeighted is how many weighted record sets one name and type may have.
const maxWeighted = 100

// left says what is wrong with what a batch leaves at the names that it changed.
func (s *Simulator) left(t staged) []string {
	names := map[string]bool{}
	for k := range t.changed {
		names[k.order] = true
	}
	var wrong []string
	for _, order := range slices.Sorted(maps.Keys(names)) {
		sets := t.named(order)
		slices.SortFunc(sets, func(a, b *set) int {
			return cmp.Or(cmp.Compare(a.Type, b.Type), cmp.Compare(a.SetIdentifier, b.SetIdentifier))
		})
		wrong = append(wrong, apex(t, order, sets)...)
		wrong = append(wrong, cnames(t, sets)...)
		for len(sets) > 0 {
			n := 1
			for n < len(sets) && sets[n].Type == sets[0].Type {
				n++
			}
			wrong = append(wrong, together(t, sets[:n])...)
			sets = sets[n:]
		}
	}
	for _, k := range slices.SortedFunc(maps.Keys(t.changed), compare) {
		if n := t.changed[k]; n != nil && n.AliasTarget != nil {
			wrong = append(wrong, s.alias(t, n)...)
		}
	}
	return wrong
}

// apex says what is wrong at the hosted zone's own name.
func apex(t staged, order string, sets []*set) []string {
	if order != listOrder(t.zone.name) {
		return nil
	}
	var wrong []string
	has := func(typ string) bool { return slices.ContainsFunc(sets, func(s *set) bool { return s.Type == typ }) }
	if !has("SOA") {
		wrong = append(wrong, "A HostedZone must contain exactly one SOA record.")
	}
	if !has("NS") {
		wrong = append(wrong, "A HostedZone must contain at least one NS record for the zone itself.")
	}
	if has("CNAME") {
		wrong = append(wrong, fmt.Sprintf("RRSet of type CNAME with DNS name %s is not permitted at apex in zone %s", t.zone.name, t.zone.name))
	}
	return wrong
}

// cnames says which record sets are beside a CNAME.
func cnames(t staged, sets []*set) []string {
	i := slices.IndexFunc(sets, func(s *set) bool { return s.Type == "CNAME" })
	if i < 0 || sets[i].Name == t.zone.name || !slices.ContainsFunc(sets, func(s *set) bool { return s.Type != "CNAME" }) {
		return nil
	}
	if t.changed[sets[i].key()] != nil {
		return []string{fmt.Sprintf("RRSet of type CNAME with DNS name %s is not permitted as it conflicts with other records with the same DNS name in zone %s", sets[i].Name, t.zone.name)}
	}
	var wrong []string
	for _, s := range sets {
		if s.Type != "CNAME" && t.changed[s.key()] != nil {
			wrong = append(wrong, fmt.Sprintf("RRSet of type %s with DNS name %s is not permitted because a conflicting RRSet of type  CNAME with the same DNS name already exists in zone %s", s.Type, s.Name, t.zone.name))
		}
	}
	return wrong
}

// together says what is wrong among the record sets of one name and type. What was
// written is told of.
func together(t staged, sets []*set) []string {
	if len(sets) == 1 && sets[0].policy() == "" {
		return nil
	}
	var wrong []string
	for _, s := range sets {
		if t.changed[s.key()] == nil {
			continue
		}
		what := fmt.Sprintf("RRSet with DNS name %s, type %s", s.Name, s.Type)
		if s.SetIdentifier != "" {
			what += ", SetIdentifier " + s.SetIdentifier
		}
		if s.policy() != "" && (s.Type == "NS" || s.Type == "SOA") {
			wrong = append(wrong, fmt.Sprintf("%s cannot be created: routing policies are not supported for this type", what))
		}
		for _, o := range sets {
			if o == s {
				continue
			}
			if why := beside(s, o); why != "" {
				wrong = append(wrong, what+" "+why)
				break
			}
		}
		if s.Weight != nil && len(sets) > maxWeighted {
			wrong = append(wrong, fmt.Sprintf("%s cannot be created as there can be at most %d weighted sets with the same name and type", what, maxWeighted))
		}
	}
	return wrong
}

// beside says why a record set cannot be beside another of its name and type.
func beside(s, o *set) string {
	mine, others := s.policy(), o.policy()
	switch {
	case mine == "":
		return "cannot be created as other RRSets exist with the same name and type."
	case mine != others && mine == "multivalue answer":
		return "cannot be created because a non multivalue answer rrset exists with the same name and type."
	case mine != others:
		return fmt.Sprintf("cannot be created as a non-%s set exists with the same name and type.", mine)
	case mine == "weighted" && s.AliasTarget == nil && o.AliasTarget == nil && !equal(s.TTL, o.TTL):
		return "cannot be created as weighted sets must contain the same TTL."
	case mine == "latency" && s.Region == o.Region:
		return fmt.Sprintf("and region name %s cannot be created as a latency set with the same region name already exists.", s.Region)
	case mine == "geolocation" && *s.GeoLocation == *o.GeoLocation:
		return "cannot be created as a geolocation set with the same location already exists."
	case mine == "failover" && s.Failover == o.Failover:
		return fmt.Sprintf("cannot be created as a failover %s set with the same name and type already exists.", s.Failover)
	}
	return ""
}

// alias says what is wrong with an alias' target.
func (s *Simulator) alias(t staged, n *set) []string {
	a := n.AliasTarget
	tried := fmt.Sprintf("Tried to create an alias that targets %s, type %s in zone %s, ", a.DNSName, n.Type, a.HostedZoneID)
	suffix, known := s.targets[a.HostedZoneID]
	if z := s.zones[a.HostedZoneID]; z != nil {
		suffix, known = z.name, true
	}
	switch {
	case !known:
		return []string{tried + "but the alias target name does not lie within the target zone", tried + "but that target was not found"}
	case !under(a.DNSName, suffix):
		return []string{tried + "but the alias target name does not lie within the target zone"}
	case a.HostedZoneID != t.zone.id:
		return nil
	}
	for _, o := range t.named(listOrder(a.DNSName)) {
		if o.Type == n.Type && o != n {
			return nil
		}
	}
	return []string{tried + "but that target was not found"}
}
