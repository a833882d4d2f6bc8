package stream

import (
	"net/netip"
	"sync"
)

// Places counts what clients have open at once, all together and each of them.
// It is safe for concurrent use.
type Places struct {
	all, each int

	mu    sync.Mutex
	taken int
	by    map[netip.Addr]int
}

// NewPlaces has as many as all, of which one client address gets each at most.
func NewPlaces(all, each int) *Places {
	return &Places{all: all, each: each, by: map[netip.Addr]int{}}
}

// Take takes a place for client; false when none is left for it.
func (p *Places) Take(client netip.Addr) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.taken >= p.all || p.by[client] >= p.each {
		return false
	}
	p.taken++
	p.by[client]++
	return true
}

// Give gives one of client's places back.
func (p *Places) Give(client netip.Addr) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.taken--
	if p.by[client]--; p.by[client] == 0 {
		delete(p.by, client)
	}
}

// Taken counts the places that are taken.
func (p *Places) Taken() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.taken
}

// Crowded says that more than half of all places are taken.
func (p *Places) Crowded() bool { return 2*p.Taken() > p.all }

// CrowdedBy says that client has more than half of what one may have.
func (p *Places) CrowdedBy(client netip.Addr) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return 2*p.by[client] > p.each
}
