package federation

import (
	"cmp"
	"maps"
	"slices"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/fedns/fedns/federation/work"
)

// need keeps up where a Binding's dependencies are needed, and where they are no
// more; mu is held. next is nil when the Binding is no more.
func (e *Engine) need(known *entry, was, next *Binding) {
	keys := map[work.Key]bool{}
	for _, b := range []*Binding{was, next} {
		if b == nil {
			continue
		}
		for _, d := range b.Dependencies {
			keys[d.Key] = true
		}
	}
	for key := range keys {
		needed, dropping := known.wants(next, key)
		d := e.entry(key)
		if slices.Equal(d.needed[known.key], needed) && slices.Equal(d.dropping[known.key], dropping) {
			continue
		}
		put(d.needed, known.key, needed)
		put(d.dropping, known.key, dropping)
		e.queue.Add(key)
	}
}

func put(m map[work.Key][]string, key work.Key, names []string) {
	if len(names) == 0 {
		delete(m, key)
		return
	}
	m[key] = names
}

// wants is where a Binding needs a dependency, and where it does not any more.
// While nobody has ordered it yet, what went along stays.
func (e *entry) wants(b *Binding, key work.Key) (needed, dropping []string) {
	if b == nil {
		return nil, nil
	}
	o := e.winner()
	i := slices.IndexFunc(b.Dependencies, func(d Dependency) bool { return d.Key == key })
	if i < 0 {
		return nil, nil
	}
	for _, name := range b.Dependencies[i].Clusters {
		_, has := b.Has(name)
		if has && !b.Deleted && (o == nil || o.Template == nil || slices.Contains(o.refers, key)) {
			needed = append(needed, name)
		} else {
			dropping = append(dropping, name)
		}
	}
	return needed, dropping
}

// free says that a dependency need not be removed from a cluster for a Binding any
// more: it is not there, or there for others; mu is held.
func (e *Engine) free(key, of work.Key, name string) bool {
	d := e.entries[key]
	if d == nil {
		return true
	}
	for other, where := range d.needed {
		if other != of && slices.Contains(where, name) {
			return true
		}
	}
	if d.placed != nil {
		if _, has := d.placed.Has(name); has {
			return true
		}
	}
	o, ok := d.outcomes[name]
	return ok && over(o) && d.given[name].remove
}

// drop adds the clusters that a dependency is to go from; mu is held.
func (e *Engine) drop(known *entry, l *load) {
	for _, of := range sortedKeys(slices.Collect(maps.Keys(known.dropping))) {
		parent := e.entries[of]
		for _, name := range known.dropping[of] {
			if l.clusters[name] == nil {
				continue
			}
			l.want[name] = given{remove: true, orphan: parent != nil && parent.placed != nil && parent.placed.Orphan}
		}
	}
}

// along adds the clusters where others need it; mu is held. An object that the host
// does not have, or not any more, is left as it is.
func (e *Engine) along(known *entry, l *load) {
	if len(known.needed) == 0 {
		return
	}
	var object *unstructured.Unstructured
	if e.cfg.Referred != nil {
		object = e.cfg.Referred.Get(known.key)
	}
	for _, of := range sortedKeys(slices.Collect(maps.Keys(known.needed))) {
		parent := e.entries[of]
		if parent == nil {
			continue
		}
		l.options[of] = parent.winner()
		for _, name := range known.needed[of] {
			if w, ok := l.want[name]; ok && !w.remove {
				continue
			}
			delete(l.want, name)
			if o := l.options[of]; object != nil && o != nil && slices.Contains(o.refers, known.key) && l.clusters[name] != nil {
				l.want[name] = given{along: object, of: of, revision: o.revision, suspend: o.suspended(name)}
			}
		}
	}
	// The informer has another pointer for an object that has not changed.
	for name, w := range l.want {
		if g := l.given[name]; w.along != nil && g.along != nil && g.of == w.of && g.revision == w.revision && version(g.along) == version(w.along) {
			l.want[name] = g
		}
	}
}

func version(o *unstructured.Unstructured) string {
	return cmp.Or(o.GetResourceVersion(), "?") + string(o.GetUID())
}

// stripped is an object of the host as members get it: without what an API server
// or the host's controllers wrote.
func stripped(o *unstructured.Unstructured) *unstructured.Unstructured {
	o = o.DeepCopy()
	for _, field := range []string{"uid", "resourceVersion", "generation", "creationTimestamp", "managedFields", "ownerReferences", "finalizers", "selfLink", "deletionTimestamp", "deletionGracePeriodSeconds"} {
		unstructured.RemoveNestedField(o.Object, "metadata", field)
	}
	delete(o.Object, "status")
	switch o.GetKind() {
	case "ServiceAccount":
		delete(o.Object, "secrets") // each cluster makes its own
	case "PersistentVolumeClaim":
		unstructured.RemoveNestedField(o.Object, "spec", "volumeName")
	}
	annotations := o.GetAnnotations()
	for name := range annotations {
		switch name {
		case "kubectl.kubernetes.io/last-applied-configuration", "pv.kubernetes.io/bind-completed", "pv.kubernetes.io/bound-by-controller":
			delete(annotations, name)
		}
	}
	if len(annotations) == 0 {
		unstructured.RemoveNestedField(o.Object, "metadata", "annotations")
	} else {
		o.SetAnnotations(annotations)
	}
	return o
}
