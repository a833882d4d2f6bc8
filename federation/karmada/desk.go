package karmada

import (
	"slices"
	"sync"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/fedns/fedns/federation/finding"
	"github.com/fedns/fedns/federation/work"
)

// desk is all that is known of the host, and which templates have to be looked at
// again. It may be used from any goroutine.
type desk struct {
	withdraw bool          // a template whose policy is gone is withdrawn
	wake     chan struct{} // holds one: there is something to look at

	mu         sync.Mutex
	policies   map[reference]*policy
	overriders map[reference]*overrider
	selected   index // policies
	overridden index // overriders
	templates  map[schema.GroupVersionKind]map[work.Key]*unstructured.Unstructured
	written    map[work.Key]*unstructured.Unstructured // templates as they were after the last write, until that is told
	read       map[schema.GroupVersionKind]bool        // told whole once; of policies: or not served
	absent     map[schema.GroupVersionKind]bool        // not served by the host
	standing   map[work.Key]*standing
	told       map[work.Key][32]byte // digests of the last orders
	dirty      map[work.Key]bool
	findings   map[string][]finding.Finding // by object
	yielded    bool                         // a Karmada runs in the host: nothing is written
	tell       func(note)                   // writes an Event; does not block
}

// standing is what an order stands on.
type standing struct {
	policy   reference
	id       string // the policy's
	terms    *terms
	template [32]byte // digest of the template when the terms were taken
	released bool     // people deleted the binding: nothing keeps it when the policy is gone
}

func newDesk(withdraw bool, tell func(note)) *desk {
	return &desk{
		withdraw: withdraw, tell: tell, wake: make(chan struct{}, 1),
		policies: map[reference]*policy{}, overriders: map[reference]*overrider{}, selected: index{}, overridden: index{},
		templates: map[schema.GroupVersionKind]map[work.Key]*unstructured.Unstructured{}, written: map[work.Key]*unstructured.Unstructured{},
		read: map[schema.GroupVersionKind]bool{}, absent: map[schema.GroupVersionKind]bool{},
		standing: map[work.Key]*standing{}, told: map[work.Key][32]byte{}, dirty: map[work.Key]bool{}, findings: map[string][]finding.Finding{},
	}
}

// rouse wakes who looks at what is dirty; mu may be held.
func (d *desk) rouse() {
	select {
	case d.wake <- struct{}{}:
	default:
	}
}

// putPolicy takes in a policy of either kind.
func (d *desk) putPolicy(o *unstructured.Unstructured) {
	d.mu.Lock()
	defer d.mu.Unlock()
	key := referenceTo(o)
	before := d.policies[key]
	p, findings := readPolicy(o, before)
	d.policies[key] = p
	d.find(key, p.err, findings)
	if before != nil {
		d.selected.drop(key, before.selectors)
		d.mark(before.selectors)
	}
	d.selected.put(key, p.selectors)
	d.mark(p.selectors)
}

// deletePolicy forgets a policy.
func (d *desk) deletePolicy(o *unstructured.Unstructured) {
	d.mu.Lock()
	defer d.mu.Unlock()
	key := referenceTo(o)
	before := d.policies[key]
	delete(d.policies, key)
	delete(d.findings, key.String())
	if before != nil {
		d.selected.drop(key, before.selectors)
		d.mark(before.selectors)
	}
}

// putOverrider takes in an override policy of either kind.
func (d *desk) putOverrider(o *unstructured.Unstructured) {
	d.mu.Lock()
	defer d.mu.Unlock()
	key := referenceTo(o)
	before := d.overriders[key]
	p, findings := readOverrider(o, before)
	d.overriders[key] = p
	d.find(key, p.err, findings)
	d.markOverridden(before)
	if before != nil {
		d.overridden.drop(key, before.selectors)
	}
	d.overridden.put(key, p.selectors)
	d.markOverridden(p)
}

// deleteOverrider forgets an override policy.
func (d *desk) deleteOverrider(o *unstructured.Unstructured) {
	d.mu.Lock()
	defer d.mu.Unlock()
	key := referenceTo(o)
	before := d.overriders[key]
	delete(d.overriders, key)
	delete(d.findings, key.String())
	if before != nil {
		d.overridden.drop(key, before.selectors)
	}
	d.markOverridden(before)
}

// putTemplate takes in an object of a kind that policies select.
func (d *desk) putTemplate(o *unstructured.Unstructured) {
	d.mu.Lock()
	defer d.mu.Unlock()
	key := keyOf(o)
	if d.templates[key.Kind] == nil {
		d.templates[key.Kind] = map[work.Key]*unstructured.Unstructured{}
	}
	d.templates[key.Kind][key] = o
	if w := d.written[key]; w != nil && !work.Newer(w, o) {
		delete(d.written, key)
	}
	d.dirty[key] = true
	d.rouse()
}

// deleteTemplate forgets an object.
func (d *desk) deleteTemplate(o *unstructured.Unstructured) {
	d.mu.Lock()
	defer d.mu.Unlock()
	key := keyOf(o)
	delete(d.templates[key.Kind], key)
	delete(d.written, key)
	d.dirty[key] = true
	d.rouse()
}

// synced notes that all objects of a kind were told, or that it is not served.
func (d *desk) synced(kind schema.GroupVersionKind, absent bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if absent {
		d.absent[kind] = true
	} else {
		delete(d.absent, kind)
		d.read[kind] = true
	}
	d.mark([]selector{{kind: kind}})
	for key := range d.standing { // what was deleted while nobody looked
		if key.Kind.GroupKind() == kind.GroupKind() { // other versions may wait for it
			d.dirty[key] = true
		}
	}
	d.rouse()
}

// yield has nothing written any more, or has it again.
func (d *desk) yield(to bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.yielded == to {
		return
	}
	d.yielded = to
	for key := range d.told {
		d.dirty[key] = true
	}
	d.rouse()
}

// find keeps what was found in a policy, and tells what is new; mu is held.
func (d *desk) find(of reference, err error, findings []finding.Finding) {
	before := d.findings[of.String()]
	if err != nil {
		findings = append(findings, finding.Finding{Object: of.String(), Text: err.Error() + "; what was placed before stands"})
	}
	for i, f := range findings {
		if !slices.Contains(before, f) {
			d.tell(policyEvent(of, f, err != nil && i == len(findings)-1))
		}
	}
	delete(d.findings, of.String())
	if len(findings) > 0 {
		d.findings[of.String()] = findings
	}
}
