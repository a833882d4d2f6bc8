package stream

import (
	"net/netip"
	"sync"
)

// Places counts what clients have open at once, all together and each of them. A
// client is an IPv4 address, or an IPv6 network of 64 bits: whoever has one
// address of that has all. It is safe for concurrent use.
type Places struct {
	all, each int

	mu    sync.Mutex
	taken int
	by    map[netip.Addr]int
}

// whose is the client that an address belongs to.
func whose(a netip.Addr) netip.Addr {
	if a.Is4In6() {
		return a.Unmap()
	}
	if a.Is6() {
		if p, err := a.WithZone("").Prefix(64); err == nil {
			return p.Addr()
		}
	}
	return a
}

// NewPlaces has as many as all, of which one client address gets each at most.
func NewPlaces(all, each int) *Places {
	return &Places{all: all, each: each, by: map[netip.Addr]int{}}
}

// Take takes a place for client; false when none is left for it.
func (p *Places) Take(client netip.Addr) bool {
	client = whose(client)
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
	client = whose(client)
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
	client = whose(client)
	p.mu.Lock()
	defer p.mu.Unlock()
	return 2*p.by[client] > p.each
}
