package forward

import (
	"sync"
	"time"

	"github.com/hashicorp/golang-lru/v2/simplelru"

	"github.com/fedns/fedns/dnsserver/zone"
)

// cache keeps answers, the ones used last, within a number of entries and of
// octets. Safe for concurrent use; its lock is never held for long.
type cache struct {
	mu     sync.Mutex
	lru    *simplelru.LRU[zone.Key, *entry]
	octets int
	limit  int // of octets
}

func newCache(size, octets int) (*cache, error) {
	c := &cache{limit: octets}
	var err error
	c.lru, err = simplelru.NewLRU(size, func(_ zone.Key, e *entry) { c.octets -= e.size })
	return c, err
}

// state is what an entry is good for.
type state int

const (
	none  state = iota // ask
	fresh              // answer with it
	stale              // ask, and answer with it if that fails
	held               // stale, and asked for in vain just now: answer with it, do not ask
)

// glance is what the cache says at one moment.
type glance struct {
	answer  Answer
	state   state
	refresh bool // its time is nearly over: ask, without waiting
}

// look finds the answer for key. Refresh is said once.
func (c *cache) look(key zone.Key, now time.Time) glance {
	c.mu.Lock()
	defer c.mu.Unlock()
	e, ok := c.lru.Get(key)
	switch {
	case !ok:
		return glance{}
	case now.Before(e.expires):
		g := glance{e.aged(now), fresh, e.due(now)}
		e.refreshed = e.refreshed || g.refresh
		return g
	case !now.Before(e.staleUntil):
		c.lru.Remove(key)
		return glance{}
	case now.Before(e.retry):
		return glance{answer: e.old(), state: held}
	}
	return glance{answer: e.old(), state: stale}
}

// store puts e in place of what was there, even if e is over already.
func (c *cache) store(key zone.Key, e *entry) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.lru.Remove(key)
	if !e.stored.Before(e.staleUntil) {
		return
	}
	c.octets += e.size
	c.lru.Add(key, e)
	for c.octets > c.limit {
		c.lru.RemoveOldest()
	}
}

// fail notes that no upstream had an answer: what is there stays as it is and
// is not asked for again before hold has passed; where nothing is, there will be
// SERVFAIL for a moment (RFC 9520 §3.2).
func (c *cache) fail(key zone.Key, now time.Time) {
	c.mu.Lock()
	if e, ok := c.lru.Peek(key); ok && now.Before(e.staleUntil) {
		e.retry = now.Add(hold)
		c.mu.Unlock()
		return
	}
	c.mu.Unlock()
	c.store(key, newFailure(now))
}

// flush forgets everything.
func (c *cache) flush() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.lru.Purge()
}

// size is how many entries there are, and how many octets they take.
func (c *cache) size() (entries, octets int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.lru.Len(), c.octets
}
