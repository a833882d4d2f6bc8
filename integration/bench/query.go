package main

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"strings"

	"github.com/fedns/fedns/dnsserver/zone"
)

// form is how a query is written.
type form string

const (
	plain  form = "plain"
	edns   form = "edns"   // an OPT record without options
	cookie form = "cookie" // an OPT record with a client's cookie (RFC 7873)
)

// asked is how many different queries are made; the generator begins again at
// its end. Much more than the caches of a core hold, and few enough to be made
// in a moment.
const asked = 100_000

// What is asked, in hundredths: A records of Services, their AAAA records, which
// do not exist (NODATA), SRV records of their ports, and of the rest names that
// do not exist. A zone without ports is asked for more A records.
const (
	shareA    = 65
	shareAAAA = 15
	shareSRV  = 10
)

// query is one message, and what its answer must look like.
type query struct {
	msg     []byte // with ID 0
	rcode   byte
	answers uint16 // records in the answer section
}

const rcodeNXDomain = 3

// queries makes the list of what is asked about the zone.
func (s shape) queries(n int, f form) []query {
	rnd := rand.New(rand.NewPCG(s.Seed, 1))
	all := make([]query, n)
	for i := range all {
		all[i] = s.query(rnd, f)
	}
	return all
}

func (s shape) query(rnd *rand.Rand, f form) query {
	service, dice := s.service(rnd.IntN(s.Services)), rnd.IntN(100)
	records := uint16(max(s.Endpoints, 1))
	switch {
	case dice < shareA, dice >= 100-shareSRV && s.Endpoints == 0:
		return query{msg: message(service, zone.TypeA, f), answers: records}
	case dice < shareA+shareAAAA:
		return query{msg: message(service, zone.TypeAAAA, f)}
	case dice >= 100-shareSRV:
		return query{msg: message(port(service), zone.TypeSRV, f), answers: records}
	default:
		nobody := fmt.Sprintf("none-%d.team-%d.svc", rnd.IntN(1_000_000), rnd.IntN(teams))
		return query{msg: message(nobody, zone.TypeA, f), rcode: rcodeNXDomain}
	}
}

// message writes a query (RFC 1035 §4.1) for a name below the apex.
func message(relative string, typ uint16, f form) []byte {
	msg := []byte{0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0}
	for label := range strings.SplitSeq(relative+"."+apex, ".") { // the last one is empty: the root
		msg = append(append(msg, byte(len(label))), label...)
	}
	msg = binary.BigEndian.AppendUint16(msg, typ)
	msg = binary.BigEndian.AppendUint16(msg, 1) // IN
	if f == plain {
		return msg
	}
	msg[11] = 1                                            // ARCOUNT
	msg = append(msg, 0, 0, 41, 0x04, 0xd0, 0, 0, 0, 0, 0) // OPT, 1232 octets, no flags (RFC 6891 §6.1.2)
	if f == edns {
		return append(msg, 0)
	}
	return append(append(msg, 12, 0, 10, 0, 8), "a client"...)
}

// rightly says whether a message is the answer wanted; its ID was compared before.
func (q *query) rightly(answer []byte) bool {
	return answer[2]&0x80 != 0 && answer[3]&0x0f == q.rcode && binary.BigEndian.Uint16(answer[6:]) == q.answers
}
