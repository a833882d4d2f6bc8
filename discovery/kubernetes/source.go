package kubernetes

import (
	"context"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/watch"

	"github.com/fedns/fedns/discovery/cluster"
	"github.com/fedns/fedns/discovery/guarantee"
	"github.com/fedns/fedns/discovery/join"
)

// Run watches the cluster until ctx is done; see cluster.Source. It never
// returns an error: what New accepted, retrying can mend.
func (s *Source) Run(ctx context.Context, up chan<- cluster.Update) error {
	ctx, cancel := context.WithCancel(ctx)
	j := join.New(join.Config{Cluster: s.cfg.Cluster, Rules: s.cfg.Rules, Log: s.cfg.Log, Arrived: s.cfg.Arrived})
	h := newHealth()
	var running sync.WaitGroup
	for _, follow := range s.resources(j, h) {
		running.Go(func() { follow(ctx) })
	}
	running.Go(func() { s.renew(ctx) })
	running.Go(func() { h.listen(ctx, s.timing.silence) })
	nodes := &leases{source: s, wake: h.wake}
	running.Go(func() { nodes.run(ctx) })
	p := &pump{id: s.cfg.Cluster, join: j, health: h, nodes: nodes, up: up, tell: s.timing.tell}
	p.run(ctx)
	cancel()
	s.client.Load().close()
	running.Wait()
	s.client.Load().close() // what was connected meanwhile
	return nil
}

// resources lists what has to be followed; all of them count in h before any runs.
func (s *Source) resources(j *join.Join, h *health) []func(context.Context) {
	services := following(s, h, "services", join.FromService)
	services.put, services.drop, services.replace = j.PutService, j.DeleteService, j.ReplaceServices

	slices := following(s, h, "endpointslices", join.FromSlice)
	slices.put, slices.drop, slices.replace = j.PutSlice, j.DeleteSlice, j.ReplaceSlices
	slices.pack = packSlice
	slices.stamp = func(s *join.Slice, received time.Time) { s.Received = received }

	run := []func(context.Context){services.run, slices.run}
	if s.cfg.Rules&cluster.ByServiceExport != 0 {
		x := &exports{source: s, join: j, health: h, part: h.add("serviceexports", false)}
		run = append(run, x.run)
	}
	run = append(run, s.hosts(j, h)...)

	nodes := following(s, h, "nodes", join.FromNode)
	nodes.part.optional, nodes.tides = true, nil
	nodes.put, nodes.replace = j.PutNode, func(all []join.Node, _ cluster.Loss) { j.ReplaceNodes(all) }
	nodes.drop = func(key cluster.ServiceKey) { j.DeleteNode(key.Name) }
	var once sync.Once
	nodes.excuse = func(_ context.Context, err error) bool {
		if apierrors.IsForbidden(err) {
			once.Do(func() { s.log.Warn("nodes are forbidden: going on without topology", "error", reason(err)) })
		}
		return false
	}
	return append(run, nodes.run)
}

// following prepares a resource of Kubernetes' own, whose objects are of type O.
func following[O any, T any](s *Source, h *health, name string, from func(*O) T) *resource[T] {
	return &resource[T]{
		part: h.add(name, false), health: h, timing: s.timing, listTimeout: s.cfg.ListTimeout, tides: s.cfg.Tides,
		list: func(ctx context.Context, o metav1.ListOptions) (runtime.Object, error) {
			return s.client.Load().list(ctx, name, o)
		},
		watch: func(ctx context.Context, o metav1.ListOptions) (watch.Interface, error) {
			return s.client.Load().watch(ctx, name, o)
		},
		pack: func(o runtime.Object) (t T, ok bool) {
			if typed, is := any(o).(*O); is {
				return from(typed), true
			}
			return t, false
		},
	}
}

// The packers fit the types the resources have.
var (
	_ func(*corev1.Service) join.Service          = join.FromService
	_ func(*discoveryv1.EndpointSlice) join.Slice = join.FromSlice
	_ func(*corev1.Node) join.Node                = join.FromNode
)

// renew looks at the kubeconfig and the files it names now and then, and when it
// is told that they changed. Then a new client takes over and the old one's
// connections are cut, so that watches that were opened with the old credentials
// do not outlive them. While they do not parse the old client stays.
func (s *Source) renew(ctx context.Context) {
	ticker := time.NewTicker(s.timing.credentials)
	defer ticker.Stop()
	last := ""
	for {
		var changed <-chan struct{} // nil: nobody tells
		if s.cfg.Credentials != nil {
			changed = s.cfg.Credentials.Changed() // before they are looked at: nothing is missed
		}
		if err := s.look(); err == nil {
			last = ""
		} else if text := err.Error(); text != last {
			last = text
			s.log.Warn("credentials cannot be read again; going on with the old ones", "error", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-changed:
		case <-ticker.C:
		}
	}
}

// look takes changed credentials up.
func (s *Source) look() error {
	_, print, err := load(s.cfg)
	if err != nil || print == s.loaded || !guarantee.Holds(guarantee.CredentialsRotate) {
		return err
	}
	c, print, err := s.connect()
	if err != nil {
		return err
	}
	old := s.client.Swap(c)
	old.close()
	s.loaded = print
	s.log.Info("credentials have changed and are taken up")
	return nil
}
