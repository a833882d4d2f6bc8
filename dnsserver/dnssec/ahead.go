package dnssec

import (
	"context"
	"time"

	"github.com/fedns/fedns/dnsserver/zone"
)

// lead is how long before a signature is due, or a key's time comes, Ahead makes
// the next; beat is how often Run does. A wave's hot names are done within some beats.
const (
	lead = time.Minute
	beat = 10 * time.Second
)

// Ahead makes the next signature of up to limit cached RRsets that were asked
// for since theirs was made and that change hands within a minute: theirs is
// due, or another key's time comes. So no query waits for a hot name's
// signature. It returns how many it made.
func (s *Signer) Ahead(limit int) int {
	then := s.now().Add(lead)
	t := then.Unix()
	r := s.roster.Load()
	if !r.covers(then) {
		r = newRoster(s.apex, r.all, s.ttl, then)
	}
	made := 0
	for _, shelf := range []*shelf{s.own, s.made} {
		for _, rrset := range shelf.cache.Keys() {
			if made == limit {
				return made
			}
			if s.renew(shelf, rrset, r, t) {
				made++
			}
		}
	}
	return made
}

// renew makes the signature that rrset is to have at t, unless it has it or
// nobody asked for it.
func (s *Signer) renew(shelf *shelf, rrset zone.RRset, r *roster, t int64) bool {
	by := r.signersOf(rrset.Type)
	e, ok := shelf.cache.Peek(rrset)
	if by == nil || !ok || !e.used.Load() || e.current(by, t) {
		return false
	}
	if next := e.next.Load(); next != nil && next.current(by, t) {
		return false
	}
	next, err := s.make(rrset, by, t)
	if err != nil {
		return false // the query that needs it is told
	}
	e.next.Store(next)
	return true
}

// Run calls Ahead every ten seconds until ctx ends, for at most a quarter of
// what ZoneBudget allows in a second. The owner runs it in a goroutine of its own.
func (s *Signer) Run(ctx context.Context) {
	tick := time.NewTicker(beat)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			s.Ahead(s.renewals)
		}
	}
}
