package propagation

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/rest"

	"github.com/fedns/fedns/federation/work"
)

// world is a Propagator and its members.
type world struct {
	t        *testing.T
	p        *Propagator
	cancel   context.CancelFunc
	done     chan struct{}
	servers  map[string]*apiServer
	term     atomic.Int64
	until    atomic.Pointer[time.Time] // nil: forever
	leads    atomic.Bool               // Confirm says so
	confirms atomic.Int64

	mu       sync.Mutex
	outcomes map[string]work.Outcome // by cluster and key, the last
	history  map[string][]work.Phase
	outrun   int
}

func newWorld(t *testing.T, change func(*Config), clusters ...string) *world {
	t.Helper()
	w := &world{t: t, servers: map[string]*apiServer{}, outcomes: map[string]work.Outcome{}, history: map[string][]work.Phase{}}
	t.Cleanup(func() { goleak.VerifyNone(t, goleak.IgnoreTopFunction("internal/poll.runtime_pollWait")) })
	for _, c := range clusters {
		w.servers[c] = newAPIServer(t)
	}
	w.term.Store(1)
	w.begin(change)
	return w
}

// begin starts a Propagator, as a daemon's start does.
func (w *world) begin(change func(*Config)) {
	w.t.Helper()
	cfg := Config{
		Members: func(name string) (*rest.Config, error) {
			if s := w.servers[name]; s != nil {
				return s.config(), nil
			}
			return nil, errors.New("there is no Secret")
		},
		Tell: w.tell,
		Term: func() (int64, time.Time) {
			if until := w.until.Load(); until != nil {
				return w.term.Load(), *until
			}
			return w.term.Load(), time.Now().Add(time.Hour)
		},
		Confirm: func(context.Context) error {
			w.confirms.Add(1)
			if w.leads.Load() {
				return nil
			}
			return errors.New("somebody else leads")
		},
		Outrun: func(string, work.Key, int64) {
			w.mu.Lock()
			defer w.mu.Unlock()
			w.outrun++
		},
		Shortest: 10 * time.Millisecond, Longest: 100 * time.Millisecond,
		Log: slog.New(slog.DiscardHandler),
	}
	if change != nil {
		change(&cfg)
	}
	p, err := New(cfg)
	if err != nil {
		w.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	w.p, w.cancel, w.done = p, cancel, make(chan struct{})
	done := w.done
	go func() {
		defer close(done)
		if err := p.Run(ctx); err != nil {
			w.t.Errorf("run: %v", err)
		}
	}()
	w.t.Cleanup(w.end)
}

func (w *world) end() {
	w.cancel()
	<-w.done
}

func (w *world) tell(o work.Outcome) {
	w.mu.Lock()
	defer w.mu.Unlock()
	at := o.Cluster + "/" + o.Key.String()
	w.outcomes[at] = o
	w.history[at] = append(w.history[at], o.Phase)
}

func keyOf(o *unstructured.Unstructured) work.Key {
	return work.Key{Kind: o.GroupVersionKind(), Namespace: o.GetNamespace(), Name: o.GetName()}
}

// do orders an object in a cluster.
func (w *world) do(cluster string, o *unstructured.Unstructured, change ...func(*work.Task)) {
	t := work.Task{Cluster: cluster, Key: keyOf(o), Object: o, Origin: "test/" + o.GetName()}
	for _, c := range change {
		c(&t)
	}
	w.p.Do(t)
}

func removal(t *work.Task) { t.Object = nil }

// comes waits for an outcome and returns it.
func (w *world) comes(cluster string, o *unstructured.Unstructured, phase work.Phase, reason string) (got work.Outcome) {
	w.t.Helper()
	eventually(w.t, func() error {
		w.mu.Lock()
		defer w.mu.Unlock()
		at := cluster + "/" + keyOf(o).String()
		if got = w.outcomes[at]; got.Phase != phase || got.Reason != reason {
			return fmt.Errorf("%s is %s %s (%s), not %s %s; it was %v", at, got.Phase, got.Reason, got.Message, phase, reason, w.history[at])
		}
		return nil
	})
	return got
}

func configMap(name string, data map[string]any) *unstructured.Unstructured {
	return object("v1", "ConfigMap", "shop", name, map[string]any{"data": data})
}

func deployment(name string, replicas int64) *unstructured.Unstructured {
	return object("apps/v1", "Deployment", "shop", name, map[string]any{"spec": map[string]any{
		"replicas": replicas,
		"template": map[string]any{"spec": map[string]any{"containers": []any{map[string]any{"name": "web", "image": "nginx:1.10"}}}},
	}})
}

// field is a field of an object, nil: it has none.
func field(o *unstructured.Unstructured, path ...string) any {
	if o == nil {
		return nil
	}
	v, _, _ := unstructured.NestedFieldNoCopy(o.Object, path...)
	return v
}
