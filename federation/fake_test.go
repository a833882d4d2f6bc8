package federation

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/fedns/fedns/federation/api/v1alpha1"
	"github.com/fedns/fedns/federation/cluster"
	"github.com/fedns/fedns/federation/interpret"
	"github.com/fedns/fedns/federation/placement"
	"github.com/fedns/fedns/federation/work"
)

var (
	deployments       = schema.GroupVersionKind{Group: "apps", Version: "v1", Kind: "Deployment"}
	services          = schema.GroupVersionKind{Version: "v1", Kind: "Service"}
	federatedServices = schema.GroupVersionKind{Group: "types.kubefed.io", Version: "v1beta1", Kind: "FederatedService"}
	configMaps        = schema.GroupVersionKind{Version: "v1", Kind: "ConfigMap"}
)

// memory is a Store that survives Engines.
type memory struct {
	mu      sync.Mutex
	all     map[work.Key]Binding
	reports map[work.Key]v1alpha1.BindingStatus
	puts    int
	fail    error
}

func newMemory() *memory {
	return &memory{all: map[work.Key]Binding{}, reports: map[work.Key]v1alpha1.BindingStatus{}}
}

func (m *memory) List(context.Context) ([]Binding, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Collect(maps.Values(m.all)), m.fail
}

func (m *memory) Put(_ context.Context, b Binding) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.fail != nil {
		return m.fail
	}
	for key := range m.all { // versions of a kind are one Binding
		if key != b.Key && key.Versionless() == b.Key.Versionless() {
			if key != b.Former {
				return errors.New("it is of another version")
			}
			delete(m.all, key)
		}
	}
	m.all[b.Key] = b
	m.puts++
	return nil
}

func (m *memory) Delete(_ context.Context, key work.Key) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.all, key)
	return m.fail
}

func (m *memory) Report(_ context.Context, key work.Key, s v1alpha1.BindingStatus) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.reports[key] = s
	return m.fail
}

func (m *memory) get(key work.Key) (Binding, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	b, ok := m.all[key]
	return b, ok
}

// fleet is member clusters and a Propagator into them. Pods take podTime to be ready.
type fleet struct {
	mu       sync.Mutex
	clusters []*cluster.Cluster
	have     map[string]map[work.Key]*unstructured.Unstructured
	dead     map[string]bool
	hangs    string                            // a cluster where nothing that is to be done comes to an end
	queued   map[string]map[work.Key]work.Task // of dead clusters
	tell     func(work.Outcome)
	outbox   chan work.Outcome // in the order of what was done
	recheck  func()
	log      []string // what was done, in order
	known    func(key work.Key, cluster string) bool
	given    func(work.Task) // nil: nobody hears
	t        *testing.T
}

const podTime = 20 * time.Second

func newFleet(t *testing.T, names ...string) *fleet {
	f := &fleet{have: map[string]map[work.Key]*unstructured.Unstructured{}, dead: map[string]bool{}, queued: map[string]map[work.Key]work.Task{}, t: t, outbox: make(chan work.Outcome, 1000)}
	for _, n := range names {
		f.clusters = append(f.clusters, &cluster.Cluster{Name: n})
		f.have[n], f.queued[n] = map[work.Key]*unstructured.Unstructured{}, map[work.Key]work.Task{}
	}
	return f
}

func (f *fleet) Do(t work.Task) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.known != nil && t.Object != nil && !f.known(t.Key, t.Cluster) {
		f.t.Errorf("%s is to be in %s before its Binding says so", t.Key, t.Cluster)
	}
	if f.given != nil {
		f.given(t)
	}
	if f.hangs == t.Cluster {
		return
	}
	if t.Cede {
		delete(f.have[t.Cluster], t.Key)
		return
	}
	if t.Suspend {
		f.outbox <- work.Outcome{Cluster: t.Cluster, Key: t.Key, Phase: work.Pending, Reason: "Suspended", Health: work.Unknown}
		return
	}
	if f.dead[t.Cluster] {
		f.queued[t.Cluster][t.Key] = t
		f.outbox <- work.Outcome{Cluster: t.Cluster, Key: t.Key, Phase: work.Failed, Reason: unreachable, Health: work.Unknown}
		return
	}
	f.carry(t)
}

