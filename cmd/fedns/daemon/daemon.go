package daemon

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"reflect"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/fedns/fedns/cmd/fedns/api"
	"github.com/fedns/fedns/cmd/fedns/config"
	"github.com/fedns/fedns/cmd/fedns/federate"
	"github.com/fedns/fedns/cmd/fedns/handover"
	"github.com/fedns/fedns/cmd/fedns/propagation"
	"github.com/fedns/fedns/cmd/fedns/recordsync"
	"github.com/fedns/fedns/discovery"
	"github.com/fedns/fedns/discovery/announce"
	"github.com/fedns/fedns/discovery/cluster"
	"github.com/fedns/fedns/discovery/ingress"
	"github.com/fedns/fedns/discovery/probe"
	"github.com/fedns/fedns/discovery/quorum"
	"github.com/fedns/fedns/discovery/state"
	"github.com/fedns/fedns/discovery/synth"
	"github.com/fedns/fedns/dnsserver"
	"github.com/fedns/fedns/dnsserver/dnsname"
	"github.com/fedns/fedns/dnsserver/policy"
)

// Daemon is a running fedns. Its methods may be called from any goroutine.
type Daemon struct {
	log    *slog.Logger
	dns    *dnsserver.Server
	engine *discovery.Engine
	keeper *state.Keeper // nil: nothing is kept over a restart
	probes *probes
	// announcer writes Events into the host cluster; nil: there is none.
	announcer *announce.Announcer
	meter     *propagation.Meter
	hosted    *recordsync.Zones
	fleet     *fleet
	http      net.Listener

	version  string
	heritage *handover.Heritage // nil: there is no predecessor
	leaving  chan struct{}      // closed when a successor has taken over
	httpAddr netip.AddrPort     // as the configuration has it

	discovering atomic.Bool
	handing     atomic.Bool // a successor is about to take over
	doubtful    atomic.Bool
	federation  atomic.Pointer[federate.Federation] // nil: nothing is propagated
	keyFaults   atomic.Pointer[map[string]string]   // see KeyFaults
	silent      atomic.Pointer[map[string]bool]     // see nothingKnown

	applying   sync.Mutex // one configuration after the other
	serving    serving    // of whoever holds applying
	keeping    keeping    // of whoever holds applying
	federating federating // of whoever holds applying
	parts      *parts     // that Apply starts
	// listening is closed when all sockets are open: secondaries that are told of a
	// change ask at once, and if nobody answers, not again for long.
	listening chan struct{}

	mu      sync.Mutex // of what follows, for short: probes and metrics wait for it
	current *config.Config
	files   map[dnsname.Name]*zoneFiles
	reload  api.Reload
}

// restartMax is the longest wait until a cluster whose kubeconfig could not be
// used is tried again: about as long as changed credentials take otherwise.
const restartMax = 10 * time.Second

// Start opens all sockets and takes cfg up. What is wrong with a zone file or a
// kubeconfig is logged and does not stop it; a socket that cannot be opened does.
func Start(ctx context.Context, cfg *config.Config, version string, log *slog.Logger) (*Daemon, error) {
	return Succeed(ctx, cfg, version, log, nil)
}

