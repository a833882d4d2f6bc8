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
	desk := newDesk(d.cfg.Zones)
	clerk, registrar := newClerk(d.cfg, desk), newRegistrar(d.cfg, desk)
	watches := &host.Watches{Host: d.cfg.Host, Log: d.cfg.Log, Synced: desk.synced}
	var running sync.WaitGroup
	d.hold(desk, clerk, registrar)
	defer d.hold(nil, nil, nil)
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
	watches.Watch(ctx, domainKind, desk.putDomain, desk.deleteDomain)
	watches.Watch(ctx, serviceRecordKind, desk.putRecord, desk.deleteRecord)
	watches.Watch(ctx, ingressRecordKind, desk.putRecord, desk.deleteRecord)
	if d.cfg.Names != nil {
		watches.Watch(ctx, endpointKind, desk.putEndpoint, desk.deleteEndpoint)
		running.Go(func() { registrar.run(ctx) })
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
		registrar.rouse()
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

func (d *Dialect) hold(desk *desk, clerk *clerk, registrar *registrar) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.desk, d.clerk, d.registrar = desk, clerk, registrar
}
