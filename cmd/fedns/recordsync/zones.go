package recordsync

import (
	"cmp"
	"context"
	"fmt"
	"iter"
	"log/slog"
	"os"
	"reflect"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/fedns/fedns/cmd/fedns/config"
	"github.com/fedns/fedns/dnsserver/dnsname"
	"github.com/fedns/fedns/dnsserver/zone"
	"github.com/fedns/fedns/providers"
	"github.com/fedns/fedns/providers/hosted"
	"github.com/fedns/fedns/providers/plan"
)

// Config is what Zones need.
type Config struct {
	Discovery Discovery
	// Unheard says that nothing is known of a cluster yet; empty: of some cluster. It
	// may be called from any goroutine.
	Unheard func(cluster string) bool
	Replica string
	// Lead calls run while this replica leads, until ctx is done. Defaults to always.
	Lead func(ctx context.Context, run func(context.Context))
	// Tell hears what the operator should. It must not block. Defaults to nobody.
	Tell func(warning bool, reason, message string)
	Log  *slog.Logger
}

// Zones are all hosted zones. Its methods may be called from any goroutine.
type Zones struct {
	cfg   Config
	meter *prometheus.HistogramVec // of propagation

	// changing is held while hosted zones begin and end, which may take as long as a
	// call to a provider. It guards leading, accounts, and what runs.
	changing sync.Mutex
	accounts accounts
	leading  context.Context // nil: this replica does not lead

	mu     sync.Mutex // of what follows, for short: whoever publishes waits for it
	all    map[key]*keep
	faults []Fault
	feed   map[dnsname.Name]*zone.Snapshot // the last of each zone
	leads  bool

	applied chan struct{} // holds one: there may be other hosted zones
}

// key is a provider's name and a zone.
type key struct {
	provider string
	apex     dnsname.Name
}

// keep is one hosted zone that is kept.
type keep struct {
	made    config.Provider // with what
	seal    string          // the keys' file
	account *account
	sync    *providers.Sync
	stop    context.CancelFunc // nil: it does not run
	done    chan struct{}
}

// Fault is a hosted zone that cannot be kept as it is configured.
type Fault struct {
	Provider, Zone string
	Err            error
}

// New keeps nothing yet.
func New(cfg Config) *Zones {
	if cfg.Lead == nil {
		cfg.Lead = func(ctx context.Context, run func(context.Context)) { run(ctx) }
	}
	if cfg.Tell == nil {
		cfg.Tell = func(bool, string, string) {}
	}
	return &Zones{cfg: cfg, meter: newMeter(), all: map[key]*keep{}, feed: map[dnsname.Name]*zone.Snapshot{}, applied: make(chan struct{}, 1)}
}

// Apply takes the configuration's providers up. What is no longer named is left as
// it is.
func (z *Zones) Apply(all []config.Provider) {
	z.changing.Lock()
	defer z.changing.Unlock()
	z.accounts = z.accounts.next(all)
	wanted := map[key]bool{}
	var faults []Fault
	for _, p := range all {
		seal := ""
		if p.SealKey != "" {
			text, _ := os.ReadFile(p.SealKey) // codec tells what is wrong with it
			seal = string(text)
		}
		for _, apex := range p.Zones {
			k := key{p.Name, apex}
			wanted[k] = true
			if old := z.all[k]; old != nil && old.seal == seal && old.account == z.accounts[keyOf(p)] && reflect.DeepEqual(old.made, p) {
				continue
			}
			next, err := z.make(p, apex)
			if err != nil {
				faults = append(faults, Fault{p.Name, apex.String(), err})
				z.cfg.Log.Error("provider cannot be used; what it was before goes on", "provider", p.Name, "zone", apex.String(), "error", err)
				continue
			}
			z.replace(k, &keep{made: p, seal: seal, account: z.accounts[keyOf(p)], sync: next})
		}
	}
	for k := range z.all {
		if !wanted[k] {
			z.replace(k, nil)
		}
	}
	z.mu.Lock()
	defer z.mu.Unlock()
	z.faults = faults
	select {
	case z.applied <- struct{}{}:
	default:
	}
}

