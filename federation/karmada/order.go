package karmada

import (
	"fmt"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/fedns/fedns/federation/finding"
	"github.com/fedns/fedns/federation/interpret"
	"github.com/fedns/fedns/federation/work"
)

// next is the order of a template that changed, or whose policies did; false: there
// is none. An order that is as it was last is not told again.
func (d *desk) next() (work.Order, bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if !d.informed() {
		return work.Order{}, false
	}
	for key := range d.dirty {
		delete(d.dirty, key)
		if o, ok := d.order(key); ok {
			return o, true
		}
	}
	return work.Order{}, false
}

// order looks at a template; mu is held. false: there is nothing to tell.
func (d *desk) order(key work.Key) (work.Order, bool) {
	if !d.read[key.Kind] {
		return work.Order{}, false // it may be there, and not be told yet
	}
	template := d.templates[key.Kind][key]
	if template == nil || template.GetDeletionTimestamp() != nil {
		return d.takeBack(key)
	}
	o := work.Order{Key: key, Dialect: Name, Source: source(template)}
	before := d.standing[key]
	claimed := claimant(template)
	if before != nil {
		claimed = before.policy
	}
	p := choose(d.policiesOf(key), template, claimed)
	if holder := d.policies[claimed]; p == nil && holder != nil && len(holder.selectors) == 0 {
		p = holder // nobody knows what it selects now
	}
	why := exempt(template)
	delete(d.findings, key.String())
	switch {
	case p != nil && why != "":
		d.findings[key.String()] = []finding.Finding{{Object: key.String(), Text: fmt.Sprintf("%s selects it, and it is not propagated: %s", p.reference, why)}}
		return d.takeBack(key)
	case p == nil && (before == nil || why != ""):
		return d.takeBack(key)
	case p == nil:
		switch succeeds, stands := d.successor(key, template); {
		case succeeds && !stands:
			return work.Order{}, false // it is looked at again when that does
		case succeeds, d.withdraw, before.released:
			return d.takeBack(key)
		}
	}
	stripped := strip(template)
	now := work.Digest(stripped.Object)
	var t *terms
	switch {
	case p == nil:
		t = before.terms
	case p.err != nil:
		o.Err = fmt.Errorf("%s: %w", p.reference, p.err)
	case p.lazy && before != nil && before.policy == p.reference && before.template == now:
		t = before.terms
	default:
		t = p.terms
		o.Err = d.awaits(p)
	}
	if t != nil && o.Err == nil {
		if p != nil {
			if before == nil {
				d.markVersions(key)
			}
			d.standing[key] = &standing{policy: p.reference, id: p.id, terms: t, template: now}
		}
		o.Err = d.fill(&o, t, template, stripped)
	}
	if o.Template == nil { // what cannot be carried out is not taken back by that
		o.Template = stripped
		if before != nil {
			o.Options = before.terms.options(template)
		}
	}
	return o, d.differs(&o)
}

// fill completes an order with a policy's terms; mu is held.
func (d *desk) fill(o *work.Order, t *terms, template, stripped *unstructured.Unstructured) (err error) {
	o.Template, o.Placement, o.Options = stripped, t.request, t.options(template)
	o.Placement.Key, o.Placement.Kind = o.Key.String(), o.Key.Kind
	if o.Placement.Replicas, o.Placement.Requests, err = interpret.Replicas(template); err != nil {
		return fmt.Errorf("%s: %w", o.Key, err)
	}
	if d.yielded {
		o.Options.Suspend = []string{"*"}
	}
	o.Overrides, err = overridesOf(d.overridersOf(o.Key), template)
	return err
}

// awaits says which override policies a policy needs and are not there; mu is held.
func (d *desk) awaits(p *policy) error {
	for _, name := range p.depends {
		if d.overriders[reference{overridePolicy.Kind, p.namespace, name}] == nil && d.overriders[reference{clusterOverridePolicy.Kind, "", name}] == nil {
			return fmt.Errorf("%s: spec.dependentOverrides: there is no OverridePolicy %s yet", p.reference, name)
		}
	}
	return nil
}

// takeBack takes an order back, if there is one; mu is held.
func (d *desk) takeBack(key work.Key) (work.Order, bool) {
	before := d.standing[key]
	_, ordered := d.told[key]
	delete(d.standing, key)
	delete(d.told, key)
	if before == nil && !ordered {
		return work.Order{}, false
	}
	o := work.Order{Key: key, Dialect: Name, Source: work.Reference{Kind: key.Kind, Namespace: key.Namespace, Name: key.Name}}
	if before != nil {
		o.Options = before.terms.options(&unstructured.Unstructured{Object: map[string]any{}})
	}
	if d.yielded {
		o.Options.Suspend = []string{"*"}
	}
	return o, true
}

// differs says whether an order is another one than before; mu is held.
func (d *desk) differs(o *work.Order) bool {
	text := ""
	if o.Err != nil {
		text = o.Err.Error()
	}
	now := work.Digest([]any{o.Template.Object, o.Source, o.Placement, o.Overrides, o.Options, text})
	if before, ok := d.told[o.Key]; ok && before == now {
		return false
	}
	d.told[o.Key] = now
	return true
}

func source(o *unstructured.Unstructured) work.Reference {
	return work.Reference{Kind: o.GroupVersionKind(), Namespace: o.GetNamespace(), Name: o.GetName(), UID: o.GetUID(), Generation: o.GetGeneration()}
}
