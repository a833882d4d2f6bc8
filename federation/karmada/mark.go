package karmada

import (
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/fedns/fedns/federation/work"
)

// mark marks the templates that selectors may select; mu is held.
func (d *desk) mark(all []selector) {
	for _, s := range all {
		if s.name != "" && s.namespace != "" {
			key := work.Key{Kind: s.kind, Namespace: s.namespace, Name: s.name}
			if d.templates[s.kind][key] != nil {
				d.dirty[key] = true
			}
			continue
		}
		for key := range d.templates[s.kind] {
			if (s.namespace == "" || s.namespace == key.Namespace) && (s.name == "" || s.name == key.Name) {
				d.dirty[key] = true
			}
		}
	}
	d.rouse()
}

// markOverridden marks the templates that an override policy may select; mu is held.
func (d *desk) markOverridden(p *overrider) {
	switch {
	case p == nil:
		return
	case len(p.selectors) > 0:
		d.mark(p.selectors)
		return
	}
	for kind := range d.templates {
		d.mark([]selector{{kind: kind, namespace: p.namespace}})
	}
}

// policiesOf are those that may select a template; mu is held.
func (d *desk) policiesOf(key work.Key) map[reference]*policy {
	some := map[reference]*policy{}
	d.selected.of(key, func(r reference) { some[r] = d.policies[r] })
	return some
}

// overridersOf are those that may select a template; mu is held.
func (d *desk) overridersOf(key work.Key) map[reference]*overrider {
	some := map[reference]*overrider{}
	d.overridden.of(key, func(r reference) { some[r] = d.overriders[r] })
	return some
}

// kinds are those whose objects are to be told: of all policies, and of what stands.
func (d *desk) kinds() map[schema.GroupVersionKind]bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	all := map[schema.GroupVersionKind]bool{}
	for _, p := range d.policies {
		for _, s := range p.selectors {
			all[s.kind] = true
		}
	}
	for key := range d.standing {
		all[key.Kind] = true
	}
	return all
}

// forget forgets a kind that nobody selects any more.
func (d *desk) forget(kind schema.GroupVersionKind) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for key := range d.templates[kind] {
		delete(d.written, key)
	}
	delete(d.templates, kind)
	delete(d.read, kind)
	delete(d.absent, kind)
}

// complete says that everything there is was told and looked at: all policies, and
// all kinds that they select.
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

// informed says that all policies were told: before, the wrong one might be
// chosen; mu is held.
func (d *desk) informed() bool {
	for _, kind := range []schema.GroupVersionKind{propagationPolicy, clusterPropagationPolicy, overridePolicy, clusterOverridePolicy} {
		if !d.read[kind] && !d.absent[kind] {
			return false
		}
	}
	return true
}

// unclaimed are the templates that stand although their policy is gone.
func (d *desk) unclaimed() (keys []work.Key) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if !d.informed() {
		return nil
	}
	for key, st := range d.standing {
		if d.policies[st.policy] == nil && !st.released {
			keys = append(keys, key)
		}
	}
	return keys
}

// release has a template that stands without a policy taken back.
func (d *desk) release(key work.Key) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if st := d.standing[key]; st != nil && d.policies[st.policy] == nil {
		st.released = true
		d.dirty[key] = true
		d.rouse()
	}
}
