package inmemory

import (
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/fedns/fedns/dnsserver/dnsname"
	"github.com/fedns/fedns/dnsserver/zone"
	"github.com/fedns/fedns/providers/hosted"
)

// pageSize is how many Entries a listing brings by one call: so few that zones in
// tests and demonstrations have several pages.
const pageSize = 100

// Server holds one zone and makes Batches. It is safe for concurrent use.
type Server struct {
	apex   dnsname.Name
	limits hosted.Limits

	mu      sync.Mutex
	entries map[hosted.Key]hosted.Entry
	types   map[dnsname.Name]int // how many Entries an owner name has
	order   []hosted.Key         // canonical; nil: to be sorted again
	script
}

// NewServer makes a Server with a fresh zone: there are SOA and NS at its apex.
func NewServer(apex dnsname.Name, limits hosted.Limits) *Server {
	s := &Server{
		apex:    apex,
		limits:  limits,
		entries: map[hosted.Key]hosted.Entry{},
		types:   map[dnsname.Name]int{},
		script:  script{counts: map[Action]int{}},
	}
	ns := dnsname.MustParse("ns.inmemory.invalid.")
	soa := zone.SOA{MName: ns, RName: ns, Serial: 1, Refresh: 7200, Retry: 900, Expire: 1209600, Minimum: 300}
	s.put(hosted.Simple(zone.NewRRset(apex, zone.TypeSOA, 900, soa.RDATA())))
	s.put(hosted.Simple(zone.NewRRset(apex, zone.TypeNS, 172800, zone.Target(ns))))
	return s
}

// Limits are what the Server holds its clients to.
func (s *Server) Limits() hosted.Limits { return s.limits }

// list is one page, from a Key on, and where the next one begins: at the zero Key
// if there is none.
func (s *Server) list(from hosted.Key) (page []hosted.Entry, next hosted.Key) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.order == nil {
		for k := range s.entries {
			s.order = append(s.order, k)
		}
		slices.SortFunc(s.order, hosted.CompareKeys)
	}
	at := 0
	if from != (hosted.Key{}) {
		at, _ = slices.BinarySearchFunc(s.order, from, hosted.CompareKeys)
	}
	for _, k := range s.order[at:] {
		if len(page) == pageSize {
			return page, k
		}
		page = append(page, s.entries[k])
	}
	return page, hosted.Key{}
}

func (s *Server) read(keys []hosted.Key) []hosted.Entry {
	s.mu.Lock()
	defer s.mu.Unlock()
	var found []hosted.Entry
	for _, k := range keys {
		if e, ok := s.entries[k]; ok {
			found = append(found, e)
		}
	}
	return found
}

// apply makes a Batch, or fails with nothing of it made. The Receipt tells when
// the Batch will be everywhere, so that nothing has to be kept for who never asks.
func (s *Server) apply(client string, b hosted.Batch) (hosted.Receipt, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.admit(b); err != nil {
		return "", err
	}
	for _, c := range b.Changes {
		if !slices.Equal(s.entries[c.Key()].Sets, c.Old.Sets) {
			return "", fmt.Errorf("%s: %w", hosted.KeyString(c.Key()), hosted.ErrConflict)
		}
	}
	for _, c := range b.Changes {
		s.put(hosted.Entry{Key: c.Key(), Sets: c.New.Sets})
	}
	if err := s.alone(b); err != nil {
		for _, c := range b.Changes {
			s.put(hosted.Entry{Key: c.Key(), Sets: c.Old.Sets})
		}
		return "", err
	}
	s.remember(client, b)
	if s.lag == 0 {
		return "", nil
	}
	return hosted.Receipt(time.Now().Add(s.lag).Format(time.RFC3339Nano)), nil
}

func (s *Server) confirm(r hosted.Receipt) (bool, error) {
	everywhere, err := time.Parse(time.RFC3339Nano, string(r))
	if err != nil {
		return false, fmt.Errorf("receipt: %w", err)
	}
	return !time.Now().Before(everywhere), nil
}

// put makes what is at a Key exactly e. s.mu is held.
func (s *Server) put(e hosted.Entry) {
	_, was := s.entries[e.Key]
	switch {
	case e.IsEmpty() && was:
		delete(s.entries, e.Key)
		if s.types[e.Key.Owner]--; s.types[e.Key.Owner] == 0 {
			delete(s.types, e.Key.Owner)
		}
		s.order = nil
	case !e.IsEmpty():
		s.entries[e.Key] = e
		if !was {
			s.types[e.Key.Owner]++
			s.order = nil
		}
	}
}
