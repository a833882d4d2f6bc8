package kubefed

import (
	"fmt"
	"strings"

	"github.com/fedns/fedns/federation/interpret"
	"github.com/fedns/fedns/federation/override"
	"github.com/fedns/fedns/federation/placement"
	"github.com/fedns/fedns/federation/preference"
	"github.com/fedns/fedns/federation/work"
	"github.com/fedns/fedns/federation/workload"
)

// next are the orders of an object that changed, or of what it depends on; false:
// there is no such object. An order that is as it was last is not told again.
func (d *desk) next() ([]work.Order, bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if !d.informed() {
		return nil, false
	}
	for key := range d.dirty {
		if !d.nameable(key) {
			continue
		}
		delete(d.dirty, key)
		if all := d.look(key); len(all) > 0 {
			return all, true
		}
	}
	return nil, false
}

// look looks at an object; mu is held.
func (d *desk) look(key reference) (all []work.Order) {
	f, t, last := d.objects[key], d.types[key.kind], d.ordered[key]
	var before []work.Order
	if last != nil && f != nil && t != nil && last.key != keyOf(f, t) { // it has another target now
		if !last.withdrawn {
			before = append(before, last.takeBack(last.orphan))
		}
		delete(d.ordered, key)
		last = nil
	}
	// If that is another version of the same kind, what is in members stays: so the new
	// order comes before the end of the old one.
	defer func() { all = append(all, before...) }()
	if f != nil && t != nil && t.misplaced(f) {
		return all // it is for no namespace, and must not stand for that of its name
	}
	if f == nil || t == nil || f.leaving() {
		return append(all, d.withdraw(key, f, t, last)...)
	}
	o := d.order(f, t)
	d.find(key.String(), f.findings, o.Err)
	text := ""
	if o.Err != nil {
		o.Err = fmt.Errorf("%s: %w", key, o.Err)
		text = o.Err.Error()
	}
	now := &ordered{key: o.Key, source: o.Source, orphan: o.Options.Orphan, digest: work.Digest([]any{o.Template.Object, o.Source, o.Placement, o.Overrides, o.Options, text})}
	if last != nil && last.digest == now.digest {
		return all
	}
	d.ordered[key] = now
	return append(all, o)
}

// withdraw takes back what was ordered of an object that is gone, or going, or of a
// kind that is federated no more: that is let go. mu is held.
func (d *desk) withdraw(key reference, f *federated, t *federation, last *ordered) []work.Order {
	if f != nil && f.leaving() && t != nil {
		orphan := orphaned(f.object) || t.disabled
		if last != nil && last.withdrawn && last.orphan == orphan {
			return nil
		}
		// Even if this process never ordered it: the finalizer waits until it is known to be gone.
		now := &ordered{key: keyOf(f, t), source: source(f.object), orphan: orphan, withdrawn: true}
		d.ordered[key] = now
		return []work.Order{now.takeBack(orphan)}
	}
	delete(d.ordered, key)
	if last == nil || last.withdrawn {
		return nil
	}
	return []work.Order{last.takeBack(last.orphan || f != nil || t != nil && t.disabled)}
}

// takeBack is the order that takes another one back.
func (o *ordered) takeBack(orphan bool) work.Order {
	return work.Order{Key: o.key, Dialect: Name, Source: o.source, Options: work.Options{Orphan: orphan}}
}

// order is an object's order; mu is held.
func (d *desk) order(f *federated, t *federation) work.Order {
	o := work.Order{Key: keyOf(f, t), Dialect: Name, Source: source(f.object), Template: f.template(t), Err: f.err}
	named := d.annotate(o.Template, f, t)
	o.Options = work.Options{Existing: work.Adopt, Orphan: orphaned(f.object), RetainReplicas: f.spec.RetainReplicas}
	o.Options.Succeeds = d.versions[versionOf(f, t)]
	if t.disabled {
		o.Options.Suspend = []string{"*"}
	}
	if o.Err == nil {
		o.Err = d.fill(&o, f, t)
	}
	if o.Err == nil && len(named) > 0 && reannotated(f.spec.Overrides) { // they are put on last
		o.Overrides = append(o.Overrides, override.Rule{Origin: f.reference.String(), Changes: []override.Change{{Annots: &override.Metadata{Op: override.Add, Values: named}}}})
	}
	return o
}

// fill completes an order; mu is held.
func (d *desk) fill(o *work.Order, f *federated, t *federation) (err error) {
	p := d.preferenceFor(f)
	to, without := f.affinity, ""
	o.Placement = placement.Request{Key: o.Key.String(), Kind: o.Key.Kind, Tolerations: preference.Tolerations(p != nil), Scheduling: placement.Scheduling{Mode: placement.Duplicated}}
	if o.Placement.Replicas, o.Placement.Requests, err = interpret.Replicas(o.Template); err != nil {
		return fmt.Errorf("spec.template: %w", err)
	}
	if p != nil {
		path := workload.Replicas(o.Key.Kind.GroupKind())
		switch {
		case p.err != nil:
			return fmt.Errorf("%s: %w", p.reference, p.err)
		case path == nil:
			return fmt.Errorf("%s: spec.targetKind: %s has no replicas that could be told out", p.reference, p.kind)
		}
		without = "/" + strings.Join(path, "/")
		o.Placement.Replicas, o.Placement.Scheduling = &p.replicas, p.scheduling
		if !p.own {
			to = placement.Affinity{}
		}
	}
	if to, err = d.bounded(to, f, t); err != nil {
		return err
	}
	o.Placement.Affinities = []placement.Affinity{to}
	o.Overrides, err = rules(f.spec.Overrides, f.reference.String(), without)
	return err
}

// preferenceFor is the preference for an object; nil: none. mu is held.
func (d *desk) preferenceFor(f *federated) *choice {
	if p := d.preferences[reference{preferenceKind, f.namespace, f.name}]; p != nil && p.kind == f.kind.Kind {
		return p
	}
	return nil
}

// bounded is an affinity within that of the object's namespace, if it has one; mu is held.
func (d *desk) bounded(a placement.Affinity, f *federated, t *federation) (placement.Affinity, error) {
	if !t.namespaced {
		return a, nil
	}
	space := d.objects[reference{d.namespaces(), f.namespace, f.namespace}]
	switch {
	case space == nil || space.leaving():
		return a, nil
	case space.err != nil:
		return a, fmt.Errorf("%s: %w", space.reference, space.err)
	}
	return both(a, space.affinity), nil
}

// keyOf is what an object is ordered as.
func keyOf(f *federated, t *federation) work.Key {
	k := work.Key{Kind: t.target, Name: f.name}
	if t.namespaced {
		k.Namespace = f.namespace
	}
	return k
}
