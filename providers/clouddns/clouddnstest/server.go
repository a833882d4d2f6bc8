package clouddnstest

import (
	"fmt"
	"maps"
	"net/http"
	"strings"
	"sync"
	"time"
)

// Config says what Cloud DNS is played. The zero Config works.
type Config struct {
	Project     string           // defaults to "test"
	Clock       func() time.Time // defaults to time.Now
	Propagation time.Duration    // how long a change is pending; defaults to 0
	Quota       Quota            // a field that is 0 has its documented value
	// Reads and Writes are the quotas of calls; a zero Rate is none.
	Reads, Writes Rate
	// Fault, if set, chooses a fault for each call of an action that Inject left none
	// for. It may be called by many goroutines at once.
	Fault func(action string) Fault
}

// Quota is a project's, as projects.get would tell it.
type Quota struct {
	AdditionsPerChange, DeletionsPerChange int
	RRDataSizePerChange                    int // octets of text, of additions and deletions
	RecordsPerRRset                        int
	NameServersPerDelegation               int
	ItemsPerRoutingPolicy                  int
	RRsetsPerZone                          int
}

// Documented is the Quota of a project that asked for nothing else.
var Documented = Quota{
	AdditionsPerChange: 1000, DeletionsPerChange: 1000, RRDataSizePerChange: 100_000,
	RecordsPerRRset: 100, NameServersPerDelegation: 8, ItemsPerRoutingPolicy: 100, RRsetsPerZone: 10_000,
}

func (q *Quota) fill() {
	for _, f := range []struct {
		field *int
		value int
	}{
		{&q.AdditionsPerChange, Documented.AdditionsPerChange}, {&q.DeletionsPerChange, Documented.DeletionsPerChange},
		{&q.RRDataSizePerChange, Documented.RRDataSizePerChange}, {&q.RecordsPerRRset, Documented.RecordsPerRRset},
		{&q.NameServersPerDelegation, Documented.NameServersPerDelegation},
		{&q.ItemsPerRoutingPolicy, Documented.ItemsPerRoutingPolicy}, {&q.RRsetsPerZone, Documented.RRsetsPerZone},
	} {
		if *f.field == 0 {
			*f.field = f.value
		}
	}
}

// Server is one project's Cloud DNS. It is safe for concurrent use.
type Server struct {
	cfg Config

	mu            sync.Mutex
	zones         map[string]*managedZone // by name
	calls         map[string]int          // by action
	faults        map[string][]Fault
	late          []func() *failure
	reads, writes bucket
	nextZone      uint64
}

// New makes a project without zones.
func New(cfg Config) *Server {
	if cfg.Project == "" {
		cfg.Project = "test"
	}
	if cfg.Clock == nil {
		cfg.Clock = time.Now
	}
	cfg.Quota.fill()
	s := &Server{cfg: cfg, zones: map[string]*managedZone{}, calls: map[string]int{}, faults: map[string][]Fault{}, nextZone: 1000}
	s.reads, s.writes = newBucket(cfg.Reads), newBucket(cfg.Writes)
	return s
}

// AddZone makes a managed zone with the SOA and NS records that it comes with.
// visibility is public or private.
func (s *Server) AddZone(name, dnsName, visibility string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.nextZone++
	dnsName = strings.ToLower(dnsName)
	z := &managedZone{
		about: ManagedZone{
			Kind: "dns#managedZone", ID: s.nextZone, Name: name, DNSName: dnsName, Visibility: visibility,
			CreationTime: s.cfg.Clock().UTC().Format(time.RFC3339),
		},
		rrsets: map[key]RRset{},
	}
	for i := 1; i <= 4; i++ {
		z.about.NameServers = append(z.about.NameServers, fmt.Sprintf("ns-cloud-a%d.googledomains.com.", i))
	}
	z.put(RRset{Name: dnsName, Type: "NS", TTL: 21600, RRDatas: z.about.NameServers})
	z.put(RRset{Name: dnsName, Type: "SOA", TTL: 21600, RRDatas: []string{
		"ns-cloud-a1.googledomains.com. cloud-dns-hostmaster.google.com. 1 21600 3600 259200 300",
	}})
	s.zones[name] = z
}

// RemoveZone takes a managed zone away, with all that is in it.
func (s *Server) RemoveZone(name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.zones, name)
}

// Put writes a record set as somebody else would by hand. It is kept as it is
// spelled, and nothing is checked.
func (s *Server) Put(zone string, r RRset) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.zones[zone].put(r)
}

// Delete takes a record set away by hand.
func (s *Server) Delete(zone, name, typ string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.zones[zone].drop(key{name, typ})
}

// Get looks a record set up.
func (s *Server) Get(zone, name, typ string) (RRset, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r, ok := s.zones[zone].rrsets[key{name, typ}]
	return r, ok
}

// RRsets lists a zone in the order of the API.
func (s *Server) RRsets(zone string) []RRset {
	s.mu.Lock()
	defer s.mu.Unlock()
	z := s.zones[zone]
	all := make([]RRset, 0, len(z.rrsets))
	for _, k := range z.order() {
		all = append(all, z.rrsets[k])
	}
	return all
}

// Calls counts the calls by action, those with a fault included.
func (s *Server) Calls() map[string]int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return maps.Clone(s.calls)
}

// Client is an HTTP client whose every request is served by s, in memory.
func (s *Server) Client() *http.Client { return &http.Client{Transport: transport{s}} }
