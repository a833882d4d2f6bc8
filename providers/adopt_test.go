package providers_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/fedns/fedns/dnsserver/zone"
	"github.com/fedns/fedns/providers"
	"github.com/fedns/fedns/providers/hosted"
	"github.com/fedns/fedns/providers/inmemory"
	"github.com/fedns/fedns/providers/ownership"
	"github.com/fedns/fedns/providers/plan"
)

// external writes an address as external-dns does: with its TXT, of the owner "old".
func external(t *testing.T, server *inmemory.Server, names ...string) {
	t.Helper()
	for _, name := range names {
		text := zone.TXT("heritage=external-dns,external-dns/owner=old,external-dns/resource=service/shop/" + name)
		server.Edit(
			hosted.Simple(set(t, name+" 300 192.0.2.200")),
			hosted.Simple(zone.NewRRset(name_("a-"+name), zone.TypeTXT, 300, text)))
	}
}

// adoption plans what is to be adopted of "old", and tells it.
func (d *daemon) adoption() (told []string, all []ownership.Adoption) {
	d.t.Helper()
	units, all, err := d.sync.PlanAdoption(context.Background(), "old", ownership.Affix{})
	if err != nil {
		d.t.Fatal(err)
	}
	for _, u := range units {
		for _, a := range u.Actions {
			if a.Adopts != "" {
				told = append(told, fmt.Sprintf("%s %s: %s", a.Verb, strings.ReplaceAll(hosted.KeyString(a.Key), ".example.com.", ""), a.Reason))
			}
		}
	}
	return told, all
}

// stranger is an address that somebody made who keeps no registry.
const stranger = "foreign 60 192.0.2.77"

// TestAdoption: of external-dns's records those that are wanted become ours, in one
// batch each with its TXT; all others stay as they are, and so does what another owner
// of external-dns has.
func TestAdoption(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := fresh()
		external(t, server, "web", "left")
		server.Edit(hosted.Simple(set(t, stranger)),
			hosted.Simple(set(t, "other 60 192.0.2.78")),
			hosted.Simple(zone.NewRRset(name_("a-other"), zone.TypeTXT, 300, zone.TXT("heritage=external-dns,external-dns/owner=somebody,external-dns/resource=service/a/b"))))
		d := start(t, server, nil, "web 30 192.0.2.1", "foreign 30 192.0.2.1", "other 30 192.0.2.1", "new 30 192.0.2.1")
		pass()
		told, all := d.adoption()
		if want := []string{
			`leave left A: the owner "old" of external-dns has it, and nobody here wants it`,
			`replace web A: it is adopted from the owner "old" of external-dns`,
		}; !slices.Equal(told, want) {
			t.Errorf("the plan is %q, want %q", told, want)
		}
		pass()
		want(t, server, "a-left TXT "+text("left"), "a-other TXT 300 \"heritage=external-dns,external-dns/owner=somebody,external-dns/resource=service/a/b\"", "a-web TXT "+text("web"),
			"foreign A 60 192.0.2.77", "left A 300 192.0.2.200", "new A 30 192.0.2.1", "other A 60 192.0.2.78", "web A 300 192.0.2.200")
		server.Remember(10)
		d.sync.Adopt(all)
		pass()
		want(t, server, "a-left TXT "+text("left"), "a-other TXT 300 \"heritage=external-dns,external-dns/owner=somebody,external-dns/resource=service/a/b\"",
			"foreign A 60 192.0.2.77", "left A 300 192.0.2.200", "new A 30 192.0.2.1", "other A 60 192.0.2.78", "web A 30 192.0.2.1")
		if n := len(server.Applied()); n != 1 {
			t.Errorf("%d batches, want one: the name has to be answered all the while", n)
		}
		if st := d.sync.Status(); st.Owned != 2 || st.RefusedCount != 2 {
			t.Errorf("%d are owned and %d refused, want 2 and 2 (foreign, other)", st.Owned, st.RefusedCount)
		}
		d.set("-web", "left 30 192.0.2.9")
		pass()
		// What is ours goes as what is ours does; the word was not for what is wanted later.
		want(t, server, "a-left TXT "+text("left"), "a-other TXT 300 \"heritage=external-dns,external-dns/owner=somebody,external-dns/resource=service/a/b\"",
			"foreign A 60 192.0.2.77", "left A 300 192.0.2.200", "new A 30 192.0.2.1", "other A 60 192.0.2.78")
	})
}

