package kubernetes

import (
	"context"
	"math/rand/v2"
	"sync"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/rest"

	"github.com/fedns/fedns/discovery/cluster"
	"github.com/fedns/fedns/discovery/tide"
)

// Objects says which objects of a cluster to follow, and who takes them in.
// Versions, Resource and Handler are required.
type Objects struct {
	Group     string   // empty: Kubernetes' core, which every cluster serves
	Versions  []string // those that Handler understands, best first
	Resource  string   // plural, in lower case
	Namespace string   // empty: all
	Labels    string   // selector
	Fields    string   // selector
	Handler   Handler
}

// A Handler takes in what is known of some Objects. Calls come one after
// another, for each Objects on a goroutine of its own, and have to return soon.
// Objects are handed over: nobody else writes to them.
type Handler interface {
	// Replace is a complete list: an object that it lacks is not there any more. how is
	// Doubtful where the list may only lack it: the store has gone back in time, or the
	// definition of the objects was gone meanwhile.
	Replace(all []*unstructured.Unstructured, how cluster.Loss)
	// Put is an object that appeared or changed.
	Put(o *unstructured.Unstructured)
	// Delete is a DELETE event. how is Doubtful when the definition of the objects is
	// on its way out, or gone: whoever removes a CRD removes all of its objects first,
	// and hardly means them.
	Delete(namespace, name string, how cluster.Loss)
	// Absent says that the cluster serves no such objects now. It says nothing of
	// objects that were there.
	Absent()
}

// A Follower reads objects of one cluster, of whatever kind, by the same rules
// of evidence by which a Source reads Services (see the package's doc).
type Follower struct{ source *Source }

// NewFollower reads the kubeconfig and connects to nothing, as New does. Of cfg
// it looks at how to connect only.
func NewFollower(cfg Config) (*Follower, error) {
	s, err := prepare(cfg)
	if err != nil {
		return nil, err
	}
	s.cfg.Tides = tide.New(nil)
	return &Follower{s}, nil
}

// Run follows objects until ctx is done, and returns when all that it started is
// gone. tell is called with each change of the State, and every few seconds with
// a newer LastSync, by one goroutine; it is Live while all objects are followed,
// those that the cluster does not serve excepted.
func (f *Follower) Run(ctx context.Context, objects []Objects, tell func(cluster.State)) {
	s := f.source
	ctx, cancel := context.WithCancel(ctx)
	h := newHealth()
	var kinds []*kind
	for _, o := range objects { // all of them count before any runs
		kinds = append(kinds, &kind{Objects: o, source: s, health: h, part: h.add(o.Resource, false)})
	}
	var running sync.WaitGroup
	for _, k := range kinds {
		running.Go(func() { k.run(ctx) })
	}
	running.Go(func() { s.renew(ctx) })
	running.Go(func() { h.listen(ctx, s.timing.silence) })
	ticker := time.NewTicker(s.timing.tell)
	defer ticker.Stop()
	told, tick := cluster.State{}, true
	for ctx.Err() == nil {
		state, _ := h.now()
		changed := state.Phase != told.Phase || !state.Since.Equal(told.Since) || state.Reason != told.Reason
		if changed || tick && state.LastSync.After(told.LastSync) {
			tell(state)
			told = state
		}
		select {
		case <-ctx.Done():
		case <-h.wake:
			tick = false
		case <-ticker.C:
			tick = true
		}
	}
	cancel()
	s.client.Load().close()
	running.Wait()
	s.client.Load().close() // what was connected meanwhile
}

// kind follows the objects of one resource, which may be a CRD that comes and goes.
type kind struct {
	Objects
	source *Source
	health *health
	part   *part
	seen   bool // it was served
	anew   lapse
}

