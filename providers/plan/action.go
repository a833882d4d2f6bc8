package plan

import (
	"slices"

	"github.com/fedns/fedns/dnsserver/dnsname"
	"github.com/fedns/fedns/providers/hosted"
	"github.com/fedns/fedns/providers/ownership"
)

// Verb is what is to be done with an Entry.
type Verb uint8

// The verbs.
const (
	Leave   Verb = iota // nothing is to be done
	Create              // it does not exist yet
	Replace             // some of it changes
	Delete              // nothing of it stays
	Refuse              // it is wanted otherwise than it is, and must not or cannot be made so
)

var verbs = [...]string{"leave", "create", "replace", "delete", "refuse"}

// String is the word of `fedns plan` and the API.
func (v Verb) String() string { return verbs[v] }

// Action is the decision for one Entry, with its reason.
type Action struct {
	Verb   Verb
	Key    hosted.Key
	Reason string // for people, one line
	// Changes make it so: the Entry's, that of the TXT with its claims, and those of
	// external-dns's TXTs where it is adopted. None for Leave and Refuse.
	Changes []hosted.Change
	// Adopts is the owner of external-dns that it is taken over from; of one that is
	// left, whose it stays. Empty: nobody's.
	Adopts string
	// Lost counts the records that nobody will be answered any longer, of those that
	// are ours and there.
	Lost int
	// Withdrawn says that there is something, and that nothing of it is wanted any
	// longer.
	Withdrawn bool
	// Held says why it waits for somebody's word, or would. Empty: it does not. Only
	// whoever plans for people knows it.
	Held string
}

// Unit is everything that has to be made together.
type Unit struct {
	Owner   dnsname.Name
	Actions []Action
}

// Changes are those of all Actions.
func (u Unit) Changes() []hosted.Change {
	var out []hosted.Change
	for _, a := range u.Actions {
		out = append(out, a.Changes...)
	}
	return out
}

// Urgent says that something new or dead is among it, and not only another TTL.
func (u Unit) Urgent() bool {
	for _, a := range u.Actions {
		if a.Verb == Create || a.Lost > 0 {
			return true
		}
		for _, c := range a.Changes {
			if !sameRecords(c.Old, c.New) {
				return true
			}
		}
	}
	return false
}

// sameRecords says that two Entries differ in nothing that a client would connect
// to: TTLs, weights, or the registry's text.
func sameRecords(a, b hosted.Entry) bool {
	if ownership.IsClaim(a.Key) || ownership.IsClaim(b.Key) {
		return true
	}
	if len(a.Sets) != len(b.Sets) {
		return false
	}
	for i := range a.Sets {
		x, y := a.Sets[i], b.Sets[i]
		if x.ID != y.ID || x.Alias != y.Alias {
			return false
		}
		x.Records.TTL = y.Records.TTL
		if x.Records != y.Records {
			return false
		}
	}
	return true
}

// Drift is what becomes of Entries of ours that somebody else edited, and of what
// is wanted no longer.
type Drift uint8

// How drift is met.
const (
	Sync       Drift = iota // make them as they are wanted
	UpsertOnly              // make them so, but take nothing away
	Report                  // leave edited ones alone, and say so
)

var drifts = [...]string{"Sync", "UpsertOnly", "Report"}

// String is the configuration's word.
func (d Drift) String() string { return drifts[d] }

// ParseDrift is String's inverse.
func ParseDrift(s string) (Drift, bool) {
	for i, n := range drifts {
		if n == s {
			return Drift(i), true
		}
	}
	return 0, false
}

// SortUnits puts units in canonical order of their names.
func SortUnits(units []Unit) {
	slices.SortFunc(units, func(a, b Unit) int { return dnsname.Compare(a.Owner, b.Owner) })
}
