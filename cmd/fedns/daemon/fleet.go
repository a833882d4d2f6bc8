package daemon

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/fedns/fedns/cmd/fedns/config"
	"github.com/fedns/fedns/cmd/fedns/propagation"
	"github.com/fedns/fedns/discovery"
	"github.com/fedns/fedns/discovery/cluster"
	"github.com/fedns/fedns/discovery/evidence"
	"github.com/fedns/fedns/discovery/inventory"
	"github.com/fedns/fedns/discovery/kubernetes"
	"github.com/fedns/fedns/discovery/probe"
	"github.com/fedns/fedns/discovery/synth"
	"github.com/fedns/fedns/discovery/tide"
)

// fleet is all member clusters: those of the configuration and those that its
// inventories state. It runs the inventories and tells the Engine of each change.
type fleet struct {
	log   *slog.Logger
	meter *propagation.Meter // of how long changes take
	// set tells the Engine. complete says that there are no other members: every
	// inventory was read.
	set func(ms []discovery.Member, complete bool)
	// probe hears of the same members, and what is probed of each. Defaults to nobody.
	probe func([]probe.Cluster)

	mu          sync.Mutex
	applied     int // configurations
	configured  []discovery.Member
	gateways    []probe.Cluster // of the configured ones
	rules       cluster.Export
	inventories []*followed // in the order of the configuration
	held        map[cluster.ID]*credentials
	told        map[string]bool // findings that were logged and still stand
	shadowed    map[string][]inventory.Finding
	own         map[cluster.ID]reachable // of the configured ones
	reach       map[cluster.ID]reachable // of all; replaced, not changed
	members     []discovery.Member       // told last
	probed      []probe.Cluster          // the same
	moving      moving
}

// followed is an inventory that is being followed.
type followed struct {
	config.Inventory
	made   string         // see made
	said   config.Members // of its clusters; follow does not look at it
	stop   context.CancelFunc
	list   inventory.List
	before []inventory.Member // of the one in whose place it came: stand until it has been read
	fault  string             // the Source could not be run
	stated bool               // it has stated a cluster
}

// credentials are those of a member that come from an inventory's objects.
type credentials struct {
	revision string
	*kubernetes.Held
}

func newFleet(log *slog.Logger, meter *propagation.Meter, set func(ms []discovery.Member, complete bool)) *fleet {
	return &fleet{log: log, meter: meter, set: set, held: map[cluster.ID]*credentials{}, told: map[string]bool{}}
}

// apply takes up a configuration. Inventories of which nothing was changed go on;
// run runs the others until it is told to stop.
func (f *fleet) apply(cfg *config.Config, run func(func(context.Context)) context.CancelFunc) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.applied++
	old := map[string]*followed{}
	for _, i := range f.inventories {
		old[i.Name] = i
	}
	f.configured, f.rules, f.inventories = members(cfg, f.meter, f.log), cfg.Exports, nil
	f.gateways, f.own = nil, reachableOf(cfg)
	for _, c := range cfg.Clusters {
		f.gateways = append(f.gateways, probe.Cluster{ID: c.Name, Targets: c.Probes, Pace: c.Probe})
	}
	var begun []*followed
	for _, ic := range cfg.Inventories {
		have := old[ic.Name]
		if have != nil && have.made == made(cfg, ic) {
			have.said = ic.Members
			f.inventories = append(f.inventories, have)
			delete(old, ic.Name)
			continue
		}
		now := &followed{Inventory: ic, said: ic.Members, made: made(cfg, ic), list: inventory.List{State: cluster.State{Since: time.Now()}}}
		if have != nil {
			now.before = have.members()
		}
		begun = append(begun, now)
		now.stop = run(func(ctx context.Context) { f.follow(ctx, now, cfg.Host) })
		f.inventories = append(f.inventories, now)
	}
	for _, gone := range old {
		gone.stop()
	}
	f.move(begun)
	f.publish()
}

// members are those that stand.
func (i *followed) members() []inventory.Member {
	if i.list.Read {
		return i.list.Members
	}
	return inventory.Union(i.list.Members, i.before)
}

