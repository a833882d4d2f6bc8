package federationv1

import (
	"context"
	"errors"
	"log/slog"
	"sync"

	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/fedns/fedns/federation/finding"
	"github.com/fedns/fedns/federation/host"
	"github.com/fedns/fedns/federation/work"
)

// Name is the dialect's.
const Name = "federation-v1"

// kinds are those that are looked at for annotations.
var kinds = []schema.GroupVersionKind{
	{Version: "v1", Kind: "Service"},
	{Group: "apps", Version: "v1", Kind: "Deployment"},
	{Group: "apps", Version: "v1", Kind: "ReplicaSet"},
}

// Config is what a Dialect is made of. Host is required.
type Config struct {
	Host host.Cluster
	// Log defaults to slog.Default().
	Log *slog.Logger
}

// Dialect is Federation v1's; see work.Dialect. It may be used from any goroutine.
type Dialect struct {
	cfg Config

	mu   sync.Mutex
	desk *desk // of the Run that runs; nil: none
}

var _ work.Dialect = (*Dialect)(nil)

// New makes a Dialect. It asks the host nothing yet.
func New(cfg Config) (*Dialect, error) {
	if cfg.Host == nil {
		return nil, errors.New("federation-v1: no host cluster")
	}
	if cfg.Log == nil {
		cfg.Log = slog.Default()
	}
	return &Dialect{cfg: cfg}, nil
}

// Name implements work.Dialect.
func (*Dialect) Name() string { return Name }

// Findings are what people should know of, sorted.
func (d *Dialect) Findings() (all []finding.Finding) {
	if desk := d.running(); desk != nil {
		all = desk.found()
	}
	finding.Sort(all)
	return all
}

// running is what is known while it runs; nil: it does not.
func (d *Dialect) running() *desk {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.desk
}

func (d *Dialect) hold(desk *desk) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.desk = desk
}

// Run implements work.Dialect.
func (d *Dialect) Run(ctx context.Context, to work.Sink) error {
	desk := newDesk()
	d.hold(desk)
	defer d.hold(nil)
	ctx, cancel := context.WithCancel(ctx)
	watches := &host.Watches{Host: d.cfg.Host, Log: d.cfg.Log, Synced: desk.synced}
	defer watches.Wait()
	defer cancel()
	for _, kind := range kinds {
		watches.Watch(ctx, kind, desk.put, desk.remove)
	}
	synced := false
	for {
		for o, ok := desk.next(); ok && ctx.Err() == nil; o, ok = desk.next() {
			to.Order(o)
		}
		if !synced && desk.complete() {
			to.Synced(Name)
			synced = true
		}
		select {
		case <-ctx.Done():
			return nil
		case <-desk.wake:
		}
	}
}
