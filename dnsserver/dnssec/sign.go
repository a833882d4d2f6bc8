package dnssec

import (
	"fmt"

	"github.com/fedns/fedns/dnsserver/zone"
)

// Sign returns the RRSIG RRset over r, an RRset that the zone holds or an NSEC
// from Deny: one signature by each key whose role it is, and of each algorithm
// (RFC 4035 §2.2). RDATA must be canonical. The TTL is r's; a caller that
// lowers r's TTL in the answer lowers this one too and signs r as it was.
//
// It is ErrBudget when no signature is at hand and the budget is spent, ErrNoKey
// when the zone is not signed.
func (s *Signer) Sign(r zone.RRset) (zone.RRset, error) {
	if r.Type == zone.TypeNSEC {
		return s.sign(s.made, r)
	}
	return s.sign(s.own, r)
}

// SignExpanded is Sign for an RRset that a query made up: the expansion of a
// wildcard, owned by the query name. It counts as a denial does.
func (s *Signer) SignExpanded(r zone.RRset) (zone.RRset, error) { return s.sign(s.made, r) }

func (s *Signer) sign(shelf *shelf, r zone.RRset) (zone.RRset, error) {
	now := s.now()
	t := now.Unix()
	roster := s.rosterAt(now)
	by := roster.signersOf(r.Type)
	if by == nil {
		return zone.RRset{}, ErrNoKey
	}
	was, found := shelf.cache.Get(r)
	if found {
		if !was.used.Load() {
			was.used.Store(true)
		}
		if was.current(by, t) {
			return was.sigs, nil
		}
		if next := was.next.Load(); next != nil && next.current(by, t) {
			shelf.put(r, next)
			return next.sigs, nil
		}
	}
	if free := r.Owner == s.apex && shelf == s.own; !free && !shelf.budget.take(now) {
		if found && was.sound(roster, now) {
			return was.sigs, nil
		}
		return zone.RRset{}, ErrBudget
	}
	e, err := s.make(r, by, t)
	if err != nil {
		return zone.RRset{}, err
	}
	shelf.put(r, e)
	return e.sigs, nil
}

// make signs r as is right at t, in seconds since 1970.
func (s *Signer) make(r zone.RRset, by *signers, t int64) (*entry, error) {
	if r.IsEmpty() || r.Type == zone.TypeRRSIG || !r.Owner.Under(s.apex) {
		return nil, fmt.Errorf("signing %s: nothing to sign at %s %s", s.apex, r.Owner, zone.TypeString(r.Type))
	}
	w := s.schedule.window(r.Owner, r.Type, t)
	sigs, err := rrsigs(s.apex, r, by, w, s.schedule.skew)
	return &entry{sigs: sigs, by: by, window: w}, err
}
