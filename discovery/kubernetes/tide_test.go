package kubernetes

import (
	"errors"
	"strconv"
	"testing"

	"github.com/fedns/fedns/discovery/cluster"
)

var errTest = errors.New("connection refused")

func TestTide(t *testing.T) {
	for _, c := range []struct {
		name  string
		seen  []string
		lists []string
		want  []cluster.Loss
	}{
		{"versions rise", []string{"5", "7"}, []string{"7", "12"}, []cluster.Loss{cluster.Missing, cluster.Missing}},
		{"as numbers", []string{"99"}, []string{"100", "99"}, []cluster.Loss{cluster.Missing, cluster.Doubtful}},
		{"in doubt until it is where it was", []string{"1000"}, []string{"3", "999", "1000"}, []cluster.Loss{cluster.Doubtful, cluster.Doubtful, cluster.Missing}},
		{"nothing was seen", nil, []string{"1", "2"}, []cluster.Loss{cluster.Missing, cluster.Missing}},
		{"what is no number proves nothing", []string{"abc", "", "0"}, []string{"1", "x7", "1"}, []cluster.Loss{cluster.Missing, cluster.Missing, cluster.Missing}},
		{"longer than a machine's numbers", []string{"99999999999999999999999"}, []string{"18446744073709551615"}, []cluster.Loss{cluster.Doubtful}},
	} {
		t.Run(c.name, func(t *testing.T) {
			var h tide
			for _, v := range c.seen {
				h.reach(v)
			}
			for i, v := range c.lists {
				if got := h.lacks(v); got != c.want[i] {
					t.Errorf("what the list at %s lacks is %v, want %v", v, got, c.want[i])
				}
			}
		})
	}
}

// lostAs waits for a Service to be withdrawn, and says by which evidence.
func (v *view) lostAs(name string) cluster.Loss {
	v.t.Helper()
	key := cluster.ServiceKey{Namespace: "a", Name: name}
	v.await(name+" to be withdrawn", func() bool { _, there := v.groups[key]; return !there })
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.loss[key]
}

func TestLossOfObjects(t *testing.T) {
	for _, streams := range []bool{true, false} {
		t.Run("streams="+strconv.FormatBool(streams), func(t *testing.T) {
			server := newAPIServer(t, service("s", annotated)+service("t", annotated)+service("u", annotated)+service("v", "")+export("v")+service("w", annotated))
			server.streams = streams
			v := observe(t, server, nil)
			v.awaitPhase(cluster.Live)
			v.awaitGroups("a/s", "a/t", "a/u", "a/v", "a/w")
			server.delete("services", "a/s", false)
			if got := v.lostAs("s"); got != cluster.Deleted {
				t.Errorf("an event is evidence %d", got)
			}
			relist := func(change func()) {
				server.set(func() {
					change()
					server.compact = 1 << 30 // every watch has to begin with a list
					server.watches++
				})
			}
			server.delete("services", "a/t", true)
			relist(func() {})
			if got := v.lostAs("t"); got != cluster.Missing {
				t.Errorf("a list is evidence %d", got)
			}
			// The store is restored from a backup.
			relist(func() {
				delete(server.objects["services"], "a/u")
				delete(server.objects["serviceexports"], "a/v")
				server.log, server.version = nil, 3
			})
			if got := v.lostAs("u"); got != cluster.Doubtful {
				t.Errorf("a list of a store that went back is evidence %d", got)
			}
			if got := v.lostAs("v"); got != cluster.Doubtful {
				t.Errorf("a list of exports of a store that went back is evidence %d", got)
			}
			// Events of the store as it is now are as good as ever.
			server.set(func() { server.compact = 0 })
			server.put(service("x", annotated))
			v.await("x to be told", func() bool { _, there := v.groups[cluster.ServiceKey{Namespace: "a", Name: "x"}]; return there })
			server.delete("services", "a/w", false)
			if got := v.lostAs("w"); got != cluster.Deleted {
				t.Errorf("an event after that is evidence %d", got)
			}
		})
	}
}
