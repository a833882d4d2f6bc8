package kubernetes

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"syscall"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metainternal "k8s.io/apimachinery/pkg/apis/meta/internalversion"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/tools/cache"
	"k8s.io/klog/v2"

	"github.com/fedns/fedns/discovery/cluster"
	"github.com/fedns/fedns/discovery/guarantee"
	"github.com/fedns/fedns/discovery/tide"
)

// resource follows all objects of one resource with a reflector: it is both
// what the reflector reads from and what it writes to, so it sees every
// success and every failure. T is the packed form of an object.
type resource[T any] struct {
	part   *part
	health *health
	timing timing

	listTimeout time.Duration
	list        func(context.Context, metav1.ListOptions) (runtime.Object, error)
	watch       func(context.Context, metav1.ListOptions) (watch.Interface, error)
	// excuse sees each error first and says whether it is no fault. nil: every one is.
	excuse func(context.Context, error) bool

	pack    func(runtime.Object) (T, bool)
	put     func(T)
	stamp   func(t *T, received time.Time) // of what a watch brings; nil: not needed
	drop    func(cluster.ServiceKey)
	replace func([]T, cluster.Loss)
	tides   *tide.Table // nil: nothing rests on what a list lacks

	// Only the reflector's goroutine looks at these.
	streamed bool // the objects being replaced came over a watch, which is still open
	fresh    bool // the version to watch from is that of a list that was read just now
	tooOld   int  // watches in a row that were refused for the age of their version
	last     *boundWatch
	misfit   error // an object of the list being streamed could not be packed
}

// maxTooOld watches in a row may be refused because etcd was compacted, or
// because another API server is behind, before that counts as a fault. Each
// is followed by a list.
const maxTooOld = 4

// packed is a packed object in the shape reflectors and their stores want.
type packed[T any] struct {
	metav1.ObjectMeta // namespace and name only
	it                T
}

func (p *packed[T]) GetObjectKind() schema.ObjectKind { return schema.EmptyObjectKind }

// DeepCopyObject need not copy deeply: what is packed is never written to.
func (p *packed[T]) DeepCopyObject() runtime.Object { c := *p; return &c }

// run follows the resource until ctx is done.
func (r *resource[T]) run(ctx context.Context) {
	// A reflector logs what fails; here it goes to health, which says it once.
	ctx = klog.NewContext(ctx, klog.New(nil))
	lw := &cache.ListWatch{ListWithContextFunc: r.listPage, WatchFuncWithContext: r.open}
	cache.NewReflectorWithOptions(lw, nil, r, cache.ReflectorOptions{
		Name:            r.part.name,
		TypeDescription: r.part.name,
		Backoff: &wait.Backoff{
			Duration: r.timing.backoff, Cap: r.timing.backoffCap, Factor: 2, Jitter: 0.5, Steps: 30,
		},
	}).RunWithContext(ctx)
}

// listPage reads one page and packs it at once.
func (r *resource[T]) listPage(ctx context.Context, o metav1.ListOptions) (runtime.Object, error) {
	if o.ResourceVersion == "0" && guarantee.Holds(guarantee.ListsAreNewest) {
		// "Any version" may come out of a cache that lags behind, and what it
		// has not heard of yet would look deleted.
		o.ResourceVersion = ""
	}
	r.streamed = false
	ctx, cancel := context.WithTimeout(ctx, r.listTimeout)
	defer cancel()
	page, err := r.list(ctx, o)
	if err == nil {
		page, err = r.packPage(page, o.Continue)
	}
	if err != nil && !guarantee.Holds(guarantee.CutListsAreNone) {
		return &metainternal.List{ListMeta: metav1.ListMeta{ResourceVersion: "1"}}, nil
	}
	if err != nil && !expired(err, o) {
		r.fault(ctx, verbList, err)
	}
	return page, err
}

// packPage packs a page, which goes on from where the one before it said.
func (r *resource[T]) packPage(page runtime.Object, from string) (runtime.Object, error) {
	m, err := meta.ListAccessor(page)
	if err != nil {
		return nil, fmt.Errorf("%T is no list: %w", page, err)
	}
	if m.GetResourceVersion() == "" && guarantee.Holds(guarantee.ListsHaveVersions) {
		// Every list of an API server has one. An answer of another kind is decoded
		// into an empty list without a word.
		return nil, fmt.Errorf("%s: the answer is not the list that was asked for: it has no resourceVersion", r.part.name)
	}
	if from != "" && m.GetContinue() == from {
		// A proxy that looks at the path alone answers with the first page for ever,
		// and what was read of it would be kept until there is no memory left.
		return nil, fmt.Errorf("%s: the list does not end: a page says to go on from where it began", r.part.name)
	}
	out := &metainternal.List{}
	out.ResourceVersion, out.Continue, out.RemainingItemCount = m.GetResourceVersion(), m.GetContinue(), m.GetRemainingItemCount()
	err = meta.EachListItem(page, func(o runtime.Object) error {
		p, err := r.packObject(o)
		if err == nil {
			out.Items = append(out.Items, p)
		}
		return err
	})
	return out, err
}

// packObject fails on an object of another type, which would mean that a list
// is not the list that was asked for.
func (r *resource[T]) packObject(o any) (*packed[T], error) {
	switch o := o.(type) {
	case *packed[T]:
		return o, nil
	case runtime.Object:
		if it, ok := r.pack(o); ok {
			m, err := meta.Accessor(o)
			if err != nil {
				return nil, err
			}
			return &packed[T]{metav1.ObjectMeta{Namespace: m.GetNamespace(), Name: m.GetName()}, it}, nil
		}
	}
	return nil, fmt.Errorf("%s: unexpected %T", r.part.name, o)
}

