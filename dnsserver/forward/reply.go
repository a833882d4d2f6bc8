package forward

import (
	"errors"
	"fmt"

	"github.com/miekg/dns"

	"github.com/fedns/fedns/dnsserver/dnsname"
	"github.com/fedns/fedns/dnsserver/wire"
	"github.com/fedns/fedns/dnsserver/zone"
)

const (
	// maxChain is how many aliases are followed, over all replies. It is what
	// BIND and Unbound follow, within a few.
	maxChain = 16
	// maxAnswer is the most octets of RDATA an answer may have: what is more
	// could not be handed on in one message.
	maxAnswer = 65535
)

// found is what replies say about a name. Its slices are its own.
type found struct {
	rcode  wire.Rcode // NOERROR or NXDOMAIN
	answer []zone.RRset
	denied bool         // there is no RRset of the kind asked for
	soa    zone.RRset   // that says so; empty: none came
	next   dnsname.Name // ours, where the chain leads to
	rest   dnsname.Name // where the chain leads to, of which the reply knows nothing
}

// rcodeError is a reply that is no answer.
type rcodeError int

func (e rcodeError) Error() string {
	if s, ok := dns.RcodeToString[int(e)]; ok {
		return s
	}
	return fmt.Sprintf("RCODE%d", int(e))
}

// parse reads a message that answers key. That some message makes the library
// panic must cost this answer and not the daemon.
func parse(msg []byte, key zone.Key, own func(dnsname.Name) bool) (f found, err error) {
	defer func() {
		if v := recover(); v != nil {
			f, err = found{}, fmt.Errorf("reply cannot be read: %v", v)
		}
	}()
	m := new(dns.Msg)
	if err := m.Unpack(msg); err != nil {
		return found{}, fmt.Errorf("reply cannot be read: %w", err)
	}
	return read(m, key, own)
}

// read takes from m the chain of aliases from key's owner and the RRset at its
// end; nothing else in the answer section counts. A name that is own is not
// looked for: the chain ends before it.
func read(m *dns.Msg, key zone.Key, own func(dnsname.Name) bool) (found, error) {
	f := found{rcode: wire.Rcode(m.Rcode)}
	if f.rcode != wire.NoError && f.rcode != wire.NXDomain {
		return found{}, rcodeError(m.Rcode)
	}
	records, err := group(m.Answer)
	if err != nil {
		return found{}, err
	}
	at, octets := key.Owner, 0
	take := func(r zone.RRset) bool {
		for d := range r.RDATA() {
			octets += len(d)
		}
		f.answer = append(f.answer, r)
		return octets <= maxAnswer
	}
	for range maxChain + 1 {
		if r, ok := records[zone.Key{Owner: at, Type: key.Type}]; ok && f.rcode == wire.NoError {
			if !take(r.set(at)) {
				return found{}, errors.New("reply is too large")
			}
			return f, nil
		}
		r, ok := records[zone.Key{Owner: at, Type: zone.TypeCNAME}]
		if !ok || key.Type == zone.TypeCNAME {
			return f.end(m, at)
		}
		r.rdata = r.rdata[:1] // an alias has one target (RFC 2181 §10.1)
		take(r.set(at))
		at = dnsname.FromFolded(r.rdata[0])
		if own(at) {
			f.rcode, f.next = wire.NoError, at
			return f, nil
		}
	}
	return found{}, errors.New("chain of aliases is too long")
}

// end is for a chain that ends in a name without records: evidence that there
// are none (RFC 2308 §2), or the end of what the upstream knows.
func (f *found) end(m *dns.Msg, at dnsname.Name) (found, error) {
	referral := false
	for _, rr := range m.Ns {
		owner, err := ownerOf(rr)
		if err != nil || rr.Header().Class != dns.ClassINET || !at.Under(owner) {
			continue // of no zone that this name could be in
		}
		switch rr.(type) {
		case *dns.SOA:
			d, err := rdataOf(rr)
			if err != nil {
				return found{}, err
			}
			f.denied, f.soa = true, zone.NewRRset(owner, zone.TypeSOA, ttlOf(rr), d)
			return *f, nil
		case *dns.NS:
			referral = true
		}
	}
	switch {
	case f.rcode == wire.NXDomain:
		f.denied = true
	case referral:
		return found{}, errors.New("referral instead of an answer")
	case len(f.answer) > 0:
		f.rest = at
	default:
		f.denied = true
	}
	return *f, nil
}

// records are an RRset in the making.
type records struct {
	typ   uint16
	ttl   uint32
	rdata []string
}

func (r records) set(owner dnsname.Name) zone.RRset {
	return zone.NewRRset(owner, r.typ, r.ttl, r.rdata...)
}

// group sorts the records of a section by owner and type. Records of one RRset
// that differ in TTL get the lowest (RFC 2181 §5.2).
func group(rrs []dns.RR) (map[zone.Key]records, error) {
	sets := make(map[zone.Key]records, 4)
	for _, rr := range rrs {
		h := rr.Header()
		if h.Class != dns.ClassINET {
			continue
		}
		owner, err := ownerOf(rr)
		if err != nil {
			return nil, err
		}
		d, err := rdataOf(rr)
		if err != nil {
			return nil, err
		}
		k := zone.Key{Owner: owner, Type: h.Rrtype}
		r, ok := sets[k]
		if !ok {
			r = records{typ: h.Rrtype, ttl: ttlOf(rr)}
		}
		r.ttl = min(r.ttl, ttlOf(rr))
		r.rdata = append(r.rdata, d)
		sets[k] = r
	}
	return sets, nil
}
