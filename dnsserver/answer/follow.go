package answer

import (
	"context"
	"net/netip"
	"time"

	"github.com/fedns/fedns/dnsserver/dnsname"
	"github.com/fedns/fedns/dnsserver/forward"
	"github.com/fedns/fedns/dnsserver/wire"
)

// Forwarder resolves names outside of the zones: see forward.Resolver, whose
// contract it has.
type Forwarder interface {
	Cached(name dnsname.Name, typ uint16) (forward.Answer, bool)
	Resolve(ctx context.Context, client netip.Addr, name dnsname.Name, typ uint16) (forward.Answer, error)
}

// forwarding is whom to ask, and for what.
type forwarding struct {
	Forwarder
	everything bool
}

// SetForwarder has names outside of the zones resolved for those whom the Policy
// lets recurse: where CNAMEs lead out of a zone, and with everything any name.
// Nil: no longer.
func (e *Engine) SetForwarder(f Forwarder, everything bool) {
	if f == nil {
		e.forwarding.Store(nil)
		return
	}
	e.forwarding.Store(&forwarding{f, everything})
}

// resolving is a Worker's part of that.
type resolving struct {
	forwarding *forwarding // as the query found it; nil: nothing is forwarded
	wanted     dnsname.Name
	resolved   []resolved // for this query, beside what is cached
}

// resolved is what was asked for while the client waited. It is there though it
// may not be kept.
type resolved struct {
	name   dnsname.Name
	answer forward.Answer
}

// maxLeaves bounds how often one answer may leave our zones.
const maxLeaves = 8

// forwards says that the client is to have what lies outside of the zones.
func (w *Worker) forwards(q *wire.Query, l *lookup) bool {
	return w.ra != 0 && q.Flags&wire.FlagRD != 0 && q.Type != wire.TypeANY && (l.links > 0 || w.forwarding.everything)
}

// follow goes on where the chain leaves our zones, from what is known; false
// when the name wanted has to be asked for first.
func (w *Worker) follow(q *wire.Query) bool {
	l := &w.look
	for leaves := 0; !l.out.IsZero() && leaves < maxLeaves; leaves++ {
		a, ok := w.known(l.out, q.Type)
		if !ok {
			w.wanted = l.out
			return false
		}
		l.rcode, l.sign = a.Rcode, nil
		for _, r := range a.Answer {
			l.write(wire.AnswerSection, r.Owner, r)
		}
		for _, r := range a.Authority {
			l.write(wire.Authority, r.Owner, r)
		}
		switch {
		case a.Stale && a.Rcode == wire.NXDomain:
			w.edns.ede = wire.StaleNXDomain
		case a.Stale:
			w.edns.ede = wire.StaleAnswer
		case a.Rcode == wire.ServFail:
			w.edns.ede = wire.NetworkError
		}
		l.out = dnsname.Name{}
		if !a.Next.IsZero() {
			l.links = max(l.links, 1) // it is no answer of ours from the beginning
			l.run(a.Next)
		}
	}
	return true
}

func (w *Worker) known(name dnsname.Name, typ uint16) (forward.Answer, bool) {
	for _, r := range w.resolved {
		if r.name == name {
			return r.answer, true
		}
	}
	return w.forwarding.Cached(name, typ)
}

// Finish gives the answer that Respond put off, other than a transfer: it asks
// for what is missing, and sends one message. It waits until ctx ends at the
// longest; then it sends none.
func (w *Worker) Finish(ctx context.Context, query []byte, from netip.AddrPort, send func(message []byte) error) {
	dst := make([]byte, w.room)
	w.asked = time.Now()
	defer func() { w.asked = time.Time{} }()
	w.resolved = w.resolved[:0]
	for {
		n := w.Respond(dst, query, from)
		if n != Later {
			if n > 0 {
				_ = send(dst[:n]) // who has gone needs none
			}
			break
		}
		if w.forwarding == nil || len(w.resolved) > maxLeaves {
			break
		}
		a, err := w.forwarding.Resolve(ctx, from.Addr(), w.wanted, w.query.Type)
		if ctx.Err() != nil {
			break
		}
		if err != nil && a.Rcode == wire.NoError {
			a.Rcode = wire.ServFail
		}
		w.resolved = append(w.resolved, resolved{w.wanted, a})
	}
	w.resolved = w.resolved[:0]
}
