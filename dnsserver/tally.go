package dnsserver

import (
	"net/netip"

	"github.com/fedns/fedns/dnsserver/answer"
	"github.com/fedns/fedns/dnsserver/policy"
	"github.com/fedns/fedns/dnsserver/wire"
)

// tally is what was answered on one address, or by one of its UDP readers.
type tally struct {
	transport policy.Transport
	addr      netip.AddrPort
	counts    *answer.Counts
}

// tally makes counters for what comes in on an address.
func (s *Server) tally(t policy.Transport, addr netip.AddrPort) *answer.Counts {
	c := &answer.Counts{}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tallies = append(s.tallies, tally{t, addr, c})
	return c
}

// Counts lists the counters of a transport, to be read only and added up.
func (s *Server) Counts(t policy.Transport) []*answer.Counts {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := []*answer.Counts{s.countsOf(t)}
	for _, y := range s.tallies {
		if y.transport == t {
			all = append(all, y.counts)
		}
	}
	return all
}

// countsOf is what all Workers of a transport share that finish answers.
func (s *Server) countsOf(t policy.Transport) *answer.Counts { return &s.counts[t] }

// ListenerStatus is what can be told of an address that is listened on by one
// transport. Answers that took time are not among its counts.
type ListenerStatus struct {
	Transport   string            `json:"transport"`
	Address     string            `json:"address"`
	Responses   uint64            `json:"responses"`
	Rcodes      map[string]uint64 `json:"rcodes"` // of Responses, those that there are
	Truncated   uint64            `json:"truncated"`
	Dropped     uint64            `json:"dropped"`               // messages that were owed no response
	Sockets     []uint64          `json:"sockets,omitempty"`     // over UDP: Responses of each reader's socket
	KernelDrops *uint64           `json:"kernelDrops,omitempty"` // over UDP: queries that found the sockets' buffers full
	Connections *int              `json:"connections,omitempty"` // open now; not over UDP
	Accepted    *uint64           `json:"accepted,omitempty"`    // connections served
	Refused     *uint64           `json:"refused,omitempty"`     // connections closed at once because a bound was reached
}

// kernelDrops is what UDP listeners tell beside what was answered.
type kernelDrops interface{ KernelDrops() uint64 }

// Listeners tells of each address that is listened on, in the order in which
// they were opened.
func (s *Server) Listeners() []ListenerStatus {
	s.mu.Lock()
	defer s.mu.Unlock()
	list := []ListenerStatus{}
	for _, l := range s.listeners {
		st := ListenerStatus{Transport: l.transport.String(), Address: l.socket.Addr().String(), Rcodes: map[string]uint64{}}
		for _, y := range s.tallies {
			if y.transport == l.transport && (y.addr == l.socket.Addr() || y.addr.Port() == 0 && y.addr.Addr() == l.socket.Addr().Addr()) {
				st.add(y.counts)
			}
		}
		switch k := l.socket.(type) {
		case kernelDrops:
			n := k.KernelDrops()
			st.KernelDrops = &n
		case connections:
			open, accepted, refused := k.Open(), k.Accepted(), k.Refused()
			st.Connections, st.Accepted, st.Refused = &open, &accepted, &refused
		}
		list = append(list, st)
	}
	return list
}

func (st *ListenerStatus) add(c *answer.Counts) {
	var all uint64
	for i := range c.Rcodes {
		if n := c.Rcodes[i].Load(); n > 0 {
			st.Rcodes[wire.Rcode(i).String()] += n
			all += n
		}
	}
	st.Responses += all
	st.Truncated += c.Truncated.Load()
	st.Dropped += c.Dropped.Load()
	if st.Transport == policy.UDP.String() {
		st.Sockets = append(st.Sockets, all)
	}
}

// KernelDrops counts the queries over UDP that found the sockets' buffers full.
func (s *Server) KernelDrops() uint64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	var n uint64
	for _, l := range s.listeners {
		if k, ok := l.socket.(kernelDrops); ok {
			n += k.KernelDrops()
		}
	}
	return n
}
