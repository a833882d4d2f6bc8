package join

import (
	"encoding/binary"
	"errors"
	"net/netip"
	"slices"

	"github.com/fedns/fedns/discovery/cluster"
	"github.com/fedns/fedns/discovery/cluster/packed"
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

// pack makes the packed form, behind a head that is no part of it. All addrs must be
// of one family. endpoints is sorted in place; their Ports are not looked at: a slice
// has one list for all.
func pack(head string, ports []cluster.Port, endpoints []cluster.Endpoint) string {
	if len(endpoints) == 0 {
		return head
	}
	slices.SortFunc(endpoints, compareEndpoints)
	zones := zonesOf(endpoints)
	size := len(head) + 16 + 12*len(ports) + 24*len(zones) + len(endpoints)*(1+len(endpoints[0].Addr.AsSlice()))
	buf := make([]byte, 0, size)
	buf = append(buf, head...)
	buf = appendPackedPorts(buf, ports)
	buf = binary.AppendUvarint(buf, uint64(len(zones)))
	for _, z := range zones {
		buf = packed.AppendText(buf, z)
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
		buf = packed.AppendText(buf, e.Hostname)
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

// unpack appends the endpoints that octets hold to dst. They share one Ports
// slice, and their hostnames share octets. intern gives the string to keep for a
// zone or a port name, so that a thousand Groups share one copy.
func unpack(dst []cluster.Endpoint, octets string, intern func(string) string) ([]cluster.Endpoint, error) {
	if octets == "" {
		return dst, nil
	}
	r := packed.Read(octets)
	ports := readPorts(&r, intern)
	zones := packed.List(&r, func() string { return intern(r.Text()) })
	size := int(r.Octet())
	if size != 4 && size != 16 {
		return dst, errPacked
	}
	for !r.Empty() {
		left := r.Len()
		flags := r.Octet()
		zone := int(flags >> zoneShift)
		if zone == zoneLong {
			zone = r.Index(len(zones) + 1)
		}
		addr, ok := netip.AddrFromSlice([]byte(r.Octets(size)))
		if !ok || zone > len(zones) {
			return dst, errPacked
		}
		e := cluster.Endpoint{
			Addr: addr, Ports: ports,
			Ready: flags&flagReady != 0, Serving: flags&flagServing != 0, Terminating: flags&flagTerminating != 0,
		}
		if flags&flagHostname != 0 {
			e.Hostname = r.Text()
		}
		if zone > 0 {
			e.Zone = zones[zone-1]
		}
		if dst = append(dst, e); len(dst) == cap(dst) && !r.Empty() { // the others are about as long
			dst = slices.Grow(dst, r.Len()/(left-r.Len())+1)
		}
	}
	if r.Bad() {
		return dst, errPacked
	}
	return dst, nil
}

func appendPackedPorts(buf []byte, ports []cluster.Port) []byte {
	buf = binary.AppendUvarint(buf, uint64(len(ports)))
	for _, p := range ports {
		buf = append(buf, byte(max(0, slices.Index(protocols[:], p.Protocol))))
		buf = binary.BigEndian.AppendUint16(buf, p.Number)
		buf = packed.AppendText(buf, p.Name)
	}
	return buf
}

func readPorts(r *packed.Reader, intern func(string) string) []cluster.Port {
	return packed.List(r, func() cluster.Port {
		proto := int(r.Octet())
		if proto >= len(protocols) {
			r.Must(false)
			return cluster.Port{}
		}
		return cluster.Port{Protocol: protocols[proto], Number: r.Uint16(), Name: intern(r.Text())}
	})
}
