package kubefed

import (
	"slices"
	"sync"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/fedns/fedns/federation/finding"
	"github.com/fedns/fedns/federation/work"
)

// desk is all that is known of the host, and which objects have to be looked at
// again. It may be used from any goroutine.
type desk struct {
	wake  chan struct{} // holds one: there is something to look at
	zones []Zone        // of names

	mu          sync.Mutex
	configs     map[reference]*federation
	types       map[schema.GroupVersionKind]*federation // by federated kind
	preferences map[reference]*choice
	objects     map[reference]*federated
	domains     map[reference]*domain
	records     map[reference]*naming
	endpoints   map[reference]*unstructured.Unstructured // DNSEndpoints
	versions    map[reference][]string                   // by PropagatedVersion: clusters where KubeFed placed what it is of
	written     map[reference]*unstructured.Unstructured // as they were after the last status was written, until that is told
	read        map[schema.GroupVersionKind]bool         // told whole once
	absent      map[schema.GroupVersionKind]bool         // not served by the host
	ordered     map[reference]*ordered
	dirty       map[reference]bool
	stale       map[reference]bool           // what the clerk has to look at: objects and configs
	statuses    map[reference]any            // of configs, as the host has them
	due         map[reference]bool           // what the registrar has to look at: records
	findings    map[string][]finding.Finding // by object
	clashes     []finding.Finding            // of configs
}

// ordered is what was told of an object.
type ordered struct {
	key    work.Key
	source work.Reference
	orphan bool
	digest [32]byte // of the order
	// withdrawn: it was taken back, and its object is still there.
	withdrawn bool
}

func newDesk(zones []Zone) *desk {
	d := &desk{
		wake: make(chan struct{}, 1), zones: zones,
		configs: map[reference]*federation{}, preferences: map[reference]*choice{}, versions: map[reference][]string{}, objects: map[reference]*federated{}, written: map[reference]*unstructured.Unstructured{},
		read: map[schema.GroupVersionKind]bool{}, absent: map[schema.GroupVersionKind]bool{},
		domains: map[reference]*domain{}, records: map[reference]*naming{}, endpoints: map[reference]*unstructured.Unstructured{}, due: map[reference]bool{},
		ordered: map[reference]*ordered{}, dirty: map[reference]bool{}, stale: map[reference]bool{}, statuses: map[reference]any{}, findings: map[string][]finding.Finding{},
	}
	d.types, _ = federations(nil)
	return d
}

// rouse wakes who looks at what is dirty; mu may be held.
func (d *desk) rouse() {
	select {
	case d.wake <- struct{}{}:
	default:
	}
}

// putConfig takes in a FederatedTypeConfig.
func (d *desk) putConfig(o *unstructured.Unstructured) {
	d.mu.Lock()
	defer d.mu.Unlock()
	key := referenceTo(o)
	f, findings := readTypeConfig(o, d.configs[key])
	d.configs[key], d.statuses[key] = f, o.Object["status"]
	d.find(key.String(), findings, f.err)
	d.stale[key] = true
	d.retype()
}

// deleteConfig forgets a FederatedTypeConfig.
func (d *desk) deleteConfig(o *unstructured.Unstructured) {
	d.mu.Lock()
	defer d.mu.Unlock()
	key := referenceTo(o)
	delete(d.configs, key)
	delete(d.statuses, key)
	delete(d.stale, key)
	delete(d.findings, key.String())
	d.retype()
}

// retype finds out anew what federated kinds there are; mu is held.
func (d *desk) retype() {
	before := d.types
	d.types, d.clashes = federations(d.configs)
	for key := range d.objects {
		a, b := before[key.kind], d.types[key.kind]
		if a == nil || b == nil || *a != *b {
			d.dirty[key] = true
			d.stale[key] = true
		}
	}
	d.rouse()
}

// putPreference takes in a ReplicaSchedulingPreference.
func (d *desk) putPreference(o *unstructured.Unstructured) {
	d.mu.Lock()
	defer d.mu.Unlock()
	key := referenceTo(o)
	before := d.preferences[key]
	p, findings := readPreference(o, before)
	d.preferences[key] = p
	d.find(key.String(), findings, p.err)
	d.markNamed(key)
}

// deletePreference forgets a ReplicaSchedulingPreference.
func (d *desk) deletePreference(o *unstructured.Unstructured) {
	d.mu.Lock()
	defer d.mu.Unlock()
	key := referenceTo(o)
	delete(d.preferences, key)
	delete(d.findings, key.String())
	d.markNamed(key)
}

