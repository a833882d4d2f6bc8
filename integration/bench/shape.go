package main

import (
	"bufio"
	"fmt"
	"io"
	"iter"
	"math/rand/v2"
	"net/netip"

	"github.com/fedns/fedns/dnsserver/dnsname"
	"github.com/fedns/fedns/dnsserver/zone"
)

const (
	apex = "clusterset.local."
	// ttl is what records of a ClusterSet have by default, in seconds.
	ttl = 5
	// teams is over how many namespaces the services are spread.
	teams = 100
)

// shape is a zone by its numbers. Everything in it, and everything asked about
// it, follows from them, so that each process makes it for itself.
type shape struct {
	Services int
	// Endpoints makes every service headless, with so many pods: as many A records
	// at its name, a name for each pod, and an SRV record for each. With 0 a service
	// is one name with one A record and nothing else.
	Endpoints int
	Seed      uint64
}

func (s shape) service(i int) string { return fmt.Sprintf("web-%d.team-%d.svc", i, i%teams) }

func pod(k int, service string) string { return fmt.Sprintf("pod-%d.eu-%d.%s", k, k, service) }

func port(service string) string { return "_http._tcp." + service }

// addresses are those of service i; no two are the same.
func (s shape) addresses(i, version int) []netip.Addr {
	rnd := rand.New(rand.NewPCG(s.Seed+uint64(version), uint64(i)))
	all := make([]netip.Addr, max(s.Endpoints, 1))
	for k := range all {
		all[k] = netip.AddrFrom4([4]byte{10, byte(rnd.Uint32()), byte(rnd.Uint32()), byte(1 + k*60 + rnd.IntN(60))})
	}
	return all
}

// write writes the zone file (RFC 1035 §5).
func (s shape) write(w io.Writer) error {
	b := bufio.NewWriterSize(w, 1<<20)
	fmt.Fprintf(b, "$ORIGIN %s\n$TTL %d\n@ SOA ns hostmaster 1 7200 1800 86400 %d\n@ NS ns\nns A 10.0.0.10\n", apex, ttl, ttl)
	for i := range s.Services {
		service := s.service(i)
		for k, a := range s.addresses(i, 0) {
			fmt.Fprintf(b, "%s A %s\n", service, a)
			if s.Endpoints > 0 {
				fmt.Fprintf(b, "%s A %s\n%s SRV 0 50 8080 %s\n", pod(k, service), a, port(service), pod(k, service))
			}
		}
	}
	return b.Flush()
}

// published yields what discovery would publish: the zone without its apex.
func (s shape) published() iter.Seq[zone.RRset] {
	return func(yield func(zone.RRset) bool) {
		for i := range s.Services {
			if !yield(s.version(i, 0)) || (s.Endpoints > 0 && !s.pods(i, yield)) {
				return
			}
		}
	}
}

// version is the RRset of service i's addresses after so many changes. All
// versions have as many records.
func (s shape) version(i, version int) zone.RRset {
	var rdata []string
	for _, a := range s.addresses(i, version) {
		rdata = append(rdata, zone.Addr(a))
	}
	return zone.NewRRset(name(s.service(i)), zone.TypeA, ttl, rdata...)
}

func (s shape) pods(i int, yield func(zone.RRset) bool) bool {
	service := s.service(i)
	var srv []string
	for k, a := range s.addresses(i, 0) {
		owner := name(pod(k, service))
		if !yield(zone.NewRRset(owner, zone.TypeA, ttl, zone.Addr(a))) {
			return false
		}
		srv = append(srv, zone.SRV(0, 50, 8080, owner))
	}
	return yield(zone.NewRRset(name(port(service)), zone.TypeSRV, ttl, srv...))
}

func name(relative string) dnsname.Name { return dnsname.MustParse(relative + "." + apex) }
