package inventory

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fedns/fedns/discovery/cluster"
)

// object states one cluster that is named as it is, if err is nil.
func object(name string, err error) Object {
	return Object{Key: "Secret a/" + name, Statements: []Statement{{Member: Member{ID: cluster.ID(name)}, Field: "data.kubeconfig", Err: err}}}
}

func objects(names ...string) (all []Object) {
	for _, n := range names {
		all = append(all, object(n, nil))
	}
	return all
}

// show is the names that stand, those held in brackets.
func show(t *Table) string {
	var names []string
	members, _ := t.Members()
	for _, m := range members {
		name := string(m.ID)
		if m.Held {
			name = "[" + name + "]"
		}
		names = append(names, name)
	}
	return strings.Join(names, " ")
}

func findings(t *Table) string {
	var lines []string
	_, found := t.Members()
	for _, f := range found {
		lines = append(lines, f.String())
	}
	return strings.Join(lines, "\n")
}

// TestHold: what a list lacks is gone, unless it lacks too much.
func TestHold(t *testing.T) {
	list := func(names ...string) func(*Table) {
		return func(t *Table) { t.Replace("k", objects(names...), cluster.Missing) }
	}
	deleted := func(name string) func(*Table) { return func(t *Table) { t.Delete("k", "Secret a/"+name) } }
	put := func(name string) func(*Table) { return func(t *Table) { t.Put("k", object(name, nil)) } }
	for _, tt := range []struct {
		name  string
		share float64
		do    []func(*Table)
		want  string
	}{
		{"one of three", 0.5, []func(*Table){list("a", "b", "c"), list("a", "b")}, "a b"},
		{"half of four", 0.5, []func(*Table){list("a", "b", "c", "d"), list("a", "b")}, "a b"},
		{"two of three", 0.5, []func(*Table){list("a", "b", "c"), list("a")}, "a [b] [c]"},
		{"all of three", 0.5, []func(*Table){list("a", "b", "c"), list()}, "[a] [b] [c]"},
		{"both of two", 0.5, []func(*Table){list("a", "b"), list()}, ""},
		{"all, and that is believed", 1, []func(*Table){list("a", "b", "c"), list()}, ""},
		{"none may be lost", 0, []func(*Table){list("a", "b", "c"), list("a", "b")}, "a b [c]"},
		{"the same list again", 0.5, []func(*Table){list("a", "b", "c"), list("a"), list("a")}, "a [b] [c]"},
		{"one more, and later one less", 0.5, []func(*Table){list("a", "b", "c"), list("a"), list("a", "d"), list("a")}, "a [b] [c] [d]"},
		{"back again", 0.5, []func(*Table){list("a", "b", "c"), list("a"), list("a", "b", "c")}, "a b c"},
		{"one is back", 0.5, []func(*Table){list("a", "b", "c", "d"), list("a"), list("a", "b", "c")}, "a b c [d]"},
		{"put back", 0.5, []func(*Table){list("a", "b", "c"), list("a"), put("b")}, "a b [c]"},
		{"put back and deleted", 0.5, []func(*Table){list("a", "b", "c"), list("a"), put("b"), deleted("b")}, "a [c]"},
		{"held and deleted", 0.5, []func(*Table){list("a", "b", "c"), list(), deleted("a"), deleted("b"), deleted("c")}, ""},
		{"deleted one by one", 0.5, []func(*Table){list("a", "b", "c"), deleted("a"), deleted("b"), deleted("c")}, ""},
		{"another kind's list", 0.5, []func(*Table){list("a"), func(t *Table) { t.Replace("other", objects("b"), cluster.Missing) }, func(t *Table) { t.Replace("other", nil, cluster.Missing) }}, "a"},
		{"deleted of another kind", 0.5, []func(*Table){list("a"), func(t *Table) { t.Delete("other", "Secret a/a") }}, "a"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			table := NewTable(tt.share)
			for _, do := range tt.do {
				do(table)
			}
			if got := show(table); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
			if told := strings.Contains(findings(table), "suddenly lacked"); told != strings.Contains(tt.want, "[") {
				t.Errorf("findings:\n%s", findings(table))
			}
		})
	}
	table := NewTable(0.5)
	table.Replace("Secret (fedns)", objects("a", "b", "c"), cluster.Missing)
	table.Replace("Secret (fedns)", nil, cluster.Missing)
	const want = "Secret (fedns): a list suddenly lacked 3 of 3 clusters (a, b, c): they are kept until each is seen deleted or the configuration changes"
	if got := findings(table); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