// replace has a hosted zone kept by next from now on; nil: by nobody. changing is
// held.
func (z *Zones) replace(k key, next *keep) {
	z.end(z.all[k])
	z.mu.Lock()
	if next == nil {
		delete(z.all, k)
	} else {
		z.all[k] = next
		if last := z.feed[k.apex]; last != nil {
			next.sync.Publish(last, nil)
		}
	}
	z.mu.Unlock()
	z.begin(next)
}

// make is called with changing held.
func (z *Zones) make(p config.Provider, apex dnsname.Name) (*providers.Sync, error) {
	o, c, err := prepare(p, apex, z.accounts)
	if err != nil {
		return nil, err
	}
	shape := p.Shape
	if o.form != nil {
		o.form(&shape)
	}
	rules := plan.Rules{Owner: p.Owner, Codec: c, Limits: o.limits, Drift: p.Drift, Unheard: z.cfg.Unheard}
	if p.Retire {
		rules.Unheard = nil // what any cluster has there is to go
	}
	return providers.New(providers.Config{
		Name: p.Name, Apex: apex, Zone: o.zone, Shape: shape, Holder: z.cfg.Replica, DryRun: p.DryRun, Audit: p.Audit, Guard: p.Guard,
		Rules: rules, Retire: p.Retire,
		Origins:  origins(p, z.cfg.Discovery, o.limits),
		Observer: observer{z, p.Name, apex.String()}, Log: z.cfg.Log,
	}), nil
}

// begin runs a hosted zone if this replica leads; changing is held.
func (z *Zones) begin(k *keep) {
	if k == nil || z.leading == nil {
		return
	}
	ctx, stop := context.WithCancel(z.leading)
	k.stop, k.done = stop, make(chan struct{})
	go func() {
		defer close(k.done)
		k.sync.Run(ctx)
	}()
}

// end stops a hosted zone, and waits until it has; changing is held. A call that is
// under way ends with it.
func (z *Zones) end(k *keep) {
	if k == nil || k.stop == nil {
		return
	}
	k.stop()
	<-k.done
	k.stop = nil
}

// Feed tells of a zone's next Snapshot, as dnsserver.Server.SetFeed has it.
func (z *Zones) Feed(apex dnsname.Name, next *zone.Snapshot, changes []zone.Change) {
	z.mu.Lock()
	defer z.mu.Unlock()
	z.feed[apex] = next
	for k, v := range z.all {
		if k.apex == apex {
			v.sync.Publish(next, changes)
		}
	}
}

// Follows says that there are hosted zones; it is part of discovery.Follower.
func (z *Zones) Follows() bool {
	z.mu.Lock()
	defer z.mu.Unlock()
	return len(z.all) > 0
}

// Moved has names looked at, of which clusters put something else there, whether their
// records are the same or not; nil: all names.
func (z *Zones) Moved(owners iter.Seq[dnsname.Name]) {
	if owners == nil {
		z.Recheck()
		return
	}
	z.mu.Lock()
	defer z.mu.Unlock()
	touched := map[dnsname.Name][]dnsname.Name{} // by apex
	for owner := range owners {
		for k := range z.all {
			if owner.Under(k.apex) {
				touched[k.apex] = append(touched[k.apex], owner)
			}
		}
	}
	for k, v := range z.all {
		if names := touched[k.apex]; len(names) > 0 {
			v.sync.Touch(names...)
		}
	}
}

// Recheck has everything looked at again: other clusters were heard of.
func (z *Zones) Recheck() {
	for _, s := range z.syncs("") {
		s.Recheck()
	}
}

// Run keeps the hosted zones while this replica leads, until ctx is done. While
// there are none, nobody is asked who leads: that may need rights which only those
// who write to providers grant.
func (z *Zones) Run(ctx context.Context) {
	var once sync.Mutex // an election may begin while what the one before led to ends
	for z.await(ctx, true) {
		some, none := context.WithCancel(ctx)
		var watch sync.WaitGroup
		watch.Go(func() {
			z.await(some, false)
			none()
		})
		z.cfg.Lead(some, func(ctx context.Context) {
			once.Lock()
			defer once.Unlock()
			z.lead(ctx)
			<-ctx.Done()
			z.follow()
		})
		none()
		watch.Wait()
	}
	once.Lock()
	defer once.Unlock()
}

