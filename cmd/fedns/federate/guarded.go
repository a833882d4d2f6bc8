package federate

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/metadata"
	"k8s.io/client-go/metadata/metadatainformer"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"

	"github.com/fedns/fedns/federation/api/v1alpha1"
	"github.com/fedns/fedns/federation/work"
)

// finalizer keeps a Binding while something of it may be in members: whoever deletes
// one, or its namespace, does not delete the only record of that.
const finalizer = "fedns.io/members"

// harm is what somebody else did to a Binding.
type harm uint8

const (
	unharmed harm = iota
	deleted       // it is gone, or is to go
	edited        // it says something else, or may be deleted without being kept
)

// Watch tells of Bindings that somebody deletes (lost) or changes (edited), until ctx
// is done. It reads their metadata only.
func (s *Bindings) Watch(ctx context.Context, rc *rest.Config, lost, edit func(work.Key), log *slog.Logger) error {
	select { // what was there before is known then
	case <-s.listed:
	case <-ctx.Done():
		return nil
	}
	rc = rest.CopyConfig(rc)
	rc.Timeout = 0 // it watches
	c, err := metadata.NewForConfig(rc)
	if err != nil {
		return fmt.Errorf("watch bindings: %w", err)
	}
	resource := v1alpha1.GroupVersion.WithResource("bindings")
	informer := metadatainformer.NewFilteredMetadataInformer(c, resource, metav1.NamespaceAll, 0, cache.Indexers{}, nil).Informer()
	tell := func(o any, gone bool) {
		if tomb, ok := o.(cache.DeletedFinalStateUnknown); ok {
			o = tomb.Obj
		}
		if m, ok := o.(*metav1.PartialObjectMetadata); ok {
			switch key, what := s.harmed(m, gone); what {
			case deleted:
				log.Warn("somebody deletes a Binding, which is the record of what is in members: it is kept", "namespace", m.Namespace, "binding", m.Name)
				lost(key)
			case edited:
				log.Warn("somebody changed a Binding, which is the record of what is in members: it is put right", "namespace", m.Namespace, "binding", m.Name)
				edit(key)
			}
		}
	}
	if err := errors.Join(
		informer.SetTransform(func(o any) (any, error) {
			m, ok := o.(*metav1.PartialObjectMetadata)
			if !ok {
				return o, nil
			}
			return &metav1.PartialObjectMetadata{ObjectMeta: metav1.ObjectMeta{
				Namespace: m.Namespace, Name: m.Name, UID: m.UID, ResourceVersion: m.ResourceVersion, Generation: m.Generation, Finalizers: m.Finalizers,
				DeletionTimestamp: m.DeletionTimestamp, DeletionGracePeriodSeconds: m.DeletionGracePeriodSeconds,
			}}, nil
		}),
		informer.SetWatchErrorHandlerWithContext(func(_ context.Context, _ *cache.Reflector, err error) {
			log.Warn("Bindings cannot be watched: one that somebody deletes or changes is noticed late", "error", err)
		}),
	); err != nil {
		return fmt.Errorf("watch bindings: %w", err)
	}
	if _, err := informer.AddEventHandler(cache.ResourceEventHandlerFuncs{
		AddFunc:    func(o any) { tell(o, false) },
		UpdateFunc: func(_, o any) { tell(o, false) },
		DeleteFunc: func(o any) { tell(o, true) },
	}); err != nil {
		return fmt.Errorf("watch bindings: %w", err)
	}
	informer.RunWithContext(ctx)
	return nil
}

