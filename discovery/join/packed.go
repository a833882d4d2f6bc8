package join

import (
	"encoding/binary"
	"errors"
	"net/netip"
	"slices"
	"strings"

	"github.com/fedns/fedns/discovery/cluster"
)

// The packed form of a slice's endpoints. A cluster may have a million
// endpoints and hardly any of them is looked at between two changes, so they
// are kept as one string a slice, without pointers for the garbage collector
// to follow:
//
//	uvarint ports   { protocol:1  number:2  uvarint+name }*
//	uvarint zones   { uvarint+name }*
//	octets an address: 4 or 16
//	{ flags:1  [uvarint zone, when it does not fit the flags]  address  [uvarint+hostname] }*
//
// Endpoints are in canonical order without duplicates, so two packed strings
// are equal when, and only when, they say the same.
const (
	flagReady = 1 << iota
	flagServing
	flagTerminating
	flagHostname
	zoneShift = 4 // bits 4-7: 1-based index of the zone; 0: none; 15: index follows
	zoneLong  = 15
)

var errPacked = errors.New("packed endpoints are cut short or malformed")

// protocols are the names a packed protocol octet stands for.
var protocols = [...]string{"tcp", "udp", "sctp"}

// pack makes the packed form. All addrs must be of one family. endpoints is
// sorted in place; their Ports are not looked at: a slice has one list for all.
func pack(ports []cluster.Port, endpoints []cluster.Endpoint) string {
	if len(endpoints) == 0 {
		return ""
	}
	slices.SortFunc(endpoints, compareEndpoints)
	zones := zonesOf(endpoints)
	size := 16 + 12*len(ports) + 24*len(zones) + len(endpoints)*(1+len(endpoints[0].Addr.AsSlice()))
	buf := make([]byte, 0, size)
	buf = binary.AppendUvarint(buf, uint64(len(ports)))
	for _, p := range ports {
		buf = append(buf, byte(max(0, slices.Index(protocols[:], p.Protocol))))
		buf = binary.BigEndian.AppendUint16(buf, p.Number)
		buf = appendText(buf, p.Name)
	}
	buf = binary.AppendUvarint(buf, uint64(len(zones)))
	for _, z := range zones {
		buf = appendText(buf, z)
	}
	buf = append(buf, byte(len(endpoints[0].Addr.AsSlice())))
	for i, e := range endpoints {
		if i > 0 && compareEndpoints(endpoints[i-1], e) == 0 {
			continue
		}
		buf = appendEndpoint(buf, e, zones)
	}
	return string(buf)
}

func appendEndpoint(buf []byte, e cluster.Endpoint, zones []string) []byte {
	var flags byte
	if e.Ready {
		flags |= flagReady
	}
	if e.Serving {
		flags |= flagServing
	}
	if e.Terminating {
		flags |= flagTerminating
	}
	if e.Hostname != "" {
		flags |= flagHostname
	}
	zone := 0
	if e.Zone != "" {
		i, _ := slices.BinarySearch(zones, e.Zone)
		zone = i + 1
	}
	buf = append(buf, flags|byte(min(zone, zoneLong))<<zoneShift)
	if zone >= zoneLong {
		buf = binary.AppendUvarint(buf, uint64(zone))
	}
	buf = append(buf, e.Addr.AsSlice()...)
	if e.Hostname != "" {
		buf = appendText(buf, e.Hostname)
	}
	return buf
}

// zonesOf lists the zones of endpoints, sorted and unique.
func zonesOf(endpoints []cluster.Endpoint) []string {
	var zones []string
	for _, e := range endpoints {
		if e.Zone == "" {
			continue
		}
		if i, ok := slices.BinarySearch(zones, e.Zone); !ok {
			zones = slices.Insert(zones, i, e.Zone)
		}
	}
	return zones
}

// unpack appends the endpoints that packed holds to dst. They share one Ports
// slice. intern gives the string to keep for a zone or a port name, so that a
// thousand Groups share one copy and none pins the packed string.
func unpack(dst []cluster.Endpoint, packed string, intern func(string) string) ([]cluster.Endpoint, error) {
	if packed == "" {
		return dst, nil
	}
	r := reader{rest: packed}
	ports := r.ports(intern)
	zones := make([]string, r.count())
	for i := range zones {
		zones[i] = intern(r.text())
	}
	octets := int(r.octet())
	if octets != 4 && octets != 16 {
		return dst, errPacked
	}
	for r.rest != "" && !r.bad {
		flags := r.octet()
		zone := int(flags >> zoneShift)
		if zone == zoneLong {
			zone = int(r.uvarint())
		}
		addr, ok := netip.AddrFromSlice([]byte(r.take(octets)))
		if !ok || zone < 0 || zone > len(zones) {
			return dst, errPacked
		}
		e := cluster.Endpoint{
			Addr: addr, Ports: ports,
			Ready: flags&flagReady != 0, Serving: flags&flagServing != 0, Terminating: flags&flagTerminating != 0,
		}
		if flags&flagHostname != 0 {
			e.Hostname = strings.Clone(r.text())
		}
		if zone > 0 {
			e.Zone = zones[zone-1]
		}
		dst = append(dst, e)
	}
	if r.bad {
		return dst, errPacked
	}
	return dst, nil
}

func appendText(buf []byte, s string) []byte {
	buf = binary.AppendUvarint(buf, uint64(len(s)))
	return append(buf, s...)
}

// reader takes a packed string apart. After it ran past the end or met
// nonsense, bad is set and it yields zeros.
type reader struct {
	rest string
	bad  bool
}

func (r *reader) take(n int) string {
	if n < 0 || n > len(r.rest) {
		r.bad, r.rest = true, ""
		return ""
	}
	s := r.rest[:n]
	r.rest = r.rest[n:]
	return s
}

func (r *reader) octet() byte {
	s := r.take(1)
	if s == "" {
		return 0
	}
	return s[0]
}

func (r *reader) uvarint() uint64 {
	var v uint64
	for shift := 0; shift < 63; shift += 7 {
		c := r.octet()
		v |= uint64(c&0x7f) << shift
		if c < 0x80 {
			return v
		}
	}
	r.bad, r.rest = true, ""
	return 0
}

// count reads how many items follow; each takes an octet at least, which
// bounds what a malformed string can make us allocate.
func (r *reader) count() int {
	n := r.uvarint()
	if n > uint64(len(r.rest)) {
		r.bad, r.rest = true, ""
		return 0
	}
	return int(n)
}

func (r *reader) text() string { return r.take(r.count()) }

func (r *reader) ports(intern func(string) string) []cluster.Port {
	n := r.count()
	if n == 0 {
		return nil
	}
	ports := make([]cluster.Port, n)
	for i := range ports {
		proto := int(r.octet())
		if proto >= len(protocols) {
			r.bad, r.rest = true, ""
			return nil
		}
		number := r.take(2)
		if r.bad {
			return nil
		}
		ports[i] = cluster.Port{
			Protocol: protocols[proto],
			Number:   uint16(number[0])<<8 | uint16(number[1]),
			Name:     intern(r.text()),
		}
	}
	return ports
}
