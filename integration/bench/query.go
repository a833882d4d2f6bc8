package main

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"strings"

	"github.com/miekg/dns"

	"github.com/fedns/fedns/dnsserver/zone"
)

// form is how a query is written.
type form string

const (
	plain  form = "plain"
	edns   form = "edns"   // an OPT record without options
	cookie form = "cookie" // an OPT record with a client's cookie (RFC 7873)
	signed form = "signed" // an OPT record that asks for signatures (RFC 3225), of a signed zone
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
	// compact says that a name that does not exist may be denied as RFC 9824 does
	// it, with NOERROR.
	compact bool
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
	q := s.plainly(rnd, f)
	if f == signed {
		q.compact = q.rcode == rcodeNXDomain
		if q.answers > 0 {
			q.answers++ // their signature
		}
	}
	return q
}

func (s shape) plainly(rnd *rand.Rand, f form) query {
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
	msg[11] = 1                                   // ARCOUNT
	msg = append(msg, 0, 0, 41, 0x04, 0xd0, 0, 0) // OPT, 1232 octets (RFC 6891 §6.1.2)
	switch f {
	case signed:
		return append(msg, 0x80, 0, 0, 0) // DO
	case cookie:
		return append(append(msg, 0, 0, 0, 12, 0, 10, 0, 8), "a client"...)
	default:
		return append(msg, 0, 0, 0, 0)
	}
}

// rightly says whether a message is the answer wanted; its ID was compared before.
func (q *query) rightly(answer []byte) bool {
	rcode := answer[3] & 0x0f
	return answer[2]&0x80 != 0 && (rcode == q.rcode || q.compact && rcode == 0) && binary.BigEndian.Uint16(answer[6:]) == q.answers
}

// versus tells a wrong answer from what was wanted, for people.
func (q *query) versus(answer []byte) string {
	var m dns.Msg
	if err := m.Unpack(answer); err != nil || len(m.Question) == 0 {
		return fmt.Sprintf("%x: %v", answer, err)
	}
	return fmt.Sprintf("%s %s: %s, truncated: %v, %d records; wanted RCODE %d, %d records", m.Question[0].Name, dns.TypeToString[m.Question[0].Qtype],
		dns.RcodeToString[m.Rcode], m.Truncated, len(m.Answer), q.rcode, q.answers)
}
