package store

import (
	"errors"
	"math"
	"net/netip"
	"time"

	"github.com/fedns/fedns/discovery/cluster"
	"github.com/fedns/fedns/discovery/cluster/packed"
)

// ErrPacked says that octets are not a packed Group.
var ErrPacked = errors.New("packed group is cut short or not well formed")

// Decode is the inverse of Append; Cluster and Service stay zero. Strings of
// the Group share octets, and endpoints share port lists: a Group is only read.
// Any octets may be given: the error is ErrPacked, and no more memory is taken
// than a fixed multiple of their number.
func Decode(octets string) (cluster.Group, error) { return decode(octets, nil) }

// decode is Decode. Endpoints come to stand in room, if that is given.
func decode(octets string, room *shelf) (cluster.Group, error) {
	r := reader{packed.Read(octets), room}
	var g cluster.Group
	if r.Octet() != version {
		return g, ErrPacked
	}
	flags := r.Octet()
	r.Must(flags&^headerFlags == 0)
	g.PublishNotReady, g.WithoutEndpoints = flags&flagPublishNotReady != 0, flags&flagWithoutEndpoints != 0
	g.Export, g.Type = cluster.Export(r.Octet()), cluster.ServiceType(r.Octet())
	if flags&flagCreated != 0 {
		g.Created = r.time()
	}
	if flags&flagFindings != 0 {
		g.Findings = packed.List(&r.Reader, r.Text)
	}
	g.TTL, g.Weight, g.Policy = r.uint32(), r.uint32(), r.Text()
	g.Addresses, g.ClusterIPs = r.addrs(), r.addrs()
	g.Ingress = packed.List(&r.Reader, func() cluster.Ingress { return cluster.Ingress{Addr: r.addr(r.Octet()), Hostname: r.Text()} })
	g.Ports = r.ports()
	g.Endpoints = r.endpoints()
	if r.Bad() || !r.Empty() {
		return cluster.Group{}, ErrPacked
	}
	return g, nil
}

// reader takes a packed Group apart.
type reader struct {
	packed.Reader
	room *shelf
}

// shelf is memory for the endpoints of Groups that are looked at and forgotten.
type shelf struct{ endpoints []cluster.Endpoint }

// keptEndpoints are kept room for at most; few Services have more.
const keptEndpoints = 1 << 12

// clear makes all of it free again.
func (s *shelf) clear() {
	if cap(s.endpoints) > keptEndpoints {
		s.endpoints = nil
	}
	clear(s.endpoints)
	s.endpoints = s.endpoints[:0]
}

func (r *reader) uint32() uint32 {
	v := r.Uvarint()
	r.Must(v <= math.MaxUint32)
	return uint32(v)
}

func (r *reader) time() time.Time {
	z := r.Uvarint()
	seconds := int64(z>>1) ^ -int64(z&1) // zigzag, as binary.AppendVarint has it
	nanos := r.Uvarint()
	if nanos >= uint64(time.Second) {
		r.Must(false)
		return time.Time{}
	}
	return time.Unix(seconds, int64(nanos)).UTC()
}

func (r *reader) addr(kind byte) netip.Addr {
	switch kind {
	case addrNone:
	case addrV4:
		if s := r.Octets(4); len(s) == 4 {
			return netip.AddrFrom4([4]byte([]byte(s)))
		}
	case addrV6:
		if s := r.Octets(16); len(s) == 16 {
			return netip.AddrFrom16([16]byte([]byte(s)))
		}
	default:
		r.Must(false)
	}
	return netip.Addr{}
}

func (r *reader) addrs() []netip.Addr {
	return packed.List(&r.Reader, func() netip.Addr { return r.addr(r.Octet()) })
}

func (r *reader) ports() []cluster.Port {
	return packed.List(&r.Reader, func() cluster.Port {
		return cluster.Port{Name: r.Text(), Protocol: r.Text(), Number: r.Uint16()}
	})
}

func (r *reader) endpoints() []cluster.Endpoint {
	zones := packed.List(&r.Reader, r.Text)
	ports := packed.List(&r.Reader, r.ports)
	var list []cluster.Endpoint
	if r.room != nil {
		list = r.room.endpoints
	}
	from := len(list)
	list = packed.AppendList(list, &r.Reader, func() cluster.Endpoint {
		flags := r.Octet()
		e := cluster.Endpoint{
			Ready: flags&flagReady != 0, Serving: flags&flagServing != 0, Terminating: flags&flagTerminating != 0,
			Addr: r.addr(flags >> shiftAddr),
		}
		if flags&flagHostname != 0 {
			e.Hostname = r.Text()
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
	switch {
	case len(list) <= from:
		return nil
	case r.room != nil:
		r.room.endpoints = list
	}
	return list[from:len(list):len(list)]
}

// index reads an index of table.
func index[T any](r *reader, table []T) (v T) {
	if i := r.Index(len(table)); !r.Bad() {
		return table[i]
	}
	return v
}
