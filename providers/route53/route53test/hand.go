package route53test

import (
	"fmt"
	"maps"
	"slices"
)

// AddZone makes a hosted zone with the SOA and NS records that the service gives
// it, and returns its ID. A private one may have the name of a public one.
func (s *Simulator) AddZone(name string, private bool) string {
	canonical, err := canonicalName(name)
	if err != nil {
		panic("route53test: " + err.Error())
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	z := &hostedZone{
		id: fmt.Sprintf("Z%013dSIM", s.next()), name: canonical, private: private,
		sets: map[setKey]*set{}, at: map[string]int{},
	}
	s.zones[z.id] = z
	s.order = append(s.order, z.id)
	z.begin()
	return z.id
}

// RemoveZone takes a hosted zone away, with all that is in it.
func (s *Simulator) RemoveZone(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.zones, id)
	s.order = slices.DeleteFunc(s.order, func(o string) bool { return o == id })
}

// begin gives a hosted zone its own records.
func (z *hostedZone) begin() {
	for _, r := range []RecordSet{
		{Name: z.name, Type: "NS", TTL: TTL(172800), Values: []string{
			"ns-2048.awsdns-64.com.", "ns-2049.awsdns-65.net.", "ns-2050.awsdns-66.org.", "ns-2051.awsdns-67.co.uk.",
		}},
		{Name: z.name, Type: "SOA", TTL: TTL(900), Values: []string{
			"ns-2048.awsdns-64.com. awsdns-hostmaster.amazon.com. 1 7200 900 1209600 86400",
		}},
	} {
		s, _ := r.check()
		z.put(s.key(), s)
	}
}

// AddAliasZone makes a hosted zone of somebody else's known that aliases may
// target, by the suffix of its names.
func (s *Simulator) AddAliasZone(id, suffix string) {
	canonical, err := canonicalName(suffix)
	if err != nil {
		panic("route53test: " + err.Error())
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.targets[id] = canonical
}

// Edit makes a batch as somebody else: by the same rules, but neither counted nor
// throttled, and never going wrong otherwise.
func (s *Simulator) Edit(zoneID string, changes ...Change) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.settle(s.cfg.Now())
	z, f := s.zone(zoneID)
	if f == nil {
		f = s.apply(z, changes)
	}
	if f != nil {
		return f
	}
	return nil
}

// Empty takes everything out of a hosted zone but what the service put there.
func (s *Simulator) Empty(zoneID string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if z, f := s.zone(zoneID); f == nil {
		z.sets, z.at, z.keys = map[setKey]*set{}, map[string]int{}, nil
		z.begin()
	}
}

// RecordSets are those of a hosted zone, in the order in which they are listed.
// What is to be done later and is due is done first.
func (s *Simulator) RecordSets(zoneID string) []RecordSet {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.settle(s.cfg.Now())
	z, f := s.zone(zoneID)
	if f != nil {
		return nil
	}
	all := make([]RecordSet, 0, len(z.keys))
	for _, k := range z.keys {
		r := z.sets[k].RecordSet
		r.Values = slices.Clone(r.Values)
		all = append(all, r)
	}
	return all
}

// HealthCheck is one of the account.
type HealthCheck struct {
	ID, CallerReference string
	Config              HealthCheckConfig
	Tags                map[string]string
}

// HealthChecks are the account's, as created.
func (s *Simulator) HealthChecks() []HealthCheck {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []HealthCheck
	for _, id := range s.checkIDs {
		h := s.checks[id]
		all = append(all, HealthCheck{id, h.reference, h.config, maps.Clone(h.tags)})
	}
	return all
}

// AddHealthCheck makes one as somebody else, and returns its ID.
func (s *Simulator) AddHealthCheck(reference string, c HealthCheckConfig) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := s.next()
	h := &healthCheck{id: fmt.Sprintf("%08x-0000-4000-8000-%012x", n, n), reference: reference, config: c, tags: map[string]string{}}
	s.checks[h.id], s.used[reference] = h, h.id
	s.checkIDs = append(s.checkIDs, h.id)
	return h.id
}

// TTL is a pointer, as RecordSet wants one.
func TTL(seconds int64) *int64 { return &seconds }

// Simple is a record set without a routing policy.
func Simple(name, typ string, ttl int64, values ...string) RecordSet {
	return RecordSet{Name: name, Type: typ, TTL: TTL(ttl), Values: values}
}

// Create is an element of a batch.
func Create(r RecordSet) Change { return Change{"CREATE", r} }

// Delete is Create's opposite.
func Delete(r RecordSet) Change { return Change{"DELETE", r} }

// Upsert creates or replaces.
func Upsert(r RecordSet) Change { return Change{"UPSERT", r} }
