package dnsserver

import (
	"context"
	"crypto/tls"
	"errors"
	"log/slog"
	"net/netip"
	"os"
	"runtime"
	"slices"
	"strings"
	"sync"

	"github.com/fedns/fedns/dnsserver/answer"
	"github.com/fedns/fedns/dnsserver/dnsname"
	"github.com/fedns/fedns/dnsserver/policy"
	"github.com/fedns/fedns/dnsserver/serial"
	"github.com/fedns/fedns/dnsserver/stream"
	"github.com/fedns/fedns/dnsserver/zone"
)

// Config is how a Server listens, and what it keeps.
type Config struct {
	Listen  []netip.AddrPort // UDP and TCP on each
	TLS     []netip.AddrPort // DNS over TLS (RFC 7858); needs Secure, as do the next two
	HTTPS   []netip.AddrPort // DNS over HTTPS (RFC 8484)
	QUIC    []netip.AddrPort // DNS over QUIC (RFC 9250)
	Secure  *tls.Config      // the certificate; its protocols are set by each transport
	Readers int              // UDP readers an address; defaults to GOMAXPROCS
	// Inherit gives the sockets that somebody else opened for an address: one for
	// each UDP reader, one for all else. None: they are opened. Defaults to none.
	Inherit func(t policy.Transport, addr netip.AddrPort) []*os.File
	// Serials keeps SOA serials over a restart. Defaults to not keeping them.
	Serials *serial.Store
	Log     *slog.Logger // Defaults to slog.Default()
}

// ZoneSpec is one zone to serve.
type ZoneSpec struct {
	Apex dnsname.Name
	// Static are the records from files. An SOA and NS at the apex are made up
	// where they lack.
	Static []zone.RRset
	// Keep says that the static records are those that the zone has, so that nobody
	// else need keep them; Static is not looked at. The zone must be served.
	Keep bool
	// NegativeTTL bounds in seconds how long a name's nonexistence is remembered,
	// where the SOA is made up. Defaults to 5, and is 5 at most.
	NegativeTTL uint32
	// Filled says that records are published into the zone. Where its static ones
	// are invalid from the start, it is served without them.
	Filled bool
	// Signer signs the zone's answers, and gives its keys' records; nil: it is not
	// signed. Its keys are looked at anew by each SetZones.
	Signer Signer
	// Provisional says that a zone that is new may lack names until Settle: one
	// that does not exist is answered SERVFAIL until then, and no secondary gets
	// the zone. It means nothing where the zone takes its names over from one
	// around it.
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
	serials     map[dnsname.Name]uint32
	provisional bool
	journaled   bool // somebody may transfer
	notify      notifyFunc
	feed        func(apex dnsname.Name, next *zone.Snapshot, changes []zone.Change)
	listeners   []listener
	// Each UDP reader counts for itself, so that none waits for another's cache
	// line, and so does each address of all else.
	tallies []tally

	counts [policy.Transports]answer.Counts // of what is finished later
	turns  *stream.Turns                    // of all stream listeners together
	// compiling goes on from Start to Close.
	compiling    sync.WaitGroup
	endCompiling context.CancelFunc           // of compiling; mu guards it
	finisher     [policy.Transports]sync.Pool // of *answer.Worker
	log          *slog.Logger
}

// notifyFunc is told of each change of a zone; it does not block.
type notifyFunc func(apex dnsname.Name, soa zone.RRset)

// New makes a Server that serves no zone and does not listen yet.
func New(cfg Config) *Server {
	if cfg.Log == nil {
		cfg.Log = slog.Default()
	}
	s := &Server{
		cfg: cfg, engine: answer.NewEngine(), log: cfg.Log,
		zones: zones{}, serials: map[dnsname.Name]uint32{}, turns: stream.NewTurns(runtime.GOMAXPROCS(0)),
	}
	if s.cfg.Inherit == nil {
		s.cfg.Inherit = func(policy.Transport, netip.AddrPort) []*os.File { return nil }
	}
	for t := range s.finisher {
		s.finisher[t].New = func() any { return s.engine.NewWorker(policy.Transport(t), s.countsOf(policy.Transport(t))) }
	}
	return s
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
			if spec.Keep && c.made.is(&spec) {
				s.sign(c, spec.Signer)
				c.filled = spec.Filled
				continue
			}
			if spec.Keep {
				spec.Static = c.given()
			}
			changes, err := c.setStatic(spec)
			if err != nil {
				errs = append(errs, err)
			} else {
				s.publish(c, changes)
			}
			s.sign(c, spec.Signer)
			c.filled = spec.Filled
			continue
		}
		c, err := newContent(spec, s.lastSerial(spec.Apex))
		if err != nil {
			errs = append(errs, err)
			if !spec.Filled {
				continue
			}
			spec.Static = nil
			if c, err = newContent(spec, s.lastSerial(spec.Apex)); err != nil {
				continue
			}
		}
		after[spec.Apex] = c
		c.signer = spec.Signer
		c.filled = spec.Filled
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
		if changes := publish(c, edits); s.zones[c.apex] == c {
			s.publish(c, changes)
		}
	}
	for _, c := range provisional {
		c.provisional = true
	}
	for _, c := range fresh {
		c.provisional = s.provisional && after.fillable(c.apex)
	}
	for _, c := range slices.Concat(fresh, provisional) {
		s.begin(c)
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
	for _, c := range slices.Concat(fresh, provisional) {
		s.sign(c, c.signer)
	}
	for apex, c := range s.zones {
		if after[apex] != c {
			s.serials[apex] = c.served.Serial()
			s.engine.Retract(apex)
		}
	}
	for c, edits := range m.leave {
		s.publish(c, publish(c, edits))
	}
	s.zones = after
	s.zones.mark()
	s.doubt(false)
	return errs
}

// doubt makes zones that records are published into provisional as long as the
// Server is; with settle, all others are not any more. mu is held.
func (s *Server) doubt(settle bool) {
	for apex, c := range s.zones {
		if s.provisional && s.zones.fillable(apex) {
			c.provisional = true
			s.engine.SetProvisional(apex, true)
		} else if settle {
			s.engine.SetProvisional(apex, false)
			if c.provisional {
				c.provisional = false
				s.changed(c) // secondaries have heard nothing of it since
				s.tell(c, nil)
			}
		}
	}
}

// Settle says that all that is to be published was, so that no zone is provisional any more.
func (s *Server) Settle() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.doubt(true)
}

// Publish makes edits in the zones served, each in the one with the longest
// apex that holds its owner name; edits that fit into none are left out. It
// returns when later queries are answered from the result. Owner names whose
// records cannot stand together are refused and named in the error; everything
// else is published all the same.
func (s *Server) Publish(edits []zone.Edit) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	var errs []error
	for _, p := range s.zones.parts(edits) {
		changes, err := p.zone.publish(p.edits)
		s.publish(p.zone, changes)
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

// SetProvisional says whether the zones that records are published into may still
// lack names: see answer.Engine. Meanwhile they are not transferred: a secondary
// goes on with all that it has. It holds for zones that are set later, too.
func (s *Server) SetProvisional(yes bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.provisional = yes
	s.doubt(true)
}

// SetMissed has f told of names that may yet come: see answer.Engine.
func (s *Server) SetMissed(f func(dnsname.Name)) { s.engine.SetMissed(f) }

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

// Panics counts queries whose answering panicked; each of them got SERVFAIL.
func (s *Server) Panics() uint64 { return s.engine.Panics() }