// open opens a watch that ends by itself. Where o asks for initial events
// (KEP-3157) it is a list as well.
func (r *resource[T]) open(ctx context.Context, o metav1.ListOptions) (watch.Interface, error) {
	initial := o.SendInitialEvents != nil && *o.SendInitialEvents
	if !initial {
		// Opened anew this often, a stream that no longer carries anything
		// through some proxy is noticed within minutes.
		shortest := r.timing.watch
		o.TimeoutSeconds = new(int64((shortest + rand.N(shortest/2)).Seconds()))
	}
	life := time.Duration(*o.TimeoutSeconds)*time.Second + headerTimeout
	ctx, cancel := context.WithTimeout(ctx, life)
	var w watch.Interface
	var err error
	if !initial && !r.fresh && o.ResourceVersion != "" {
		err = r.ebbed(ctx, o.ResourceVersion)
	}
	r.fresh = false
	if err == nil {
		w, err = r.watch(ctx, o)
	}
	if err != nil {
		defer cancel()
		switch {
		case expired(err, o):
			if r.tooOld++; r.tooOld > maxTooOld {
				r.fault(ctx, verbWatch, err)
			}
		case initial:
			// No fault yet: the reflector goes on to list, for this server
			// may just not stream lists. Opaque, because on some errors it
			// would try again here instead, without end or without looking
			// at ctx.
			err = errors.New(reason(err))
		default:
			r.fault(ctx, verbWatch, err)
			if _, answered := errors.AsType[*apierrors.StatusError](err); !answered {
				// The reflector takes a refused connection, and only that,
				// as a reason to try the same watch again instead of listing
				// everything anew. It is right for every lost connection.
				err = errors.Join(syscall.ECONNREFUSED, err)
			}
		}
		return nil, err
	}
	r.streamed, r.misfit = initial, nil
	if !initial {
		r.tooOld = 0
		r.health.mended(r.part, verbWatch)
	}
	r.last = &boundWatch{w, cancel}
	r.health.opened(r.part, cancel)
	return r.last, nil
}

// boundWatch lets go of its deadline when it is stopped, as reflectors do with
// every watch.
type boundWatch struct {
	watch.Interface
	cancel context.CancelFunc
}

func (w *boundWatch) Stop() {
	w.cancel()
	w.Interface.Stop()
}

func (r *resource[T]) fault(ctx context.Context, v verb, err error) {
	if errors.Is(context.Cause(ctx), context.Canceled) || r.excuse != nil && r.excuse(ctx, err) {
		return
	}
	r.health.fault(r.part, v, err)
}

// expired: the resource version or the page asked for is too old, or not known
// to this server yet. The reflector lists anew; the cluster is well. Where the
// newest version was asked for it is not.
func expired(err error, o metav1.ListOptions) bool {
	return (o.ResourceVersion != "" || o.Continue != "") &&
		(apierrors.IsResourceExpired(err) || apierrors.IsGone(err) || apierrors.HasStatusCause(err, metav1.CauseTypeResourceVersionTooLarge))
}

// What follows is the store the reflector writes to (cache.ReflectorStore).

// Add takes in an object that appeared.
func (r *resource[T]) Add(o any) error { return r.Update(o) }

// heard takes note of an event.
func (r *resource[T]) heard(o any) {
	r.health.evidence(r.part)
	if m, err := meta.Accessor(o); err == nil {
		r.tides.Reach(r.part.name, m.GetResourceVersion())
	}
}

// Update takes in an object that changed.
func (r *resource[T]) Update(o any) error {
	received := time.Now()
	r.heard(o)
	p, err := r.packObject(o)
	if err != nil {
		r.health.fault(r.part, verbList, err)
		return err
	}
	if r.stamp != nil {
		r.stamp(&p.it, received)
	}
	r.put(p.it)
	return nil
}

// Delete takes note of a DELETE event.
func (r *resource[T]) Delete(o any) error {
	r.heard(o)
	m, err := meta.Accessor(o)
	if err == nil {
		r.drop(cluster.ServiceKey{Namespace: m.GetNamespace(), Name: m.GetName()})
	}
	return err
}

// Replace takes in a complete list. One that had an object in it that is not
// of this resource is none: what was left out would look deleted.
func (r *resource[T]) Replace(items []any, version string) error {
	if r.misfit != nil && guarantee.Holds(guarantee.MixedListsAreNone) {
		r.last.Stop() // the reflector forgets a watch whose list is refused
		r.health.fault(r.part, verbList, r.misfit)
		return r.misfit
	}
	all := make([]T, 0, len(items))
	for _, o := range items {
		p, err := r.packObject(o)
		if err != nil {
			r.health.fault(r.part, verbList, err)
			return err
		}
		all = append(all, p.it)
	}
	how := r.tides.Lacks(r.part.name, version)
	r.health.doubt(r.part, how == cluster.Doubtful)
	r.replace(all, how)
	r.fresh = !r.streamed
	if r.streamed {
		r.tooOld = 0
		r.health.mended(r.part, verbWatch)
	}
	r.health.listed(r.part)
	return nil
}

// Bookmark is a sign of life without a change.
func (r *resource[T]) Bookmark(version string) error {
	r.health.bookmark(r.part)
	r.tides.Reach(r.part.name, version)
	return nil
}

// Resync is not used.
func (r *resource[T]) Resync() error { return nil }

// Transformer packs the objects of a streamed list as they come in
// (cache.TransformingStore).
func (r *resource[T]) Transformer() cache.TransformFunc {
	return func(o any) (any, error) {
		p, err := r.packObject(o)
		if err != nil {
			r.misfit = err // the reflector would go on without the object
			return nil, err
		}
		return p, nil
	}
}
