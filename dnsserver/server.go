package dnsserver

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"runtime"
	"slices"
	"strings"
	"sync"

	"github.com/fedns/fedns/dnsserver/answer"
	"github.com/fedns/fedns/dnsserver/dnsname"
	"github.com/fedns/fedns/dnsserver/policy"
	"github.com/fedns/fedns/dnsserver/stream"
	"github.com/fedns/fedns/dnsserver/udp"
	"github.com/fedns/fedns/dnsserver/zone"
)

// Config is how a Server listens.
type Config struct {
	Listen  []netip.AddrPort // UDP and TCP on each
	Readers int              // UDP readers an address; defaults to GOMAXPROCS
}

// ZoneSpec is one zone to serve.
type ZoneSpec struct {
	Apex dnsname.Name
	// Static are the records from files. An SOA and NS at the apex are made up
	// where they lack.
	Static []zone.RRset
	// NegativeTTL bounds in seconds how long a name's nonexistence is remembered,
	// where the SOA is made up. Defaults to 5, and is 5 at most.
	NegativeTTL uint32
	// Filled says that records are published into the zone. Where its static ones
	// are invalid from the start, it is served without them.
	Filled bool
	// Provisional says that a zone that is new may lack names until Settle: one
	// that does not exist is answered SERVFAIL until then. It means nothing where
	// the zone takes its names over from one around it.
	Provisional bool
}

// Server serves zones. Its methods may be called from any goroutine.
type Server struct {
	cfg    Config
	engine *answer.Engine

	mu    sync.Mutex // of what follows; no query takes it
	zones zones
	// serials are those that zones had when they were retracted: they do not go
	// back when they are served again.
	serials map[dnsname.Name]uint32
	udp     []*udp.Listener
	tcp     []*stream.Listener
	// Each UDP reader counts for itself, so that none waits for another's cache line.
	udpCounts []*answer.Counts

	tcpCounts answer.Counts
	tcpTurns  *stream.Turns // of all addresses together
}

// New makes a Server that serves no zone and does not listen yet.
func New(cfg Config) *Server {
	return &Server{cfg: cfg, engine: answer.NewEngine(), zones: zones{}, serials: map[dnsname.Name]uint32{},
		tcpTurns: stream.NewTurns(runtime.GOMAXPROCS(0))}
}

// Start opens all sockets and begins to answer. When one cannot be opened, none stays open.
func (s *Server) Start(ctx context.Context) error {
	for _, addr := range s.cfg.Listen {
		if err := s.listen(ctx, addr); err != nil {
			return errors.Join(err, s.Close())
		}
	}
	return nil
}

func (s *Server) listen(ctx context.Context, addr netip.AddrPort) error {
	t, err := stream.Listen(ctx, stream.Config{Addr: addr, Turns: s.tcpTurns, New: func() stream.Responder {
		return s.engine.NewWorker(policy.TCP, &s.tcpCounts)
	}})
	if err != nil {
		return err
	}
	s.mu.Lock()
	s.tcp = append(s.tcp, t)
	s.mu.Unlock()
	// Port 0: whatever TCP was given, UDP takes as well.
	u, err := udp.Listen(ctx, udp.Config{Addr: t.Addr(), Readers: s.cfg.Readers, ResponseSize: answer.MaxUDP, Crowded: s.tcpTurns.Busy, New: func() udp.Responder {
		c := &answer.Counts{}
		s.mu.Lock()
		s.udpCounts = append(s.udpCounts, c)
		s.mu.Unlock()
		return s.engine.NewWorker(policy.UDP, c)
	}})
	if err != nil {
		return err
	}
	s.mu.Lock()
	s.udp = append(s.udp, u)
	s.mu.Unlock()
	return nil
}

// Addrs are the addresses listened on, ports never 0.
func (s *Server) Addrs() []netip.AddrPort {
	s.mu.Lock()
	defer s.mu.Unlock()
	var addrs []netip.AddrPort
	for _, l := range s.udp {
		addrs = append(addrs, l.Addr())
	}
	return addrs
}

// Close stops answering and closes all sockets.
func (s *Server) Close() error {
	s.mu.Lock()
	udps, tcps := s.udp, s.tcp
	s.udp, s.tcp = nil, nil
	s.mu.Unlock()
	var errs []error
	for _, l := range udps {
		errs = append(errs, l.Close())
	}
	for _, l := range tcps {
		errs = append(errs, l.Close())
	}
	return errors.Join(errs...)
}

// SetZones makes specs the zones that are served: new ones are added, others
// get new static records, those not named any more are retracted. What was
// published goes with its name to the zone that holds it now, and a name that
// exists throughout is answered throughout. A zone whose records are invalid
// stays as it was and is named in the error; the others are set all the same.
func (s *Server) SetZones(specs []ZoneSpec) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	after := zones{}
	var fresh, provisional []*content
	var errs []error
	for _, spec := range specs {
		if c, ok := s.zones[spec.Apex]; ok {
			after[spec.Apex] = c
			changes, err := c.setStatic(spec)
			if err != nil {
				errs = append(errs, err)
			} else if len(changes) > 0 {
				s.engine.Publish(c.served, changes)
			}
			continue
		}
		c, err := newContent(spec, s.serials[spec.Apex])
		if err != nil {
			errs = append(errs, err)
			if !spec.Filled {
				continue
			}
			spec.Static = nil
			if c, err = newContent(spec, s.serials[spec.Apex]); err != nil {
				continue
			}
		}
		after[spec.Apex] = c
		if spec.Provisional && s.zones.holder(spec.Apex) == nil {
			provisional = append(provisional, c)
		} else {
			fresh = append(fresh, c)
		}
	}
	return errors.Join(append(errs, s.setZones(after, fresh, provisional)...)...)
}

