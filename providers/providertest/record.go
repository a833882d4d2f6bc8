package providertest

import (
	"encoding/binary"
	"net/netip"
	"strings"

	"github.com/fedns/fedns/dnsserver/dnsname"
	"github.com/fedns/fedns/dnsserver/zone"
	"github.com/fedns/fedns/providers/hosted"
)

// RR types that the zone model does not know.
const (
	typeSSHFP uint16 = 44
	typeCAA   uint16 = 257
)

// site is the zone under test, seen by the lessons. Names are relative to its
// apex, but those with a final dot; "@" is the apex itself.
type site struct{ *Config }

func (z site) name(text string) dnsname.Name {
	switch {
	case text == "@":
		return z.Apex
	case strings.HasSuffix(text, ".") && !strings.HasSuffix(text, `\.`):
		return dnsname.MustParse(text)
	}
	return dnsname.MustParse(text + "." + z.Apex.String())
}

func (z site) key(owner string, typ uint16) hosted.Key {
	return hosted.Key{Owner: z.name(owner), Type: typ}
}

// set is an Entry without a routing policy; without RDATA it is an empty one.
func (z site) set(owner string, typ uint16, ttl uint32, rdata ...string) hosted.Entry {
	if len(rdata) == 0 {
		return hosted.Entry{Key: z.key(owner, typ)}
	}
	return hosted.Simple(zone.NewRRset(z.name(owner), typ, ttl, rdata...))
}

func (z site) a(owner string, ttl uint32, addrs ...string) hosted.Entry {
	return z.set(owner, zone.TypeA, ttl, addresses(addrs)...)
}

func (z site) aaaa(owner string, ttl uint32, addrs ...string) hosted.Entry {
	return z.set(owner, zone.TypeAAAA, ttl, addresses(addrs)...)
}

func (z site) cname(owner, target string) hosted.Entry {
	return z.set(owner, zone.TypeCNAME, 300, z.to(target))
}

// txt is one record of strings.
func (z site) txt(owner string, ttl uint32, strs ...string) hosted.Entry {
	return z.set(owner, zone.TypeTXT, ttl, words(strs...))
}

// to is the RDATA of one name.
func (z site) to(target string) string { return zone.Target(z.name(target)) }

func (z site) mx(preference uint16, target string) string {
	return string(binary.BigEndian.AppendUint16(nil, preference)) + z.to(target)
}

func (z site) srv(priority, weight, port uint16, target string) string {
	return zone.SRV(priority, weight, port, z.name(target))
}

// caa is the RDATA of RFC 8659 §4.1.
func caa(flags byte, tag, value string) string {
	return string([]byte{flags, byte(len(tag))}) + tag + value
}

// words is the RDATA of a TXT record, string by string.
func words(strs ...string) string {
	var b strings.Builder
	for _, s := range strs {
		b.WriteByte(byte(len(s)))
		b.WriteString(s)
	}
	return b.String()
}

func addresses(texts []string) []string {
	rdata := make([]string, len(texts))
	for i, t := range texts {
		rdata[i] = zone.Addr(netip.MustParseAddr(t))
	}
	return rdata
}

// number is the i-th of many addresses. They are nobody's (RFC 2544, 198.18.0.0/15),
// but public: health checkers do not go to private ones.
func number(i int) string {
	return netip.AddrFrom4([4]byte{198, byte(18 + i>>16), byte(i >> 8), byte(i)}).String()
}
