package federate

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strconv"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"

	"github.com/fedns/fedns/federation"
	"github.com/fedns/fedns/federation/api/v1alpha1"
	"github.com/fedns/fedns/federation/work"
)

// annotationTerm is the term of the leader that wrote a Binding last.
const annotationTerm = "fedns.io/term"

// page is how many Bindings are listed at once.
const page = 500

// errOutrun says that a leader of a later term has written: this one is over.
var errOutrun = errors.New("a leader of a later term wrote it")

// Bindings is the Store of a term: Bindings in the host. A write is whole or not at
// all, by the version that was seen last, and none is made past the term's end.
type Bindings struct {
	client client.Client
	// namespace of the Bindings of templates that have none.
	namespace string
	term      func() (int64, time.Time)
	confirm   func(context.Context) error // Term's
	log       *slog.Logger

	listed chan struct{} // closed when known is

	mu    sync.Mutex
	known map[work.Key]*held // by Versionless
	names map[types.NamespacedName]*held
}

// held is a Binding as it was seen or written last.
type held struct {
	mu   sync.Mutex
	key  work.Key // as it was seen or written last
	told bool     // that it is being deleted
	// wrote is the generation that our last write gave it, or that it was listed with:
	// a later one is somebody else's.
	wrote  int64
	edited bool // somebody has changed it since, and it is to be read before it is written
	*v1alpha1.Binding
}

var _ federation.Store = (*Bindings)(nil)

// NewBindings makes the Store of a term; term and confirm are Now and Confirm of Term.
func NewBindings(rc *rest.Config, namespace string, term func() (int64, time.Time), confirm func(context.Context) error, log *slog.Logger) (*Bindings, error) {
	scheme, err := newScheme()
	if err != nil {
		return nil, err
	}
	c, err := client.New(rc, client.Options{Scheme: scheme})
	if err != nil {
		return nil, fmt.Errorf("bindings: %w", err)
	}
	return newBindings(c, namespace, term, confirm, log), nil
}

func newScheme() (*runtime.Scheme, error) {
	scheme := runtime.NewScheme()
	if err := errors.Join(v1alpha1.AddToScheme(scheme), corev1.AddToScheme(scheme)); err != nil {
		return nil, fmt.Errorf("bindings: %w", err)
	}
	return scheme, nil
}

func newBindings(c client.Client, namespace string, term func() (int64, time.Time), confirm func(context.Context) error, log *slog.Logger) *Bindings {
	return &Bindings{client: c, namespace: namespace, term: term, confirm: confirm, log: log, listed: make(chan struct{}), known: map[work.Key]*held{}, names: map[types.NamespacedName]*held{}}
}

// within bounds a call by the term.
func (s *Bindings) within(ctx context.Context) (context.Context, context.CancelFunc, error) {
	_, until := s.term()
	if !time.Now().Before(until) {
		return nil, nil, errors.New("this replica does not lead any more")
	}
	ctx, cancel := context.WithDeadline(ctx, until)
	return ctx, cancel, nil
}

