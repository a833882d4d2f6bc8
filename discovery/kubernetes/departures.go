package kubernetes

import (
	"context"
	"sync"
	"time"

	"github.com/fedns/fedns/discovery/cluster"
	"github.com/fedns/fedns/discovery/guarantee"
)

// departures are custom resources that were seen deleted, and wait until it is known
// whether they were by themselves. Who removes a CRD removes all its objects first, one
// DELETE event each, and hardly means them: an upgrade installs it anew. Discovery tells:
// what is on its way out is served without the verb create (k8s.io/apiextensions-apiserver,
// customresource_discovery_controller).
//
// put and replace are what a reflector calls, and belong to its goroutine; run is another.
type departures[T any] struct {
	// stands says that the definition is served, and not on its way out.
	stands func(context.Context) (bool, error)
	pause  time.Duration // until discovery is asked, so that it has heard itself
	again  time.Duration // until it is asked again where it did not answer
	key    func(T) cluster.ServiceKey
	to     sink[T]
	wake   chan struct{} // holds one

	mu      sync.Mutex
	waiting map[cluster.ServiceKey]uint64 // by number of the event
	events  uint64
}

// sink takes in what becomes of objects.
type sink[T any] struct {
	put     func(T)
	drop    func(cluster.ServiceKey, cluster.Loss)
	replace func([]T, cluster.Loss)
}

// lapse says that a definition was gone since its objects were listed last.
type lapse bool

// end is the evidence by which the next list lacks what it lacks: after a lapse it
// does not tell what was there before.
func (l *lapse) end(how cluster.Loss) cluster.Loss {
	if bool(*l) && guarantee.Holds(guarantee.MissingCRDStands) {
		how = cluster.Doubtful
	}
	*l = false
	return how
}

// newDepartures tells of objects as soon as it is known why they go.
func newDepartures[T any](timing timing, stands func(context.Context) (bool, error), key func(T) cluster.ServiceKey, to sink[T]) *departures[T] {
	return &departures[T]{stands: stands, pause: timing.settle, again: timing.pollFirst, key: key, to: to,
		wake: make(chan struct{}, 1), waiting: map[cluster.ServiceKey]uint64{}}
}

// put takes in an object that appeared or changed: one that is there again never went.
func (d *departures[T]) put(o T) {
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.waiting, d.key(o))
	d.to.put(o)
}

// leave takes in a DELETE event.
func (d *departures[T]) leave(key cluster.ServiceKey) {
	if !guarantee.Holds(guarantee.MissingCRDStands) {
		d.to.drop(key, cluster.Deleted)
		return
	}
	d.mu.Lock()
	d.events++
	d.waiting[key] = d.events
	d.mu.Unlock()
	select {
	case d.wake <- struct{}{}:
	default:
	}
}

// replace takes in a complete list. What was seen deleted before is not for the list to
// tell of, unless discovery does not answer.
func (d *departures[T]) replace(ctx context.Context, all []T, how cluster.Loss) {
	_ = d.settle(ctx)
	d.mu.Lock()
	defer d.mu.Unlock()
	clear(d.waiting)
	d.to.replace(all, how)
}

// run has what waits go until ctx is done. What waits then stands.
func (d *departures[T]) run(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-d.wake:
		}
		for wait := d.pause; ; wait = d.again {
			select {
			case <-ctx.Done():
				return
			case <-time.After(wait):
			}
			if d.settle(ctx) == nil {
				break
			}
		}
	}
}

// settle asks discovery, and has go what was waiting when it was asked.
func (d *departures[T]) settle(ctx context.Context) error {
	d.mu.Lock()
	last, n := d.events, len(d.waiting)
	d.mu.Unlock()
	if n == 0 {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, headerTimeout)
	defer cancel()
	stands, err := d.stands(ctx)
	if err != nil {
		return err
	}
	how := cluster.Deleted
	if !stands {
		how = cluster.Doubtful
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	for key, event := range d.waiting {
		if event <= last {
			delete(d.waiting, key)
			d.to.drop(key, how)
		}
	}
	return nil
}
