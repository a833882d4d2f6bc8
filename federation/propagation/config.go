package propagation

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"time"

	"k8s.io/client-go/rest"

	"github.com/fedns/fedns/federation/work"
)

// Manager is the field manager that members' API servers know federation by.
const Manager = "fedns"

// What an object that federation wrote can be told by.
const (
	LabelManagedBy = "app.kubernetes.io/managed-by"
	managedBy      = "fedns"

	// AnnotationOrigin names the order, for people.
	AnnotationOrigin = "fedns.io/origin"
	// AnnotationApplied is a digest of what was applied last. It tells a restarted
	// daemon that nothing was taken out of the template while it was away.
	AnnotationApplied = "fedns.io/applied"
	// AnnotationTerm is the term of the leader that wrote last.
	AnnotationTerm = "fedns.io/term"
)

// Config is what a Propagator is made of. Members, Tell, Term and Confirm are required.
// Its functions are called from any goroutine, and never with a lock held.
type Config struct {
	// Members says how a member is reached. Its result is the Propagator's. An
	// error leaves the member's tasks Failed (NoAccess) until Changed is called; it is
	// asked again as a member that cannot be reached is tried again.
	Members func(name string) (*rest.Config, error)
	// Tell is told of outcomes: those of one Key in one cluster in order, the newest
	// one when several have come about meanwhile. While it blocks, nothing else of
	// that cluster is told.
	Tell func(work.Outcome)
	// Term is the number of this leader's term, which grows with each leader, and
	// until when it is sure to lead, by this machine's monotonic clock. No write
	// starts at or after that, and each has that as its deadline.
	Term func() (number int64, until time.Time)

	// Home is the UID of the namespace kube-system in the host cluster, by which a
	// member is known that is the host itself. Empty: no member is.
	Home string

	// CreateNamespaces has an object's namespace created in members that lack it.
	// Otherwise the object waits for it. Namespaces made so are never deleted.
	CreateNamespaces bool

	// Confirm asks whether this leader leads still, of an object that has the mark of
	// a later term. nil says that nobody had led after it at a moment since the call:
	// the mark is of no leader, and the object is written all the same. While it blocks,
	// nothing is done about that object.
	Confirm func(context.Context) error
	// Outrun is told of an object that a leader of a later term wrote; it is left
	// alone. nil: nobody is told.
	Outrun func(cluster string, key work.Key, term int64)
	// Called is told of each call to a member that ended, for metrics. nil: nobody is.
	Called func(Call)

	// CallTimeout is the deadline of a call, but for lists (a minute) and watches.
	// Defaults to 10 s.
	CallTimeout time.Duration
	// InFlight is how many calls a member gets at once, watches apart. Defaults to 8.
	InFlight int
	// Shortest and Longest are the first and the longest wait before something is
	// tried again; each wait is twice the last, less up to half of it by chance.
	// They default to 500 ms and 5 min. A member that cannot be reached is tried
	// every 10 s at least.
	Shortest, Longest time.Duration
	// Log defaults to slog.Default().
	Log *slog.Logger
}

// Call is a call that ended.
type Call struct {
	Cluster string
	Verb    string // identify, get, create, apply, release, upgrade, delete, list, watch, discover, probe
	Reason  string // why it failed, as in an Outcome; empty: it did not
	Took    time.Duration
}

const (
	listTimeout = time.Minute
	// longestAway is the longest time until a member that could not be reached is
	// tried again.
	longestAway = 10 * time.Second
	// unfenced is how often it is looked whether this daemon leads again.
	unfenced = time.Second
	// idle is how often an object that waits for its namespace or its kind is tried
	// although nothing was seen to come: a member may not let us watch those, and
	// kinds of aggregated API servers have no definition.
	idle = time.Minute
	// settling is how long a kind whose definition has changed is looked for more
	// often.
	settling = 20 * time.Second
)

func (c Config) complete() (Config, error) {
	if c.Members == nil || c.Tell == nil || c.Term == nil || c.Confirm == nil {
		return c, errors.New("propagation: Members, Tell, Term and Confirm are required")
	}
	if c.Outrun == nil {
		c.Outrun = func(string, work.Key, int64) {}
	}
	if c.Called == nil {
		c.Called = func(Call) {}
	}
	if c.CallTimeout <= 0 {
		c.CallTimeout = 10 * time.Second
	}
	if c.InFlight <= 0 {
		c.InFlight = 8
	}
	if c.Shortest <= 0 {
		c.Shortest = 500 * time.Millisecond
	}
	if c.Longest <= 0 {
		c.Longest = 5 * time.Minute
	}
	if c.Log == nil {
		c.Log = slog.Default()
	}
	return c, nil
}

// wait is how long to wait after so many failures in a row (at least one).
func (c *Config) wait(failures int, longest time.Duration) time.Duration {
	d := longest
	if shift := failures - 1; shift < 20 {
		d = min(c.Shortest<<max(shift, 0), longest)
	}
	return d - rand.N(d/2+1)
}
