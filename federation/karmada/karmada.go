package karmada

import (
	"errors"
	"log/slog"
	"slices"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/fedns/fedns/federation/cluster"
	"github.com/fedns/fedns/federation/finding"
	"github.com/fedns/fedns/federation/host"
	"github.com/fedns/fedns/federation/work"
)

// Mode says whether templates are propagated.
type Mode string

// All Modes.
const (
	Auto Mode = "auto" // unless a Karmada runs in the host
	On   Mode = "on"
	Off  Mode = "off" // what was placed before stands
)

// Deleted says what becomes of templates whose policy is deleted, or selects them no more.
type Deleted string

// All of them.
const (
	Keep     Deleted = "Keep"     // they stay where they are, and are kept so, as Karmada does
	Withdraw Deleted = "Withdraw" // they go, or are orphaned with preserveResourcesOnDeletion
)

// Config is what a Dialect is made of. Host is required.
type Config struct {
	Host        host.Cluster
	Propagation Mode    // Defaults to Auto
	Deleted     Deleted // Defaults to Keep
	// WithoutWorks writes no Works: a template has one in each of its clusters.
	WithoutWorks bool
	// Cluster knows the members, so that Works show what overrides made of a
	// template; nil: they show it without.
	Cluster func(name string) *cluster.Cluster
	// Probe is how often it is looked whether a Karmada runs in the host. Defaults to 15 s.
	Probe time.Duration
	// Log defaults to slog.Default().
	Log *slog.Logger
}

// Dialect is Karmada's; see work.Dialect. It may be used from any goroutine.
type Dialect struct {
	cfg   Config
	mu    sync.Mutex
	desk  *desk // of the Run that runs; nil: none
	held  map[string]finding.Finding
	book  *book
	clerk *clerk
}

var _ work.Dialect = (*Dialect)(nil)

// New makes a Dialect. It asks the host nothing yet.
func New(cfg Config) (*Dialect, error) {
	if cfg.Host == nil {
		return nil, errors.New("karmada: no host cluster")
	}
	if cfg.Propagation == "" {
		cfg.Propagation = Auto
	}
	if cfg.Deleted == "" {
		cfg.Deleted = Keep
	}
	switch {
	case !slices.Contains([]Mode{Auto, On, Off}, cfg.Propagation):
		return nil, wrong("karmada.propagation", "got %.80q, want auto, on or off", cfg.Propagation)
	case !slices.Contains([]Deleted{Keep, Withdraw}, cfg.Deleted):
		return nil, wrong("karmada.policyDeleted", "got %.80q, want Keep or Withdraw", cfg.Deleted)
	}
	if cfg.Probe <= 0 {
		cfg.Probe = 15 * time.Second
	}
	if cfg.Log == nil {
		cfg.Log = slog.Default()
	}
	d := &Dialect{cfg: cfg, held: map[string]finding.Finding{}}
	d.clerk = newClerk(d)
	return d, nil
}

// Name implements work.Dialect.
func (*Dialect) Name() string { return Name }

// OrderedBy says that policies order what templates are propagated; see federation.Ordering.
func (*Dialect) OrderedBy() (kinds []schema.GroupVersionKind, needed bool) {
	return []schema.GroupVersionKind{propagationPolicy, clusterPropagationPolicy}, true
}

// Findings are what people should know of, sorted.
func (d *Dialect) Findings() []finding.Finding {
	d.mu.Lock()
	desk := d.desk
	var all []finding.Finding
	for _, f := range d.held {
		all = append(all, f)
	}
	d.mu.Unlock()
	if desk != nil {
		all = append(all, desk.found()...)
	}
	finding.Sort(all)
	return all
}

// found are the findings of all objects.
func (d *desk) found() (all []finding.Finding) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, some := range d.findings {
		all = append(all, some...)
	}
	for kind := range d.absent {
		for _, p := range d.policies {
			if slices.ContainsFunc(p.selectors, func(s selector) bool { return s.kind == kind }) {
				all = append(all, finding.Finding{Object: p.String(), Field: "spec.resourceSelectors", Text: "the host does not serve " + kind.String() + " yet"})
			}
		}
	}
	return all
}

// hold keeps a finding that is of no object; an empty text ends it.
func (d *Dialect) hold(object, text string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if text == "" {
		delete(d.held, object)
		return
	}
	if d.held[object].Text != text {
		d.cfg.Log.Warn("karmada", "object", object, "finding", text)
	}
	d.held[object] = finding.Finding{Object: object, Text: text}
}
