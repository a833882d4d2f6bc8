package forward

import "sync/atomic"

// Stats is what a Resolver has done since New, and what it has under way.
type Stats struct {
	Hits           uint64 // answers from the cache that had not expired; Cached and Resolve
	Misses         uint64 // calls of Resolve that needed an upstream
	Stale          uint64 // answers given past their TTL
	Prefetches     uint64 // refreshes begun before the TTL passed
	Coalesced      uint64 // calls of Resolve that joined a flight under way
	Busy           uint64 // calls of Resolve past a bound, stale answers among them
	UpstreamErrors uint64 // tries that brought no answer

	InFlight, Waiting int // names being asked for, callers that wait
	Entries, Octets   int // of the cache
}

type counters struct {
	hits, misses, stale, prefetches, coalesced, busy, upstreamErrors atomic.Uint64
}

// Stats reads the counters, one by one.
func (r *Resolver) Stats() Stats {
	c := &r.stats
	s := Stats{
		Hits: c.hits.Load(), Misses: c.misses.Load(), Stale: c.stale.Load(), Prefetches: c.prefetches.Load(),
		Coalesced: c.coalesced.Load(), Busy: c.busy.Load(), UpstreamErrors: c.upstreamErrors.Load(),
	}
	s.Entries, s.Octets = r.cache.size()
	r.mu.Lock()
	defer r.mu.Unlock()
	s.InFlight, s.Waiting = len(r.flights), r.waiting
	return s
}
