package propagation

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"syscall"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metainternal "k8s.io/apimachinery/pkg/apis/meta/internalversion"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/tools/cache"
	"k8s.io/klog/v2"

	"github.com/fedns/fedns/federation/interpret"
	"github.com/fedns/fedns/federation/work"
)

// shortestWatch is the shortest life of a watch. Opened anew this often, one that no
// longer carries anything through some proxy is noticed within minutes.
const shortestWatch = 3 * time.Minute

// found is an object in the shape reflectors and their stores want: what was seen
// of it, and nothing of the object.
type found struct {
	metav1.ObjectMeta // namespace, name, UID and version only
	seen              sight
	reading           *interpret.Observation
}

func (f *found) GetObjectKind() schema.ObjectKind { return schema.EmptyObjectKind }

// DeepCopyObject need not copy deeply: what was found is not written to.
func (f *found) DeepCopyObject() runtime.Object { c := *f; return &c }

// follower follows a resource of one member with a reflector: it is both what the
// reflector reads from and the store it writes to.
type follower struct {
	client   *client
	path     []string
	selector string
	partial  bool // only metadata is needed

	pack func(*unstructured.Unstructured) *found
	put  func(*found)
	drop func(*found)
	// replace takes all there are, as of a version; anew: the member has gone back since
	// anything was told of it, and what was told then does not count.
	replace func(all []*found, version string, anew bool)
	fault   func(error)
	called  func(verb string, took time.Duration, err error)
	mark    *mark

	misfit error  // an object of the list being streamed could not be packed
	before string // the mark when the list that is being made began
	listed bool   // nothing has been watched since the last list
	back   bool   // the member was seen to have gone back; until it is listed
}

// run follows until ctx is done.
func (f *follower) run(ctx context.Context) {
	ctx = klog.NewContext(ctx, klog.New(nil)) // what fails goes to fault
	lw := &cache.ListWatch{ListWithContextFunc: f.list, WatchFuncWithContext: f.open}
	cache.NewReflectorWithOptions(lw, nil, f, cache.ReflectorOptions{
		Name: strings.Join(f.path, "/"), TypeDescription: f.path[len(f.path)-1],
		Backoff: &wait.Backoff{Duration: 500 * time.Millisecond, Cap: longestAway, Factor: 2, Jitter: 0.5, Steps: 30},
	}).RunWithContext(ctx)
}

func (f *follower) accept(as string) string {
	if !f.partial {
		return ""
	}
	return runtime.ContentTypeJSON + ";as=" + as + onlyMetadata + "," + runtime.ContentTypeJSON
}

func (f *follower) list(ctx context.Context, o metav1.ListOptions) (runtime.Object, error) {
	if o.ResourceVersion == "0" || f.back {
		// "Any version" may come out of a cache that lags behind, and what it has
		// not heard of yet would look deleted.
		o.ResourceVersion = ""
	}
	if o.Continue == "" {
		f.before = f.mark.version
	}
	o.LabelSelector = f.selector
	began := time.Now()
	page, err := f.client.list(ctx, f.path, o, f.accept("PartialObjectMetadataList"))
	if err == nil {
		page, err = f.packPage(page)
	}
	f.called("list", time.Since(began), err)
	if err != nil && ctx.Err() == nil {
		f.fault(err)
	}
	return page, err
}

func (f *follower) packPage(page runtime.Object) (runtime.Object, error) {
	m, err := meta.ListAccessor(page)
	if err != nil {
		return nil, fmt.Errorf("%T is no list: %w", page, err)
	}
	if m.GetResourceVersion() == "" {
		return nil, errors.New("the answer is not the list that was asked for: it has no resourceVersion")
	}
	out := &metainternal.List{}
	out.ResourceVersion, out.Continue, out.RemainingItemCount = m.GetResourceVersion(), m.GetContinue(), m.GetRemainingItemCount()
	err = meta.EachListItem(page, func(o runtime.Object) error {
		one, err := f.packed(o)
		if err == nil {
			out.Items = append(out.Items, one)
		}
		return err
	})
	return out, err
}

