package inmemory

import (
	"fmt"

	"github.com/fedns/fedns/dnsserver/zone"
	"github.com/fedns/fedns/providers/hosted"
)

// admit refuses what no server would take, whatever it holds. s.mu is held.
func (s *Server) admit(b hosted.Batch) error {
	seen := make(map[hosted.Key]bool, len(b.Changes))
	for _, c := range b.Changes {
		k := c.Key()
		switch why := s.limits.Check(c.New); {
		case why != "":
			return &hosted.RefusedError{Key: &k, Reason: why}
		case s.poison != nil && s.poison(c.New) != "":
			return &hosted.RefusedError{Key: &k, Reason: s.poison(c.New)}
		case !k.Owner.Under(s.apex):
			return &hosted.RefusedError{Key: &k, Reason: "the name is not in the zone " + s.apex.String()}
		case k.Owner == s.apex && (k.Type == zone.TypeSOA || k.Type == zone.TypeNS) && c.New.IsEmpty():
			return &hosted.RefusedError{Key: &k, Reason: "a zone has to have SOA and NS at its apex"}
		case seen[k]:
			return &hosted.RefusedError{Key: &k, Reason: "the batch has two changes of it"}
		case !c.Old.IsEmpty() && c.Old.Key != k:
			return &hosted.RefusedError{Key: &k, Reason: "the change is of " + hosted.KeyString(c.Old.Key) + " as well"}
		}
		seen[k] = true
	}
	for _, d := range s.limits.Batch {
		total := 0
		for _, c := range b.Changes {
			total += d.Cost(c)
		}
		if total > d.Max {
			return &hosted.RefusedError{Reason: fmt.Sprintf("the batch has %d %s, at most %d are allowed", total, d.Name, d.Max)}
		}
	}
	return nil
}

// alone refuses what a Batch would leave behind: a CNAME beside something else
// (RFC 1034 §3.6.2), at the apex too, where there is an SOA. s.mu is held.
func (s *Server) alone(b hosted.Batch) error {
	for _, c := range b.Changes {
		k := hosted.Key{Owner: c.Key().Owner, Type: zone.TypeCNAME}
		if _, ok := s.entries[k]; ok && s.types[k.Owner] > 1 {
			k = c.Key()
			return &hosted.RefusedError{Key: &k, Reason: "the name would have a CNAME and something else"}
		}
	}
	return nil
}
