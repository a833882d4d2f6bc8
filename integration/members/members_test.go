package members

import (
	"context"
	"errors"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/rest"

	"github.com/fedns/fedns/federation/propagation"
	"github.com/fedns/fedns/federation/work"
)

// patience is how long a condition may take on a busy machine.
const patience = 30 * time.Second

var deployments = schema.GroupVersionKind{Group: "apps", Version: "v1", Kind: "Deployment"}

// people is fedns' own Propagator before a fleet.
type people struct {
	t     *testing.T
	fleet *Fleet
	*propagation.Propagator
	end func()

	mu     sync.Mutex
	phases map[string]work.Outcome // by cluster
}

func propagate(t *testing.T, f *Fleet, term int64) *people {
	t.Helper()
	p := &people{t: t, fleet: f, phases: map[string]work.Outcome{}}
	var err error
	p.Propagator, err = propagation.New(propagation.Config{
		Members: func(name string) (*rest.Config, error) {
			return &rest.Config{Host: "http://" + f.addr + "/" + name}, nil
		},
		Tell: func(o work.Outcome) {
			p.mu.Lock()
			defer p.mu.Unlock()
			p.phases[o.Cluster] = o
		},
		Term:     func() (int64, time.Time) { return term, time.Now().Add(time.Minute) },
		Confirm:  func(context.Context) error { return errors.New("nobody is asked") },
		Shortest: time.Millisecond, Longest: 20 * time.Millisecond, CreateNamespaces: true, Log: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { _ = p.Run(ctx) })
	p.end = sync.OnceFunc(func() { cancel(); running.Wait() })
	t.Cleanup(p.end)
	return p
}

// order has all members have a Deployment with an image; "": none.
func (p *people) order(image string) {
	key := work.Key{Kind: deployments, Namespace: "shop", Name: "web"}
	var o *unstructured.Unstructured
	if image != "" {
		o = &unstructured.Unstructured{Object: map[string]any{
			"apiVersion": "apps/v1", "kind": "Deployment", "metadata": map[string]any{"name": "web", "namespace": "shop", "annotations": map[string]any{"image": image}},
			"spec": map[string]any{"replicas": int64(3), "template": map[string]any{"spec": map[string]any{"containers": []any{map[string]any{"name": "web", "image": image}}}}},
		}}
	}
	p.mu.Lock()
	clear(p.phases)
	p.mu.Unlock()
	for _, m := range p.fleet.Members {
		p.Do(work.Task{Cluster: m.Name, Key: key, Object: o, Origin: "test"})
	}
}

func (p *people) await(want work.Phase, n int) {
	p.t.Helper()
	for deadline := time.Now().Add(patience); ; time.Sleep(time.Millisecond) {
		p.mu.Lock()
		got := 0
		for _, o := range p.phases {
			if o.Phase == want {
				got++
			}
		}
		all := slices.Collect(maps.Values(p.phases))
		p.mu.Unlock()
		if got == n {
			return
		}
		if time.Now().After(deadline) {
			p.t.Fatalf("%d of %d are %s: %+v", got, n, want, all)
		}
	}
}

func start(t *testing.T, n int) *Fleet {
	t.Helper()
	f, err := Start(t.Context(), n)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(f.Close)
	return f
}

func writes(f *Fleet) Counts {
	c := f.Counts()
	maps.DeleteFunc(c, func(verb string, _ int) bool {
		return !slices.Contains([]string{"create", "apply", "patch", "delete"}, verb)
	})
	return c
}

// TestPropagated: fedns writes what has to be written, once, and knows what is right.
func TestPropagated(t *testing.T) {
	const n = 3
	f := start(t, n)
	var mu sync.Mutex
	seen := map[string]int{}
	f.OnWrite(func(w Write) {
		mu.Lock()
		defer mu.Unlock()
		if w.Resource == "deployments" {
			seen[w.Verb+" "+w.Annotations["image"]]++
		}
	})
	p := propagate(t, f, 1)
	p.order("web:1")
	p.await(work.Applied, n)
	for _, o := range p.phases {
		if o.Ready != 3 || o.Health != work.Healthy {
			t.Errorf("%+v, want three replicas to be ready at once", o)
		}
	}
	// A first creation finds no namespace.
	if got, want := writes(f), (Counts{"create": 3 * n}); !maps.Equal(got, want) {
		t.Errorf("created with %v, want %v", got, want)
	}
	p.order("web:2")
	p.await(work.Applied, n)
	if got, want := writes(f), (Counts{"create": 3 * n, "patch": n, "apply": n}); !maps.Equal(got, want) {
		t.Errorf("changed with %v, want %v", got, want)
	}
	p.end()

	p = propagate(t, f, 2)
	before := writes(f)
	p.order("web:2")
	p.await(work.Applied, n)
	if got := writes(f); !maps.Equal(got, before) {
		t.Errorf("after a restart %v, want %v", got, before)
	}
	p.order("")
	p.await(work.Removed, n)
	if left := f.Objects("deployments"); left != 0 {
		t.Errorf("%d objects are left", left)
	}
	mu.Lock()
	defer mu.Unlock()
	if want := map[string]int{"create web:1": n, "apply web:2": n, "delete web:2": n}; !maps.Equal(seen, want) {
		t.Errorf("told of %v, want %v", seen, want)
	}
}

// TestFaults: one member's fault is its own, and ends when it is told to.
func TestFaults(t *testing.T) {
	for what, fault := range map[string]Fault{"hangs": Hangs, "rejects": Rejects, "gone": Gone} {
		t.Run(what, func(t *testing.T) {
			const n = 3
			f := start(t, n)
			f.Members[1].Set(fault)
			p := propagate(t, f, 1)
			p.order("web:1")
			p.await(work.Applied, n-1)
			if f.Members[1].Objects("deployments") != 0 {
				t.Error("the member has taken an object in")
			}
			f.Members[1].Set(None)
			p.await(work.Applied, n)
		})
	}
}
