package daemon

import (
	"slices"

	"github.com/fedns/fedns/cmd/fedns/api"
	"github.com/fedns/fedns/discovery/cluster"
)

// report logs findings that are new; mu is held.
func (f *fleet) report() {
	now := map[string]bool{}
	for _, i := range f.inventories {
		for _, finding := range f.findings(i) {
			key := i.Name + " " + finding
			if now[key] = true; !f.told[key] {
				f.log.Warn("inventory", "inventory", i.Name, "finding", finding)
			}
		}
	}
	f.told = now
}

func (f *fleet) findings(i *followed) []string {
	out := []string{}
	for _, finding := range slices.Concat(i.list.Findings, f.shadowed[i.Name]) {
		out = append(out, finding.String())
	}
	return out
}

// status tells of all inventories, in the order of the configuration.
func (f *fleet) status() []api.Inventory {
	f.mu.Lock()
	defer f.mu.Unlock()
	all := []api.Inventory{}
	for _, i := range f.inventories {
		s := i.list.State
		out := api.Inventory{
			Name: i.Name, Kind: i.Kind, Phase: s.Phase.String(), Since: s.Since, LastSync: s.LastSync, Reason: s.Reason,
			Read: i.list.Read, Absent: i.list.Absent, Clusters: []api.InventoryCluster{}, Findings: f.findings(i),
		}
		for _, m := range i.members() {
			out.Clusters = append(out.Clusters, api.InventoryCluster{
				ID: m.ID, Object: m.Object, Server: m.Server, Region: m.Region, Zones: m.Zones, Labels: m.Labels, Taints: m.Taints, Held: m.Held,
			})
		}
		all = append(all, out)
	}
	return all
}

// finding is what is wrong with an object that states a cluster; empty: nothing.
func (f *fleet) finding(object string) string {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, i := range f.inventories {
		for _, finding := range slices.Concat(i.list.Findings, f.shadowed[i.Name]) {
			if finding.Object == object {
				finding.Object = ""
				return finding.String()
			}
		}
	}
	return ""
}

// unread names the inventories that were never read whole.
func (f *fleet) unread() (names []string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, i := range f.inventories {
		if !i.list.Read {
			names = append(names, "inventory "+i.Name)
		}
	}
	return names
}

// decided says that no inventory is still being read for the first time: each was,
// or cannot be reached.
func (f *fleet) decided() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return !slices.ContainsFunc(f.inventories, func(i *followed) bool {
		return !i.list.Read && i.list.State.Phase != cluster.Unreachable
	})
}

// Inventories tells of the sources of clusters (api.Sources).
func (d *Daemon) Inventories() []api.Inventory { return d.fleet.status() }
