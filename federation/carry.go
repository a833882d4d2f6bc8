package federation

import (
	"maps"
	"slices"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"

	"github.com/fedns/fedns/federation/cluster"
	"github.com/fedns/fedns/federation/interpret"
	"github.com/fedns/fedns/federation/override"
	"github.com/fedns/fedns/federation/work"
)

// carry gives the propagator what is to be done of a Key and was not given yet. It
// returns, by cluster, what is wrong with the overrides: there, what is there stands.
func (e *Engine) carry(known *entry) map[string]error {
	l := e.load(known)
	wrong := map[string]error{}
	var tasks []work.Task
	for _, name := range slices.Sorted(maps.Keys(l.want)) {
		want := l.want[name]
		if l.given[name] == want {
			continue
		}
		t, err := l.task(name, want)
		if err != nil {
			wrong[name] = err
			continue
		}
		tasks = append(tasks, t)
	}
	e.locked(func() {
		for name, g := range known.given {
			if _, ok := l.want[name]; !ok && g.remove {
				delete(known.given, name)
				delete(known.outcomes, name)
				delete(known.sick, name)
			}
		}
		for _, t := range tasks {
			if was, had := known.given[t.Cluster]; had && was.remove != l.want[t.Cluster].remove {
				delete(known.outcomes, t.Cluster) // it is of what was to be before
			}
			known.given[t.Cluster] = l.want[t.Cluster]
		}
	})
	if !e.cfg.DryRun {
		for _, t := range tasks {
			e.cfg.Propagator.Do(t)
		}
	}
	return wrong
}

// load is what is to be done of one Key.
type load struct {
	key      work.Key
	order    *ordered // nil: none
	want     map[string]given
	given    map[string]given
	clusters map[string]*cluster.Cluster
	options  map[work.Key]*ordered // of those whom it goes along with
	plain    map[int32]*unstructured.Unstructured
	template types.UID // of the host's object of the Key, if it is one; owner is whose
	owner    *ordered
}

// load gathers what is to be done of a Key.
func (e *Engine) load(known *entry) *load {
	e.mu.Lock()
	defer e.mu.Unlock()
	l := &load{
		key: known.key, order: known.winner(), want: map[string]given{}, given: maps.Clone(known.given), clusters: e.byName,
		options: map[work.Key]*ordered{}, plain: map[int32]*unstructured.Unstructured{},
	}
	if p := known.placed; p != nil {
		for _, r := range p.Removing {
			if l.clusters[r.Cluster] != nil { // one that vanished may come back
				l.want[r.Cluster] = given{remove: true, orphan: p.Orphan}
			}
		}
	}
	e.drop(known, l)
	e.along(known, l)
	l.template, l.owner = e.template(known)
	if l.order != nil && l.order.Template != nil && known.placed != nil && !known.placed.Deleted {
		l.own(known.placed)
	}
	for name, want := range l.want {
		want.template = l.template
		want.own = want.along != nil || l.owner == l.order
		l.want[name] = want
	}
	return l
}

// own adds the clusters that the order itself is for.
func (l *load) own(p *Binding) {
	for _, name := range p.Holders() {
		c := l.clusters[name]
		if c == nil {
			continue
		}
		n, _ := p.Has(name)
		if !l.order.divided() {
			n = 0
		}
		l.want[name] = given{revision: l.order.revision, replicas: n, selected: l.order.selects(c)}
	}
	for name, want := range l.want {
		want.suspend = l.order.suspended(name)
		l.want[name] = want
	}
}

// task makes a Task of what is wanted in a cluster.
func (l *load) task(name string, want given) (work.Task, error) {
	t := work.Task{Cluster: name, Key: l.key, Orphan: want.orphan, Suspend: want.suspend, Template: want.template, Own: want.own}
	if want.remove {
		return t, nil
	}
	if want.along != nil {
		t.Object, t.Origin = stripped(want.along), l.key.String()
		if o := l.options[want.of]; o != nil {
			t.Origin, t.Existing = o.origin(), o.Options.Existing
		}
		return t, nil
	}
	object, err := l.object(name, want)
	if err != nil {
		return t, err
	}
	t.Object, t.Origin = object, l.order.origin()
	t.Succeeds = slices.Contains(l.order.Options.Succeeds, name)
	t.Existing, t.RetainReplicas = l.order.Options.Existing, l.order.Options.RetainReplicas
	return t, nil
}

// object is the template as a cluster gets it. Clusters that get the same share it.
func (l *load) object(name string, want given) (*unstructured.Unstructured, error) {
	o := l.plain[want.replicas]
	if o == nil {
		o = l.order.Template
		if l.order.divided() {
			o = o.DeepCopy()
			if err := interpret.SetReplicas(o, want.replicas); err != nil {
				return nil, err
			}
		}
		l.plain[want.replicas] = o
	}
	return override.Apply(o, l.clusters[name], l.order.Overrides)
}

// origin names the order for whoever looks at a member's object.
func (o *ordered) origin() string {
	name := o.Source.Name
	if o.Source.Namespace != "" {
		name = o.Source.Namespace + "/" + name
	}
	return o.Dialect + "/" + name
}
