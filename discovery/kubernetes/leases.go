package kubernetes

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/fedns/fedns/discovery/cluster"
)

const (
	// leasePage is how many Leases most looks read: that one node of so many
	// renewed its Lease is enough.
	leasePage = 50
	// leaseWalk is a page of the rest, which is read when none of the first did.
	// Together they are 20,000 nodes, four times what Kubernetes supports.
	leaseWalk, leasePages = 500, 40
	// refusedFactor is how much rarer the look is where it is forbidden.
	refusedFactor = 6
)

// leases looks whether the cluster's nodes renew their Leases in kube-node-lease.
// Clocks of clusters differ: what counts is that a renewTime differs from the one
// seen a look before, and when that was by the clock here.
//
// A page behind another is of the moment of the first (a continue token goes on at
// the same resource version), so it cannot be read again and again by its token
// alone. Each look therefore begins at the first page, and reads on only while
// nothing on it has moved.
type leases struct {
	source *Source
	wake   chan<- struct{}

	renewed map[string]time.Time // by name, as of the last look; owned by run
	pulse   pulse                // owned by run

	mu   sync.Mutex
	told cluster.Liveness
	next *cluster.Liveness // to be told; nil: nothing
}

// run looks until ctx is done.
func (l *leases) run(ctx context.Context) {
	period, window := l.source.timing.lease, l.source.timing.leaseWindow
	var refused sync.Once
	l.pulse = pulse{window: window}
	timer := time.NewTimer(rand.N(period)) // all clusters at once would be a burst
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
		}
		found, err := l.look(ctx, period)
		if ctx.Err() != nil {
			return
		}
		wait := period - period/10 + rand.N(period/5+1)
		if apierrors.IsForbidden(err) {
			wait *= refusedFactor
			refused.Do(func() {
				l.source.log.Warn("node leases are forbidden: whether nodes work is not known", "error", reason(err))
			})
		}
		l.tell(l.pulse.see(time.Now(), found, err))
		timer.Reset(wait)
	}
}

// look reads Leases until one is found that was renewed since the last look, or
// all were read.
func (l *leases) look(ctx context.Context, limit time.Duration) (found sighting, err error) {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	seen := map[string]time.Time{}
	o := metav1.ListOptions{Limit: leasePage}
	for range leasePages {
		page, err := l.source.client.Load().list(ctx, "leases", o)
		if err != nil {
			return found, err
		}
		list, ok := page.(*coordinationv1.LeaseList)
		if !ok || list.ResourceVersion == "" {
			return found, fmt.Errorf("leases: the answer is not the list that was asked for: %T", page)
		}
		for i := range list.Items {
			lease := &list.Items[i]
			if lease.Spec.RenewTime == nil {
				continue // nobody ever renewed it
			}
			found.nodes++
			before, known := l.renewed[lease.Name]
			found.moved = found.moved || known && !before.Equal(lease.Spec.RenewTime.Time)
			seen[lease.Name] = lease.Spec.RenewTime.Time
		}
		found.whole = list.Continue == ""
		if found.whole || found.moved {
			break
		}
		o.Limit, o.Continue = leaseWalk, list.Continue
	}
	l.renewed = seen
	return found, nil
}

// tell has the pump report what differs from what was told.
func (l *leases) tell(now cluster.Liveness) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if now == l.told {
		return
	}
	l.told, l.next = now, &now
	select {
	case l.wake <- struct{}{}:
	default:
	}
}

// take is what is to be told, once; nil: nothing.
func (l *leases) take() *cluster.Liveness {
	if l == nil {
		return nil
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	next := l.next
	l.next = nil
	return next
}
