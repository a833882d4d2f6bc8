package dnssec

import (
	"slices"
	"strings"
	"time"

	"github.com/fedns/fedns/dnsserver/dnsname"
	"github.com/fedns/fedns/dnsserver/zone"
)

// RR types of this package (IANA DNS parameters).
const (
	typeNSEC3      uint16 = 50
	typeNSEC3PARAM uint16 = 51
	typeCDS        uint16 = 59  // RFC 7344
	typeCDNSKEY    uint16 = 60  // RFC 7344
	typeNXNAME     uint16 = 128 // RFC 9824 §2
)

// roster is what each key does from one moment on until the next that any key's
// timing names. It is immutable.
type roster struct {
	all         []Key
	from, until time.Time // until zero: for ever
	published   []Key
	forZone     *signers // sign all that the others do not
	forKeys     *signers // sign DNSKEY, CDS and CDNSKEY
	apex        []zone.RRset
}

// signers are the keys that sign one kind of RRset together. id is equal for
// equal keys.
type signers struct {
	keys []Key
	id   string
}

// newRoster finds out who does what at t. ttl is that of the DNSKEY RRset.
func newRoster(apex dnsname.Name, all []Key, ttl uint32, t time.Time) *roster {
	r := &roster{all: all}
	r.from, r.until = span(all, t)
	for _, k := range all {
		if k.Published(t) {
			r.published = append(r.published, k)
		}
	}
	if len(r.published) == 0 {
		return r // the zone is not signed
	}
	r.forZone, r.forKeys = r.pick(t, false), r.pick(t, true)
	var dnskey, cds, cdnskey []string
	for _, k := range r.published {
		dnskey = append(dnskey, k.dnskey)
	}
	for _, k := range all {
		if k.synced(t) && !passed(k.Delete, t) {
			cds, cdnskey = append(cds, k.ds()), append(cdnskey, k.dnskey)
		}
	}
	for _, s := range []zone.RRset{
		zone.NewRRset(apex, zone.TypeDNSKEY, ttl, dnskey...),
		zone.NewRRset(apex, typeCDS, ttl, cds...),
		zone.NewRRset(apex, typeCDNSKEY, ttl, cdnskey...),
	} {
		if !s.IsEmpty() {
			r.apex = append(r.apex, s)
		}
	}
	return r
}

// span is the time around t in which no key changes what it does.
func span(keys []Key, t time.Time) (from, until time.Time) {
	for _, k := range keys {
		for _, f := range k.times() {
			switch {
			case f.name == "Created" || f.at.IsZero():
			case !f.at.After(t):
				if f.at.After(from) {
					from = *f.at
				}
			case until.IsZero() || f.at.Before(until):
				until = *f.at
			}
		}
	}
	return from, until
}

// covers says that r holds at t.
func (r *roster) covers(t time.Time) bool {
	return !t.Before(r.from) && (r.until.IsZero() || t.Before(r.until))
}

// signersOf are who signs RRsets of a type; nil when the zone is not signed.
func (r *roster) signersOf(typ uint16) *signers {
	switch typ {
	case zone.TypeDNSKEY, typeCDS, typeCDNSKEY:
		return r.forKeys
	}
	return r.forZone
}

// pick finds the keys for one role, some of every algorithm (RFC 4035 §2.2).
func (r *roster) pick(t time.Time, sep bool) *signers {
	byAlgorithm := map[uint8][]Key{}
	for _, k := range r.published {
		byAlgorithm[k.Algorithm()] = append(byAlgorithm[k.Algorithm()], k)
	}
	early := map[uint8][]Key{} // algorithms of which only signatures are out so far (RFC 6781 §4.1.4)
	for _, k := range r.all {
		if byAlgorithm[k.Algorithm()] == nil && k.Active(t) {
			early[k.Algorithm()] = append(early[k.Algorithm()], k)
		}
	}
	s := &signers{}
	for _, pools := range []map[uint8][]Key{byAlgorithm, early} {
		for _, pool := range pools {
			s.keys = append(s.keys, choose(pool, t, sep)...)
		}
	}
	slices.SortFunc(s.keys, func(a, b Key) int { return strings.Compare(a.dnskey, b.dnskey) })
	for _, k := range s.keys {
		s.id += k.dnskey
	}
	return s
}

// choose picks from one algorithm's keys those for one role:
//
//	role   first choice   else                         else
//	ZSK    active ZSKs    active keys: a CSK           all: no time set may make the zone bogus
//	KSK    active KSKs    published KSKs, active keys  all
//
// A signature by a published key is good whatever the key's times say.
func choose(pool []Key, t time.Time, sep bool) []Key {
	active := func(k Key) bool { return k.Active(t) }
	role := func(k Key) bool { return k.SEP() == sep }
	tiers := []func(Key) bool{
		func(k Key) bool { return active(k) && role(k) },
		func(k Key) bool { return active(k) || sep && role(k) },
	}
	for _, wanted := range tiers {
		if keys := filter(pool, wanted); len(keys) > 0 {
			return keys
		}
	}
	return pool
}

func filter(keys []Key, wanted func(Key) bool) []Key {
	return slices.DeleteFunc(slices.Clone(keys), func(k Key) bool { return !wanted(k) })
}

// stays says that all of s are published at t, as seen from all of r's keys.
func (r *roster) stays(s *signers, t time.Time) bool {
	for _, k := range s.keys {
		i := slices.IndexFunc(r.all, func(other Key) bool { return other.dnskey == k.dnskey })
		if i < 0 || !r.all[i].Published(t) {
			return false
		}
	}
	return true
}