// Succeed is Start for the successor of a daemon that still answers: Run opens
// the sockets, most of them inherited, when all is known that the other knows.
// Without heritage it is Start.
func Succeed(ctx context.Context, cfg *config.Config, version string, log *slog.Logger, heritage *handover.Heritage) (*Daemon, error) {
	ipv6 := hasIPv6(ctx)
	listen := listenable(cfg.Listen.DNS, ipv6, log)
	d := &Daemon{log: log, version: version, files: map[dnsname.Name]*zoneFiles{}, parts: newParts(), meter: propagation.New(), listening: make(chan struct{}),
		heritage: heritage, leaving: make(chan struct{})}
	dns := dnsserver.Config{Listen: listen, Log: log, Inherit: d.inherit}
	if err := d.secure(cfg, ipv6, &dns); err != nil {
		return nil, err
	}
	if err := d.openState(cfg.StateDir, &dns); err != nil {
		d.parts.end()
		return nil, err
	}
	started := false
	defer func() {
		if !started {
			d.closeState()
		}
	}()
	d.dns = dnsserver.New(dns)
	// Until every cluster was heard of, a name that is not there may just not be
	// known yet.
	d.dns.SetProvisional(true)
	d.doubtful.Store(true)
	resolver, err := d.newResolver(cfg)
	if err != nil {
		d.parts.end()
		return nil, err
	}
	dc := discovery.Config{Federation: federation(cfg), Resolver: resolver, Journey: d.meter, Follower: follower{d}, Log: log, RestartMax: restartMax, Evidence: cfg.Evidence, Withdrawals: cfg.Withdrawals}
	if d.keeper != nil {
		dc.Keeper = d.keeper
	}
	dc.Notify = d.announce(cfg)
	dc.Seen = func(id cluster.ID, l cluster.Liveness) { d.probes.setAPI(id, l) }
	d.engine = discovery.New(dc, d.dns)
	d.dns.SetMissed(d.engine.Missed)
	d.fleet = newFleet(log, d.meter, d.setMembers)
	d.discovering.Store(true)
	d.probes = newProbes(cfg, log, func(id cluster.ID, a quorum.Agreed) {
		d.engine.SetAgreed(id, a.API, a.Data)
		log.Info("replicas agree on a cluster", "cluster", string(id), "data", a.Data.Signal.String(), "api", a.API.Signal.String(), "reason", a.Data.Reason)
	})
	d.fleet.probe = d.probes.set
	d.hosted = d.newHosted(cfg)
	d.Apply(cfg)
	d.httpAddr = cfg.Listen.HTTP
	if d.http, err = d.openHTTP(ctx, ipv6); err != nil {
		d.parts.end()
		return nil, fmt.Errorf("listen.http: %w", err)
	}
	if heritage == nil {
		if err := d.open(ctx); err != nil {
			d.parts.end()
			return nil, errors.Join(err, d.http.Close())
		}
	}
	started = true
	return d, nil
}

// open begins to answer.
func (d *Daemon) open(ctx context.Context) error {
	if err := d.dns.Start(ctx); err != nil {
		return fmt.Errorf("listen: %w", err)
	}
	close(d.listening)
	d.log.Info("listening", "dns", d.dns.Addrs(), "tls", d.dns.AddrsOf(policy.TLS), "https", d.dns.AddrsOf(policy.HTTPS), "quic", d.dns.AddrsOf(policy.QUIC), "http", d.HTTPAddr(), "version", d.version)
	return nil
}

// newResolver makes the resolver of load balancers' hostnames; without a name
// server to ask there is none, and they stay unresolved.
func (d *Daemon) newResolver(cfg *config.Config) (discovery.Resolver, error) {
	rc := ingress.Config{Own: func(n dnsname.Name) bool { return d.dns.Holds(n) }}
	for _, a := range cfg.Resolvers {
		rc.Servers = append(rc.Servers, a.String())
	}
	r, err := ingress.New(rc)
	if err != nil {
		if len(cfg.Resolvers) > 0 {
			return nil, fmt.Errorf("resolvers: %w", err)
		}
		d.log.Warn("load balancer hostnames will not be resolved", "error", err)
		return nil, nil
	}
	return r, nil
}

// Run works until ctx is done, then closes everything. Any other end is a fault, and the error says which.
func (d *Daemon) Run(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var parts sync.WaitGroup
	faults := make(chan error, 3)
	part := func(f func(context.Context) error) {
		parts.Go(func() {
			if err := f(ctx); err != nil {
				faults <- err
			}
			cancel() // none of them ends by itself
		})
	}
	part(d.answer)
	told := make(chan struct{})
	part(func(ctx context.Context) error {
		err := d.serveHTTP(ctx)
		close(told)
		if err == nil {
			<-ctx.Done() // it ends before all else when a successor has taken over
		}
		return err
	})
	parts.Go(func() {
		select {
		case <-d.leaving:
			d.drain()
			<-told
			cancel()
		case <-ctx.Done():
		}
	})
	parts.Go(func() { d.untilKnown(ctx) })
	parts.Go(func() { d.probes.run(ctx) })
	parts.Go(func() { d.keepHosted(ctx) })
	if d.announcer != nil {
		parts.Go(func() { d.announcer.Run(ctx) })
	}
	parts.Go(func() {
		// Answering does not hang on discovery: without it, what is known stands.
		defer d.discovering.Store(false)
		d.engine.Run(ctx)
	})
	parts.Wait()
	err := d.dns.Close()
	d.parts.end()
	d.closeState()
	close(faults)
	for f := range faults {
		err = errors.Join(err, f)
	}
	return err
}