// publish tells the Engine which members there are now; mu is held.
func (f *fleet) publish() {
	all := slices.Clone(f.configured)
	var ids []cluster.ID
	for _, m := range f.configured {
		ids = append(ids, m.ID)
	}
	var parts []inventory.Part
	by := map[string]*followed{}
	complete := true
	for _, i := range f.inventories {
		if len(i.members()) > 0 {
			i.stated = true
		}
		// One that states nothing from the start may not be there yet (a folder that is
		// not mounted, a host that was set up anew). What was kept over a restart stands,
		// until it states something or the operator changes the configuration.
		complete = complete && i.list.Read && (i.stated || f.applied > 1)
		parts = append(parts, inventory.Part{Name: i.Name, Members: i.members()})
		by[i.Name] = i
	}
	chosen, shadowed := inventory.Merge(ids, parts)
	f.shadowed = shadowed
	held, reach := map[cluster.ID]*credentials{}, maps.Clone(f.own)
	probed := slices.Clone(f.gateways)
	for _, c := range chosen {
		i := by[c.Inventory]
		m, access := f.member(c, i.AllowExec, held)
		reach[c.ID] = reachable{access, c.Labels, c.Taints}
		if m.Word = i.said.Words[c.ID]; m.Word == evidence.NoWord && c.Drained {
			m.Word = evidence.Drain
		}
		targets, wrong := Gateways(i.said, c.Member)
		for _, err := range wrong {
			shadowed[i.Name] = append(shadowed[i.Name], inventory.Finding{Object: c.Object, Text: err.Error()})
		}
		all, probed = append(all, m), append(probed, probe.Cluster{ID: c.ID, Targets: targets, Pace: i.said.Probe})
	}
	for _, m := range f.stillMoving(all) {
		all, reach[m.ID] = append(all, m), f.reach[m.ID]
		if c := f.held[m.ID]; c != nil {
			held[m.ID] = c
		}
		if i := slices.IndexFunc(f.probed, func(p probe.Cluster) bool { return p.ID == m.ID }); i >= 0 {
			probed = append(probed, f.probed[i])
		}
	}
	f.held, f.reach, f.members, f.probed = held, reach, all, probed
	f.report()
	f.set(all, complete)
	if f.probe != nil {
		f.probe(probed)
	}
}

// Gateways are what is probed of a cluster that an inventory states. wrong is
// why some of said are left out.
func Gateways(said config.Members, m inventory.Member) (targets []probe.Target, wrong []error) {
	values := map[string]string{"cluster": string(m.ID), "region": m.Region}
	if u, err := url.Parse(m.Server); err == nil {
		values["server"] = u.Hostname()
		if strings.Contains(u.Hostname(), ":") {
			values["server"] = "[" + u.Hostname() + "]"
		}
	}
	for _, t := range said.Probes {
		if t, err := t.Fill(values); err != nil {
			wrong = append(wrong, err)
		} else {
			targets = append(targets, t)
		}
	}
	return targets, wrong
}

// member makes a member of what an inventory states, and says how it is reached. Its credentials go to held;
// those of a member that runs are changed in place.
func (f *fleet) member(c inventory.Chosen, allowExec bool, held map[cluster.ID]*credentials) (discovery.Member, kubernetes.Config) {
	// Everything that a Source is made of but for credentials, which it takes up
	// itself. At another address there may be another cluster, so that it is read anew.
	revision := fmt.Sprintf("%q %q %q %q %v %b", c.Inventory, c.Server, c.Access.File, c.Access.Context, allowExec, f.rules)
	kc := kubernetes.Config{Cluster: c.ID, Kubeconfig: c.Access.File, Context: c.Access.Context, AllowExec: allowExec, Rules: f.rules, Log: f.log}
	if c.Access.File == "" {
		have := f.held[c.ID]
		if have != nil && have.revision == revision {
			have.Set(c.Object, c.Access.Kubeconfig)
		} else {
			have = &credentials{revision, kubernetes.NewHeld(c.Object, c.Access.Kubeconfig)}
		}
		held[c.ID] = have
		kc.Credentials = have.Held
	}
	return discovery.Member{
		ID: c.ID, Place: synth.Place{Region: c.Region, Zones: c.Zones}, Revision: revision,
		Source: &source{open: func(tides *tide.Table) (cluster.Source, error) {
			kc := kc
			kc.Tides = tides
			return kubernetes.New(kc)
		}},
	}, kc
}
