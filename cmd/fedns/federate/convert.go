package federate

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/fedns/fedns/federation"
	"github.com/fedns/fedns/federation/api/v1alpha1"
	"github.com/fedns/fedns/federation/failover"
	"github.com/fedns/fedns/federation/work"
)

// maxWhy is how long a reason in a Binding may be.
const maxWhy = 1024

// object is a Binding as the host keeps it.
func (s *Bindings) object(b federation.Binding) *v1alpha1.Binding {
	number, _ := s.term()
	o := &v1alpha1.Binding{}
	o.Name = v1alpha1.BindingName(b.Key.Kind.Group, b.Key.Kind.Kind, b.Key.Name)
	if o.Namespace = b.Key.Namespace; o.Namespace == "" {
		o.Namespace = s.namespace
	}
	o.Finalizers = []string{finalizer}
	o.Annotations = map[string]string{annotationTerm: strconv.FormatInt(number, 10)}
	apiVersion, kind := b.Key.Kind.ToAPIVersionAndKind()
	o.Spec = v1alpha1.BindingSpec{
		Template: v1alpha1.Template{APIVersion: apiVersion, Kind: kind, Namespace: b.Key.Namespace, Name: b.Key.Name},
		Dialect:  b.Dialect, Affinity: b.Affinity, Orphan: b.Orphan, Deleted: b.Deleted,
	}
	if r := b.Source; r.Name != "" {
		apiVersion, kind := r.Kind.ToAPIVersionAndKind()
		o.Spec.Source = &v1alpha1.Source{APIVersion: apiVersion, Kind: kind, Namespace: r.Namespace, Name: r.Name, UID: r.UID, Generation: r.Generation}
	}
	for _, t := range b.Targets {
		o.Spec.Targets = append(o.Spec.Targets, v1alpha1.Target{Cluster: label(t.Cluster), Replicas: t.Replicas, Since: at(t.Since)})
	}
	for _, l := range b.Leaving {
		leaving := v1alpha1.Leaving{Cluster: label(l.Cluster), Why: cut(l.Why), Replicas: l.Replicas, Since: at(l.Since)}
		if !l.Until.IsZero() {
			until := at(l.Until)
			leaving.Until = &until
		}
		o.Spec.Leaving = append(o.Spec.Leaving, leaving)
	}
	for _, a := range b.Away {
		o.Spec.Evicted = append(o.Spec.Evicted, v1alpha1.Evicted{Cluster: label(a.Cluster), Why: cut(a.Why), Since: at(a.Since), Unhealthy: a.Unhealthy})
	}
	for _, r := range b.Removing {
		o.Spec.Removing = append(o.Spec.Removing, v1alpha1.Removing{Cluster: label(r.Cluster), Since: at(r.Since)})
	}
	for _, d := range b.Dependencies {
		apiVersion, kind := d.Key.Kind.ToAPIVersionAndKind()
		o.Spec.Dependencies = append(o.Spec.Dependencies, v1alpha1.Dependency{
			APIVersion: apiVersion, Kind: kind, Namespace: d.Key.Namespace, Name: d.Key.Name, Clusters: slices.Clone(d.Clusters),
		})
	}
	return o
}

// fromObject reads a Binding of the host.
func fromObject(o *v1alpha1.Binding) (b federation.Binding, err error) {
	spec := &o.Spec
	if b.Key, err = templateOf(o); err != nil {
		return b, err
	}
	b.Dialect, b.Affinity, b.Orphan, b.Deleted = spec.Dialect, spec.Affinity, spec.Orphan, spec.Deleted
	if r := spec.Source; r != nil {
		b.Source = work.Reference{Namespace: r.Namespace, Name: r.Name, UID: r.UID, Generation: r.Generation}
		if b.Source.Kind, err = kindOf(r.APIVersion, r.Kind); err != nil {
			return b, fmt.Errorf("spec.source: %w", err)
		}
	}
	for _, t := range spec.Targets {
		b.Targets = append(b.Targets, failover.Target{Cluster: string(t.Cluster), Replicas: t.Replicas, Since: t.Since.Time})
	}
	for _, l := range spec.Leaving {
		leaving := failover.Leaving{Cluster: string(l.Cluster), Replicas: l.Replicas, Why: l.Why, Since: l.Since.Time}
		if l.Until != nil {
			leaving.Until = l.Until.Time
		}
		b.Leaving = append(b.Leaving, leaving)
	}
	for _, a := range spec.Evicted {
		b.Away = append(b.Away, failover.Away{Cluster: string(a.Cluster), Why: a.Why, Since: a.Since.Time, Unhealthy: a.Unhealthy})
	}
	for _, r := range spec.Removing {
		b.Removing = append(b.Removing, federation.Removal{Cluster: string(r.Cluster), Since: r.Since.Time})
	}
	for i, d := range spec.Dependencies {
		along := federation.Dependency{Key: work.Key{Namespace: d.Namespace, Name: d.Name}, Clusters: slices.Clone(d.Clusters)}
		if along.Key.Kind, err = kindOf(d.APIVersion, d.Kind); err != nil {
			return b, fmt.Errorf("spec.dependencies[%d]: %w", i, err)
		}
		b.Dependencies = append(b.Dependencies, along)
	}
	b.Sort()
	return b, nil
}

// templateOf is the Key of a Binding of the host.
func templateOf(o *v1alpha1.Binding) (work.Key, error) {
	t := &o.Spec.Template
	kind, err := kindOf(t.APIVersion, t.Kind)
	if err != nil {
		return work.Key{}, fmt.Errorf("spec.template: %w", err)
	}
	return work.Key{Kind: kind, Namespace: t.Namespace, Name: t.Name}, nil
}

func kindOf(apiVersion, kind string) (schema.GroupVersionKind, error) {
	gv, err := schema.ParseGroupVersion(apiVersion)
	if err != nil {
		return schema.GroupVersionKind{}, fmt.Errorf("apiVersion: %w", err)
	}
	return gv.WithKind(kind), nil
}

func label(name string) v1alpha1.DNSLabel { return v1alpha1.DNSLabel(name) }

func at(t time.Time) metav1.Time { return metav1.Time{Time: t.UTC().Truncate(time.Second)} }

func cut(s string) string {
	if len(s) <= maxWhy {
		return s
	}
	return strings.ToValidUTF8(s[:maxWhy-3], "") + "..."
}
