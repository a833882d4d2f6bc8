package store

import (
	"iter"
	"math"
	"slices"

	"github.com/fedns/fedns/discovery/cluster"
	"github.com/fedns/fedns/discovery/cluster/packed"
)

// Summary is what can be told of a packed Group without unpacking it.
type Summary struct {
	Type      cluster.ServiceType
	Endpoints int
}

// Restore keeps a packed Group that was kept elsewhere meanwhile, as reported in
// no run of any Source. The error is ErrPacked: it is not kept then. A Group that
// is held already is replaced.
func (s *Store) Restore(key cluster.ServiceKey, id cluster.ID, octets string) (Summary, error) {
	sum, err := Summarize(octets)
	if err != nil {
		return sum, err
	}
	of := s.services[key]
	i, found := len(of.all()), false
	if i > 0 && of.all()[i-1].cluster >= id { // clusters come in order as a rule
		i, found = of.search(id)
	}
	s.keep(key, of, i, found, held{id, 0, uint32(sum.Endpoints), octets})
	return sum, nil
}

// Reserve makes room for so many services in a Store that is empty.
func (s *Store) Reserve(services int) {
	if len(s.services) == 0 {
		s.services = make(map[cluster.ServiceKey]holding, services)
	}
}

// Has tells whether any cluster holds the service.
func (s *Store) Has(key cluster.ServiceKey) bool {
	_, has := s.services[key]
	return has
}

// HasOf tells whether any of some clusters holds the service.
func (s *Store) HasOf(key cluster.ServiceKey, ids map[cluster.ID]bool) bool {
	of := s.services[key]
	return slices.ContainsFunc(of.all(), func(h held) bool { return ids[h.cluster] })
}

// Packed is a cluster's Group as Append packs it; false when there is none.
func (s *Store) Packed(key cluster.ServiceKey, id cluster.ID) (string, bool) {
	h, found := s.of(key, id)
	return h.packed, found
}

// PackedOf yields the service's Groups as Append packs them.
func (s *Store) PackedOf(key cluster.ServiceKey) iter.Seq2[cluster.ID, string] {
	return func(yield func(cluster.ID, string) bool) {
		of := s.services[key]
		for _, h := range of.all() {
			if !yield(h.cluster, h.packed) {
				return
			}
		}
	}
}

// Summarize walks a packed Group, and finds what Decode would find wrong. It
// allocates nothing.
func Summarize(octets string) (Summary, error) {
	r := reader{Reader: packed.Read(octets)}
	var sum Summary
	if r.Octet() != version {
		return sum, ErrPacked
	}
	flags := r.Octet()
	r.Must(flags&^headerFlags == 0)
	r.Octet()
	sum.Type = cluster.ServiceType(r.Octet())
	if flags&flagCreated != 0 {
		r.time()
	}
	if flags&flagFindings != 0 {
		r.each(func() { r.Text() })
	}
	r.Must(r.Uvarint() <= math.MaxUint32)
	r.Must(r.Uvarint() <= math.MaxUint32)
	r.Text()
	r.each(func() { r.skipAddr(r.Octet()) })
	r.each(func() { r.skipAddr(r.Octet()) })
	r.each(func() { r.skipAddr(r.Octet()); r.Text() })
	r.each(r.skipPort)
	zones := r.each(func() { r.Text() })
	ports := r.each(func() { r.each(r.skipPort) })
	sum.Endpoints = r.each(func() {
		flags := r.Octet()
		r.skipAddr(flags >> shiftAddr)
		if flags&flagHostname != 0 {
			r.Text()
		}
		if flags&flagZone != 0 {
			r.Index(zones)
		}
		if flags&flagPorts != 0 {
			r.Index(ports)
		}
	})
	if r.Bad() || !r.Empty() {
		return Summary{}, ErrPacked
	}
	return sum, nil
}

// each reads a length and skips so many elements.
func (r *reader) each(skip func()) int {
	n := r.Count()
	for i := 0; i < n && !r.Bad(); i++ {
		skip()
	}
	return n
}

func (r *reader) skipAddr(kind byte) {
	switch kind {
	case addrNone:
	case addrV4:
		r.Octets(4)
	case addrV6:
		r.Octets(16)
	default:
		r.Must(false)
	}
}

func (r *reader) skipPort() {
	r.Text()
	r.Text()
	r.Uint16()
}
