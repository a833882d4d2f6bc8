package providers

import (
	"slices"
	"time"

	"github.com/fedns/fedns/dnsserver/dnsname"
	"github.com/fedns/fedns/providers/hosted"
	"github.com/fedns/fedns/providers/plan"
)

// Phases of a Sync: stable words of the API.
const (
	PhaseStandby = "Standby" // another process leads
	PhaseWaiting = "Waiting" // the zone is not whole yet
	PhaseListing = "Listing" // what the hosted zone holds is being read
	PhaseWriting = "Writing" // changes are on their way
	PhaseInSync  = "InSync"  // nothing is left to be done
	PhaseFailing = "Failing" // the last call failed; it is tried again
	PhaseHeld    = "Held"    // losses wait for a word; all else is written
	PhaseRetired = "Retired" // nothing of ours is left, and nothing is written any longer
)

// maxListed bounds the lists of a Status.
const maxListed = 100

// Status is how a Sync does. Times are zero for never.
type Status struct {
	Provider string `json:"provider"`
	Kind     string `json:"kind"` // route53, clouddns …
	Zone     string `json:"zone"`
	DryRun   bool   `json:"dryRun,omitempty"`
	Retire   bool   `json:"retire,omitempty"` // it is to be taken out
	Phase    string `json:"phase"`
	Error    string `json:"error,omitempty"` // of the last call, if it failed

	Owned   int `json:"owned"`   // Entries with a claim of ours
	Backlog int `json:"backlog"` // Entries that wait to be written
	Pending int `json:"pending"` // batches that are not confirmed yet

	AuditError string `json:"auditError,omitempty"` // of the last audit, if it failed: what was edited since LastList is not known; or what it found edited as the one before did

	LastList    time.Time `json:"lastList,omitzero"`
	LastApply   time.Time `json:"lastApply,omitzero"`
	LastInSync  time.Time `json:"lastInSync,omitzero"` // when all that was published had been confirmed
	Generation  uint64    `json:"generation"`          // of the fence
	Held        int       `json:"held"`                // names whose losses wait for a word
	HeldBecause string    `json:"heldBecause,omitempty"`

	Refused []Refusal `json:"refused,omitempty"` // at most 100; RefusedCount counts all

	RefusedCount int   `json:"refusedCount"`
	Calls        Calls `json:"calls"`
}

// Calls count what was asked of a provider since the start.
type Calls struct {
	Applied   uint64 `json:"applied"`   // batches made
	Changes   uint64 `json:"changes"`   // in them, the fence left out
	Conflicts uint64 `json:"conflicts"` // batches refused since the hosted zone was another
	Refused   uint64 `json:"refused"`   // batches refused for what is in them
	Throttled uint64 `json:"throttled"`
	Failed    uint64 `json:"failed"` // with an unknown outcome, or unread
	Lists     uint64 `json:"lists"`
	Reads     uint64 `json:"reads"`
	Drifted   uint64 `json:"drifted"` // Entries that an audit found edited by somebody else
}

// Refusal is an Entry that cannot be written, and why.
type Refusal struct {
	Record  string    `json:"record"` // "web.example.com. A"
	Objects []string  `json:"objects,omitempty"`
	Reason  string    `json:"reason"`
	Since   time.Time `json:"since"`
}

// Status tells how the Sync does. The result is the caller's.
func (s *Sync) Status() Status {
	s.mu.Lock()
	defer s.mu.Unlock()
	st := s.status
	st.Refused = slices.Clone(st.Refused)
	return st
}

// update changes the Status.
func (s *Sync) update(f func(st *Status)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f(&s.status)
}

// objects are those that a Want comes from, for whoever has to be told.
func objects(w plan.Want) []string {
	var out []string
	for _, p := range w.Parts {
		name := p.Object
		if p.Cluster != "" {
			name = p.Cluster + ": " + name
		}
		if p.Object != "" && !slices.Contains(out, name) && len(out) < 10 {
			out = append(out, name)
		}
	}
	return out
}

// refusals are the Entries that cannot be written.
type refusals map[hosted.Key]poison

// poison is a refused Entry: until something else is wanted it is not tried again.
type poison struct {
	Refusal
	wanted hosted.Entry
	known  bool   // by the plan; the provider was not asked
	again  bool   // the provider is asked once more: what it minded may be gone
	round  uint64 // of looking, when it was last found to be refused
}

// prune forgets what was looked at and found no longer refused: it is neither wanted
// any longer nor there.
func (r refusals) prune(looked map[dnsname.Name]time.Time, round uint64) {
	for k, p := range r {
		if _, ok := looked[k.Owner]; ok && p.round < round {
			delete(r, k)
		}
	}
}

// again has the provider asked once more.
func (r refusals) again() {
	for k, p := range r {
		p.again = true
		r[k] = p
	}
}

// list is what a Status shows of them.
func (r refusals) list() []Refusal {
	keys := make([]hosted.Key, 0, len(r))
	for k := range r {
		keys = append(keys, k)
	}
	slices.SortFunc(keys, hosted.CompareKeys)
	out := make([]Refusal, 0, min(len(keys), maxListed))
	for _, k := range keys[:min(len(keys), maxListed)] {
		out = append(out, r[k].Refusal)
	}
	return out
}