// run looks for the resource until ctx is done, and follows it while it is there.
func (k *kind) run(ctx context.Context) {
	first, last := k.source.timing.pollFirst, k.source.timing.pollLast
	delay := first
	for ctx.Err() == nil {
		now, err := k.definition(ctx)
		switch {
		case ctx.Err() != nil:
			return
		case err != nil:
			k.health.fault(k.part, verbDiscover, err)
		case now.version == "":
			k.anew = k.anew || lapse(k.seen)
			k.Handler.Absent() // before it may be Live: who hears of that has been told everything
			k.health.absent(k.part)
		default:
			k.health.mended(k.part, verbDiscover)
			k.seen = true
			k.follow(ctx, now)
			delay = first
		}
		select {
		case <-ctx.Done():
		case <-time.After(delay + rand.N(delay/4+1)):
		}
		delay = min(delay*3/2, last)
	}
}

// definition has the version to read; empty: none of those understood is served.
func (k *kind) definition(ctx context.Context) (definition, error) {
	if k.Group == "" {
		return definition{version: k.Versions[0], create: true}, nil
	}
	ctx, cancel := context.WithTimeout(ctx, headerTimeout)
	defer cancel()
	return k.source.client.Load().served(ctx, k.Group, k.Versions, k.Resource)
}

// follow lists and watches until ctx is done or the version is gone.
func (k *kind) follow(ctx context.Context, was definition) {
	s, version := k.source, was.version
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	to := sink[*unstructured.Unstructured]{
		put:     k.Handler.Put,
		drop:    func(key cluster.ServiceKey, how cluster.Loss) { k.Handler.Delete(key.Namespace, key.Name, how) },
		replace: k.take,
	}
	d := newDepartures(s.timing, func(ctx context.Context) (bool, error) {
		now, err := k.definition(ctx)
		return was.stands(now), err
	}, keyOf, to)
	r := resource[*unstructured.Unstructured]{
		part: k.part, health: k.health, timing: s.timing, listTimeout: s.cfg.ListTimeout,
		list: func(ctx context.Context, o metav1.ListOptions) (runtime.Object, error) {
			return k.request(version, o).Do(ctx).Get()
		},
		watch: func(ctx context.Context, o metav1.ListOptions) (watch.Interface, error) {
			o.Watch = true
			return stream(ctx, k.request(version, o))
		},
		excuse: func(ctx context.Context, err error) bool {
			if k.unserved(ctx, err, version) {
				cancel()
				return true
			}
			return false
		},
		pack: func(o runtime.Object) (*unstructured.Unstructured, bool) {
			u, ok := o.(*unstructured.Unstructured)
			if ok {
				u.SetManagedFields(nil) // the larger part of many objects
			}
			return u, ok
		},
		put: d.put, drop: d.leave,
		replace: func(all []*unstructured.Unstructured, how cluster.Loss) { d.replace(ctx, all, how) },
		tides:   s.cfg.Tides,
	}
	var running sync.WaitGroup
	defer running.Wait()
	defer cancel()
	if k.Group == "" { // it has no definition that could go
		r.drop = func(key cluster.ServiceKey) { to.drop(key, cluster.Deleted) }
	} else {
		running.Go(func() { d.run(ctx) })
	}
	r.run(ctx)
}

// take takes in a list.
func (k *kind) take(all []*unstructured.Unstructured, how cluster.Loss) {
	k.Handler.Replace(all, k.anew.end(how))
}

func keyOf(o *unstructured.Unstructured) cluster.ServiceKey {
	return cluster.ServiceKey{Namespace: o.GetNamespace(), Name: o.GetName()}
}

func (k *kind) request(version string, o metav1.ListOptions) *rest.Request {
	o.LabelSelector, o.FieldSelector = k.Labels, k.Fields
	path := []string{"/apis", k.Group, version}
	if k.Group == "" {
		path = []string{"/api", version}
	}
	return k.source.client.Load().rest[anyObject].Get().AbsPath(path...).NamespaceIfScoped(k.Namespace, k.Namespace != "").Resource(k.Resource).
		SpecificallyVersionedParams(&o, metav1.ParameterCodec, metav1.SchemeGroupVersion).MaxRetries(0)
}

// unserved says that err is a 404 and discovery agrees.
func (k *kind) unserved(ctx context.Context, err error, version string) bool {
	if k.Group == "" || !apierrors.IsNotFound(err) {
		return false
	}
	now, err := k.definition(ctx)
	k.anew = k.anew || lapse(err == nil && now.version == "")
	return err == nil && now.version != version
}
