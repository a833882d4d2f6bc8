package forward

import (
	"slices"
	"time"

	"github.com/fedns/fedns/dnsserver/wire"
	"github.com/fedns/fedns/dnsserver/zone"
)

const (
	// staleTTL is the TTL in seconds of answers past theirs (RFC 8767 §4).
	staleTTL = 30
	// hold is how long a name is not asked for after that was in vain, while a
	// stale answer can be given (RFC 8767 §5, failure recheck timer).
	hold = 30 * time.Second
	// failFor is how long a failure is kept where there is no stale answer. RFC
	// 9520 §3.2 wants 1 s to 5 min.
	failFor = 5 * time.Second
	// lastPart: an answer asked for in the last tenth of its time is refreshed.
	lastPart = 10

	// What an entry takes beside its records: the entry itself, its place in the
	// list and in the map.
	entryOctets = 512
	// rrsetOctets is an RRset's header, in the entry and in the answer made from it.
	rrsetOctets = 2 * 48
)

// entry is an answer in the cache. The cache's lock guards it; the Answers it
// gives are never changed afterwards.
type entry struct {
	answer     Answer // with TTLs as of stored
	stored     time.Time
	expires    time.Time
	staleUntil time.Time // expires or later
	retry      time.Time // not asked for before
	refreshed  bool      // that it is due was said
	size       int       // octets

	shown Answer // answer as it was after age seconds, or, where age is negative, past its time
	age   int64
}

// newEntry makes an entry of what was found. A negative answer without SOA may be
// given once but not kept (RFC 2308 §5): its entry is over at once.
func (c *Config) newEntry(f found, now time.Time) *entry {
	ttl := uint32(1<<31 - 1)
	e := &entry{answer: Answer{Rcode: f.rcode, Next: f.next}, stored: now, size: entryOctets}
	for _, r := range f.answer {
		r.TTL = min(max(r.TTL, seconds(c.MinTTL)), seconds(c.MaxTTL))
		ttl = min(ttl, r.TTL)
		e.answer.Answer = append(e.answer.Answer, r)
	}
	if f.denied {
		if f.soa.IsEmpty() {
			ttl = 0
		} else {
			f.soa.TTL = negativeTTL(f.soa, c.NegativeMaxTTL)
			ttl = min(ttl, f.soa.TTL)
			e.answer.Authority = []zone.RRset{f.soa}
		}
	}
	for _, set := range [][]zone.RRset{e.answer.Answer, e.answer.Authority} {
		for _, r := range set {
			e.size += rrsetOctets + len(r.Owner.Wire())
			for d := range r.RDATA() {
				e.size += len(d) + 2
			}
		}
	}
	e.expires = now.Add(time.Duration(ttl) * time.Second)
	e.staleUntil = e.expires
	// A name that exists by now must not be denied for a day; BIND keeps NXDOMAIN no longer, either.
	if f.rcode == wire.NoError && (ttl > 0 || !f.denied) {
		e.staleUntil = e.expires.Add(c.Stale)
	}
	e.shown = e.answer
	return e
}

// newFailure is an entry for a name that nobody could resolve.
func newFailure(now time.Time) *entry {
	e := &entry{answer: Answer{Rcode: wire.ServFail}, stored: now, expires: now.Add(failFor), size: entryOctets}
	e.shown, e.staleUntil = e.answer, e.expires
	return e
}

// negativeTTL is how long a negative answer holds, in seconds: the lesser of the
// SOA's TTL and its minimum field (RFC 2308 §5), capped.
func negativeTTL(soa zone.RRset, limit time.Duration) uint32 {
	ttl := min(soa.TTL, seconds(limit))
	s, err := zone.ParseSOA(soa.First())
	if err != nil {
		return 0
	}
	return min(ttl, s.Minimum)
}

func seconds(d time.Duration) uint32 { return uint32(min(d/time.Second, 1<<31-1)) }

// due says that e should be refreshed, once.
func (e *entry) due(now time.Time) bool {
	return !e.refreshed && e.answer.Rcode == wire.NoError && !now.Before(e.retry) &&
		e.expires.Sub(now) <= e.expires.Sub(e.stored)/lastPart
}

// aged is the answer with TTLs counted down. It is made once a second at most.
func (e *entry) aged(now time.Time) Answer {
	if age := int64(now.Sub(e.stored) / time.Second); age != e.age {
		e.age = age
		e.shown = e.answer.with(func(ttl uint32) uint32 { return ttl - min(ttl, uint32(age)) })
	}
	return e.shown
}

// old is the answer past its time.
func (e *entry) old() Answer {
	if e.age >= 0 {
		e.age = -1
		e.shown = e.answer.with(func(uint32) uint32 { return staleTTL })
		e.shown.Stale = true
	}
	return e.shown
}

// with is a with other TTLs.
func (a Answer) with(ttl func(uint32) uint32) Answer {
	a.Answer, a.Authority = slices.Clone(a.Answer), slices.Clone(a.Authority)
	for _, set := range [][]zone.RRset{a.Answer, a.Authority} {
		for i := range set {
			set[i].TTL = ttl(set[i].TTL)
		}
	}
	return a
}
