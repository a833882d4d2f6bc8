package karmada

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/fedns/fedns/federation/work/worktest"
)

// clients has another name than the method.
type clients client.Client

// quiet is a host whose kinds are all there and empty, but for a Lease. It is also
// its client; what it does not have may not be called.
type quiet struct {
	clients
	worktest.Watches
	mu      sync.Mutex
	renewed time.Time // the Lease's; zero: there is none
	failing error     // of all calls
}

func (q *quiet) Client() client.Client { return q }

func (q *quiet) Get(_ context.Context, _ client.ObjectKey, o client.Object, _ ...client.GetOption) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	switch {
	case q.failing != nil:
		return q.failing
	case q.renewed.IsZero():
		return apierrors.NewNotFound(schema.GroupResource{Resource: "leases"}, "karmada-controller-manager")
	}
	return unstructured.SetNestedField(o.(*unstructured.Unstructured).Object, q.renewed.UTC().Format(metav1.RFC3339Micro), "spec", "renewTime")
}

func (q *quiet) List(context.Context, client.ObjectList, ...client.ListOption) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.failing
}

func (q *quiet) set(renewed time.Time, failing error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.renewed, q.failing = renewed, failing
}

// put has the watches of objects' kinds tell of them.
func (q *quiet) put(t *testing.T, text string) {
	t.Helper()
	for _, o := range worktest.Objects(t, text) {
		q.Put(t, o)
	}
}

// running runs a dialect in a bubble.
func running(t *testing.T, cfg Config, do func(*Dialect, *worktest.Sink)) {
	cfg.Log = slog.New(slog.DiscardHandler)
	worktest.Run(t, func() (*Dialect, error) { return New(cfg) }, func(_ *testing.T, d *Dialect, e *worktest.Sink) { do(d, e) })
}

func TestRun(t *testing.T) {
	q := &quiet{}
	running(t, Config{Host: q}, func(_ *Dialect, e *worktest.Sink) {
		if o, synced := e.Last(); synced != 1 || o.Template != nil {
			t.Fatalf("an empty host: synced %d times, %v", synced, o.Key)
		}
		deployments := schema.GroupVersionKind{Group: "apps", Version: "v1", Kind: "Deployment"}
		q.put(t, pp("a", ""))
		q.put(t, nginx)
		if o, _ := e.Last(); o.Template == nil || selected(o.Placement.Affinities[0]) != "a" {
			t.Fatalf("told %+v", o)
		}
		q.Remove(t, worktest.Objects(t, nginx)[0])
		if o, _ := e.Last(); o.Template != nil {
			t.Error("the order is not taken back")
		}
		q.Remove(t, worktest.Objects(t, pp("a", ""))[0])
		if q.Watched()[deployments] {
			t.Error("a kind that nobody selects any more is still watched")
		}
		if _, synced := e.Last(); synced != 1 {
			t.Errorf("synced %d times", synced)
		}
	})
}

// TestPeer: beside a Karmada, and while nobody knows, nothing is ordered.
func TestPeer(t *testing.T) {
	t.Run("a Karmada", func(t *testing.T) {
		q := &quiet{}
		synctest.Test(t, func(*testing.T) { q.renewed = time.Now() })
		running(t, Config{Host: q}, func(d *Dialect, e *worktest.Sink) {
			time.Sleep(gone - time.Minute)
			synctest.Wait()
			if _, synced := e.Last(); synced > 0 || len(d.Findings()) != 1 || !strings.Contains(d.Findings()[0].String(), "a Karmada runs in the host") {
				t.Errorf("synced %d times, findings %v", synced, d.Findings())
			}
			time.Sleep(2 * time.Minute) // its Lease is not renewed any more
			synctest.Wait()
			if _, synced := e.Last(); synced != 1 || len(d.Findings()) > 0 {
				t.Errorf("after Karmada: synced %d times, findings %v", synced, d.Findings())
			}
			q.put(t, pp("a", "")+nginx)
			q.set(time.Now(), nil)
			time.Sleep(time.Minute)
			synctest.Wait()
			if o, _ := e.Last(); len(o.Options.Suspend) != 1 {
				t.Errorf("a Karmada that comes back: %+v", o.Options)
			}
			q.set(time.Now(), errors.New("no route"))
			time.Sleep(time.Minute)
			synctest.Wait()
			if o, _ := e.Last(); len(o.Options.Suspend) != 1 {
				t.Errorf("while nobody knows: %+v, want it as it was", o.Options)
			}
		})
	})
	t.Run("on", func(t *testing.T) {
		q := &quiet{renewed: time.Now().AddDate(100, 0, 0)}
		running(t, Config{Host: q, Propagation: On}, func(_ *Dialect, e *worktest.Sink) {
			if _, synced := e.Last(); synced != 1 {
				t.Error("not synced")
			}
		})
	})
	t.Run("off", func(t *testing.T) {
		q := &quiet{}
		running(t, Config{Host: q, Propagation: Off}, func(_ *Dialect, e *worktest.Sink) {
			time.Sleep(time.Hour)
			synctest.Wait()
			if _, synced := e.Last(); synced > 0 || len(q.Watched()) > 0 {
				t.Error("something is watched")
			}
		})
	})
	t.Run("nobody knows", func(t *testing.T) {
		q := &quiet{failing: errors.New("leases is forbidden")}
		running(t, Config{Host: q}, func(d *Dialect, e *worktest.Sink) {
			time.Sleep(time.Hour)
			synctest.Wait()
			if _, synced := e.Last(); synced > 0 || !strings.Contains(d.Findings()[0].String(), "Lease karmada-system/karmada-controller-manager: leases is forbidden") {
				t.Errorf("synced %d times, findings %v", synced, d.Findings())
			}
			q.set(time.Time{}, nil)
			time.Sleep(time.Minute)
			synctest.Wait()
			if _, synced := e.Last(); synced != 1 || len(d.Findings()) > 0 {
				t.Errorf("later: synced %d times, findings %v", synced, d.Findings())
			}
		})
	})
	t.Run("bindings cannot be read", func(t *testing.T) {
		q := &quiet{failing: errors.New("out of order")}
		running(t, Config{Host: q, Propagation: On}, func(d *Dialect, e *worktest.Sink) {
			time.Sleep(time.Hour)
			synctest.Wait()
			if _, synced := e.Last(); synced > 0 || !strings.Contains(d.Findings()[0].String(), "list ResourceBinding: out of order") {
				t.Errorf("synced %d times, findings %v", synced, d.Findings())
			}
			q.set(time.Time{}, nil)
			time.Sleep(2 * time.Minute)
			synctest.Wait()
			if _, synced := e.Last(); synced != 1 {
				t.Error("not synced later")
			}
		})
	})
}

func TestConfig(t *testing.T) {
	for _, tt := range []struct {
		cfg  Config
		want string
	}{
		{Config{}, "no host cluster"},
		{Config{Host: &quiet{}, Propagation: "maybe"}, "karmada.propagation: got \"maybe\""},
		{Config{Host: &quiet{}, Deleted: "Ignore"}, "karmada.policyDeleted: got \"Ignore\""},
	} {
		if _, err := New(tt.cfg); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("got %v, want an error with %q", err, tt.want)
		}
	}
}
