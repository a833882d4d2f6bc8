package join

import (
	"encoding/binary"
	"net/netip"
	"slices"
	"time"

	"github.com/fedns/fedns/discovery/cluster"
	"github.com/fedns/fedns/discovery/cluster/packed"
)

// record is a Service in the form in which it waits for the next change: one
// allocation without pointers, a tenth of what a Service takes. nil: there is none.
//
//	flags:1  type:1  seconds:8  nanoseconds:4  addrs:clusterIPs  { addr  uvarint+hostname }*:ingress
//	ports  uvarint:ttl  uvarint:weight  uvarint+policy  addrs:addresses  findings  findings:misannotated
//	[uvarint+alias  { uvarint+host }*, when flags have recordMirrored]
//	addr:      octets:1  address
//	findings:  more:1  { uvarint+text }*
//
// Lists stand behind their length.
type record []byte

const (
	recordExternal = 1 << iota
	recordOptIn
	recordOptOut
	recordNotReady
	recordMisannotated
	recordWithoutEndpoints
	recordMirrored
)

// recordOf packs a Service, but for its key.
func recordOf(s *Service) record {
	flags := boolByte(s.external)*recordExternal | boolByte(s.optIn)*recordOptIn | boolByte(s.optOut)*recordOptOut |
		boolByte(s.publishNotReady)*recordNotReady | boolByte(len(s.misannotated.list) > 0)*recordMisannotated |
		boolByte(s.withoutEndpoints)*recordWithoutEndpoints | boolByte(s.alias != "" || len(s.hosts) > 0)*recordMirrored
	b := append(make([]byte, 0, 128), flags, byte(s.typ))
	b = appendTime(b, s.created)
	b = appendAddrs(b, s.clusterIPs)
	b = binary.AppendUvarint(b, uint64(len(s.ingress)))
	for _, i := range s.ingress {
		b = packed.AppendText(appendAddr(b, i.Addr), i.Hostname)
	}
	b = appendPackedPorts(b, s.ports)
	b = binary.AppendUvarint(b, uint64(s.ttl))
	b = binary.AppendUvarint(b, uint64(s.weight))
	b = packed.AppendText(b, s.policy)
	b = appendAddrs(b, s.addresses)
	b = appendFindings(b, s.findings)
	b = appendFindings(b, s.misannotated)
	if s.alias != "" || len(s.hosts) > 0 {
		b = binary.AppendUvarint(packed.AppendText(b, s.alias), uint64(len(s.hosts)))
		for _, host := range s.hosts {
			b = packed.AppendText(b, host)
		}
	}
	return slices.Clip(slices.Clone(b))
}

func (r record) flag(bit byte) bool { return r[0]&bit != 0 }

func (r record) typ() cluster.ServiceType { return cluster.ServiceType(r[1]) }

// service unpacks. The result shares no memory with r.
func (r record) service(key cluster.ServiceKey, intern func(string) string) Service {
	s := Service{
		Key: key, typ: r.typ(), external: r.flag(recordExternal), optIn: r.flag(recordOptIn), optOut: r.flag(recordOptOut),
		publishNotReady: r.flag(recordNotReady), withoutEndpoints: r.flag(recordWithoutEndpoints),
	}
	from := packed.Read(string(r[2:]))
	s.created = readTime(&from)
	s.clusterIPs = readAddrs(&from)
	s.ingress = packed.List(&from, func() cluster.Ingress {
		return cluster.Ingress{Addr: readAddr(&from), Hostname: from.Text()}
	})
	s.ports = readPorts(&from, intern)
	s.ttl, s.weight = uint32(from.Uvarint()), uint32(from.Uvarint())
	s.policy = intern(from.Text())
	s.addresses = readAddrs(&from)
	s.findings, s.misannotated = readFindings(&from), readFindings(&from)
	if r.flag(recordMirrored) {
		s.alias, s.hosts = from.Text(), packed.List(&from, from.Text)
	}
	if from.Bad() || !from.Empty() {
		// Only recordOf writes records: this is a bug here, not bad input.
		panic("join: record of " + key.String() + " is malformed")
	}
	return s
}

func appendFindings(b []byte, f findings) []byte {
	b = binary.AppendUvarint(append(b, boolByte(f.more)), uint64(len(f.list)))
	for _, text := range f.list {
		b = packed.AppendText(b, text)
	}
	return b
}

func readFindings(r *packed.Reader) findings {
	return findings{more: r.Octet() != 0, list: packed.List(r, r.Text)}
}

func readTime(r *packed.Reader) time.Time {
	seconds, nanoseconds := []byte(r.Octets(8)), []byte(r.Octets(4))
	if r.Bad() {
		return time.Time{}
	}
	return time.Unix(int64(binary.BigEndian.Uint64(seconds)), int64(binary.BigEndian.Uint32(nanoseconds))).UTC()
}

func readAddrs(r *packed.Reader) []netip.Addr {
	return packed.List(r, func() netip.Addr { return readAddr(r) })
}

// readAddr reads what appendAddr writes; the zero Addr is an address, too.
func readAddr(r *packed.Reader) netip.Addr {
	a, _ := netip.AddrFromSlice([]byte(r.Octets(int(r.Octet()))))
	return a
}