// TestForgotten: of what a store lacks that has gone back in time nothing is gone.
func TestForgotten(t *testing.T) {
	table := NewTable(1)
	table.Replace("k", objects("a", "b"), cluster.Missing)
	table.Replace("k", objects("a"), cluster.Doubtful)
	const want = "k: 1 of 2 clusters are gone from a store that has gone back in time, or from a list after their definition was gone (b): they are kept until each is there again and seen deleted or the configuration changes"
	if got := findings(table); show(table) != "a [b]" || got != want {
		t.Errorf("members %q, findings\n%s, want\n%s", show(table), got, want)
	}
	table.Replace("k", objects("a"), cluster.Missing) // it has come to be where it was, without b
	if got := show(table); got != "a [b]" {
		t.Errorf("later: members %q", got)
	}
	table.Replace("k", objects("a", "b"), cluster.Doubtful)
	if got := show(table); got != "a b" || findings(table) != "" {
		t.Errorf("there again: members %q, findings %s", got, findings(table))
	}
	table.Delete("k", "Secret a/b")
	if got := show(table); got != "a" {
		t.Errorf("seen deleted: members %q", got)
	}
}

// TestLastGoodStands: what becomes malformed goes on as it was last good, and
// only what was never good is left out.
func TestLastGoodStands(t *testing.T) {
	table := NewTable(0.5)
	table.Put("k", object("a", nil))
	table.Put("k", object("a", errors.New("want a\nkubeconfig")))
	table.Put("k", object("b", errors.New("empty")))
	if got := show(table); got != "a" {
		t.Errorf("members %q", got)
	}
	const want = "Secret a/a: data.kubeconfig: want a kubeconfig; the cluster a goes on as stated before\nSecret a/b: data.kubeconfig: empty"
	if got := findings(table); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	table.Replace("k", []Object{object("a", errors.New("still"))}, cluster.Missing)
	table.Put("k", object("a", errors.New("and again")))
	if got := show(table); got != "a" {
		t.Errorf("after two more looks: %q", got)
	}
	table.Put("k", object("a", nil))
	if got := findings(table); got != "" {
		t.Errorf("mended, and still: %s", got)
	}
	table.Put("k", object("a", errors.New("bad")))
	table.Delete("k", "Secret a/a")
	if got := show(table) + findings(table); got != "" {
		t.Errorf("deleted, and still: %s", got)
	}
}

// TestPutTellsWhatChanged: an object that states the same is no news.
func TestPutTellsWhatChanged(t *testing.T) {
	table := NewTable(0.5)
	bad := func() Object { return object("a", fmt.Errorf("bad: %w", errors.New("x"))) }
	for i, step := range []struct {
		o       Object
		changed bool
	}{{object("a", nil), true}, {object("a", nil), false}, {bad(), true}, {bad(), false}, {object("a", nil), true}} {
		if got := table.Put("k", step.o); got != step.changed {
			t.Errorf("step %d: changed %t", i, got)
		}
	}
	table.Replace("k", objects("a", "b", "c"), cluster.Missing)
	table.Replace("k", nil, cluster.Missing)
	if !table.Put("k", object("a", nil)) {
		t.Error("what was held is there again, and that is no news")
	}
}

// TestSlots: of an object that states several clusters each is looked at by itself.
func TestSlots(t *testing.T) {
	of := func(broken bool, slots ...string) Object {
		o := Object{Key: "Secret a/remote", Broken: broken}
		for _, s := range slots {
			name, bad := strings.CutSuffix(s, "!")
			st := Statement{Slot: name, Member: Member{ID: cluster.ID(name)}, Field: "data[" + name + "]"}
			if bad {
				st.Err = errors.New("bad")
			}
			o.Statements = append(o.Statements, st)
		}
		if broken {
			o.Findings = []Finding{{Text: "unreadable"}}
		}
		return o
	}
	table := NewTable(0.5)
	for _, step := range []struct {
		o    Object
		want string
	}{
		{of(false, "a", "b", "c!"), "a b"},
		{of(false, "a!", "b", "c"), "a b c"},
		{of(false, "b", "c"), "b c"}, // its key is gone: that is a deletion that was seen
		{of(true), "b c"},
		{of(false), ""},
		{of(true), ""},
	} {
		table.Put("k", step.o)
		if got := show(table); got != step.want {
			t.Errorf("after %+v: got %q, want %q", step.o, got, step.want)
		}
	}
}

