package kubefed

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"sync"

	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/fedns/fedns/federation/host"
	"github.com/fedns/fedns/federation/work"
)

// Host is what the dialect needs of a host cluster; *host.Host is one.
type Host interface {
	Watch(ctx context.Context, kind schema.GroupVersionKind, to host.Handler) error
	Client() client.Client
}

// Config is what a Dialect is made of. Host is required.
type Config struct {
	Host Host
	// Names tell what is answered, for the statuses of records and for DNSEndpoints.
	// Defaults to none: neither is written then.
	Names Names
	// Zone is what names are made of. It serves findings alone.
	Zone Zone
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

// Findings are what people should know of, sorted.
func (d *Dialect) Findings() (all []Finding) {
	d.mu.Lock()
	desk, clerk, registrar := d.desk, d.clerk, d.registrar
	d.mu.Unlock()
	if desk != nil {
		all = slices.Concat(desk.found(), clerk.found(), registrar.found())
	}
	slices.SortFunc(all, func(a, b Finding) int { return strings.Compare(a.String(), b.String()) })
	return all
}

// running is the desk of what runs; nil: nothing.
func (d *Dialect) running() *desk {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.desk
}
