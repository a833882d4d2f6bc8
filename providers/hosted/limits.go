package hosted

// Limits are what a provider can and cannot do, as its documentation has it. Each
// line says where it was read, and when: docs/providers.md is made from them.
type Limits struct {
	Provider string // as in the configuration: route53
	Title    string // for people: Amazon Route 53

	// Atomic: a Batch is made whole or not at all. Swaps: Apply fails with
	// ErrConflict unless every Change's Old is exactly what is there.
	Atomic, Swaps bool

	// Policies are the routing policies it has beside PolicySimple.
	Policies []Policy

	// Batch are the measures of a Batch; none may be exceeded.
	Batch []Dimension
	// Rules are what it cannot hold.
	Rules []Rule
	// Rates are the calls that it takes, by action.
	Rates []Rate
}

// Source is where a limit is documented.
type Source struct {
	Text     string // title of the document and section, or RFC and section
	Verified string // the day it was read or tried, YYYY-MM-DD
}

// Dimension is one measure of a Batch.
type Dimension struct {
	Name   string // what is counted: "ResourceRecord elements"
	Max    int
	Cost   func(Change) int
	Source Source
}

// Rule is something that a provider cannot hold.
type Rule struct {
	Name   string // "no CNAME at the apex"
	Refuse func(Entry) string
	Source Source
}

// Rate is how often an action of the API may be called, by all of an account.
type Rate struct {
	Action    string
	Burst     int
	PerSecond float64
	Source    Source
}

// Check says why a provider cannot hold an Entry: empty if it can. Refuse of each
// Rule does the same for one reason.
func (l Limits) Check(e Entry) string {
	if e.IsEmpty() {
		return ""
	}
	if p := e.Policy(); p != PolicySimple && !l.Has(p) {
		return l.Title + " has no routing policy " + p.String()
	}
	for _, r := range l.Rules {
		if why := r.Refuse(e); why != "" {
			return why
		}
	}
	for _, d := range l.Batch {
		if n := d.Cost(Change{New: e}); n > d.Max {
			return d.Name + " of this record set alone exceed a batch"
		}
	}
	return ""
}

// Has says that the provider has a routing policy.
func (l Limits) Has(p Policy) bool {
	for _, q := range l.Policies {
		if p == q {
			return true
		}
	}
	return p == PolicySimple
}
