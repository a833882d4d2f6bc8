package federation

import (
	"context"
	"log/slog"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/fedns/fedns/discovery/evidence"
	"github.com/fedns/fedns/federation/api/v1alpha1"
	"github.com/fedns/fedns/federation/cluster"
	"github.com/fedns/fedns/federation/failover"
	"github.com/fedns/fedns/federation/placement"
	"github.com/fedns/fedns/federation/work"
)

// Store keeps Bindings. Its calls may take time, and have ctx's deadline. They fail
// whole: a Put that does not know of the last one, since somebody else wrote, writes
// nothing. Whoever implements it says by Engine.Lost when somebody deletes one.
type Store interface {
	// List is all Bindings. It is called first, once.
	List(ctx context.Context) ([]Binding, error)
	// Put of what is stored by a Key of another version fails, unless that is b.Former.
	Put(ctx context.Context, b Binding) error
	// Delete of what is not there is no error.
	Delete(ctx context.Context, key work.Key) error
	// Report writes what came of a Binding. One that is not there is no error.
	Report(ctx context.Context, key work.Key, status v1alpha1.BindingStatus) error
}

// Referred are the objects of the host that templates refer to.
type Referred interface {
	// Get is an object as it is now, which is shared and not changed; nil: it is not
	// there, or not known yet. It costs no call. Whoever implements it says by
	// Engine.Changed when an object that was asked for changes.
	Get(key work.Key) *unstructured.Unstructured
}

// Config is what an Engine is made of. What has no default is required.
type Config struct {
	Dialects   []work.Dialect
	Store      Store
	Propagator work.Propagator // the Engine runs it
	// Placer defaults to placement's.
	Placer placement.Placer
	// Clusters are all members, sorted by name, as values that nobody changes.
	// complete says that there are no others: until then nothing is placed. It is
	// asked again after each Recheck.
	Clusters func() (all []*cluster.Cluster, complete bool)
	// Definitions defaults to all kinds being served for ever.
	Definitions Definitions
	// Referred defaults to nothing: no dependency is found.
	Referred Referred
	Failover failover.Config
	// Withdrawals are how many Bindings may be taken back at a time.
	Withdrawals evidence.Limits
	// DryRun has nothing written, to the host or to members: Plan says what would be.
	DryRun bool
	// Tell hears what people should hear of the object that they wrote. It must not
	// block. Defaults to nobody.
	Tell func(of work.Reference, warning bool, reason, message string)
	// Leads says whether this daemon may write still. While it may not, nothing is
	// decided or reported: dialects' reports have no other fence. Defaults to always.
	Leads func() bool
	// Workers is how many Keys are looked at at a time. Defaults to 8.
	Workers int
	// ReportEvery is how often a Key is reported at most. Defaults to half a second.
	ReportEvery time.Duration
	Log         *slog.Logger // Defaults to slog.Default()
}

const (
	// callLimit of each write to the host. An API server that takes longer has
	// trouble of its own, and is asked again.
	callLimit = 10 * time.Second
	// A Key whose Binding or report could not be written is tried again, at first
	// after retryFirst, at last every retryLast.
	retryFirst = 100 * time.Millisecond
	retryLast  = 30 * time.Second
	// unled is when it is looked again whether this daemon leads.
	unled = time.Second
	// reporters is how many reports are written at a time: each is a few calls to the host.
	reporters = 4
)

func (c Config) withDefaults() Config {
	c.Failover = c.Failover.WithDefaults()
	if c.Definitions == nil {
		c.Definitions = constant{}
	}
	if c.Tell == nil {
		c.Tell = func(work.Reference, bool, string, string) {}
	}
	if c.Leads == nil {
		c.Leads = func() bool { return true }
	}
	if c.Workers <= 0 {
		c.Workers = 8
	}
	if c.ReportEvery <= 0 {
		c.ReportEvery = 500 * time.Millisecond
	}
	if c.Log == nil {
		c.Log = slog.Default()
	}
	return c
}
