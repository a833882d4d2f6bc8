package karmada

import (
	"context"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"

	workv1alpha1 "github.com/fedns/fedns/federation/api/karmada/work/v1alpha1"
	workv1alpha2 "github.com/fedns/fedns/federation/api/karmada/work/v1alpha2"
	"github.com/fedns/fedns/federation/finding"
	"github.com/fedns/fedns/federation/work"
)

// page is how many objects a list has at most: ResourceBindings may be large.
const page = 50

// listing is how long all pages of a list may take.
const listing = 5 * time.Minute

// book is what was written to the host last, so that nothing is written twice. It
// may be used from any goroutine.
type book struct {
	mu         sync.Mutex
	bindings   map[work.Key]*entry
	works      map[string][32]byte // by namespace/name
	causes     map[string][32]byte // by namespace/name: what the Work was made of
	namespaces map[string]bool     // that are there
	statuses   map[work.Key]*written
}

// entry is a ResourceBinding as it was written last.
type entry struct {
	spec, status [32]byte
	conditions   []metav1.Condition
	clusters     []string // that have a Work
}

// bindingKind is the kind of a template's binding.
func bindingKind(k work.Key) schema.GroupVersionKind {
	if k.Namespace == "" {
		return workv1alpha2.Version.WithKind("ClusterResourceBinding")
	}
	return workv1alpha2.Version.WithKind("ResourceBinding")
}

// open reads what fedns wrote when it ran last, and what the orders stood on.
func open(ctx context.Context, cfg Config) (*book, map[work.Key]*standing, error) {
	ctx, cancel := context.WithTimeout(ctx, listing)
	defer cancel()
	b := &book{bindings: map[work.Key]*entry{}, works: map[string][32]byte{}, causes: map[string][32]byte{}, namespaces: map[string]bool{}, statuses: map[work.Key]*written{}}
	all := map[work.Key]*standing{}
	whole := true // no binding was left out
	read := func(o *unstructured.Unstructured) error {
		key, st, err := b.recall(o)
		if err != nil {
			whole = false
			cfg.Log.Warn("karmada: a binding is left out", "binding", o.GetNamespace()+"/"+o.GetName(), "error", err)
			return nil
		}
		if st != nil {
			all[key] = st
		}
		return nil
	}
	for _, kind := range []string{"ResourceBinding", "ClusterResourceBinding"} {
		if err := each(ctx, cfg.Host.Client(), workv1alpha2.Version.WithKind(kind), read); err != nil {
			return nil, nil, err
		}
	}
	if cfg.WithoutWorks {
		return b, all, nil
	}
	err := each(ctx, cfg.Host.Client(), workv1alpha1.Version.WithKind("Work"), func(o *unstructured.Unstructured) error {
		b.works[o.GetNamespace()+"/"+o.GetName()] = work.Digest([]any{o.Object["spec"], o.Object["status"]})
		return nil
	})
	if err != nil {
		return nil, nil, err
	}
	if whole {
		b.sweep(ctx, cfg)
	}
	return b, all, nil
}

// sweep makes up for what was not done to Works before a daemon ended: those of a
// binding that says no more of their clusters are looked at with the next report;
// those whose binding is gone, as it goes with its template, are deleted.
func (b *book) sweep(ctx context.Context, cfg Config) {
	of := make(map[string]*entry, len(b.bindings))
	for key, e := range b.bindings {
		of[workName(key)] = e
	}
	for name := range b.works {
		space, rest, _ := strings.Cut(name, "/")
		cluster, ours := strings.CutPrefix(space, workNamespace(""))
		if !ours {
			continue
		}
		if e := of[rest]; e != nil {
			if !slices.Contains(e.clusters, cluster) {
				e.clusters = append(e.clusters, cluster)
			}
			continue
		}
		if err := remove(ctx, cfg.Host.Client(), workv1alpha1.Version.WithKind("Work"), space, rest); err != nil {
			cfg.Log.Warn("karmada: a Work of which there is no binding stays", "error", err)
		}
		delete(b.works, name)
	}
}

// each lists what fedns wrote of a kind. A kind that is not served has none.
func each(ctx context.Context, c client.Client, kind schema.GroupVersionKind, do func(*unstructured.Unstructured) error) error {
	next := ""
	for {
		list := &unstructured.UnstructuredList{}
		list.SetGroupVersionKind(kind.GroupVersion().WithKind(kind.Kind + "List"))
		err := c.List(ctx, list, client.MatchingLabels{managedBy: fedns}, client.Limit(page), client.Continue(next))
		if meta.IsNoMatchError(err) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("list %s: %w", kind.Kind, err)
		}
		for i := range list.Items {
			if err := do(&list.Items[i]); err != nil {
				return err
			}
		}
		if next = list.GetContinue(); next == "" {
			return nil
		}
	}
}

// recall reads a binding. One that no policy claimed has no standing.
func (b *book) recall(o *unstructured.Unstructured) (key work.Key, st *standing, err error) {
	var r workv1alpha2.ResourceBinding // the cluster-wide one differs in its scope only
	if _, err := finding.Decode(o, &r); err != nil {
		return key, nil, err
	}
	version, err := schema.ParseGroupVersion(r.Spec.Resource.APIVersion)
	if err != nil {
		return key, nil, fmt.Errorf("spec.resource.apiVersion: %w", err)
	}
	key = work.Key{Kind: version.WithKind(r.Spec.Resource.Kind), Namespace: r.Spec.Resource.Namespace, Name: r.Spec.Resource.Name}
	b.bindings[key] = entryOf(&r)
	policy := claimant(o)
	if policy == (reference{}) {
		return key, nil, nil
	}
	st = &standing{policy: policy}
	label, _ := claimOf(policy)
	st.id = r.Labels[label]
	if raw, err := hex.DecodeString(r.Annotations[templateDigest]); err == nil {
		copy(st.template[:], raw)
	}
	st.terms, err = termsBound(&r.Spec)
	return key, st, err
}

// entryOf is what is kept of a binding.
func entryOf(r *workv1alpha2.ResourceBinding) *entry {
	e := &entry{conditions: r.Status.Conditions}
	e.spec = work.Digest([]any{r.Labels, r.Annotations, r.OwnerReferences, r.Spec})
	e.status = work.Digest(r.Status)
	for _, s := range r.Status.AggregatedStatus {
		e.clusters = append(e.clusters, s.ClusterName)
	}
	return e
}

// binding is a binding as it was written last; nil: never.
func (b *book) binding(key work.Key) *entry {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.bindings[key]
}

// note keeps what was written; nil: it is gone.
func (b *book) note(key work.Key, e *entry) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if e == nil {
		delete(b.bindings, key)
		delete(b.statuses, key)
		return
	}
	b.bindings[key] = e
}
