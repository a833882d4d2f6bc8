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

	"github.com/fedns/fedns/federation/host"
	"github.com/fedns/fedns/federation/work"
)

// clients has another name than the method.
type clients client.Client

// quiet is a host whose kinds are all there and empty, but for a Lease. It is also
// its client; what it does not have may not be called.
type quiet struct {
	clients
	mu      sync.Mutex
	renewed time.Time // the Lease's; zero: there is none
	failing error     // of all calls
	watched map[schema.GroupVersionKind]host.Handler
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

func (q *quiet) Watch(ctx context.Context, kind schema.GroupVersionKind, to host.Handler) error {
	q.mu.Lock()
	if q.watched == nil {
		q.watched = map[schema.GroupVersionKind]host.Handler{}
	}
	q.watched[kind] = to
	q.mu.Unlock()
	to.Synced()
	<-ctx.Done()
	q.mu.Lock()
	defer q.mu.Unlock()
	delete(q.watched, kind)
	return nil
}

func (q *quiet) set(renewed time.Time, failing error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.renewed, q.failing = renewed, failing
}

// put has the watch of an object's kind tell of it.
func (q *quiet) put(t *testing.T, text string) {
	t.Helper()
	for _, o := range objects(t, text) {
		q.mu.Lock()
		to, ok := q.watched[o.GroupVersionKind()]
		q.mu.Unlock()
		if !ok {
			t.Fatalf("nobody watches %s", o.GroupVersionKind())
		}
		to.Put(o)
		synctest.Wait()
	}
}

// ear is a work.Sink.
type ear struct {
	mu     sync.Mutex
	orders []work.Order
	synced int
}

func (e *ear) Order(o work.Order) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.orders = append(e.orders, o)
}

func (e *ear) Synced(string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.synced++
}

// last is the last order; the zero Order: there was none.
func (e *ear) last() (o work.Order, synced int) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if len(e.orders) > 0 {
		o = e.orders[len(e.orders)-1]
	}
	return o, e.synced
}

// running runs a dialect in a bubble.
func running(t *testing.T, cfg Config, do func(*Dialect, *ear)) {
	synctest.Test(t, func(t *testing.T) {
		cfg.Log = slog.New(slog.DiscardHandler)
		d, err := New(cfg)
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		e := &ear{}
		var wait sync.WaitGroup
		wait.Go(func() {
			if err := d.Run(ctx, e); err != nil {
				t.Errorf("Run: %v", err)
			}
		})
		synctest.Wait()
		do(d, e)
		cancel()
		wait.Wait()
		if err := d.Report(t.Context(), work.Report{}); err == nil {
			t.Error("a report is taken in after the end")
		}
	})
}

func TestRun(t *testing.T) {
	q := &quiet{}
	running(t, Config{Host: q}, func(_ *Dialect, e *ear) {
		if o, synced := e.last(); synced != 1 || o.Template != nil {
			t.Fatalf("an empty host: synced %d times, %v", synced, o.Key)
		}
		deployments := schema.GroupVersionKind{Group: "apps", Version: "v1", Kind: "Deployment"}
		q.put(t, pp("a", ""))
		q.put(t, nginx)
		if o, _ := e.last(); o.Template == nil || selected(o.Placement.Affinities[0]) != "a" {
			t.Fatalf("told %+v", o)
		}
		q.watched[deployments].Delete(objects(t, nginx)[0])
		synctest.Wait()
		if o, _ := e.last(); o.Template != nil {
			t.Error("the order is not taken back")
		}
		q.watched[propagationPolicy].Delete(objects(t, pp("a", ""))[0])
		synctest.Wait()
		if _, ok := q.watched[deployments]; ok {
			t.Error("a kind that nobody selects any more is still watched")
		}
		if _, synced := e.last(); synced != 1 {
			t.Errorf("synced %d times", synced)
		}
	})
}

// TestPeer: beside a Karmada, and while nobody knows, nothing is ordered.
func TestPeer(t *testing.T) {
	t.Run("a Karmada", func(t *testing.T) {
		q := &quiet{}
		synctest.Test(t, func(*testing.T) { q.renewed = time.Now() })
		running(t, Config{Host: q}, func(d *Dialect, e *ear) {
			time.Sleep(gone - time.Minute)
			synctest.Wait()
			if _, synced := e.last(); synced > 0 || len(d.Findings()) != 1 || !strings.Contains(d.Findings()[0].String(), "a Karmada runs in the host") {
				t.Errorf("synced %d times, findings %v", synced, d.Findings())
			}
			time.Sleep(2 * time.Minute) // its Lease is not renewed any more
			synctest.Wait()
			if _, synced := e.last(); synced != 1 || len(d.Findings()) > 0 {
				t.Errorf("after Karmada: synced %d times, findings %v", synced, d.Findings())
			}
			q.put(t, pp("a", "")+nginx)
			q.set(time.Now(), nil)
			time.Sleep(time.Minute)
			synctest.Wait()
			if o, _ := e.last(); len(o.Options.Suspend) != 1 {
				t.Errorf("a Karmada that comes back: %+v", o.Options)
			}
			q.set(time.Now(), errors.New("no route"))
			time.Sleep(time.Minute)
			synctest.Wait()
			if o, _ := e.last(); len(o.Options.Suspend) != 1 {
				t.Errorf("while nobody knows: %+v, want it as it was", o.Options)
			}
		})
	})
	t.Run("on", func(t *testing.T) {
		q := &quiet{renewed: time.Now().AddDate(100, 0, 0)}
		running(t, Config{Host: q, Propagation: On}, func(_ *Dialect, e *ear) {
			if _, synced := e.last(); synced != 1 {
				t.Error("not synced")
			}
		})
	})
	t.Run("off", func(t *testing.T) {
		q := &quiet{}
		running(t, Config{Host: q, Propagation: Off}, func(_ *Dialect, e *ear) {
			time.Sleep(time.Hour)
			synctest.Wait()
			if _, synced := e.last(); synced > 0 || len(q.watched) > 0 {
				t.Error("something is watched")
			}
		})
	})
	t.Run("nobody knows", func(t *testing.T) {
		q := &quiet{failing: errors.New("leases is forbidden")}
		running(t, Config{Host: q}, func(d *Dialect, e *ear) {
			time.Sleep(time.Hour)
			synctest.Wait()
			if _, synced := e.last(); synced > 0 || !strings.Contains(d.Findings()[0].String(), "Lease karmada-system/karmada-controller-manager: leases is forbidden") {
				t.Errorf("synced %d times, findings %v", synced, d.Findings())
			}
			q.set(time.Time{}, nil)
			time.Sleep(time.Minute)
			synctest.Wait()
			if _, synced := e.last(); synced != 1 || len(d.Findings()) > 0 {
				t.Errorf("later: synced %d times, findings %v", synced, d.Findings())
			}
		})
	})
	t.Run("bindings cannot be read", func(t *testing.T) {
		q := &quiet{failing: errors.New("out of order")}
		running(t, Config{Host: q, Propagation: On}, func(d *Dialect, e *ear) {
			time.Sleep(time.Hour)
			synctest.Wait()
			if _, synced := e.last(); synced > 0 || !strings.Contains(d.Findings()[0].String(), "list ResourceBinding: out of order") {
				t.Errorf("synced %d times, findings %v", synced, d.Findings())
			}
			q.set(time.Time{}, nil)
			time.Sleep(2 * time.Minute)
			synctest.Wait()
			if _, synced := e.last(); synced != 1 {
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
