package store

import (
	"encoding/binary"
	"net/netip"
	"slices"

	"github.com/fedns/fedns/discovery/cluster"
	"github.com/fedns/fedns/discovery/cluster/packed"
)

// version begins every packed Group; another layout has another number.
const version = 1

// Header flags.
const (
	flagPublishNotReady = 1 << iota
	flagCreated         // a creation time follows
	flagFindings        // findings follow
	flagWithoutEndpoints
	headerFlags = flagPublishNotReady | flagCreated | flagFindings | flagWithoutEndpoints
)

// Endpoint flags. Two bits hold the kind of address.
const (
	flagReady = 1 << iota
	flagServing
	flagTerminating
	flagHostname // a hostname follows
	flagZone     // an index of the zone names follows
	flagPorts    // an index of the port lists follows; else the list is the first, if there is any
	shiftAddr    = 6
)

// Kinds of address.
const (
	addrNone = iota
	addrV4
	addrV6 // IPv4-mapped ones too
)

// Append appends g in packed form, Cluster and Service left out: they are the
// key it is kept under. Equal Groups pack equally. Scopes of addresses ("%eth0")
// are not kept: no record could hold them. g must not be Withdrawn.
func Append(dst []byte, g *cluster.Group) []byte {
	var flags byte
	if g.PublishNotReady {
		flags |= flagPublishNotReady
	}
	if g.WithoutEndpoints {
		flags |= flagWithoutEndpoints
	}
	if !g.Created.IsZero() {
		flags |= flagCreated
	}
	if len(g.Findings) > 0 {
		flags |= flagFindings
	}
	dst = append(dst, version, flags, byte(g.Export), byte(g.Type))
	if !g.Created.IsZero() {
		dst = binary.AppendVarint(dst, g.Created.Unix())
		dst = binary.AppendUvarint(dst, uint64(g.Created.Nanosecond()))
	}
	if len(g.Findings) > 0 {
		dst = binary.AppendUvarint(dst, uint64(len(g.Findings)))
		for _, text := range g.Findings {
			dst = packed.AppendText(dst, text)
		}
	}
	dst = binary.AppendUvarint(dst, uint64(g.TTL))
	dst = binary.AppendUvarint(dst, uint64(g.Weight))
	dst = packed.AppendText(dst, g.Policy)
	dst = appendAddrs(dst, g.Addresses)
	dst = appendAddrs(dst, g.ClusterIPs)
	dst = binary.AppendUvarint(dst, uint64(len(g.Ingress)))
	for _, in := range g.Ingress {
		dst = appendAddr(dst, in.Addr)
		dst = packed.AppendText(dst, in.Hostname)
	}
	dst = appendPorts(dst, g.Ports)
	return appendEndpoints(dst, g.Endpoints)
}

func appendEndpoints(dst []byte, list []cluster.Endpoint) []byte {
	var zones []string
	var ports [][]cluster.Port
	for i := range list {
		e := &list[i]
		if e.Zone != "" && !slices.Contains(zones, e.Zone) {
			zones = append(zones, e.Zone)
		}
		if portsIndex(ports, e.Ports) < 0 {
			ports = append(ports, e.Ports)
		}
	}
	dst = binary.AppendUvarint(dst, uint64(len(zones)))
	for _, z := range zones {
		dst = packed.AppendText(dst, z)
	}
	dst = binary.AppendUvarint(dst, uint64(len(ports)))
	for _, p := range ports {
		dst = appendPorts(dst, p)
	}
	dst = binary.AppendUvarint(dst, uint64(len(list)))
	for i := range list {
		dst = appendEndpoint(dst, &list[i], zones, ports)
	}
	return dst
}

func appendEndpoint(dst []byte, e *cluster.Endpoint, zones []string, ports [][]cluster.Port) []byte {
	var flags byte
	set := func(flag byte, on bool) {
		if on {
			flags |= flag
		}
	}
	at := portsIndex(ports, e.Ports)
	set(flagReady, e.Ready)
	set(flagServing, e.Serving)
	set(flagTerminating, e.Terminating)
	set(flagHostname, e.Hostname != "")
	set(flagZone, e.Zone != "")
	set(flagPorts, at > 0)
	dst = append(dst, flags|addrKind(e.Addr)<<shiftAddr)
	dst = appendOctets(dst, e.Addr)
	if e.Hostname != "" {
		dst = packed.AppendText(dst, e.Hostname)
	}
	if e.Zone != "" {
		dst = binary.AppendUvarint(dst, uint64(slices.Index(zones, e.Zone)))
	}
	if at > 0 {
		dst = binary.AppendUvarint(dst, uint64(at))
	}
	return dst
}

func portsIndex(lists [][]cluster.Port, p []cluster.Port) int {
	for i := range lists {
		if slices.Equal(lists[i], p) {
			return i
		}
	}
	return -1
}

func appendPorts(dst []byte, list []cluster.Port) []byte {
	dst = binary.AppendUvarint(dst, uint64(len(list)))
	for _, p := range list {
		dst = packed.AppendText(dst, p.Name)
		dst = packed.AppendText(dst, p.Protocol)
		dst = binary.BigEndian.AppendUint16(dst, p.Number)
	}
	return dst
}

func appendAddrs(dst []byte, list []netip.Addr) []byte {
	dst = binary.AppendUvarint(dst, uint64(len(list)))
	for _, a := range list {
		dst = appendAddr(dst, a)
	}
	return dst
}

func appendAddr(dst []byte, a netip.Addr) []byte {
	return appendOctets(append(dst, addrKind(a)), a)
}

func addrKind(a netip.Addr) byte {
	switch {
	case a.Is4():
		return addrV4
	case a.Is6():
		return addrV6
	}
	return addrNone
}

func appendOctets(dst []byte, a netip.Addr) []byte {
	switch {
	case a.Is4():
		b := a.As4()
		return append(dst, b[:]...)
	case a.Is6():
		b := a.As16()
		return append(dst, b[:]...)
	}
	return dst
}
