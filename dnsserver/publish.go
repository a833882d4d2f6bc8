package dnsserver

import (
	"iter"

	"github.com/fedns/fedns/dnsserver/answer"
	"github.com/fedns/fedns/dnsserver/dnsname"
	"github.com/fedns/fedns/dnsserver/policy"
	"github.com/fedns/fedns/dnsserver/transfer"
	"github.com/fedns/fedns/dnsserver/zone"
)

// Signer signs one zone: see dnssec.Signer, whose contract it has.
type Signer interface {
	answer.Signer
	// Apex gives the records of the zone's keys as they are now.
	Apex() []zone.RRset
	// Zone gives the zone as it is transferred, SOA first.
	Zone(*zone.Snapshot) iter.Seq2[zone.RRset, error]
}

const (
	// A zone's journal keeps so many steps, in so many octets, for secondaries that
	// come later to have what changed and not the whole zone.
	journalSteps  = 100_000
	journalOctets = 64 << 20
)

// publish makes c what is answered, changes being what led to it; mu is held.
// Without another SOA it is only answered otherwise, and no secondary's business.
func (s *Server) publish(c *content, changes []zone.Change) {
	if len(changes) == 0 {
		return
	}
	soa := soaChange(c.apex, changes)
	if soa == nil {
		s.engine.Publish(c.served, changes)
		s.tell(c, changes)
		return
	}
	s.reach(c)
	if c.journal != nil && soa.Old != nil && soa.New != nil {
		from, _ := zone.ParseSOA(soa.Old.First()) // it was parsed when it was built
		c.journal.Append(from.Serial, c.served.Serial(), *soa.Old, *soa.New, changes)
	}
	s.engine.Publish(c.served, changes)
	s.changed(c)
	s.tell(c, changes)
}

func soaChange(apex dnsname.Name, changes []zone.Change) *zone.Change {
	for i := range changes {
		if k := changes[i].Key; k.Type == zone.TypeSOA && k.Owner == apex {
			return &changes[i]
		}
	}
	return nil
}

// begin readies a zone that is to be served for the first time; mu is held.
func (s *Server) begin(c *content) {
	if c.filled && s.cfg.Serials != nil {
		s.cfg.Serials.Expect(c.apex)
	}
	s.reach(c)
	if s.journaled {
		c.journal = transfer.NewJournal(journalSteps, journalOctets)
	}
	s.changed(c)
	s.tell(c, nil)
}

// changed tells secondaries; mu is held.
func (s *Server) changed(c *content) {
	if s.notify != nil && !c.provisional {
		soa, _ := c.served.Lookup(c.apex, zone.TypeSOA)
		s.notify(c.apex, soa)
	}
}

// reach sees to it that a zone's serial does not come again after a restart.
func (s *Server) reach(c *content) {
	if s.cfg.Serials == nil {
		return
	}
	if err := s.cfg.Serials.Reach(c.apex, c.served.Serial()); err != nil {
		s.log.Error("SOA serials cannot be kept; after a restart secondaries may not follow", "zone", c.apex.String(), "error", err)
	}
}

// lastSerial is what a zone's serial has to be past; 0: it never had one.
func (s *Server) lastSerial(apex dnsname.Name) uint32 {
	if last, ok := s.serials[apex]; ok {
		return last
	}
	if s.cfg.Serials != nil {
		if floor, ok := s.cfg.Serials.Floor(apex); ok {
			return floor
		}
	}
	return 0
}

// sign has a zone's answers signed by signer; nil: not signed. mu is held.
func (s *Server) sign(c *content, signer Signer) {
	c.signer = signer
	if signer == nil {
		s.engine.SetSigner(c.apex, nil)
		return
	}
	s.engine.SetSigner(c.apex, signer)
}

// Resign gives a zone a new serial: its signatures, or its keys' records, have
// become others, and secondaries are to fetch them. A zone that is not served is
// left alone.
func (s *Server) Resign(apex dnsname.Name) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c, ok := s.zones[apex]
	if !ok {
		return
	}
	if changes, err := c.renew(); err != nil {
		s.log.Error("zone cannot be given a new serial", "zone", apex.String(), "error", err)
	} else {
		s.publish(c, changes)
	}
}

// SetPolicy says what requests may have from now on, by every transport.
func (s *Server) SetPolicy(p *policy.Policy) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.engine.SetPolicy(p)
	s.journaled = len(p.Transfer) > 0
	for _, c := range s.zones {
		switch {
		case !s.journaled:
			c.journal = nil
		case c.journal == nil:
			c.journal = transfer.NewJournal(journalSteps, journalOctets)
		}
	}
}

// SetNotify has f told of each change of a zone, and at once of all zones as
// they are; nil: nobody is told. f must not block, nor call the Server.
func (s *Server) SetNotify(f func(apex dnsname.Name, soa zone.RRset)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.notify = f
	for _, c := range s.zones {
		s.changed(c)
	}
}

// SetFeed has f given each Snapshot of a zone with what changed to it, and at once
// those of all zones. changes are nil where they are not known: any name may differ
// from what f was given before. Zones that names may be missing from are not given
// until none is; nil: nobody is told. f must not block, nor call the Server.
func (s *Server) SetFeed(f func(apex dnsname.Name, next *zone.Snapshot, changes []zone.Change)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.feed = f
	for _, c := range s.zones {
		s.tell(c, nil)
	}
}

// tell feeds whoever follows the zones; mu is held.
func (s *Server) tell(c *content, changes []zone.Change) {
	if s.feed != nil && !c.provisional {
		s.feed(c.apex, c.served, changes)
	}
}