// carry does a Task; mu is held.
func (f *fleet) carry(t work.Task) {
	if t.Object == nil {
		if _, had := f.have[t.Cluster][t.Key]; had {
			verb := "remove"
			if t.Orphan {
				verb = "orphan"
			} else {
				delete(f.have[t.Cluster], t.Key)
			}
			f.log = append(f.log, fmt.Sprintf("%s %s %s", verb, t.Key.Kind.Kind, t.Cluster))
		}
		f.outbox <- work.Outcome{Cluster: t.Cluster, Key: t.Key, Phase: work.Removed}
		return
	}
	f.have[t.Cluster][t.Key] = t.Object
	f.log = append(f.log, fmt.Sprintf("apply %s %s", t.Key.Kind.Kind, t.Cluster))
	n, _, _ := interpret.Replicas(t.Object)
	if n == nil {
		f.outbox <- work.Outcome{Cluster: t.Cluster, Key: t.Key, Phase: work.Applied, Health: work.Unknown}
		return
	}
	f.outbox <- work.Outcome{Cluster: t.Cluster, Key: t.Key, Phase: work.Applied, Health: work.Unhealthy, Replicas: *n}
	time.AfterFunc(podTime, func() {
		f.mu.Lock()
		same := f.have[t.Cluster][t.Key] == t.Object && !f.dead[t.Cluster]
		if same {
			f.log = append(f.log, fmt.Sprintf("ready %s %s", t.Key.Kind.Kind, t.Cluster))
		}
		f.mu.Unlock()
		if same {
			f.outbox <- work.Outcome{Cluster: t.Cluster, Key: t.Key, Phase: work.Applied, Health: work.Healthy, Replicas: *n, Ready: *n}
		}
	})
}

func (f *fleet) Forget(name string) {
	f.mu.Lock()
	tasks := maps.Clone(f.queued[name])
	f.mu.Unlock()
	for key := range tasks {
		f.tell(work.Outcome{Cluster: name, Key: key, Phase: work.Abandoned})
	}
}

func (f *fleet) Run(ctx context.Context) error {
	for {
		select {
		case <-ctx.Done():
			return nil
		case o := <-f.outbox:
			f.tell(o)
		}
	}
}

// set changes a cluster's standing as of now; live brings it back.
func (f *fleet) set(name string, s cluster.Standing) {
	f.mu.Lock()
	f.clusters = slices.Clone(f.clusters)
	for i, c := range f.clusters {
		if c.Name == name {
			next := *c
			next.Taints = cluster.TaintsOf(s, time.Now())
			f.clusters[i] = &next
		}
	}
	f.dead[name] = s == cluster.Unreachable
	if !f.dead[name] {
		for key, t := range f.queued[name] {
			delete(f.queued[name], key)
			f.carry(t)
		}
	}
	f.mu.Unlock()
	f.recheck()
}

func (f *fleet) members() ([]*cluster.Cluster, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.clusters, true
}

// replicas are how many of a Deployment each cluster is to have.
func (f *fleet) replicas(key work.Key) map[string]int32 {
	f.mu.Lock()
	defer f.mu.Unlock()
	all := map[string]int32{}
	for name, have := range f.have {
		if o := have[key]; o != nil {
			n, _, _ := interpret.Replicas(o)
			if n == nil {
				n = new(int32)
			}
			all[name] = *n
		}
	}
	return all
}

func (f *fleet) done() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	log := f.log
	f.log = nil
	return log
}

// people are a Dialect that orders what a test says.
type people struct {
	name    string
	mu      sync.Mutex
	sink    work.Sink
	orders  []work.Order
	reports map[work.Key]work.Report
	silent  bool // never synced
}

func (p *people) Name() string { return p.name }

func (p *people) Run(ctx context.Context, to work.Sink) error {
	p.mu.Lock()
	p.sink = to
	for _, o := range p.orders {
		to.Order(o)
	}
	p.mu.Unlock()
	if !p.silent {
		to.Synced(p.name)
	}
	<-ctx.Done()
	return nil
}

func (p *people) Report(_ context.Context, r work.Report) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.reports == nil {
		p.reports = map[work.Key]work.Report{}
	}
	p.reports[r.Order.Key] = r
	return nil
}

func (p *people) report(key work.Key) work.Report {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.reports[key]
}