func (f *follower) packed(o any) (*found, error) {
	switch o := o.(type) {
	case *found:
		return o, nil
	case *unstructured.Unstructured:
		return f.pack(o), nil
	}
	return nil, fmt.Errorf("unexpected %T in a list", o)
}

// open opens a watch that ends by itself. Where o asks for initial events
// (KEP-3157) it is a list as well.
func (f *follower) open(ctx context.Context, o metav1.ListOptions) (watch.Interface, error) {
	initial := o.SendInitialEvents != nil && *o.SendInitialEvents
	switch {
	case initial:
		if f.before = f.mark.version; f.back {
			o.ResourceVersion = ""
		}
	case !f.listed:
		if err := f.rewound(ctx, o.ResourceVersion); err != nil {
			return nil, err
		}
	}
	f.listed = false
	if !initial {
		o.TimeoutSeconds = new(int64((shortestWatch + rand.N(shortestWatch/2)).Seconds()))
	}
	o.LabelSelector = f.selector
	ctx, cancel := context.WithTimeout(ctx, time.Duration(*o.TimeoutSeconds)*time.Second+headerTimeout)
	began := time.Now()
	f.misfit = nil
	w, err := f.client.watch(ctx, f.path, o, f.accept("PartialObjectMetadata"))
	f.called("watch", time.Since(began), err)
	if err == nil {
		return &boundWatch{w, cancel}, nil
	}
	defer cancel()
	away := faultOf(err).away
	switch {
	case errors.Is(context.Cause(ctx), context.Canceled):
	case initial:
		// The reflector goes on to list, for this server may just not stream lists.
		// Opaque, because on some errors it would try again here without end.
		err = errors.New(line(err.Error()))
	case away:
		f.fault(err)
		// The reflector takes a refused connection, and only that, as a reason to
		// try the same watch again instead of listing everything anew.
		err = errors.Join(syscall.ECONNREFUSED, err)
	}
	return nil, err
}

// boundWatch lets go of its deadline when it is stopped.
type boundWatch struct {
	watch.Interface
	cancel context.CancelFunc
}

func (w *boundWatch) Stop() {
	w.cancel()
	w.Interface.Stop()
}

// What follows is the store the reflector writes to (cache.ReflectorStore).

// Add takes in an object that appeared.
func (f *follower) Add(o any) error { return f.Update(o) }

// Update takes in an object that changed.
func (f *follower) Update(o any) error {
	one, err := f.packed(o)
	if err == nil {
		f.put(one)
	}
	return err
}

// Delete takes note of a DELETE event.
func (f *follower) Delete(o any) error {
	m, err := meta.Accessor(o)
	if err == nil {
		f.drop(&found{ObjectMeta: metaOf(m)})
	}
	return err
}

// Replace takes in a complete list. One that had something in it that is no object
// is none: what was left out would look deleted.
func (f *follower) Replace(items []any, version string) error {
	if f.misfit != nil {
		return f.misfit
	}
	all := make([]*found, 0, len(items))
	for _, o := range items {
		one, err := f.packed(o)
		if err != nil {
			return err
		}
		all = append(all, one)
	}
	anew := f.before != "" && work.OlderVersion(version, f.before)
	if f.listed, f.back = true, false; anew {
		f.mark.version = ""
	}
	f.mark.reach(version)
	f.replace(all, version, anew)
	return nil
}

// Resync is not used.
func (f *follower) Resync() error { return nil }

// Transformer packs the objects of a streamed list as they come in
// (cache.TransformingStore).
func (f *follower) Transformer() cache.TransformFunc {
	return func(o any) (any, error) {
		one, err := f.packed(o)
		if err != nil {
			f.misfit = err
			return nil, err
		}
		return one, nil
	}
}

func metaOf(m metav1.Object) metav1.ObjectMeta {
	return metav1.ObjectMeta{Namespace: m.GetNamespace(), Name: m.GetName(), UID: types.UID(m.GetUID()), ResourceVersion: m.GetResourceVersion()}
}
