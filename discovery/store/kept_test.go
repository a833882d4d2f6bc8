package store

import (
	"reflect"
	"testing"

	"github.com/fedns/fedns/discovery/cluster"
)

// TestSince: what was kept stays while the Store changes around it, and each
// cluster's Group is told before and now.
func TestSince(t *testing.T) {
	key := cluster.ServiceKey{Namespace: "shop", Name: "web"}
	group := func(id cluster.ID, n int) cluster.Group {
		return cluster.Group{Cluster: id, Service: key, Type: cluster.Headless, Endpoints: endpoints(n)}
	}
	s := New()
	a, b, c := group("a", 1), group("b", 2), group("c", 3)
	s.Put(&a, 1)
	s.Put(&c, 1)
	then := s.Kept(key)
	more := group("c", 4)
	s.Put(&b, 1)
	s.Put(&more, 1)
	s.Remove(key, "a")
	first := group("z", 9)
	old, now := s.Since(then, []cluster.Group{first}, nil)
	if want := []cluster.Group{first, a, c}; !reflect.DeepEqual(old, want) {
		t.Errorf("before: got %+v, want %+v", old, want)
	}
	if want := []cluster.Group{b, more}; !reflect.DeepEqual(now, want) {
		t.Errorf("now: got %+v, want %+v", now, want)
	}
	if then = s.Kept(key); then.Has(cluster.LoadBalancer) || !then.Has(cluster.Headless) {
		t.Error("the types of what is kept are not told")
	}
	old, now = s.Since(then, nil, nil)
	if len(old) != 2 || &old[0].Endpoints[0] != &now[0].Endpoints[0] {
		t.Error("what did not change was unpacked twice")
	}
	if !s.Is(key, "b", cluster.Headless) || s.Is(key, "b", cluster.LoadBalancer) || s.Is(key, "a", cluster.Headless) {
		t.Error("the type of a Group is not told")
	}
	for _, g := range samples { // the type is where it is looked for
		h := held{packed: string(Append(nil, &g))}
		if h.typ() != g.Type {
			t.Errorf("%v is read as %v", g.Type, h.typ())
		}
	}
}