func (p *people) order(o work.Order) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.orders = append(slices.DeleteFunc(p.orders, func(have work.Order) bool { return have.Key == o.Key }), o)
	if p.sink != nil {
		p.sink.Order(o)
	}
}

// evenly is a Placer: what is there stays, and the rest is told out by turns over
// the first Max clusters of the affinity by name.
type evenly struct{}

func (evenly) Place(r placement.Request, all []*cluster.Cluster) (placement.Decision, error) {
	var d placement.Decision
	if len(r.Affinities) == 0 {
		return d, nil
	}
	was := map[string]int32{}
	for _, t := range r.Previous {
		was[t.Cluster] = t.Replicas
	}
	var open []string
	for _, kept := range []bool{true, false} {
		for _, c := range all {
			_, had := was[c.Name]
			if had != kept || slices.Contains(r.Evicted, c.Name) || !had && len(c.Taints) > 0 || !r.Affinities[0].Selects(c) {
				continue
			}
			open = append(open, c.Name)
		}
	}
	if len(open) == 0 {
		return d, errors.New("no cluster can take it")
	}
	if len(r.Spread) > 0 {
		open = open[:min(len(open), r.Spread[0].Max)]
	}
	n := map[string]int32{}
	if r.Scheduling.Mode == placement.Even && r.Replicas != nil {
		left := *r.Replicas
		for _, name := range open {
			n[name] = min(was[name], left)
			left -= n[name]
		}
		for i := 0; left > 0; i, left = i+1, left-1 {
			n[open[i%len(open)]]++
		}
	}
	slices.Sort(open)
	for _, name := range open {
		if r.Replicas != nil && r.Scheduling.Mode != placement.Even {
			n[name] = *r.Replicas
		} else if r.Replicas != nil && n[name] == 0 {
			continue
		}
		d.Targets = append(d.Targets, placement.Target{Cluster: name, Replicas: n[name]})
	}
	return d, nil
}

// house is an Engine with all that is around it.
type house struct {
	*Engine
	store  *memory
	fleet  *fleet
	people *people
	stop   func()
}

// begin runs an Engine in a bubble; what is around it may be of an earlier one.
func begin(t *testing.T, store *memory, f *fleet, change func(*Config), dialects ...work.Dialect) *house {
	t.Helper()
	h := &house{store: store, fleet: f}
	h.people, _ = dialects[0].(*people)
	cfg := Config{Dialects: dialects, Store: store, Propagator: f, Placer: evenly{}, Clusters: f.members}
	if change != nil {
		change(&cfg)
	}
	h.Engine = New(cfg)
	f.tell, f.recheck = h.Outcome, h.Recheck
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		if err := h.Run(ctx); err != nil {
			t.Error(err)
		}
	}()
	h.stop = func() {
		cancel()
		<-ended
	}
	synctest.Wait()
	return h
}

// after lets time pass.
func after(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

func key(kind schema.GroupVersionKind, name string) work.Key {
	return work.Key{Kind: kind, Namespace: "shop", Name: name}
}

func deployment(name string, replicas int64) work.Order {
	o := &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "apps/v1", "kind": "Deployment", "metadata": map[string]any{"name": name, "namespace": "shop"},
		"spec": map[string]any{"replicas": replicas, "template": map[string]any{"spec": map[string]any{"containers": []any{map[string]any{"name": "web", "image": "web",
			"envFrom": []any{map[string]any{"configMapRef": map[string]any{"name": name}}}}}}}},
	}}
	return order(key(deployments, name), o)
}

func service(name string) work.Order {
	return order(key(services, name), &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "v1", "kind": "Service", "metadata": map[string]any{"name": name, "namespace": "shop"}, "spec": map[string]any{"selector": map[string]any{"app": name}},
	}})
}

func order(key work.Key, template *unstructured.Unstructured) work.Order {
	return work.Order{
		Key: key, Dialect: "people", Template: template, Source: work.Reference{Kind: key.Kind, Namespace: key.Namespace, Name: key.Name, Generation: 1},
		Placement: placement.Request{Affinities: []placement.Affinity{{}}, Scheduling: placement.Scheduling{Mode: placement.Even}},
	}
}

// only places an order in one cluster at a time.
func only(o work.Order) work.Order {
	o.Placement.Spread = []placement.Spread{{Domain: placement.ByCluster, Max: 1}}
	return o
}
