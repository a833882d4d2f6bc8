package recordsync

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	v1 "k8s.io/api/coordination/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	coordination "k8s.io/client-go/kubernetes/typed/coordination/v1"
)

// board is a host cluster with one Lease. It refuses updates of what has changed, as
// an API server does.
type board struct {
	mu    sync.Mutex
	lease *v1.Lease
	rev   int
}

// replica is one fedns's client of it, which may be cut off.
type replica struct {
	coordination.LeaseInterface
	*board
	cut bool
}

func (r *replica) Leases(string) coordination.LeaseInterface { return r }

// ask locks the board; the error is the network's.
func (r *replica) ask() error {
	r.mu.Lock()
	if r.cut {
		r.mu.Unlock()
		return errors.New("no route to host")
	}
	return nil
}

func (r *replica) setCut(cut bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.cut = cut
}

var leases = schema.GroupResource{Group: "coordination.k8s.io", Resource: "leases"}

func (r *replica) Get(_ context.Context, name string, _ metav1.GetOptions) (*v1.Lease, error) {
	if err := r.ask(); err != nil {
		return nil, err
	}
	defer r.mu.Unlock()
	if r.lease == nil {
		return nil, apierrors.NewNotFound(leases, name)
	}
	return r.lease.DeepCopy(), nil
}

func (r *replica) Create(_ context.Context, l *v1.Lease, _ metav1.CreateOptions) (*v1.Lease, error) {
	if err := r.ask(); err != nil {
		return nil, err
	}
	defer r.mu.Unlock()
	if r.lease != nil {
		return nil, apierrors.NewAlreadyExists(leases, l.Name)
	}
	return r.put(l), nil
}

func (r *replica) Update(_ context.Context, l *v1.Lease, _ metav1.UpdateOptions) (*v1.Lease, error) {
	if err := r.ask(); err != nil {
		return nil, err
	}
	defer r.mu.Unlock()
	if r.lease == nil || l.ResourceVersion != r.lease.ResourceVersion {
		return nil, apierrors.NewConflict(leases, l.Name, errors.New("it has changed"))
	}
	return r.put(l), nil
}

func (r *replica) put(l *v1.Lease) *v1.Lease {
	r.rev++
	r.lease = l.DeepCopy()
	r.lease.ResourceVersion = string(rune('a' + r.rev%26)) // differs from the one before
	return r.lease.DeepCopy()
}

// rota tells who leads, and whether two ever did.
type rota struct {
	mu   sync.Mutex
	who  map[string]bool
	both bool
}

func (r *rota) lead(name string) func(context.Context) {
	return func(ctx context.Context) {
		r.set(name, true)
		<-ctx.Done()
		r.set(name, false)
	}
}

func (r *rota) set(name string, leads bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if delete(r.who, name); leads {
		r.who[name] = true
	}
	r.both = r.both || len(r.who) > 1
}

func (r *rota) now() (all string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for n := range r.who {
		all += n
	}
	return all
}

// TestLeaseHandOver: one replica writes at a time. Who ends gives the Lease up; who is
// cut off has stopped before the next one begins; who comes back follows.
func TestLeaseHandOver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		host := &board{}
		on := &rota{who: map[string]bool{}}
		clients := map[string]*replica{"a": {board: host}, "b": {board: host}}
		stop := map[string]func(){}
		var running sync.WaitGroup
		run := func(name string) {
			ctx, cancel := context.WithCancel(context.Background())
			refused := true // the kubeconfig cannot be read at first
			follow := leading(LeaseName, func() (coordination.LeasesGetter, error) {
				if refused {
					refused = false
					return nil, errors.New("no kubeconfig")
				}
				return clients[name], nil
			}, "fedns-system", name, slog.New(slog.DiscardHandler))
			running.Go(func() { follow(ctx, on.lead(name)) })
			stop[name] = cancel
		}
		leads := func(when, want string) {
			t.Helper()
			synctest.Wait()
			if got := on.now(); got != want {
				t.Errorf("%s: %q leads, want %q", when, got, want)
			}
		}
		run("a")
		time.Sleep(2 * retryPeriod)
		leads("alone", "a")
		run("b")
		time.Sleep(time.Minute)
		leads("beside another", "a")
		clients["a"].setCut(true)
		time.Sleep(renewDeadline + 2*retryPeriod)
		leads("cut off for longer than it may", "")
		time.Sleep(leaseDuration)
		leads("the other, once the Lease is over", "b")
		clients["a"].setCut(false)
		time.Sleep(time.Minute)
		leads("who comes back follows", "b")
		stop["b"]()
		time.Sleep(2 * retryPeriod)
		leads("who ends gives it up", "a")
		stop["a"]()
		running.Wait()
		leads("all have ended", "")
		if on.both {
			t.Error("two led at a time")
		}
	})
}