// markNamed marks the objects, of whatever kind, that a preference may be for; mu is held.
func (d *desk) markNamed(p reference) {
	for kind := range d.types {
		if key := (reference{kind, p.namespace, p.name}); d.objects[key] != nil {
			d.dirty[key] = true
		}
	}
	d.rouse()
}

// putObject takes in an object of a federated kind.
func (d *desk) putObject(o *unstructured.Unstructured) {
	d.mu.Lock()
	defer d.mu.Unlock()
	f := readFederated(o)
	before := d.objects[f.reference]
	d.objects[f.reference] = f
	if w := d.written[f.reference]; w != nil && !work.Newer(w, o) {
		delete(d.written, f.reference)
	}
	d.find(f.reference.String(), f.findings, f.err)
	d.mark(f.reference, before == nil || before.bounds() != f.bounds())
	d.stale[f.reference] = true
}

// deleteObject forgets an object; what was ordered of it is taken back.
func (d *desk) deleteObject(o *unstructured.Unstructured) {
	d.mu.Lock()
	defer d.mu.Unlock()
	key := referenceTo(o)
	if last := d.ordered[key]; last != nil { // it may have been orphaned just before
		last.orphan, last.source = orphaned(o), source(o)
	}
	delete(d.objects, key)
	delete(d.written, key)
	delete(d.findings, key.String())
	delete(d.stale, key)
	d.mark(key, true)
}

// mark marks an object, and what it bounds if that changed; mu is held.
func (d *desk) mark(key reference, bounds bool) {
	d.dirty[key] = true
	if t := d.types[key.kind]; bounds && t != nil && t.isNamespace() {
		for other := range d.objects {
			if other.namespace == key.namespace {
				d.dirty[other] = true
			}
		}
	}
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
	d.rouse()
}

// kinds are the federated ones.
func (d *desk) kinds() map[schema.GroupVersionKind]bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	all := map[schema.GroupVersionKind]bool{}
	for kind := range d.types {
		all[kind] = true
	}
	for key := range d.ordered { // until it is taken back
		all[key.kind] = true
	}
	return all
}

// forget forgets a kind that is federated no more.
func (d *desk) forget(kind schema.GroupVersionKind) {
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.read, kind)
	delete(d.absent, kind)
	for key := range d.objects {
		if key.kind == kind {
			delete(d.objects, key)
			delete(d.written, key)
			delete(d.findings, key.String())
		}
	}
}

// complete says that everything there is was told and looked at.
func (d *desk) complete(kinds map[schema.GroupVersionKind]bool) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if !d.informed() || len(d.dirty) > 0 {
		return false
	}
	for kind := range kinds {
		if !d.read[kind] && !d.absent[kind] {
			return false
		}
	}
	return true
}

// informed says that all was told on which orders depend: before, an object might
// go where it must not; mu is held.
func (d *desk) informed() bool {
	for _, kind := range []schema.GroupVersionKind{typeConfigKind, preferenceKind, d.namespaces()} {
		if !d.read[kind] && !d.absent[kind] {
			return false
		}
	}
	return true
}

// namespaces is the federated kind of namespaces; mu is held.
func (d *desk) namespaces() schema.GroupVersionKind {
	for kind, t := range d.types {
		if t.isNamespace() {
			return kind
		}
	}
	return federatedNamespace
}

// find keeps what was found in an object; mu is held.
func (d *desk) find(of string, findings []finding.Finding, err error) {
	findings = slices.Clone(findings)
	if err != nil {
		findings = append(findings, finding.Finding{Object: of, Text: err.Error() + "; what was placed before stands"})
	}
	delete(d.findings, of)
	if len(findings) > 0 {
		d.findings[of] = findings
	}
}

// found are the findings of all objects.
func (d *desk) found() (all []finding.Finding) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, some := range d.findings {
		all = append(all, some...)
	}
	all = append(all, d.clashes...)
	for key := range d.dirty {
		if !d.nameable(key) {
			all = append(all, finding.Finding{Object: key.String(), Text: "waits until Domains, ServiceDNSRecords and IngressDNSRecords were read: it would lose the names that they give it"})
		}
	}
	for key, n := range d.records {
		all = append(all, d.unnamed(key, n)...)
	}
	for key, p := range d.preferences {
		if p.err == nil && !d.aimed(p) {
			all = append(all, finding.Finding{Object: key.String(), Field: "spec.targetKind", Text: "there is no " + p.kind + " of its name here"})
		}
	}
	return all
}

// aimed says that there is what a preference is for; mu is held.
func (d *desk) aimed(p *choice) bool {
	for kind := range d.types {
		if kind.Kind == p.kind && d.objects[reference{kind, p.namespace, p.name}] != nil {
			return true
		}
	}
	return false
}
