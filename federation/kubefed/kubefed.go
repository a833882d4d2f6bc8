package kubefed

import (
	"errors"
	"log/slog"
	"sync"

	"github.com/fedns/fedns/federation/finding"
	"github.com/fedns/fedns/federation/host"
	"github.com/fedns/fedns/federation/work"
)

// Config is what a Dialect is made of. Host is required.
type Config struct {
	Host host.Cluster
	// Log defaults to slog.Default().
	Log *slog.Logger
}

// Dialect is KubeFed's; see work.Dialect. It may be used from any goroutine.
type Dialect struct {
	cfg Config

	mu    sync.Mutex
	desk  *desk // of the Run that runs; nil: none
	clerk *clerk
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
func (d *Dialect) Findings() (all []finding.Finding) {
	if desk, clerk := d.running(); desk != nil {
		all = append(desk.found(), clerk.found()...)
	}
	finding.Sort(all)
	return all
}

// running is what runs; nil: nothing.
func (d *Dialect) running() (*desk, *clerk) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.desk, d.clerk
}