// TestOldestCounts: whoever comes later cannot take a cluster's name over.
func TestOldestCounts(t *testing.T) {
	table := NewTable(0.5)
	now := time.Now()
	young := Object{Key: "Secret a/young", Created: now, Statements: []Statement{{Member: Member{ID: "x", Server: "young"}}}}
	old := Object{Key: "Secret z/old", Created: now.Add(-time.Hour), Statements: []Statement{{Member: Member{ID: "x", Server: "old"}}}}
	table.Replace("k", []Object{young, old}, cluster.Missing)
	members, found := table.Members()
	if len(members) != 1 || members[0].Server != "old" || len(found) != 1 {
		t.Fatalf("members %+v, findings %v", members, found)
	}
	if got, want := found[0].String(), "Secret a/young: states the cluster x, as Secret z/old does, which counts"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	table.Delete("k", old.Key)
	if members, found = table.Members(); len(members) != 1 || members[0].Server != "young" || len(found) != 0 {
		t.Errorf("members %+v, findings %v", members, found)
	}
}

// TestRandomHistory: whatever happens, a cluster leaves only by its deletion, or
// by a list that lacks no more than the share.
func TestRandomHistory(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 0))
	table := NewTable(0.5)
	standing := func() map[cluster.ID]bool {
		all := map[cluster.ID]bool{}
		members, _ := table.Members()
		for _, m := range members {
			all[m.ID] = true
		}
		return all
	}
	for step := range 5000 {
		before := standing()
		name := fmt.Sprint("c", r.IntN(8))
		var may []cluster.ID // leave
		what := ""
		switch r.IntN(4) {
		case 0:
			table.Delete("k", "Secret a/"+name)
			may, what = []cluster.ID{cluster.ID(name)}, "deleted "+name
		case 1:
			table.Put("k", object(name, nil))
		case 2:
			table.Put("k", object(name, errors.New("bad")))
		case 3:
			var listed []Object
			lost := 0
			for id := range before {
				if r.IntN(3) > 0 {
					listed = append(listed, object(string(id), nil))
				} else {
					may = append(may, id)
					lost++
				}
			}
			what = fmt.Sprintf("list without %d of %d", lost, len(before))
			if len(before) >= 3 && lost*2 > len(before) {
				may = nil
			}
			table.Replace("k", listed, cluster.Missing)
		}
		after := standing()
		for id := range before {
			if !after[id] && !slices.Contains(may, id) {
				t.Fatalf("step %d (%s): %s is gone", step, what, id)
			}
		}
	}
}

func TestMerge(t *testing.T) {
	members := func(object string, ids ...cluster.ID) (all []Member) {
		for _, id := range ids {
			all = append(all, Member{ID: id, Object: object})
		}
		return all
	}
	chosen, found := Merge([]cluster.ID{"a"}, []Part{{"secrets", members("Secret x/y", "a", "c", "d")}, {"karmada", members("Cluster z", "b", "c")}})
	var got []string
	for _, c := range chosen {
		got = append(got, string(c.ID)+" "+c.Inventory)
	}
	if want := []string{"b karmada", "c secrets", "d secrets"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	for name, want := range map[string]string{
		"secrets": "Secret x/y: states the cluster a, as clusters does, which comes first in the configuration and counts",
		"karmada": "Cluster z: states the cluster c, as secrets does, which comes first in the configuration and counts",
	} {
		if len(found[name]) != 1 || found[name][0].String() != want {
			t.Errorf("%s: got %v, want %s", name, found[name], want)
		}
	}
	if u := Union(members("now", "b"), members("before", "a", "b")); len(u) != 2 || u[0].Object != "before" || u[1].Object != "now" {
		t.Errorf("union is %+v", u)
	}
}

func TestSetPlace(t *testing.T) {
	m := Member{Labels: map[string]string{RegionLabel: "eu", ZoneLabel: "eu-a"}}
	if found := m.SetPlace("", nil, "spec"); m.Region != "eu" || !slices.Equal(m.Zones, []string{"eu-a"}) || found != nil {
		t.Errorf("by labels: %+v, %v", m, found)
	}
	m = Member{Labels: map[string]string{RegionLabel: "eu"}}
	found := m.SetPlace("US East", []string{"us-a", "", "us_b"}, "spec")
	if m.Region != "" || !slices.Equal(m.Zones, []string{"us-a"}) || len(found) != 2 {
		t.Fatalf("%+v, %v", m, found)
	}
	if got, want := found[0].String(), `spec.region: got "US East", want a DNS label; it is left out`; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
