package daemon

import (
	"context"
	"time"

	"github.com/fedns/fedns/discovery/guarantee"
)

// doubt is what it depends on whether a name that is not there may yet exist.
type doubt struct {
	missing func() []string      // clusters not read since the start
	decided func() bool          // none of them is being read
	longest func() time.Duration // to wait for those that cannot be reached; may change
	// unresolved are load balancers' hostnames that no server has answered for. They
	// are waited for as well, but not long: a name without addresses is nothing to
	// make all others wait for.
	unresolved func() []string
}

// hostnamesWait is how long after all clusters were read, or given up, their
// load balancers' hostnames are waited for: as long as two tries take.
const hostnamesWait = 10 * time.Second

// end blocks until no name is in doubt any more, or ctx is done: then it is
// false. missing are clusters that were not waited for any longer.
func (d doubt) end(ctx context.Context) (missing []string, ended bool) {
	began := time.Now()
	look := time.NewTicker(20 * time.Millisecond)
	defer look.Stop()
	var read time.Time // since when no cluster is waited for
	for guarantee.Holds(guarantee.NamesAreInDoubt) {
		if missing = d.missing(); len(missing) == 0 || time.Since(began) >= d.longest() && d.decided() {
			if read.IsZero() {
				read = time.Now()
			}
			if len(d.unresolved()) == 0 || time.Since(read) >= min(hostnamesWait, d.longest()) {
				return missing, true
			}
		}
		select {
		case <-look.C:
		case <-ctx.Done():
			return missing, false
		}
	}
	return nil, true
}

// untilKnown waits until a name that is not there does not exist: every cluster
// was read, or those that could not be reached were waited for long enough.
// Clusters that are added later do not make that doubtful again: nobody is to
// lose the answers there are.
func (d *Daemon) untilKnown(ctx context.Context) {
	missing, ended := doubt{d.missing, d.decided, d.longestDoubt, d.engine.Unresolved}.end(ctx)
	if !ended {
		return
	}
	d.dns.SetProvisional(false)
	d.doubtful.Store(false)
	if len(missing) > 0 {
		d.log.Warn("clusters were not read in time: names that only they may have are answered NXDOMAIN from now on", "clusters", missing)
		return
	}
	d.log.Info("every cluster was read")
}

// missing names the clusters that were not read since the start, and inventories,
// which may yet state others.
func (d *Daemon) missing() []string { return append(d.fleet.unread(), d.engine.Ready()...) }

// decided says that none of them is being read.
func (d *Daemon) decided() bool { return d.fleet.decided() && d.engine.Decided() }

// longestDoubt is the configuration's, as it is now.
func (d *Daemon) longestDoubt() time.Duration {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.current.Startup.Wait
}

// Doubtful says that a name that is not there is answered SERVFAIL, for a
// cluster that was not read since the start may have it.
func (d *Daemon) Doubtful() bool { return d.doubtful.Load() }