// Apply takes a configuration up. Sockets stay as they are: a change of listen
// waits for the next start, and is told.
func (d *Daemon) Apply(cfg *config.Config) {
	d.applying.Lock()
	defer d.applying.Unlock()
	if old := d.current; old != nil && (!reflect.DeepEqual(old.Listen, cfg.Listen) || !slices.Equal(old.Resolvers, cfg.Resolvers) || old.StateDir != cfg.StateDir) {
		d.log.Warn("a change of listen, resolvers or stateDir takes effect at the next start only")
	}
	d.applyServing(cfg)
	before := d.zoneNames()
	if err := d.dns.SetZones(d.readZones(cfg)); err != nil {
		d.log.Error("zones were refused and stay as they were", "error", err)
	}
	d.engine.SetFederation(federation(cfg))
	d.engine.SetEvidence(cfg.Evidence, cfg.Withdrawals)
	d.fleet.apply(cfg, d.parts.run)
	d.probes.apply(cfg)
	d.hosted.Apply(cfg.Providers)
	d.keepMembers(cfg)
	d.federate(cfg)
	if d.current != nil && !slices.Equal(before, d.zoneNames()) {
		d.engine.Republish(d.dns.Settle) // new zones have all there is then
		d.flush()
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.current = cfg
	d.reload = api.Reload{OK: true, At: time.Now()}
}

// readZones reads zone files, which may take long, in place of d, so that nobody
// has to wait for mu meanwhile. It is for Apply alone.
func (d *Daemon) readZones(cfg *config.Config) []dnsserver.ZoneSpec {
	beside := &Daemon{log: d.log, dns: d.dns, files: d.files, current: d.current}
	specs := beside.zones(cfg)
	for i := range specs {
		if z := d.serving.signing[specs[i].Apex]; z != nil {
			specs[i].Signer = z.signer
		}
	}
	specs = append(specs, d.catalog(cfg)...)
	d.mu.Lock()
	defer d.mu.Unlock()
	d.files = beside.files
	return specs
}

// setMembers tells the Engine which members there are. Members that an inventory
// may yet state have nothing to lose: the Engine knows nothing of them.
func (d *Daemon) setMembers(ms []discovery.Member, complete bool) {
	ids := make([]cluster.ID, len(ms))
	for i, m := range ms {
		ids[i] = m.ID
	}
	d.meter.Keep(ids)
	if complete {
		d.engine.SetMembers(ms)
	} else {
		d.engine.SetMembersSoFar(ms)
	}
}

// Refused notes that a changed configuration could not be read; the one before goes on.
func (d *Daemon) Refused(err error) {
	for _, e := range Lines(err) {
		d.log.Error("configuration was refused, the one before goes on", "error", e)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.reload.OK = false
}

// Confirmed notes that the configuration that runs is what the file has.
func (d *Daemon) Confirmed() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.reload.OK = true
}

func federation(cfg *config.Config) synth.Federation {
	f := synth.Federation{
		Name: cfg.Federation.Name, Domain: cfg.Federation.Domain, ClusterSet: cfg.Federation.ClusterSet,
		TTL: synth.TTLs{
			ShortName: cfg.Federation.TTL.ShortName, ClusterSet: cfg.Federation.TTL.ClusterSet,
			Zone: cfg.Federation.TTL.Zone, Region: cfg.Federation.TTL.Region, Global: cfg.Federation.TTL.Global,
		},
	}
	for _, o := range cfg.Federation.Others {
		f.Others = append(f.Others, synth.Ladder{Name: o.Name, Domain: o.Domain})
	}
	if cfg.Hosted() && !f.Domain.IsZero() {
		f.Hosts = append(f.Hosts, f.Domain)
	}
	for _, z := range cfg.Zones {
		switch {
		case z.Reverse():
			f.Reverse = append(f.Reverse, z.Name)
		case cfg.Hosted():
			f.Hosts = append(f.Hosts, z.Name)
		}
	}
	return f
}

// DNSAddrs are the addresses answered on.
func (d *Daemon) DNSAddrs() []netip.AddrPort { return d.dns.Addrs() }

// HTTPAddr is the address of the HTTP server.
func (d *Daemon) HTTPAddr() string { return d.http.Addr().String() }

// Engine and Server are what the API tells of (api.Sources).
func (d *Daemon) Engine() *discovery.Engine { return d.engine }

// Server is the name server.
func (d *Daemon) Server() *dnsserver.Server { return d.dns }

// Probes is how the clusters' probes stand, and the replicas that agree on them.
func (d *Daemon) Probes() (probe.Stats, quorum.Stats) {
	return d.probes.prober.Stats(), d.probes.agreement.Stats()
}

// Propagation measures how long changes take.
func (d *Daemon) Propagation() *propagation.Meter { return d.meter }

// Discovering says that the clusters are being followed; false after a fault of discovery as a whole.
func (d *Daemon) Discovering() bool { return d.discovering.Load() }

// Reload is how the last change of the configuration went.
func (d *Daemon) Reload() api.Reload {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.reload
}