// List implements federation.Store. What cannot be understood is an error: placing
// it anew would take it from where it is. What is not where the Binding of its template
// is was not made by us, and is left out: whoever may write into one namespace is not to
// say what is placed of another.
func (s *Bindings) List(ctx context.Context) ([]federation.Binding, error) {
	var all, moved []federation.Binding
	var before []*held // of moved
	known, names := map[work.Key]*held{}, map[types.NamespacedName]*held{}
	next := ""
	for {
		var list v1alpha1.BindingList
		if err := s.client.List(ctx, &list, client.Limit(page), client.Continue(next)); err != nil {
			return nil, fmt.Errorf("list bindings: %w", err)
		}
		for i := range list.Items {
			b, err := fromObject(&list.Items[i])
			if err != nil {
				return nil, fmt.Errorf("binding %s/%s: %w", list.Items[i].Namespace, list.Items[i].Name, err)
			}
			h := &held{key: b.Key}
			h.written(&list.Items[i])
			switch at, own := nameOf(h.Binding), nameOf(s.object(federation.Binding{Key: b.Key})); {
			case at == own:
				all = append(all, b)
				known[b.Key.Versionless()], names[at] = h, h
			case b.Key.Namespace == "" && at.Name == own.Name:
				moved = append(moved, b) // we may have been told another namespace for those
				before = append(before, h)
			default:
				s.log.Warn("a Binding is left out, for it is not where that of its template is", "namespace", at.Namespace, "binding", at.Name, "object", b.Key.String())
			}
		}
		if next = list.Continue; next == "" {
			break
		}
	}
	for i, h := range before {
		if key := h.key.Versionless(); known[key] == nil {
			all = append(all, moved[i])
			known[key], names[nameOf(h.Binding)] = h, h
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.known, s.names = known, names
	select {
	case <-s.listed:
	default:
		close(s.listed)
	}
	return all, nil
}

func nameOf(b *v1alpha1.Binding) types.NamespacedName {
	return types.NamespacedName{Namespace: b.Namespace, Name: b.Name}
}

// trimmed is a Binding without what nobody here reads.
func trimmed(b *v1alpha1.Binding) *v1alpha1.Binding {
	b.ManagedFields = nil
	return b
}

// written has h be a Binding as we wrote it; h is locked.
func (h *held) written(b *v1alpha1.Binding) {
	h.Binding, h.wrote, h.edited, h.told = trimmed(b), b.Generation, false, false
}

// of is what is known of a Key; its lock is held, for the caller to give back.
func (s *Bindings) of(key work.Key) *held {
	s.mu.Lock()
	h := s.known[key.Versionless()]
	if h == nil {
		h = &held{key: key}
		s.known[key.Versionless()] = h
		s.names[nameOf(s.object(federation.Binding{Key: key}))] = h
	}
	s.mu.Unlock()
	h.mu.Lock()
	return h
}

// Put implements federation.Store.
func (s *Bindings) Put(ctx context.Context, b federation.Binding) error {
	ctx, cancel, err := s.within(ctx)
	if err != nil {
		return err
	}
	defer cancel()
	h := s.of(b.Key)
	defer h.mu.Unlock()
	next := s.object(b)
	if right, err := s.mended(ctx, b.Key, h, next); right || err != nil {
		return err
	}
	if h.Binding == nil {
		return s.create(ctx, b, h, next)
	}
	if h.key != b.Key && h.key != b.Former {
		return otherVersion(h, b.Key)
	}
	if h.DeletionTimestamp != nil && !b.Deleted {
		if renewed, err := s.renew(ctx, h, next); renewed || err != nil {
			if err == nil {
				h.key = b.Key
				h.written(next)
			} else if apierrors.IsConflict(err) {
				return s.refresh(ctx, b.Key, h, next, err)
			}
			return err
		}
	}
	h.over(next)
	status := h.Status
	switch err := s.client.Update(ctx, next); {
	case apierrors.IsNotFound(err): // somebody deleted it; the next Put makes it anew
		h.Binding = nil
		return err
	case apierrors.IsConflict(err):
		return s.refresh(ctx, b.Key, h, next, err)
	case err != nil:
		return err
	}
	next.Status = status
	told := h.told
	h.key = b.Key
	h.written(next)
	h.told = told
	return nil
}

// create makes a Binding that there is not; h is locked.
func (s *Bindings) create(ctx context.Context, b federation.Binding, h *held, next *v1alpha1.Binding) error {
	switch err := s.client.Create(ctx, next); {
	case apierrors.IsAlreadyExists(err):
		return s.refresh(ctx, b.Key, h, next, err)
	case err != nil:
		return err
	}
	h.key = b.Key
	h.written(next)
	return nil
}

// mended reads a Binding that somebody has changed, and says that it is as next has
// it all the same: then it is not written. h is locked.
func (s *Bindings) mended(ctx context.Context, key work.Key, h *held, next *v1alpha1.Binding) (right bool, err error) {
	if h.Binding == nil || !h.edited {
		return false, nil
	}
	if err := s.read(ctx, key, h, next); err != nil {
		return false, err
	}
	if h.Binding == nil || !controllerutil.ContainsFinalizer(h.Binding, finalizer) || !equality.Semantic.DeepEqual(h.Spec, next.Spec) {
		return false, nil
	}
	h.wrote, h.edited = h.Generation, false
	return true, nil
}

// refresh reads what somebody else wrote meanwhile, so that the next try is made
// against that; it yields why this one failed.
func (s *Bindings) refresh(ctx context.Context, key work.Key, h *held, next *v1alpha1.Binding, failed error) error {
	if err := s.read(ctx, key, h, next); err != nil {
		return fmt.Errorf("%w: %w", err, failed)
	}
	return failed
}

// read has h be the Binding as the host has it, whoever wrote it; h is locked.
func (s *Bindings) read(ctx context.Context, key work.Key, h *held, next *v1alpha1.Binding) error {
	live := &v1alpha1.Binding{}
	if err := s.client.Get(ctx, client.ObjectKeyFromObject(next), live); err != nil {
		if apierrors.IsNotFound(err) {
			h.Binding = nil
		}
		return client.IgnoreNotFound(err)
	}
	number, _ := s.term()
	if theirs, err := strconv.ParseInt(live.Annotations[annotationTerm], 10, 64); err == nil && theirs > number {
		if err := s.confirm(ctx); err != nil {
			return fmt.Errorf("%w: %w", errOutrun, err)
		}
	}
	of, err := templateOf(live)
	if err != nil || of.Versionless() != key.Versionless() {
		return fmt.Errorf("binding %s/%s is of another object", live.Namespace, live.Name)
	}
	if h.Binding == nil {
		h.key = of // otherwise we know whose it is, whatever has been made of its version
	}
	h.Binding = trimmed(live)
	return nil
}

// Delete implements federation.Store.
func (s *Bindings) Delete(ctx context.Context, key work.Key) error {
	ctx, cancel, err := s.within(ctx)
	if err != nil {
		return err
	}
	defer cancel()
	h := s.of(key)
	defer h.mu.Unlock()
	if h.Binding == nil {
		return nil
	}
	if h.key != key {
		return nil // another version has it
	}
	o := &v1alpha1.Binding{ObjectMeta: metav1.ObjectMeta{Namespace: h.Namespace, Name: h.Name}}
	if err = s.release(ctx, h); err == nil {
		err = s.client.Delete(ctx, o, client.Preconditions{UID: &h.UID, ResourceVersion: &h.ResourceVersion})
	}
	if apierrors.IsConflict(err) {
		return s.refresh(ctx, key, h, o, err)
	}
	if client.IgnoreNotFound(err) != nil {
		return err
	}
	h.Binding = nil
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.known[key.Versionless()] == h {
		delete(s.known, key.Versionless())
		delete(s.names, nameOf(o))
	}
	return nil
}

// Report implements federation.Store.
func (s *Bindings) Report(ctx context.Context, key work.Key, status v1alpha1.BindingStatus) error {
	ctx, cancel, err := s.within(ctx)
	if err != nil {
		return err
	}
	defer cancel()
	h := s.of(key)
	defer h.mu.Unlock()
	if h.Binding == nil {
		return nil
	}
	next := h.DeepCopy()
	conditions := slices.Clone(next.Status.Conditions)
	for _, c := range status.Conditions {
		c.ObservedGeneration = next.Generation
		meta.SetStatusCondition(&conditions, c)
	}
	next.Status = status
	next.Status.Conditions = conditions
	next.Status.ObservedGeneration = next.Generation
	next.Status.Placed = next.Spec.Placed()
	sinceBefore(next.Status.Clusters, h.Status.Clusters)
	if equality.Semantic.DeepEqual(next.Status, h.Status) {
		return nil
	}
	switch err := s.client.Status().Update(ctx, next); {
	case apierrors.IsNotFound(err):
		return nil // the next Put finds it gone
	case apierrors.IsConflict(err):
		return s.refresh(ctx, key, h, next, err)
	case err != nil:
		return err
	}
	h.Binding = trimmed(next)
	return nil
}

// sinceBefore keeps since when clusters are as they are: a daemon that starts anew
// saw it only just now. What came and went between two reports does not count.
func sinceBefore(now, before []v1alpha1.ClusterStatus) {
	was := make(map[v1alpha1.DNSLabel]*v1alpha1.ClusterStatus, len(before))
	for i := range before {
		was[before[i].Cluster] = &before[i]
	}
	for i := range now {
		c := &now[i]
		if b := was[c.Cluster]; b != nil && b.Since != nil && c.Since != nil && b.Phase == c.Phase && b.Reason == c.Reason && b.Since.Before(c.Since) {
			c.Since = b.Since
		}
	}
}
