package propagation

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/yaml"

	"github.com/fedns/fedns/federation/propagation"
	"github.com/fedns/fedns/federation/work"
	"github.com/fedns/fedns/integration/harness"
)

// within is how soon a member has what is ordered, on a machine that does other
// things as well.
const within = 20 * time.Second

// world is members and a Propagator.
type world struct {
	t      *testing.T // the subtest's
	whole  *testing.T // what the Propagator lives as long as
	fleet  *harness.Fleet
	p      *propagation.Propagator
	cancel context.CancelFunc
	done   chan struct{}
	term   atomic.Int64

	mu       sync.Mutex
	outcomes map[string]work.Outcome // by cluster and key, the last
	calls    []string                // cluster and verb of those that write
}

func newWorld(t *testing.T, clusters ...string) *world {
	t.Helper()
	specs := make([]harness.Spec, len(clusters))
	for i, name := range clusters {
		specs[i] = harness.Spec{Name: name, Nodes: 1}
	}
	w := &world{t: t, whole: t, fleet: harness.Start(t, harness.Options{Clusters: specs}), outcomes: map[string]work.Outcome{}}
	for _, name := range clusters {
		if err := w.fleet.Cluster(name).Apply(t.Context(), "{apiVersion: v1, kind: Namespace, metadata: {name: shop}}"); err != nil {
			t.Fatal(err)
		}
	}
	w.begin()
	return w
}

// begin starts a Propagator with another term, as a daemon's start does.
func (w *world) begin() {
	w.t.Helper()
	w.term.Add(1)
	p, err := propagation.New(propagation.Config{
		Members: func(name string) (*rest.Config, error) { return w.fleet.Cluster(name).RESTConfig(), nil },
		Tell: func(o work.Outcome) {
			w.mu.Lock()
			defer w.mu.Unlock()
			w.outcomes[o.Cluster+" "+o.Key.String()] = o
		},
		Term:    func() (int64, time.Time) { return w.term.Load(), time.Now().Add(time.Minute) },
		Confirm: func(context.Context) error { return errors.New("nobody is asked") },
		Called: func(c propagation.Call) {
			if slices.Contains([]string{"get", "list", "watch", "discover"}, c.Verb) {
				return
			}
			w.mu.Lock()
			defer w.mu.Unlock()
			w.calls = append(w.calls, c.Cluster+" "+c.Verb)
		},
		CallTimeout: 3 * time.Second,
		Log:         slog.New(slog.NewTextHandler(w.whole.Output(), nil)),
	})
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
	w.whole.Cleanup(w.end)
}

func (w *world) end() {
	w.cancel()
	<-w.done
}

// wrote is the calls that wrote to a cluster so far.
func (w *world) wrote(cluster string) []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(w.calls), func(c string) bool { return !strings.HasPrefix(c, cluster+" ") })
}

func parse(t *testing.T, text string, args ...any) *unstructured.Unstructured {
	t.Helper()
	raw, err := yaml.YAMLToJSON(fmt.Appendf(nil, text, args...))
	if err != nil {
		t.Fatal(err)
	}
	o := &unstructured.Unstructured{}
	if err := o.UnmarshalJSON(raw); err != nil {
		t.Fatal(err)
	}
	return o
}

func keyOf(o *unstructured.Unstructured) work.Key {
	return work.Key{Kind: o.GroupVersionKind(), Namespace: o.GetNamespace(), Name: o.GetName()}
}

func (w *world) do(cluster string, o *unstructured.Unstructured, change ...func(*work.Task)) {
	t := work.Task{Cluster: cluster, Key: keyOf(o), Object: o, Origin: "test/" + o.GetName()}
	for _, c := range change {
		c(&t)
	}
	w.p.Do(t)
}

func removal(t *work.Task) { t.Object = nil }

// comes waits for an outcome.
func (w *world) comes(cluster string, o *unstructured.Unstructured, phase work.Phase, reason string) (got work.Outcome) {
	w.t.Helper()
	harness.Eventually(w.t, within, func(context.Context) error {
		w.mu.Lock()
		defer w.mu.Unlock()
		at := cluster + " " + keyOf(o).String()
		if got = w.outcomes[at]; got.Phase != phase || got.Reason != reason {
			return fmt.Errorf("%s is %s %s (%s), not %s %s", at, got.Phase, got.Reason, got.Message, phase, reason)
		}
		return nil
	})
	return got
}

// live reads an object as an administrator; nil: it is not there.
func (w *world) live(cluster string, o *unstructured.Unstructured) *unstructured.Unstructured {
	w.t.Helper()
	resource, _ := meta.UnsafeGuessKindToResource(o.GroupVersionKind())
	got, err := w.fleet.Cluster(cluster).Dynamic().Resource(resource).Namespace(o.GetNamespace()).Get(w.t.Context(), o.GetName(), metav1.GetOptions{})
	if err != nil {
		return nil
	}
	return got
}

// becomes waits until a field of an object in a member has a value.
func (w *world) becomes(cluster string, o *unstructured.Unstructured, want any, path ...string) {
	w.t.Helper()
	harness.Eventually(w.t, within, func(context.Context) error {
		live := w.live(cluster, o)
		if live == nil {
			return fmt.Errorf("it is not there")
		}
		if got, _, _ := unstructured.NestedFieldNoCopy(live.Object, path...); fmt.Sprint(got) != fmt.Sprint(want) {
			return fmt.Errorf("%v is %v, not %v", path, got, want)
		}
		return nil
	})
}

// merge changes an object in a member as somebody else.
func (w *world) merge(cluster string, o *unstructured.Unstructured, who, patch string, subresources ...string) {
	w.t.Helper()
	resource, _ := meta.UnsafeGuessKindToResource(o.GroupVersionKind())
	w.mergeOf(cluster, resource, o, who, patch, subresources...)
}

func (w *world) mergeOf(cluster string, resource schema.GroupVersionResource, o *unstructured.Unstructured, who, patch string, subresources ...string) {
	w.t.Helper()
	_, err := w.fleet.Cluster(cluster).Dynamic().Resource(resource).Namespace(o.GetNamespace()).
		Patch(w.t.Context(), o.GetName(), "application/merge-patch+json", []byte(patch), metav1.PatchOptions{FieldManager: who}, subresources...)
	if err != nil {
		w.t.Fatal(err)
	}
}