// await waits until there are hosted zones to keep, or none; false: ctx is done.
func (z *Zones) await(ctx context.Context, some bool) bool {
	for ctx.Err() == nil {
		if len(z.syncs("")) > 0 == some {
			return true
		}
		select {
		case <-z.applied:
		case <-ctx.Done():
		}
	}
	return false
}

// lead begins all hosted zones.
func (z *Zones) lead(ctx context.Context) {
	z.changing.Lock()
	defer z.changing.Unlock()
	z.leading = ctx
	z.tell(true)
	for _, k := range z.all {
		z.begin(k)
	}
}

// follow ends them.
func (z *Zones) follow() {
	z.changing.Lock()
	defer z.changing.Unlock()
	z.leading = nil
	z.tell(false)
	for _, k := range z.all {
		if k.stop != nil {
			k.stop() // all at once
		}
	}
	for _, k := range z.all {
		z.end(k)
	}
}

// tell says whether this replica leads.
func (z *Zones) tell(leads bool) {
	z.mu.Lock()
	defer z.mu.Unlock()
	z.leads = leads
}

// syncs are those of one provider, or of all, in order.
func (z *Zones) syncs(provider string) []*providers.Sync {
	z.mu.Lock()
	defer z.mu.Unlock()
	keys := make([]key, 0, len(z.all))
	for k := range z.all {
		if provider == "" || k.provider == provider {
			keys = append(keys, k)
		}
	}
	slices.SortFunc(keys, func(a, b key) int {
		return cmp.Or(strings.Compare(a.provider, b.provider), dnsname.Compare(a.apex, b.apex))
	})
	out := make([]*providers.Sync, len(keys))
	for i, k := range keys {
		out[i] = z.all[k].sync
	}
	return out
}

// Status tells of all hosted zones, those that cannot be kept included.
func (z *Zones) Status() []providers.Status {
	out := []providers.Status{}
	for _, s := range z.syncs("") {
		out = append(out, s.Status())
	}
	z.mu.Lock()
	defer z.mu.Unlock()
	for _, f := range z.faults {
		if i := slices.IndexFunc(out, func(s providers.Status) bool { return s.Provider == f.Provider && s.Zone == f.Zone }); i >= 0 {
			out[i].Error = f.Err.Error() + " (what was configured before goes on)"
			continue
		}
		out = append(out, providers.Status{Provider: f.Provider, Zone: f.Zone, Phase: providers.PhaseFailing, Error: f.Err.Error()})
	}
	return out
}

// observer hears what one hosted zone's Sync did.
type observer struct {
	*Zones
	provider, zone string
}

var _ providers.Observer = observer{}

// InSync implements providers.Observer.
func (o observer) InSync(_ dnsname.Name, since time.Time) {
	o.meter.WithLabelValues(o.provider, o.zone).Observe(time.Since(since).Seconds())
}

// Refused implements providers.Observer.
func (o observer) Refused(k hosted.Key, objects []string, reason string) {
	from := ""
	for _, object := range objects {
		from += " of " + object
	}
	o.cfg.Tell(true, "RecordRefused", fmt.Sprintf("%s%s cannot be written to %s: %s", hosted.KeyString(k), from, o.provider, reason))
}

// Held implements providers.Observer.
func (o observer) Held(n int, reason string) {
	if n == 0 {
		o.cfg.Tell(false, "DeletionsReleased", fmt.Sprintf("provider %s, zone %s: no deletion is held any longer", o.provider, o.zone))
		return
	}
	o.cfg.Tell(true, "DeletionsHeld", fmt.Sprintf("provider %s, zone %s: %d names wait for fedns release --provider %s: %s", o.provider, o.zone, n, o.provider, reason))
}

// Retired implements providers.Observer.
func (o observer) Retired() {
	o.cfg.Tell(false, "ProviderRetired", fmt.Sprintf("provider %s, zone %s: nothing of ours is left; the entry can go out of the configuration", o.provider, o.zone))
}

var _ prometheus.Collector = (*Zones)(nil)

// Describe implements prometheus.Collector: how long changes take.
func (z *Zones) Describe(ch chan<- *prometheus.Desc) { z.meter.Describe(ch) }

// Collect implements prometheus.Collector.
func (z *Zones) Collect(ch chan<- prometheus.Metric) { z.meter.Collect(ch) }
