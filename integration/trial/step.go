package trial

import (
	"context"
	"fmt"
	"strings"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/fedns/fedns/federation/work"
	"github.com/fedns/fedns/integration/harness"
)

// Apply applies objects to the host.
func (w *Trial[D, F]) Apply(text string) {
	w.T.Helper()
	if err := w.Host.Apply(w.T.Context(), text); err != nil {
		w.T.Fatal(err)
	}
}

// Synced says that the dialect has told everything there was.
func (w *Trial[D, F]) Synced() bool {
	_, synced := w.Sink.Last()
	return synced > 0
}

// Await waits until something is so, for 15 s at most.
func (w *Trial[D, F]) Await(what string, so func() bool) {
	w.T.Helper()
	ctx, cancel := context.WithTimeout(w.T.Context(), 15*time.Second)
	defer cancel()
	if err := harness.Wait(ctx, func(context.Context) error {
		if !so() {
			return fmt.Errorf("%s: not yet; %d orders", what, w.Sink.Told())
		}
		return nil
	}); err != nil {
		w.T.Fatalf("%v; findings: %v", err, w.Dialect.Findings())
	}
}

// Order awaits an order that is as it is wanted.
func (w *Trial[D, F]) Order(key work.Key, what string, so func(work.Order) bool) (got work.Order) {
	w.T.Helper()
	w.Await(what, func() bool {
		o, ok := w.Sink.Of(key)
		got = o
		return ok && so(o)
	})
	return got
}

// Finding awaits a finding that reads as it is wanted.
func (w *Trial[D, F]) Finding(want string) {
	w.T.Helper()
	w.Await("a finding: "+want, func() bool {
		for _, f := range w.Dialect.Findings() {
			if fmt.Sprint(f) == want {
				return true
			}
		}
		return false
	})
}

// Get is an object of the host; nil: it is not there.
func (w *Trial[D, F]) Get(kind schema.GroupVersionKind, namespace, name string) *unstructured.Unstructured {
	w.T.Helper()
	o := &unstructured.Unstructured{}
	o.SetGroupVersionKind(kind)
	err := w.Objects.Client().Get(w.T.Context(), client.ObjectKey{Namespace: namespace, Name: name}, o)
	if apierrors.IsNotFound(err) {
		return nil
	}
	if err != nil {
		w.T.Fatal(err)
	}
	return o
}

// Tell tells the dialect what came of an order.
func (w *Trial[D, F]) Tell(r work.Report) {
	w.T.Helper()
	ctx, cancel := context.WithTimeout(w.T.Context(), 10*time.Second)
	defer cancel()
	if err := w.Dialect.Report(ctx, r); err != nil {
		w.T.Fatal(err)
	}
}

// Kubectl compares how what kubectl prints begins, words only.
func (w *Trial[D, F]) Kubectl(args, want string) {
	w.T.Helper()
	out, err := w.Host.Kubectl(w.T.Context(), strings.Fields(args)...)
	if got := strings.Join(strings.Fields(string(out)), " "); err != nil || !strings.HasPrefix(got, want) {
		w.T.Errorf("kubectl %s: %q, %v, want %q", args, got, err, want)
	}
}
