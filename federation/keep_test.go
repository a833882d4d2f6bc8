package federation

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fedns/fedns/federation/work"
)

func TestLostBindingIsStoredAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &people{name: "people", orders: []work.Order{deployment("web", 2)}}
		h := begin(t, newMemory(), newFleet(t, "a"), nil, p)
		defer h.stop()
		after(30 * time.Second)
		web := p.orders[0].Key
		was, _ := h.store.get(web)
		for _, fail := range []error{nil, errors.New("the host is full")} {
			h.store.mu.Lock()
			delete(h.store.all, web)
			delete(h.store.reports, web)
			h.store.fail = fail
			h.store.mu.Unlock()
			h.Lost(web)
			after(time.Second)
			h.store.mu.Lock()
			h.store.fail = nil
			h.store.mu.Unlock()
			after(time.Second)
			if b, _ := h.store.get(web); !b.Equal(was) {
				t.Errorf("stored is %+v, want it as it was", b)
			}
			if len(h.store.reports[web].Clusters) != 1 {
				t.Error("its status is not told again")
			}
		}
		h.Lost(key(deployments, "other")) // nobody knows it
		h.store.mu.Lock()
		puts := h.store.puts
		h.store.mu.Unlock()
		after(time.Minute)
		if h.store.puts != puts {
			t.Error("it is stored again and again")
		}
	})
}

func TestAnotherVersionOfAKindIsTheSameBinding(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		old := deployment("web", 4)
		old.Key.Kind.Version = "v1beta1"
		p, f, store := &people{name: "people", orders: []work.Order{old}}, newFleet(t, "a", "b"), newMemory()
		h := begin(t, store, f, nil, p)
		after(30 * time.Second)
		was, _ := store.get(old.Key)
		h.stop()
		f.done()
		p = &people{name: "people", orders: []work.Order{deployment("web", 4)}}
		h = begin(t, store, f, nil, p)
		defer h.stop()
		after(time.Minute)
		web := p.orders[0].Key
		b, ok := store.get(web)
		if !ok || !b.State.Equal(was.State) || len(b.Removing) > 0 {
			t.Errorf("of the new version is stored %+v, want %+v", b, was)
		}
		if _, ok := store.get(old.Key); ok {
			t.Error("the Binding of the old version is left")
		}
		if did := f.done(); slices.ContainsFunc(did, func(s string) bool { return !strings.HasPrefix(s, "apply") && !strings.HasPrefix(s, "ready") }) {
			t.Errorf("another version did %v, want it to be applied", did)
		}
		if n := len(h.Bindings(false)); n != 1 {
			t.Errorf("%d Keys are known, want the new one", n)
		}
	})
}

// TestEditedBindingIsPutRight: at once, and told; whoever goes on is answered later
// and later.
func TestEditedBindingIsPutRight(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, x := &people{name: "people", orders: []work.Order{deployment("web", 2)}}, &told{}
		h := begin(t, newMemory(), newFleet(t, "a", "b"), func(c *Config) { c.Tell = x.tell }, p)
		defer h.stop()
		after(30 * time.Second)
		web := p.orders[0].Key
		was, _ := h.store.get(web)
		x.taken()
		puts := func() int {
			h.store.mu.Lock()
			defer h.store.mu.Unlock()
			return h.store.puts
		}
		edit := func() {
			bad := was
			bad.Targets = nil
			h.store.mu.Lock()
			h.store.all[web] = bad
			h.store.mu.Unlock()
			h.Edited(web)
		}
		before := puts()
		edit()
		after(10 * time.Millisecond)
		if b, _ := h.store.get(web); !b.Equal(was) || puts() != before+1 {
			t.Errorf("after %d writes stored is %+v, want it as it was after one", puts()-before, b)
		}
		x.want(t, "when it was edited", "Warning Deployment/web BindingRestored: the Binding of Deployment.apps shop/web was changed by somebody")
		before = puts()
		for range 600 { // somebody who puts it wrong whenever it is put right
			if b, _ := h.store.get(web); b.Equal(was) {
				edit()
			}
			after(time.Second)
		}
		if n := puts() - before; n < 5 || n > 60 {
			t.Errorf("it was written %d times in ten minutes", n)
		}
		after(20 * time.Minute)
		if b, _ := h.store.get(web); !b.Equal(was) {
			t.Errorf("in the end stored is %+v", b)
		}
		before = puts()
		edit()
		after(10 * time.Millisecond)
		if puts() != before+1 {
			t.Error("long after, it is not put right at once")
		}
		h.Edited(key(deployments, "other")) // nobody knows it
	})
}

// TestAnotherVersionIsOrderedMeanwhile: who orders another version of an object while it
// stands has nothing removed, whichever comes first.
func TestAnotherVersionIsOrderedMeanwhile(t *testing.T) {
	for _, name := range []string{"the new order first", "the end of the old one first"} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				old, web := deployment("web", 4), deployment("web", 4)
				old.Key.Kind.Version = "v1beta1"
				p, f, store := &people{name: "people", orders: []work.Order{old}}, newFleet(t, "a", "b"), newMemory()
				h := begin(t, store, f, nil, p)
				defer h.stop()
				after(time.Minute)
				was, _ := store.get(old.Key)
				f.done()
				gone := old
				gone.Template = nil
				orders := []work.Order{web, gone}
				if name != "the new order first" {
					slices.Reverse(orders)
				}
				for _, o := range orders {
					p.order(o)
				}
				after(time.Minute)
				if b, ok := store.get(web.Key); !ok || !b.State.Equal(was.State) || len(b.Removing) > 0 {
					t.Errorf("of the new version is stored %+v, want %+v", b, was)
				}
				for _, s := range f.done() {
					if strings.HasPrefix(s, "remove") {
						t.Errorf("another version did %q", s)
					}
				}
				if n := len(h.Bindings(false)); n != 1 {
					t.Errorf("%d Keys are known, want the new one", n)
				}
				web.Template = nil
				p.order(web)
				after(time.Minute)
				if _, ok := store.get(web.Key); ok {
					t.Error("it cannot be removed any more")
				}
			})
		})
	}
}
