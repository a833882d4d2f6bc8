// Package transporttest has what the tests of all transports with connections answer.
package transporttest

import (
	"context"
	"net/netip"

	"github.com/miekg/dns"
)

// Reply is the answer to query with records in presentation form. It panics
// where either is none: they are the test's own.
func Reply(query []byte, records ...string) []byte {
	var m, r dns.Msg
	if err := m.Unpack(query); err != nil {
		panic(err)
	}
	r.SetReply(&m)
	for _, s := range records {
		rr, err := dns.NewRR(s)
		if err != nil {
			panic(err)
		}
		r.Answer = append(r.Answer, rr)
	}
	b, err := r.Pack()
	if err != nil {
		panic(err)
	}
	return b
}

// Transfer sends a zone in three messages.
func Transfer(_ context.Context, query []byte, _ netip.AddrPort, send func([]byte) error) {
	const soa = "example. 30 SOA ns.example. h.example. 1 2 3 4 5"
	for _, record := range []string{soa, "a.example. 30 A 192.0.2.2", soa} {
		if send(Reply(query, record)) != nil {
			return
		}
	}
}
