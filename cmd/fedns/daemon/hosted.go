package daemon

import (
	"context"
	"iter"
	"maps"
	"sync"
	"time"

	"k8s.io/client-go/rest"

	"github.com/fedns/fedns/cmd/fedns/config"
	"github.com/fedns/fedns/cmd/fedns/recordsync"
	"github.com/fedns/fedns/discovery"
	"github.com/fedns/fedns/discovery/announce"
	"github.com/fedns/fedns/dnsserver/dnsname"
)

// recheckEvery is how often it is looked whether clusters were heard of that were
// not before.
const recheckEvery = time.Second

// newHosted makes what keeps the providers' hosted zones.
func (d *Daemon) newHosted(cfg *config.Config) *recordsync.Zones {
	rc := recordsync.Config{Discovery: d.engine, Unheard: d.unheard, Replica: identity(cfg.Replica), Log: d.log}
	if cfg.Host.Configured() {
		host := cfg.Host
		rc.Lead = recordsync.Lead(func() (*rest.Config, error) { return hostAccess(host) }, host.Namespace, rc.Replica, d.log)
	}
	if d.announcer != nil {
		rc.Tell = func(warning bool, reason, message string) {
			d.announcer.Tell(announce.Notice{Warning: warning, Reason: reason, Message: message})
		}
	}
	return recordsync.New(rc)
}

// Hosted is what keeps the providers' hosted zones (api.Sources).
func (d *Daemon) Hosted() *recordsync.Zones { return d.hosted }

// keepHosted keeps them until ctx is done, or a successor takes over.
func (d *Daemon) keepHosted(ctx context.Context) {
	var beside sync.WaitGroup
	defer beside.Wait()
	ctx, end := d.untilLeaving(ctx)
	defer end()
	beside.Go(func() { d.watchUnheard(ctx) })
	d.dns.SetFeed(d.hosted.Feed)
	defer d.dns.SetFeed(nil)
	d.hosted.Run(ctx)
}

// watchUnheard has the hosted zones looked at again when other clusters are unheard
// of: their records waited for that.
func (d *Daemon) watchUnheard(ctx context.Context) {
	tick := time.NewTicker(recheckEvery)
	defer tick.Stop()
	var before map[string]bool
	for {
		now := d.nothingKnown()
		d.silent.Store(&now)
		if before == nil || !maps.Equal(before, now) { // before the first time all counted as unheard of
			d.hosted.Recheck()
		}
		before = now
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// unheard says that nothing is known of a cluster since the start; empty: of some
// cluster.
func (d *Daemon) unheard(id string) bool {
	silent := d.silent.Load()
	switch {
	case silent == nil:
		return true
	case id == "":
		return len(*silent) > 0
	}
	// While an inventory was not read, a cluster that nobody states may be one of its.
	return (*silent)[id] || (*silent)[""] && !d.engineHas(id)
}

func (d *Daemon) engineHas(id string) bool {
	for _, c := range d.engine.Clusters() {
		if string(c.ID) == id {
			return true
		}
	}
	return false
}

// nothingKnown are the clusters of which neither was anything heard since the start
// nor kept; empty: of inventories' clusters it is not known which there are.
func (d *Daemon) nothingKnown() map[string]bool {
	out := map[string]bool{}
	for _, c := range d.engine.Clusters() {
		if !c.Synced && !c.Restored {
			out[string(c.ID)] = true
		}
	}
	if len(d.fleet.unread()) > 0 {
		out[""] = true
	}
	return out
}

// follower passes on what moved to the hosted zones, which are made after the Engine.
type follower struct{ *Daemon }

var _ discovery.Follower = follower{}

// Follows implements discovery.Follower.
func (f follower) Follows() bool { return f.hosted != nil && f.hosted.Follows() }

// Moved implements discovery.Follower.
func (f follower) Moved(owners iter.Seq[dnsname.Name]) { f.hosted.Moved(owners) }