// setZones goes over to other zones: fresh and provisional are those of after that are new.
func (s *Server) setZones(after zones, fresh, provisional []*content) (errs []error) {
	m := s.zones.moves(after)
	publish := func(c *content, edits []zone.Edit) []zone.Change {
		changes, err := c.publish(edits)
		if err != nil {
			errs = append(errs, err)
		}
		return changes
	}
	// First what is new with all that is to be in it, last what is to be there no more.
	for c, edits := range m.come {
		if changes := publish(c, edits); len(changes) > 0 && s.zones[c.apex] == c {
			s.engine.Publish(c.served, changes)
		}
	}
	snapshots := func(cs []*content) (all []*zone.Snapshot) {
		for _, c := range cs {
			all = append(all, c.served)
		}
		return all
	}
	if len(fresh) > 0 {
		s.engine.Serve(snapshots(fresh)...)
	}
	if len(provisional) > 0 {
		s.engine.ServeProvisional(snapshots(provisional)...)
	}
	for apex, c := range s.zones {
		if after[apex] != c {
			s.serials[apex] = c.served.Serial()
			s.engine.Retract(apex)
		}
	}
	for c, edits := range m.leave {
		if changes := publish(c, edits); len(changes) > 0 {
			s.engine.Publish(c.served, changes)
		}
	}
	s.zones = after
	return errs
}

// Settle says that all that is to be published was, so that no zone is provisional any more.
func (s *Server) Settle() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for apex := range s.zones {
		s.engine.SetZoneProvisional(apex, false)
	}
}

// Publish makes edits in the zones served, each in the one with the longest
// apex that holds its owner name; edits that fit into none are left out. It
// returns when later queries are answered from the result. Owner names whose
// records cannot stand together are refused and named in the error; everything
// else is published all the same.
func (s *Server) Publish(edits []zone.Edit) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	var order []*content
	parts := map[*content][]zone.Edit{}
	for _, e := range edits {
		c := s.zones.holder(e.RRset.Owner)
		if c == nil {
			continue
		}
		if parts[c] == nil {
			order = append(order, c)
		}
		parts[c] = append(parts[c], e)
	}
	var errs []error
	for _, c := range order {
		changes, err := c.publish(parts[c])
		if len(changes) > 0 {
			s.engine.Publish(c.served, changes)
		}
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

// Holds says that a name lies in a zone that is served.
func (s *Server) Holds(name dnsname.Name) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.zones.holder(name) != nil
}

// SetProvisional says whether the zones may still lack names: see answer.Engine.
func (s *Server) SetProvisional(yes bool) { s.engine.SetProvisional(yes) }

// Snapshot is a zone as it is answered now; nil when it is not served.
func (s *Server) Snapshot(apex dnsname.Name) *zone.Snapshot { return s.engine.Snapshot(apex) }

// ZoneStatus is what can be told of a zone.
type ZoneStatus struct {
	Name    string `json:"name"`
	Serial  uint32 `json:"serial"`
	Names   int    `json:"names"`
	Records int    `json:"records"`
	Static  int    `json:"staticRecords"`
	Hidden  int    `json:"hiddenRRsets"` // published for owner names that belong to zone files
}

// Zones lists the zones by name.
func (s *Server) Zones() []ZoneStatus {
	s.mu.Lock()
	defer s.mu.Unlock()
	list := make([]ZoneStatus, 0, len(s.zones))
	for apex, c := range s.zones {
		list = append(list, ZoneStatus{apex.String(), c.served.Serial(), c.served.Names(), c.served.Records(), c.static.Records(), c.hidden()})
	}
	slices.SortFunc(list, func(a, b ZoneStatus) int { return strings.Compare(a.Name, b.Name) })
	return list
}

// Counts lists the counters of a transport, udp or tcp, to be read only and added up.
func (s *Server) Counts(transport string) []*answer.Counts {
	if transport == "tcp" {
		return []*answer.Counts{&s.tcpCounts}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.udpCounts)
}

// Panics counts queries whose answering panicked; each of them got SERVFAIL.
func (s *Server) Panics() uint64 { return s.engine.Panics() }

// StreamStatus is how TCP connections stand, over all addresses.
type StreamStatus struct {
	Open     int
	Accepted uint64
	Refused  uint64
}

// Streams tells how TCP connections stand.
func (s *Server) Streams() StreamStatus {
	s.mu.Lock()
	defer s.mu.Unlock()
	var st StreamStatus
	for _, l := range s.tcp {
		st.Open += l.Open()
		st.Accepted += l.Accepted()
		st.Refused += l.Refused()
	}
	return st
}

// Wait blocks until ctx is done, or a listener fails by itself; the error says which.
func (s *Server) Wait(ctx context.Context) error {
	failed := make(chan error, 1)
	s.mu.Lock()
	var sources []<-chan error
	for _, l := range s.udp {
		sources = append(sources, l.Errors())
	}
	for _, l := range s.tcp {
		sources = append(sources, l.Errors())
	}
	s.mu.Unlock()
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	for _, src := range sources {
		go func() {
			select {
			case err := <-src:
				select {
				case failed <- fmt.Errorf("name server: %w", err):
				default:
				}
			case <-ctx.Done():
			}
		}()
	}
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
		return nil
	}
}
