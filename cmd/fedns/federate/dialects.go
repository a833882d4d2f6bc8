package federate

import (
	"context"
	"fmt"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/fedns/fedns/federation/cluster"
	"github.com/fedns/fedns/federation/federationv1"
	"github.com/fedns/fedns/federation/host"
	"github.com/fedns/fedns/federation/karmada"
	"github.com/fedns/fedns/federation/kubefed"
	"github.com/fedns/fedns/federation/work"
)

// hostCluster is what a term needs of the host; *host.Host is one.
type hostCluster interface {
	Run(ctx context.Context) error
	Watch(ctx context.Context, kind schema.GroupVersionKind, to host.Handler) error
	Get(kind schema.GroupVersionKind, namespace, name string) (*unstructured.Unstructured, bool)
	Served(kind schema.GroupVersionKind) (served, namespaced bool)
	Ended(kind schema.GroupVersionKind) string
}

// open opens the host.
func (f *Federation) open() (*host.Host, error) {
	rc, err := f.cfg.Host()
	if err != nil {
		return nil, err
	}
	return host.New(host.Config{REST: rc, Log: f.cfg.Log})
}

// constructors make dialects: a new one is a line here, and a name in the
// configuration.
var constructors = map[string]func(f *Federation, h *host.Host, known func(string) *cluster.Cluster) (work.Dialect, error){
	"karmada": func(f *Federation, h *host.Host, known func(string) *cluster.Cluster) (work.Dialect, error) {
		k := f.cfg.Propagation.Karmada
		return karmada.New(karmada.Config{Host: h, Propagation: karmada.Mode(k.Propagation), Deleted: karmada.Deleted(k.PolicyDeleted), WithoutWorks: k.WithoutWorks, Cluster: known, Log: f.cfg.Log})
	},
	"kubefed": func(f *Federation, h *host.Host, _ func(string) *cluster.Cluster) (work.Dialect, error) {
		return kubefed.New(kubefed.Config{Host: h, Names: f.cfg.Names, Zones: f.cfg.Zones, Log: f.cfg.Log})
	},
	"federation-v1": func(f *Federation, h *host.Host, _ func(string) *cluster.Cluster) (work.Dialect, error) {
		return federationv1.New(federationv1.Config{Host: h, Log: f.cfg.Log})
	},
}

// dialects makes those that the configuration names.
func (f *Federation) dialects(h *host.Host, known func(string) *cluster.Cluster) (all []work.Dialect, err error) {
	for _, name := range f.cfg.Propagation.Dialects {
		construct, ok := constructors[name]
		if !ok {
			f.cfg.Log.Warn("this build does not speak a dialect", "dialect", name)
			continue
		}
		d, err := construct(f, h, known)
		if err != nil {
			return nil, fmt.Errorf("dialect %s: %w", name, err)
		}
		all = append(all, d)
	}
	return all, nil
}
