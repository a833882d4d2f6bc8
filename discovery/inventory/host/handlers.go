package host

import (
	"fmt"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/fedns/fedns/discovery/cluster"
	"github.com/fedns/fedns/discovery/inventory"
	"github.com/fedns/fedns/discovery/kubernetes"
)

// kindHandler takes in the objects of one kind of a Source.
type kindHandler struct {
	*Source
	kind int
}

// secretHandler takes in the Secrets that objects refer to.
type secretHandler struct{ *Source }

var (
	_ kubernetes.Handler = kindHandler{}
	_ kubernetes.Handler = secretHandler{}
)

// Replace implements kubernetes.Handler.
func (h kindHandler) Replace(all []*unstructured.Unstructured, how cluster.Loss) {
	h.mu.Lock()
	defer h.mu.Unlock()
	objects := map[string]*unstructured.Unstructured{}
	for _, o := range all {
		objects[h.key(o.GetNamespace(), o.GetName())] = o
	}
	h.objects[h.kind] = objects
	h.there()
	h.replace(h.kind, how)
}

// Put implements kubernetes.Handler.
func (h kindHandler) Put(o *unstructured.Unstructured) {
	h.mu.Lock()
	defer h.mu.Unlock()
	key := h.key(o.GetNamespace(), o.GetName())
	h.objects[h.kind][key] = o
	if h.ready() && h.table.Put(h.name(), h.read(h.kind, key, o)) {
		h.wake()
	}
}

// Delete implements kubernetes.Handler.
func (h kindHandler) Delete(namespace, name string, how cluster.Loss) {
	h.mu.Lock()
	defer h.mu.Unlock()
	key := h.key(namespace, name)
	if how == cluster.Doubtful {
		h.table.Hold(h.name(), key)
	} else {
		delete(h.objects[h.kind], key)
		h.table.Delete(h.name(), key)
	}
	h.wake()
}

// Absent implements kubernetes.Handler.
func (h kindHandler) Absent() {
	h.mu.Lock()
	defer h.mu.Unlock()
	k := h.plan.Kinds[h.kind]
	h.absent[k.Resource+"."+k.Group] = true
	h.seen[h.kind] = true
	h.wake()
}

// there notes that the kind was read; mu is held.
func (h kindHandler) there() {
	k := h.plan.Kinds[h.kind]
	delete(h.absent, k.Resource+"."+k.Group)
	h.seen[h.kind] = true
}

func (h kindHandler) name() string { return h.plan.Kinds[h.kind].Name }

// key is Kind namespace/name; of objects without a namespace, Kind name.
func (h kindHandler) key(namespace, name string) string {
	if namespace != "" {
		name = namespace + "/" + name
	}
	return h.name() + " " + name
}

// ready says that what objects refer to is known; mu is held. Before, every
// object would seem to lack its Secret.
func (s *Source) ready() bool { return s.seen[len(s.plan.Kinds)] }

// replace takes all objects of a kind for the list of it, which lacks others by some
// evidence; mu is held.
func (s *Source) replace(kind int, how cluster.Loss) {
	if s.ready() && s.seen[kind] {
		var all []inventory.Object
		for key, o := range s.objects[kind] {
			all = append(all, s.read(kind, key, o))
		}
		s.table.Replace(s.plan.Kinds[kind].Name, all, how)
	}
	s.wake()
}

// read says what an object states; mu is held.
func (s *Source) read(kind int, key string, o *unstructured.Unstructured) (stated inventory.Object) {
	defer func() {
		if v := recover(); v != nil { // one bad object must not keep the others from being read
			stated = inventory.Object{Broken: true, Findings: []inventory.Finding{{Text: fmt.Sprintf("reading it panicked: %v", v)}}}
		}
		stated.Key, stated.Created = key, o.GetCreationTimestamp().Time
	}()
	return s.plan.Kinds[kind].Read(o, s.secrets)
}

// Replace implements kubernetes.Handler. Secrets state nothing by themselves, so
// a list that lacks them removes nothing.
func (h secretHandler) Replace(all []*unstructured.Unstructured, _ cluster.Loss) {
	h.mu.Lock()
	defer h.mu.Unlock()
	clear(h.secrets)
	for _, o := range all {
		h.secrets.put(o)
	}
	first := !h.ready()
	h.seen[len(h.plan.Kinds)] = true
	for kind := range h.plan.Kinds {
		if first {
			h.replace(kind, cluster.Missing) // the table is empty: nothing is lacking
		}
	}
	h.again()
}

// Put implements kubernetes.Handler.
func (h secretHandler) Put(o *unstructured.Unstructured) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.secrets.put(o) {
		h.again()
	}
}

// Delete implements kubernetes.Handler.
func (h secretHandler) Delete(namespace, name string, _ cluster.Loss) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.secrets, Name{namespace, name})
	h.again()
}

// Absent implements kubernetes.Handler; every cluster serves Secrets.
func (h secretHandler) Absent() {}

// again reads all objects with the Secrets that there are now; mu is held.
func (h secretHandler) again() {
	if !h.ready() {
		return
	}
	for kind, objects := range h.objects {
		for key, o := range objects {
			if h.seen[kind] {
				h.table.Put(h.plan.Kinds[kind].Name, h.read(kind, key, o))
			}
		}
	}
	h.wake()
}
