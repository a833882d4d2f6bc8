package forward

import (
	"net/netip"
	"sync"

	"github.com/fedns/fedns/dnsserver/zone"
)

// traffic is what is under way, and on whose account. Its methods want mu held, but for land and stop.
type traffic struct {
	mu      sync.Mutex
	stopped bool
	flights map[zone.Key]*flight
	waiting int
	clients map[netip.Prefix]account // of those that have anything under way
	bound   int                      // of flights; waitingPerFlight times as many may wait
}

// account is what one client has under way.
type account struct{ flights, waiting int }

// background is the account of refreshes, which no client has: they get one
// client's share.
var background = netip.PrefixFrom(netip.IPv4Unspecified(), 0)

// clientOf is whom an address stands for: itself, or the /64 that one host can
// have all of. The zero Addr stands for nobody.
func clientOf(a netip.Addr) netip.Prefix {
	if !a.IsValid() {
		return netip.Prefix{}
	}
	a = a.Unmap().WithZone("")
	bits := 32
	if a.Is6() {
		bits = 64
	}
	p, _ := a.Prefix(bits)
	return p
}

func newTraffic(bound int) traffic {
	return traffic{flights: make(map[zone.Key]*flight), clients: make(map[netip.Prefix]account), bound: bound}
}

// part is one client's part of a bound.
func part(bound int) int { return max(bound/share, 1) }

// wait makes who wait, if it may.
func (t *traffic) wait(who netip.Prefix) bool {
	bound := t.bound * waitingPerFlight
	if t.waiting >= bound || who.IsValid() && t.clients[who].waiting >= part(bound) {
		return false
	}
	t.waiting++
	t.charge(who, 0, 1)
	return true
}

// leave is the end of wait.
func (t *traffic) leave(who netip.Prefix) {
	t.waiting--
	t.charge(who, 0, -1)
}

// mayFly says that a flight may start on who's account.
func (t *traffic) mayFly(who netip.Prefix) bool {
	return len(t.flights) < t.bound && (!who.IsValid() || t.clients[who].flights < part(t.bound))
}

func (t *traffic) takeOff(key zone.Key, who netip.Prefix, f *flight) {
	t.flights[key] = f
	t.charge(who, 1, 0)
}

// land ends a flight. It takes mu itself.
func (t *traffic) land(key zone.Key, who netip.Prefix) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.flights, key)
	t.charge(who, -1, 0)
}

func (t *traffic) charge(who netip.Prefix, flights, waiting int) {
	if !who.IsValid() {
		return
	}
	a := t.clients[who]
	a.flights += flights
	a.waiting += waiting
	if a == (account{}) {
		delete(t.clients, who)
		return
	}
	t.clients[who] = a
}

// stop lets nothing new begin.
func (t *traffic) stop() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.stopped = true
}
