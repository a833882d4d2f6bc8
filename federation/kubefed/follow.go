package kubefed

import (
	"context"
	"sync"

	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/fedns/fedns/federation/host"
	"github.com/fedns/fedns/federation/work"
)

// Run implements work.Dialect.
func (d *Dialect) Run(ctx context.Context, to work.Sink) error {
	desk := newDesk()
	clerk := newClerk(d.cfg, desk)
	watches := &host.Watches{Host: d.cfg.Host, Log: d.cfg.Log, Synced: desk.synced}
	var running sync.WaitGroup
	d.hold(desk, clerk)
	defer d.hold(nil, nil)
	ctx, cancel := context.WithCancel(ctx)
	defer running.Wait()
	defer watches.Wait()
	defer cancel()
	watches.Watch(ctx, typeConfigKind, desk.putConfig, desk.deleteConfig)
	watches.Watch(ctx, preferenceKind, desk.putPreference, desk.deletePreference)
	for _, kind := range []schema.GroupVersionKind{propagatedVersion, clusterPropagatedVersion} {
		// Nobody waits for what KubeFed left: without it, what has its label in members is another's.
		watches.Watch(ctx, kind, desk.putVersion, desk.deleteVersion)
	}
	running.Go(func() { clerk.run(ctx) })
	synced := false
	for {
		for orders, ok := desk.next(); ok && ctx.Err() == nil; orders, ok = desk.next() {
			for _, o := range orders {
				to.Order(o)
			}
		}
		clerk.rouse()
		kinds := desk.kinds()
		watches.Follow(ctx, kinds, desk.putObject, desk.deleteObject, desk.forget)
		if !synced && desk.complete(kinds) {
			to.Synced(Name)
			synced = true
		}
		select {
		case <-ctx.Done():
			return nil
		case <-desk.wake:
		}
	}
}

func (d *Dialect) hold(desk *desk, clerk *clerk) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.desk, d.clerk = desk, clerk
}
