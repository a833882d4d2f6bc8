package store

import (
	"errors"
	"math"
	"net/netip"
	"time"

	"github.com/fedns/fedns/discovery/cluster"
)

// ErrPacked says that octets are not a packed Group.
var ErrPacked = errors.New("packed group is cut short or not well formed")

// Decode is the inverse of Append; Cluster and Service stay zero. Strings of
// the Group share packed, and endpoints share port lists: a Group is only read.
// Any octets may be given: the error is ErrPacked, and no more memory is taken
// than a fixed multiple of their number.
func Decode(packed string) (cluster.Group, error) {
	r := reader{rest: packed}
	var g cluster.Group
	if r.octet() != version {
		return g, ErrPacked
	}
	flags := r.octet()
	r.must(flags&^headerFlags == 0)
	g.PublishNotReady = flags&flagPublishNotReady != 0
	g.Export, g.Type = cluster.Export(r.octet()), cluster.ServiceType(r.octet())
	if flags&flagCreated != 0 {
		g.Created = r.time()
	}
	if flags&flagFindings != 0 {
		g.Findings = list(&r, r.string)
	}
	g.TTL, g.Weight, g.Policy = r.uint32(), r.uint32(), r.string()
	g.Addresses, g.ClusterIPs = r.addrs(), r.addrs()
	g.Ingress = list(&r, func() cluster.Ingress { return cluster.Ingress{Addr: r.addr(r.octet()), Hostname: r.string()} })
	g.Ports = r.ports()
	g.Endpoints = r.endpoints()
	if r.bad || r.rest != "" {
		return cluster.Group{}, ErrPacked
	}
	return g, nil
}

// reader takes a packed Group apart. Once bad it returns zeros only.
type reader struct {
	rest string
	bad  bool
}

// must marks the input as bad unless ok.
func (r *reader) must(ok bool) {
	if !ok {
		r.bad, r.rest = true, ""
	}
}

func (r *reader) octets(n int) string {
	if n < 0 || n > len(r.rest) {
		r.must(false)
		return ""
	}
	s := r.rest[:n]
	r.rest = r.rest[n:]
	return s
}

func (r *reader) octet() byte {
	s := r.octets(1)
	if s == "" {
		return 0
	}
	return s[0]
}

func (r *reader) uvarint() uint64 {
	var v uint64
	for shift := 0; shift < 64; shift += 7 {
		c := r.octet()
		v |= uint64(c&0x7f) << shift
		if c < 0x80 {
			return v
		}
	}
	r.must(false)
	return 0
}

func (r *reader) uint32() uint32 {
	v := r.uvarint()
	r.must(v <= math.MaxUint32)
	return uint32(v)
}

func (r *reader) time() time.Time {
	z := r.uvarint()
	seconds := int64(z>>1) ^ -int64(z&1) // zigzag, as binary.AppendVarint has it
	nanos := r.uvarint()
	if nanos >= uint64(time.Second) {
		r.must(false)
		return time.Time{}
	}
	return time.Unix(seconds, int64(nanos)).UTC()
}

// count is the length of a list; every element takes an octet at least.
func (r *reader) count() int {
	v := r.uvarint()
	if v > uint64(len(r.rest)) {
		r.must(false)
		return 0
	}
	return int(v)
}

func (r *reader) string() string { return r.octets(r.count()) }

// list reads a length and so many elements; nil when there is none.
func list[T any](r *reader, element func() T) []T {
	n := r.count()
	if n == 0 {
		return nil
	}
	out := make([]T, 0, n)
	for range n {
		if r.bad {
			return nil
		}
		out = append(out, element())
	}
	return out
}

func (r *reader) addr(kind byte) netip.Addr {
	switch kind {
	case addrNone:
	case addrV4:
		if s := r.octets(4); len(s) == 4 {
			return netip.AddrFrom4([4]byte([]byte(s)))
		}
	case addrV6:
		if s := r.octets(16); len(s) == 16 {
			return netip.AddrFrom16([16]byte([]byte(s)))
		}
	default:
		r.must(false)
	}
	return netip.Addr{}
}

func (r *reader) addrs() []netip.Addr {
	return list(r, func() netip.Addr { return r.addr(r.octet()) })
}

func (r *reader) ports() []cluster.Port {
	return list(r, func() cluster.Port {
		p := cluster.Port{Name: r.string(), Protocol: r.string()}
		if s := r.octets(2); len(s) == 2 {
			p.Number = uint16(s[0])<<8 | uint16(s[1])
		}
		return p
	})
}

func (r *reader) endpoints() []cluster.Endpoint {
	zones := list(r, r.string)
	ports := list(r, r.ports)
	return list(r, func() cluster.Endpoint {
		flags := r.octet()
		e := cluster.Endpoint{
			Ready: flags&flagReady != 0, Serving: flags&flagServing != 0, Terminating: flags&flagTerminating != 0,
			Addr: r.addr(flags >> shiftAddr),
		}
		if flags&flagHostname != 0 {
			e.Hostname = r.string()
		}
		if flags&flagZone != 0 {
			e.Zone = index(r, zones)
		}
		if flags&flagPorts != 0 {
			e.Ports = index(r, ports)
		} else if len(ports) > 0 {
			e.Ports = ports[0]
		}
		return e
	})
}

// index reads an index of table.
func index[T any](r *reader, table []T) (v T) {
	i := r.uvarint()
	if i >= uint64(len(table)) {
		r.must(false)
		return v
	}
	return table[i]
}
