package kubefed

import (
	"errors"
	"log/slog"
	"slices"
	"sync"

	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/fedns/fedns/federation/finding"
	"github.com/fedns/fedns/federation/host"
	"github.com/fedns/fedns/federation/work"
)

// Config is what a Dialect is made of. Host is required.
type Config struct {
	Host host.Cluster
	// Names tell what is answered, for the statuses of records and for DNSEndpoints.
	// Defaults to none: neither is written then.
	Names Names
	// Zones are what names are made of. They serve findings alone.
	Zones []Zone
	// Log defaults to slog.Default().
	Log *slog.Logger
}

// Dialect is KubeFed's; see work.Dialect. It may be used from any goroutine.
type Dialect struct {
	cfg Config

	mu        sync.Mutex
	desk      *desk // of the Run that runs; nil: none
	clerk     *clerk
	registrar *registrar
}

var _ work.Dialect = (*Dialect)(nil)

// New makes a Dialect. It asks the host nothing yet.
func New(cfg Config) (*Dialect, error) {
	if cfg.Host == nil {
		return nil, errors.New("kubefed: no host cluster")
	}
	if cfg.Log == nil {
		cfg.Log = slog.Default()
	}
	return &Dialect{cfg: cfg}, nil
}

// Name implements work.Dialect.
func (*Dialect) Name() string { return Name }

// OrderedBy says which kinds decide what is federated; see federation.Ordering. The usual
// kinds need no FederatedTypeConfig.
func (*Dialect) OrderedBy() (kinds []schema.GroupVersionKind, needed bool) {
	return []schema.GroupVersionKind{typeConfigKind}, false
}

// Findings are what people should know of, sorted.
func (d *Dialect) Findings() (all []finding.Finding) {
	d.mu.Lock()
	desk, clerk, registrar := d.desk, d.clerk, d.registrar
	d.mu.Unlock()
	if desk != nil {
		all = slices.Concat(desk.found(), clerk.found(), registrar.found())
	}
	finding.Sort(all)
	return all
}

// running is the desk of what runs; nil: nothing.
func (d *Dialect) running() *desk {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.desk
}
