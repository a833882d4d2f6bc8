package dnsserver

import (
	"context"
	"net/netip"
	"time"

	"github.com/fedns/fedns/dnsserver/answer"
	"github.com/fedns/fedns/dnsserver/dnsname"
	"github.com/fedns/fedns/dnsserver/policy"
	"github.com/fedns/fedns/dnsserver/transfer"
	"github.com/fedns/fedns/dnsserver/wire"
)

// patience is how long a client is taken to wait for a name that others have to
// be asked for.
const patience = 8 * time.Second

// SetForwarder has names outside of the zones resolved: see answer.Engine.
func (s *Server) SetForwarder(f answer.Forwarder, everything bool) {
	s.engine.SetForwarder(f, everything)
}

// finish gives the answers that a transport's Workers put off.
func (s *Server) finish(t policy.Transport) func(context.Context, []byte, netip.AddrPort, func([]byte) error) {
	return func(ctx context.Context, query []byte, from netip.AddrPort, send func([]byte) error) {
		var q wire.Query
		if q.Parse(query); q.Type == wire.TypeAXFR || q.Type == wire.TypeIXFR {
			s.transfer(t, &q, query, from, s.engine.Observing(t, query, from, send))
			return
		}
		ctx, cancel := context.WithTimeout(ctx, patience)
		defer cancel()
		w := s.finisher[t].Get().(*answer.Worker)
		w.Finish(ctx, query, from, send)
		s.finisher[t].Put(w)
	}
}

// transfer sends a zone, or what changed in it; that the client may have it was
// found before.
func (s *Server) transfer(t policy.Transport, q *wire.Query, query []byte, from netip.AddrPort, send func([]byte) error) {
	stripped, session, err := s.engine.Policy().Keys.Verify(query, time.Now())
	if err != nil {
		return // it was good a moment ago; the client asks again
	}
	z, ok := s.transferred(q.Owner())
	if !ok {
		return
	}
	var r transfer.Result
	if t == policy.UDP {
		var message []byte
		message, r = transfer.Datagram(make([]byte, 0, answer.MaxUDP), stripped, z, session, min(int(q.UDPSize), answer.MaxUDP))
		err = send(message)
	} else {
		r, err = transfer.Send(stripped, z, session, transfer.MaxMessage, send)
	}
	key := ""
	if session != nil {
		key = session.Key().String()
	}
	attrs := []any{"zone", q.Owner().String(), "to", from.String(), "by", t.String(), "key", key, "kind", r.Kind.String(),
		"from_serial", r.From, "serial", r.To, "messages", r.Messages, "records", r.Records, "octets", r.Octets}
	if err != nil {
		s.log.Warn("zone transfer was cut short", append(attrs, "error", err)...)
		return
	}
	s.log.Debug("zone was transferred", attrs...)
}

// transferred is a zone as it is sent now.
func (s *Server) transferred(apex dnsname.Name) (transfer.Zone, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c, ok := s.zones[apex]
	if !ok {
		return transfer.Zone{}, false
	}
	z := transfer.Zone{Snapshot: c.served, Journal: c.journal, Provisional: c.provisional}
	if c.signer != nil {
		z.Signed = c.signer.Zone(c.served)
	}
	return z, true
}
