package simulator

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"time"
)

// Options say what a Cluster holds. The zero value is an empty cluster.
type Options struct {
	// Name is the cluster's, in errors and in its kubeconfig.
	Name string
	// Number sets the cluster's addresses apart from those of others; 0 to 127.
	Number int
	// Services is how many there are, Endpoints how many each has.
	Services, Endpoints int
	// First is the number of the first Service. Clusters with the same First have
	// Services of the same names.
	First int
	// Headless Services have no ClusterIP.
	Headless bool
	// Hostnames gives each endpoint a hostname of its own.
	Hostnames bool
	// Annotated Services are exported by annotation. Defaults to a ServiceExport each.
	Annotated bool
	// SliceSize is the most endpoints in one EndpointSlice. Defaults to 100, as with
	// the controller of Kubernetes.
	SliceSize int
	// Keep is how many changes watches can go on from. Defaults to 1000.
	Keep int
	// Nodes defaults to 3.
	Nodes int
	// Bookmarks is the time between two bookmarks of a watch. Defaults to a minute.
	Bookmarks time.Duration
	// Lists: initial events over a watch are refused, as by servers before 1.32.
	Lists bool
	// JSON is all that the server speaks.
	JSON bool
	// Seed is what random choices follow from.
	Seed uint64
}

func (o Options) complete() Options {
	if o.SliceSize == 0 {
		o.SliceSize = 100
	}
	if o.Keep == 0 {
		o.Keep = 1000
	}
	if o.Nodes == 0 {
		o.Nodes = 3
	}
	if o.Bookmarks == 0 {
		o.Bookmarks = time.Minute
	}
	return o
}

// model is what a cluster holds, without a pointer an endpoint.
type model struct {
	options  Options
	services []service // by number less options.First; those that are gone stay as such
	address  uint32    // of the next endpoint, within the cluster's range
	born     time.Time
	random   *rand.Rand
}

type service struct {
	gone    bool
	version uint64
	slices  []slice
}

type slice struct {
	version   uint64
	changed   time.Time
	endpoints []endpoint
}

type endpoint struct {
	address  uint32
	unready  bool
	hostname uint16 // 1-based; 0: none
}

// rangeBits is the size of a cluster's part of 10.0.0.0/8.
const rangeBits = 17

func newModel(o Options, version uint64) *model {
	m := &model{options: o, born: time.Now().Add(-time.Hour).Truncate(time.Second), random: rand.New(rand.NewPCG(o.Seed, uint64(o.Number)))}
	m.services = make([]service, 0, o.Services)
	for range o.Services {
		m.add(version)
	}
	return m
}

// add makes one more Service and returns its place.
func (m *model) add(version uint64) int {
	s := service{version: version}
	for left := m.options.Endpoints; left > 0; left -= m.options.SliceSize {
		one := slice{version: version, changed: m.born, endpoints: make([]endpoint, min(left, m.options.SliceSize))}
		for i := range one.endpoints {
			one.endpoints[i].address = m.next()
			if m.options.Hostnames {
				one.endpoints[i].hostname = uint16(len(s.slices)*m.options.SliceSize + i + 1)
			}
		}
		s.slices = append(s.slices, one)
	}
	m.services = append(m.services, s)
	return len(m.services) - 1
}

// next is an address nobody in the cluster has, as long as there are not more
// than 130,000 of them.
func (m *model) next() uint32 {
	m.address = (m.address + 1) & (1<<rangeBits - 1)
	return 10<<24 | uint32(m.options.Number)<<rangeBits | m.address
}

// forget leaves of a Service that it was there.
func (m *model) forget(i int) { m.services[i] = service{gone: true} }

func addr(v uint32) netip.Addr {
	return netip.AddrFrom4([4]byte{byte(v >> 24), byte(v >> 16), byte(v >> 8), byte(v)})
}

// clusterIP is the virtual IP of the i-th Service: 172.16.0.0/12 has room for a
// million, which is enough for clusters not to share them where it matters.
func (m *model) clusterIP(i int) netip.Addr {
	const room = 1<<20 - 1
	return addr(172<<24 | 16<<16 | (uint32(m.options.Number)*8192+uint32(i)+1)&room)
}

// perNamespace is how many Services share a namespace.
const perNamespace = 100

func (m *model) namespace(i int) string {
	return fmt.Sprintf("ns-%d", (m.options.First+i)/perNamespace)
}

func (m *model) name(i int) string { return fmt.Sprintf("svc-%d", m.options.First+i) }

// find returns the i-th Service's n-th endpoint and the slice it is in.
func (m *model) find(i, n int) (*slice, *endpoint) {
	s := &m.services[i].slices[n/m.options.SliceSize]
	return s, &s.endpoints[n%m.options.SliceSize]
}
