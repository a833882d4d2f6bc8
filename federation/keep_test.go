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
