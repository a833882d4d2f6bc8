package inventory

import (
	"cmp"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/fedns/fedns/discovery/cluster"
)

// holdFrom is from how many members on a list that lacks many is doubted: of two,
// one is half, and to take one cluster out is an everyday act.
const holdFrom = 3

// Table is what is known of one inventory's objects. It is for one goroutine.
//
// Objects of one kind, which are listed together, are known by its name: a list
// says nothing of those of another kind.
type Table struct {
	share float64
	kinds map[string]map[string]*entry // by kind, by key
}

// entry is one object.
type entry struct {
	Object
	good map[string]Member // by slot: the last good statements
	held hold
}

// hold says what was not believed of an object that stands.
type hold uint8

const (
	unheld    hold = iota
	unlisted       // a list that lacked too many
	undefined      // its deletion along with the definition of its kind
	forgotten      // a list after its definition was gone, or of a store that has gone back in time
)

// NewTable makes an empty Table. A list is held that lacks more than holdShare
// (of 1) of a kind's members, if there are three or more.
func NewTable(holdShare float64) *Table {
	return &Table{share: holdShare, kinds: map[string]map[string]*entry{}}
}

// Put takes in an object that appeared or changed. changed says that it states
// something else than before: many objects are written to every few seconds, to
// say that all is well.
func (t *Table) Put(kind string, o Object) (changed bool) {
	entries := t.kinds[kind]
	if entries == nil {
		entries = map[string]*entry{}
		t.kinds[kind] = entries
	}
	e := &entry{Object: o, good: map[string]Member{}}
	before := map[string]Member{}
	if old := entries[o.Key]; old != nil {
		if old.held == unheld && reflect.DeepEqual(old.Object, o) {
			return false
		}
		before = old.good
	}
	if o.Broken {
		maps.Copy(e.good, before)
	}
	for _, s := range o.Statements {
		if s.Err == nil {
			m := s.Member
			m.Object = o.Key
			e.good[s.Slot] = m
		} else if m, ok := before[s.Slot]; ok {
			e.good[s.Slot] = m
		}
	}
	entries[o.Key] = e
	return true
}

// Delete takes in that an object was seen to be deleted.
func (t *Table) Delete(kind, key string) { delete(t.kinds[kind], key) }

// Hold takes in that an object was deleted with the definition of its kind. It stands
// until it is put or seen deleted.
func (t *Table) Hold(kind, key string) {
	if e := t.kinds[kind][key]; e != nil {
		e.held = undefined
	}
}

// Replace takes in a complete list of a kind. Members that it lacks are gone, or
// held if they are too many to be believed, or how is Doubtful. What is held once stays so
// until its object is listed, put or deleted.
func (t *Table) Replace(kind string, all []Object, how cluster.Loss) {
	listed := make(map[string]bool, len(all))
	for _, o := range all {
		listed[o.Key] = true
	}
	var missing []string
	lost, known := 0, 0
	for key, e := range t.kinds[kind] {
		known += len(e.good)
		if !listed[key] {
			missing = append(missing, key)
			lost += len(e.good)
		}
	}
	doubted := known >= holdFrom && float64(lost) > t.share*float64(known)
	for _, key := range missing {
		e := t.kinds[kind][key]
		switch {
		case how == cluster.Doubtful && len(e.good) > 0 && e.held == unheld:
			e.held = forgotten
		case doubted && len(e.good) > 0 && e.held == unheld:
			e.held = unlisted
		case e.held == unheld:
			delete(t.kinds[kind], key)
		}
	}
	for _, o := range all {
		t.Put(kind, o)
	}
}

// Members are those that stand, sorted by ID, and what is wrong with objects.
// Where several objects state one cluster, the oldest counts.
func (t *Table) Members() ([]Member, []Finding) {
	var members []Member
	var findings []Finding
	first := map[cluster.ID]string{}
	for _, kind := range slices.Sorted(maps.Keys(t.kinds)) {
		findings = append(findings, t.doubts(kind)...)
	}
	for _, e := range t.inOrder() {
		findings = append(findings, e.findings()...)
		for _, slot := range slices.Sorted(maps.Keys(e.good)) {
			m := e.good[slot]
			m.Held = e.held != unheld
			if other, double := first[m.ID]; double {
				findings = append(findings, Finding{e.Key, slot, fmt.Sprintf("states the cluster %s, as %s does, which counts", m.ID, other)})
				continue
			}
			first[m.ID] = e.Key
			members = append(members, m)
		}
	}
	slices.SortFunc(members, func(a, b Member) int { return cmp.Compare(a.ID, b.ID) })
	return members, findings
}

// inOrder is every object, the oldest first.
func (t *Table) inOrder() []*entry {
	var all []*entry
	for _, kind := range slices.Sorted(maps.Keys(t.kinds)) {
		for _, key := range slices.Sorted(maps.Keys(t.kinds[kind])) {
			all = append(all, t.kinds[kind][key])
		}
	}
	slices.SortStableFunc(all, func(a, b *entry) int { return a.Created.Compare(b.Created) })
	return all
}

// findings is what is wrong with an object.
func (e *entry) findings() []Finding {
	out := slices.Clone(e.Findings)
	for i := range out {
		out[i].Object = e.Key
		if e.Broken && len(e.good) > 0 {
			out[i].Text += "; what it stated before stands"
		}
	}
	for _, s := range e.Statements {
		if s.Err == nil {
			continue
		}
		text := strings.Join(strings.Fields(s.Err.Error()), " ")
		if m, ok := e.good[s.Slot]; ok {
			text += fmt.Sprintf("; the cluster %s goes on as stated before", m.ID)
		}
		out = append(out, Finding{e.Key, s.Field, text})
	}
	return out
}

// doubts tells of the members of a kind that are held.
func (t *Table) doubts(kind string) (out []Finding) {
	held := map[hold][]string{}
	known := 0
	for _, e := range t.kinds[kind] {
		known += len(e.good)
		for _, m := range e.good {
			held[e.held] = append(held[e.held], string(m.ID))
		}
	}
	for _, why := range []struct {
		hold hold
		text string
	}{
		{unlisted, "%s: a list suddenly lacked %d of %d clusters (%s): they are kept until each is seen deleted or the configuration changes"},
		{undefined, "%s: %d of %d clusters were deleted with their definition (%s): they are kept until each is there again and seen deleted or the configuration changes"},
		{forgotten, "%s: %d of %d clusters are gone from a store that has gone back in time, or from a list after their definition was gone (%s): they are kept until each is there again and seen deleted or the configuration changes"},
	} {
		if all := held[why.hold]; len(all) > 0 {
			slices.Sort(all)
			out = append(out, Finding{Text: fmt.Sprintf(why.text, kind, len(all), known, strings.Join(first(all, 10), ", "))})
		}
	}
	return out
}

// first is the first n of all, and a word for the rest.
func first(all []string, n int) []string {
	if len(all) <= n {
		return all
	}
	return append(slices.Clone(all[:n]), fmt.Sprintf("and %d more", len(all)-n))
}
