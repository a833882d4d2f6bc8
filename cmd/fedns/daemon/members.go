package daemon

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"time"

	"github.com/fedns/fedns/cmd/fedns/config"
	"github.com/fedns/fedns/cmd/fedns/propagation"
	"github.com/fedns/fedns/discovery"
	"github.com/fedns/fedns/discovery/cluster"
	"github.com/fedns/fedns/discovery/kubernetes"
	"github.com/fedns/fedns/discovery/manifest"
	"github.com/fedns/fedns/discovery/synth"
	"github.com/fedns/fedns/discovery/tide"
)

// members makes the member clusters of a configuration.
func members(cfg *config.Config, meter *propagation.Meter, log *slog.Logger) []discovery.Member {
	all := make([]discovery.Member, len(cfg.Clusters))
	for i, c := range cfg.Clusters {
		place := synth.Place{Region: c.Region}
		if c.Zone != "" {
			place.Zones = []string{c.Zone}
		}
		all[i] = discovery.Member{
			ID: c.Name, Place: place, Word: c.Word,
			Source: &source{open: func(tides *tide.Table) (cluster.Source, error) {
				return newSource(c, cfg.Exports, tides, meter, log)
			}},
			// Everything that a Source is made of. Credentials are not: a Source looks at them itself.
			Revision: fmt.Sprintf("%q %q %q %v %v %b", c.Kubeconfig, c.Context, c.Manifests, c.AllowExec, c.InCluster, cfg.Exports),
		}
	}
	return all
}

// Checker is a Source that can be tried without running it.
type Checker interface {
	cluster.Source
	// Check says what would keep the Source from reporting the cluster; nil: nothing.
	Check(ctx context.Context) error
}

// NewSource makes the Source of one configured cluster.
func NewSource(c config.Cluster, rules cluster.Export, log *slog.Logger) (Checker, error) {
	return newSource(c, rules, nil, propagation.New(), log)
}

func newSource(c config.Cluster, rules cluster.Export, tides *tide.Table, meter *propagation.Meter, log *slog.Logger) (Checker, error) {
	if c.Manifests != "" {
		src, err := manifest.New(manifest.Config{Cluster: c.Name, Dir: c.Manifests, Rules: rules, Log: log})
		return folder{src, c.Manifests}, err
	}
	kc := kubernetes.Config{
		Cluster: c.Name, Kubeconfig: c.Kubeconfig, Context: c.Context, AllowExec: c.AllowExec, Rules: rules, Tides: tides, Log: log,
		Arrived: func(key cluster.ServiceKey, lag time.Duration) { meter.Arrived(c.Name, key, lag) },
	}
	if c.Kubeconfig != "" {
		f, err := config.OpenRegular(c.Kubeconfig)
		if err == nil {
			_ = f.Close()
		} else if !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, fs.ErrPermission) { // what New tells
			return nil, fmt.Errorf("cluster %s: kubeconfig %w", c.Name, err)
		}
	}
	src, err := kubernetes.New(kc)
	if err != nil && !c.AllowExec {
		kc.AllowExec = true
		if _, lacks := kubernetes.New(kc); lacks == nil {
			err = fmt.Errorf("%w, or allowExec: true for this cluster in the configuration", err)
		}
	}
	if err != nil {
		return nil, err
	}
	return src, nil
}

// folder is a manifest Source with its Check.
type folder struct {
	*manifest.Source
	dir string
}

// Check implements Checker.
func (f folder) Check(context.Context) error {
	_, wrong := manifest.Check(f.dir)
	return errors.Join(wrong...)
}

// source makes its Source when it is run, and so again on every retry: a
// kubeconfig that is missing or broken at first is one cluster's trouble, and
// over as soon as the file is good.
type source struct {
	open  func(*tide.Table) (cluster.Source, error)
	tides *tide.Table // what the Sources before have seen; nil: it is not known
}

var _ tide.User = (*source)(nil)

// SetTides implements tide.User.
func (s *source) SetTides(t *tide.Table) { s.tides = t }

// Run implements cluster.Source.
func (s *source) Run(ctx context.Context, up chan<- cluster.Update) error {
	src, err := s.open(s.tides)
	if err != nil {
		return err
	}
	return src.Run(ctx, up)
}