// harmed takes note of what somebody else did to a Binding, and says of which Key it
// is. What is known already, or is our own doing, is no harm.
func (s *Bindings) harmed(m *metav1.PartialObjectMetadata, gone bool) (work.Key, harm) {
	s.mu.Lock()
	h := s.names[types.NamespacedName{Namespace: m.Namespace, Name: m.Name}]
	s.mu.Unlock()
	if h == nil {
		return work.Key{}, unharmed
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	switch {
	case h.Binding == nil || h.UID != m.UID:
		return work.Key{}, unharmed
	case gone:
		h.Binding, h.told = nil, false
	case m.DeletionTimestamp == nil && !h.edited && h.changed(m):
		h.edited = true
		return h.key, edited
	case m.DeletionTimestamp == nil || h.told || h.Spec.Deleted:
		return work.Key{}, unharmed
	default:
		h.told, h.DeletionTimestamp = true, m.DeletionTimestamp
		h.ResourceVersion, h.DeletionGracePeriodSeconds = m.ResourceVersion, m.DeletionGracePeriodSeconds
	}
	return h.key, deleted
}

// changed says that a Binding was written by somebody else after we wrote it last, and
// is not what it was. Statuses and labels do not count. h is locked.
func (h *held) changed(m *metav1.PartialObjectMetadata) bool {
	if m.Generation > h.wrote {
		return true
	}
	return work.OlderVersion(h.ResourceVersion, m.ResourceVersion) && controllerutil.ContainsFinalizer(h.Binding, finalizer) && !slices.Contains(m.Finalizers, finalizer)
}

// renew makes a Binding anew that is being deleted; h is locked. It does not while
// others hold it, or while its namespace or the definition of Bindings goes too: until
// then it is all the record there is, and is written as if nobody deleted it.
func (s *Bindings) renew(ctx context.Context, h *held, next *v1alpha1.Binding) (renewed bool, err error) {
	if len(h.Finalizers) > 1 || !controllerutil.ContainsFinalizer(h.Binding, finalizer) || !s.lasts(ctx, h.Namespace) || !s.takes(ctx, next) {
		return false, nil
	}
	last := h.DeepCopy()
	last.Finalizers = nil
	if err := s.client.Update(ctx, last); client.IgnoreNotFound(err) != nil {
		return false, err
	}
	h.Binding = nil
	next.ResourceVersion, next.UID = "", ""
	return true, s.client.Create(ctx, next)
}

// lasts says that a namespace is there and is not being deleted.
func (s *Bindings) lasts(ctx context.Context, namespace string) bool {
	var n corev1.Namespace
	err := s.client.Get(ctx, client.ObjectKey{Name: namespace}, &n)
	return err == nil && n.DeletionTimestamp == nil
}

// takes says that a Binding like this one could be made now. While their definition is
// being deleted none can, and nothing else would tell before it is too late.
func (s *Bindings) takes(ctx context.Context, b *v1alpha1.Binding) bool {
	trial := b.DeepCopy()
	trial.Name, trial.GenerateName = "", "trial-"
	trial.ResourceVersion, trial.UID = "", ""
	return s.client.Create(ctx, trial, client.DryRunAll) == nil
}

// release lets a Binding go; h is locked.
func (s *Bindings) release(ctx context.Context, h *held) error {
	if !controllerutil.ContainsFinalizer(h.Binding, finalizer) {
		return nil
	}
	last := h.DeepCopy()
	controllerutil.RemoveFinalizer(last, finalizer)
	if err := s.client.Update(ctx, last); err != nil {
		return err
	}
	h.Binding = trimmed(last)
	return nil
}

// over has next what h has that is not ours to decide; h is locked.
func (h *held) over(next *v1alpha1.Binding) {
	next.ResourceVersion, next.UID = h.ResourceVersion, h.UID
	next.DeletionTimestamp, next.DeletionGracePeriodSeconds = h.DeletionTimestamp, h.DeletionGracePeriodSeconds
	next.Labels = maps.Clone(h.Labels)
	annotations := maps.Clone(h.Annotations)
	if annotations == nil {
		annotations = map[string]string{}
	}
	maps.Copy(annotations, next.Annotations)
	next.Annotations = annotations
	next.Finalizers = slices.Clone(h.Finalizers)
	if h.DeletionTimestamp == nil { // none may be added any more
		controllerutil.AddFinalizer(next, finalizer)
	}
}

// otherVersion is the error of a Binding that another version of its kind has still.
func otherVersion(h *held, key work.Key) error {
	return fmt.Errorf("binding %s/%s is of %s still, and not of %s", h.Namespace, h.Name, h.key.Kind, key.Kind)
}
