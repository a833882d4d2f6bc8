package federationv1

import (
	"sync"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/fedns/fedns/federation/finding"
	"github.com/fedns/fedns/federation/work"
)

// desk is all that is known of the host, and which objects have to be looked at
// again. It may be used from any goroutine.
type desk struct {
	wake chan struct{} // holds one: there is something to look at

	mu       sync.Mutex
	objects  map[work.Key]*unstructured.Unstructured // federated
	written  map[work.Key]*unstructured.Unstructured // as they were after the last write, until that is told
	read     map[schema.GroupVersionKind]bool        // told whole once, or not served
	ordered  map[work.Key]*ordered
	dirty    map[work.Key]bool
	findings map[work.Key]finding.Finding
}

// ordered is what was told of an object.
type ordered struct {
	source work.Reference
	orphan bool // it is let go when it is taken back
	digest [32]byte
}

func newDesk() *desk {
	return &desk{
		wake: make(chan struct{}, 1), objects: map[work.Key]*unstructured.Unstructured{}, written: map[work.Key]*unstructured.Unstructured{}, read: map[schema.GroupVersionKind]bool{},
		ordered: map[work.Key]*ordered{}, dirty: map[work.Key]bool{}, findings: map[work.Key]finding.Finding{},
	}
}

// rouse wakes who looks at what is dirty; mu may be held.
func (d *desk) rouse() {
	select {
	case d.wake <- struct{}{}:
	default:
	}
}

// put takes in an object. Those that are not federated, which are most, are not kept.
func (d *desk) put(o *unstructured.Unstructured) {
	d.mu.Lock()
	defer d.mu.Unlock()
	key := keyOf(o)
	last := d.ordered[key]
	if w := d.written[key]; w != nil && !work.Newer(w, o) {
		delete(d.written, key)
	}
	if !marked(o) {
		if last == nil {
			return
		}
		last.orphan = true
		delete(d.objects, key)
		delete(d.written, key)
	} else {
		d.objects[key] = o
	}
	d.dirty[key] = true
	d.rouse()
}

// remove forgets an object.
func (d *desk) remove(o *unstructured.Unstructured) {
	d.mu.Lock()
	defer d.mu.Unlock()
	key := keyOf(o)
	if d.objects[key] == nil {
		return
	}
	delete(d.objects, key)
	delete(d.written, key)
	d.dirty[key] = true
	d.rouse()
}

// synced notes that all objects of a kind were told, or that it is not served.
func (d *desk) synced(kind schema.GroupVersionKind, _ bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.read[kind] = true
	d.rouse()
}

// complete says that everything there is was told and looked at.
func (d *desk) complete() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return len(d.read) == len(kinds) && len(d.dirty) == 0
}

// found are the findings of all objects.
func (d *desk) found() (all []finding.Finding) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, f := range d.findings {
		all = append(all, f)
	}
	return all
}

// object is a federated object as the host has it, as far as is known; nil: there is none.
func (d *desk) object(key work.Key) *unstructured.Unstructured {
	d.mu.Lock()
	defer d.mu.Unlock()
	if w := d.written[key]; w != nil && d.objects[key] != nil {
		return w
	}
	return d.objects[key]
}

func keyOf(o *unstructured.Unstructured) work.Key {
	return work.Key{Kind: o.GroupVersionKind(), Namespace: o.GetNamespace(), Name: o.GetName()}
}