// text is what external's TXT shows.
func text(name string) string {
	return `300 "heritage=external-dns,external-dns/owner=old,external-dns/resource=service/shop/` + name + `"`
}

// TestAdoptionOfWhatChanged: the writer's picture is older than the plan, or the plan
// older than the word. What is no longer as it was planned stays foreign.
func TestAdoptionOfWhatChanged(t *testing.T) {
	for _, tt := range []struct {
		name          string
		before, after func(*inmemory.Server, *testing.T) // the plan
		want          string
	}{
		{"written since the last listing", func(s *inmemory.Server, t *testing.T) { external(t, s, "web") }, nil, "web A 30 192.0.2.1"},
		{"edited since the plan", func(s *inmemory.Server, t *testing.T) { external(t, s, "web") },
			func(s *inmemory.Server, t *testing.T) { s.Edit(hosted.Simple(set(t, "web 300 192.0.2.201"))) }, "web A 300 192.0.2.201"},
		{"given to another since the plan", func(s *inmemory.Server, t *testing.T) { external(t, s, "web") },
			func(s *inmemory.Server, _ *testing.T) {
				s.Edit(hosted.Simple(zone.NewRRset(name_("a-web"), zone.TypeTXT, 300, zone.TXT("heritage=external-dns,external-dns/owner=b,external-dns/resource=x"))))
			}, "web A 300 192.0.2.200"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				server := fresh()
				server.Edit(hosted.Simple(set(t, "web 60 192.0.2.9"))) // nobody's yet
				d := start(t, server, nil, "web 30 192.0.2.1", "keep 30 192.0.2.1")
				pass()
				tt.before(server, t)
				_, all := d.adoption()
				if len(all) != 1 {
					t.Fatalf("%d are planned to be adopted", len(all))
				}
				if tt.after != nil {
					tt.after(server, t)
				}
				d.sync.Adopt(all)
				pass()
				if got := records(t, server); !slices.Contains(got, tt.want) {
					t.Errorf("the hosted zone holds\n\t%s\nwant %s", strings.Join(got, "\n\t"), tt.want)
				}
			})
		})
	}
}

// TestAdoptionMeetsAConflict: external-dns writes its TXT anew at the moment at which it
// is taken over. The batch fails whole, and what is found then is not what was meant.
func TestAdoptionMeetsAConflict(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := fresh()
		external(t, server, "web")
		d := start(t, server, nil, "web 30 192.0.2.1", "keep 30 192.0.2.1")
		pass()
		_, all := d.adoption()
		edited := false
		server.Inject(func(c inmemory.Call) inmemory.Fault {
			if c.Action == inmemory.Apply && !edited {
				edited = true
				server.Edit(hosted.Simple(zone.NewRRset(name_("a-web"), zone.TypeTXT, 60, zone.TXT("heritage=external-dns,external-dns/owner=old,external-dns/resource=service/shop/web"))))
			}
			return inmemory.Fault{}
		})
		d.sync.Adopt(all)
		pass()
		if !slices.Contains(records(t, server), "web A 300 192.0.2.200") || !edited {
			t.Errorf("what changed meanwhile was adopted: %q", records(t, server))
		}
		_, all = d.adoption()
		d.sync.Adopt(all)
		pass()
		want(t, server, "keep A 30 192.0.2.1", "web A 30 192.0.2.1")
		if st := d.sync.Status(); st.Phase != providers.PhaseInSync || st.Calls.Conflicts != 1 {
			t.Errorf("%s after %d conflicts, want InSync after 1", st.Phase, st.Calls.Conflicts)
		}
		if units, err := d.sync.Plan(context.Background()); err != nil || slices.ContainsFunc(units, func(u plan.Unit) bool { return len(u.Changes()) > 0 }) {
			t.Errorf("it is not done: %v %v", units, err)
		}
	})
}
