package transfer

import (
	"slices"
	"sync"

	"github.com/fedns/fedns/dnsserver/zone"
)

// Step is what changed from one serial to another. It never changes.
type Step struct {
	From, To       uint32
	SOAFrom, SOATo zone.RRset
	deleted, added string // packed records, SOA left out
	records        int    // of both
}

// Records counts the records that an IXFR has for the step, the two SOA records
// among them (RFC 1995 §4).
func (s *Step) Records() int { return s.records + 2 }

// stepOverhead is about what a step costs in octets besides its records: the
// struct itself, its place in the list, SOA RDATA twice.
const stepOverhead = 256

func (s *Step) size() int {
	return stepOverhead + len(s.deleted) + len(s.added) + len(s.SOAFrom.First()) + len(s.SOATo.First())
}

// Journal keeps the last changes of one zone, as many as fit its bounds. It is
// safe for concurrent use.
type Journal struct {
	maxChanges, maxBytes int

	mu    sync.RWMutex // of what follows
	steps []*Step      // each begins where the one before ended
	last  zone.RRset   // the SOA that the next step has to begin with
	bytes int
}

// NewJournal makes one that is empty. It holds at most maxChanges steps, and
// about maxBytes octets of memory.
func NewJournal(maxChanges, maxBytes int) *Journal {
	return &Journal{maxChanges: maxChanges, maxBytes: maxBytes}
}

// Append adds what changed from one serial to the next. The zone's one writer
// calls it for each Snapshot, before it publishes that: a Journal that is ahead
// of the zone does no harm, one behind makes transfers whole. A step that does
// not begin where the last one ended empties the Journal first. Nothing given is
// kept: Changes refer to pages of the zone, which may then go.
func (j *Journal) Append(from, to uint32, soaFrom, soaTo zone.RRset, changes []zone.Change) {
	s := newStep(from, to, soaFrom, soaTo, changes)
	j.mu.Lock()
	defer j.mu.Unlock()
	if len(j.steps) > 0 && j.steps[len(j.steps)-1].To != from || j.last != s.SOAFrom {
		j.drop(len(j.steps))
	}
	j.last = s.SOATo
	j.steps = append(j.steps, s)
	j.bytes += s.size()
	n := 0
	for over := j.bytes; n < len(j.steps) && (len(j.steps)-n > j.maxChanges || over > j.maxBytes); n++ {
		over -= j.steps[n].size()
	}
	j.drop(n)
}

// drop takes the n oldest steps out.
func (j *Journal) drop(n int) {
	for i, s := range j.steps[:n] {
		j.bytes -= s.size()
		j.steps[i] = nil // the array lives on behind what is left
	}
	j.steps = j.steps[n:]
}

// Since lists the steps from a serial to the last one appended, in order; ok is
// false when that serial is not held, or not any more.
func (j *Journal) Since(serial uint32) (steps []*Step, ok bool) {
	j.mu.RLock()
	defer j.mu.RUnlock()
	for i := len(j.steps) - 1; i >= 0; i-- {
		if j.steps[i].From == serial {
			return slices.Clone(j.steps[i:]), true
		}
	}
	return nil, false
}

// Reset empties the Journal: the zone was replaced by another.
func (j *Journal) Reset() {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.drop(len(j.steps))
	j.last = zone.RRset{}
}

// Size tells how many steps are held, and in about how many octets.
func (j *Journal) Size() (steps, bytes int) {
	j.mu.RLock()
	defer j.mu.RUnlock()
	return len(j.steps), j.bytes
}

func newStep(from, to uint32, soaFrom, soaTo zone.RRset, changes []zone.Change) *Step {
	s := &Step{From: from, To: to, SOAFrom: own(soaFrom), SOATo: own(soaTo)}
	var deleted, added []byte
	for _, c := range changes {
		if c.Key != soaFrom.Key() { // the SOA has its places in a sequence (RFC 1995 §4)
			deleted, added = difference(deleted, added, c)
		}
	}
	s.deleted, s.added = string(deleted), string(added)
	s.records = count(s.deleted) + count(s.added)
	return s
}

// own is an RRset that refers to no page of a zone.
func own(r zone.RRset) zone.RRset {
	return zone.NewRRset(r.Owner, r.Type, r.TTL, slices.Collect(r.RDATA())...)
}

func count(packed string) int {
	n := 0
	for range each(packed) {
		n++
	}
	return n
}
