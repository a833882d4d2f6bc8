package federate

import (
	"context"
	"sync"

	v1 "k8s.io/api/coordination/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	coordination "k8s.io/client-go/kubernetes/typed/coordination/v1"

	"github.com/fedns/fedns/federation/work"
)

// leases are the host's, and tell whether the host has gone back: it was restored from a
// backup, or is another one. Its resource versions are then lower than those seen before,
// and watches that began before are silent until it has come to them again. The Lease of
// who leads is read and written every two seconds, so that this is known soon.
type leases struct {
	coordination.LeasesGetter
	back func(version, was string) // may be called more than once, from any goroutine

	mu   sync.Mutex
	high string // the highest version that was seen
}

// Leases implements coordination.LeasesGetter.
func (l *leases) Leases(namespace string) coordination.LeaseInterface {
	return leasesIn{l.LeasesGetter.Leases(namespace), l}
}

// leasesIn are those of one namespace.
type leasesIn struct {
	coordination.LeaseInterface
	all *leases
}

// Get implements coordination.LeaseInterface.
func (w leasesIn) Get(ctx context.Context, name string, o metav1.GetOptions) (*v1.Lease, error) {
	before := w.all.highest()
	lease, err := w.LeaseInterface.Get(ctx, name, o)
	return w.all.saw(before, lease, err)
}

// Create implements coordination.LeaseInterface.
func (w leasesIn) Create(ctx context.Context, lease *v1.Lease, o metav1.CreateOptions) (*v1.Lease, error) {
	before := w.all.highest()
	lease, err := w.LeaseInterface.Create(ctx, lease, o)
	return w.all.saw(before, lease, err)
}

// Update implements coordination.LeaseInterface.
func (w leasesIn) Update(ctx context.Context, lease *v1.Lease, o metav1.UpdateOptions) (*v1.Lease, error) {
	before := w.all.highest()
	lease, err := w.LeaseInterface.Update(ctx, lease, o)
	return w.all.saw(before, lease, err)
}

func (l *leases) highest() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.high
}

// saw takes note of what a call was answered. before is the highest version as the call
// began: calls that overlap may be answered in any order.
func (l *leases) saw(before string, lease *v1.Lease, err error) (*v1.Lease, error) {
	if err != nil {
		return lease, err
	}
	l.mu.Lock()
	if l.high == "" || work.OlderVersion(l.high, lease.ResourceVersion) {
		l.high = lease.ResourceVersion
	}
	l.mu.Unlock()
	if work.OlderVersion(lease.ResourceVersion, before) {
		l.back(lease.ResourceVersion, before)
	}
	return lease, nil
}
