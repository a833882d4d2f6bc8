package join

import (
	"maps"
	"slices"

	"github.com/fedns/fedns/discovery/cluster"
)

// places counts how many nodes stand in each region and zone, so that a change
// of one node costs nothing in proportion to the others.
type places struct {
	byName  map[string]Node
	regions map[string]int
	zones   map[string]int
	changed bool // the result may differ from the one last told
	listed  bool // anything was ever said of nodes
	told    *cluster.Topology
}

func (p *places) put(n Node, intern func(string) string) {
	n.Region, n.Zone = intern(n.Region), intern(n.Zone)
	old, known := p.byName[n.Name]
	p.listed = true
	if known && old == n {
		return
	}
	if p.byName == nil {
		p.byName, p.regions, p.zones = map[string]Node{}, map[string]int{}, map[string]int{}
	}
	if known {
		p.count(old, -1)
	}
	p.byName[n.Name] = n
	p.count(n, 1)
}

func (p *places) drop(name string) {
	if old, ok := p.byName[name]; ok {
		delete(p.byName, name)
		p.count(old, -1)
	}
}

func (p *places) count(n Node, by int) {
	region := adjust(p.regions, n.Region, by)
	zone := adjust(p.zones, n.Zone, by)
	p.changed = p.changed || region || zone
}

// adjust counts place up or down and says whether it appeared or went.
func adjust(counts map[string]int, place string, by int) bool {
	if place == "" {
		return false
	}
	counts[place] += by
	if counts[place] == 0 {
		delete(counts, place)
		return true
	}
	return by > 0 && counts[place] == by
}

func (p *places) topology() cluster.Topology {
	t := cluster.Topology{Zones: slices.Sorted(maps.Keys(p.zones))}
	if len(p.regions) == 1 {
		for r := range p.regions {
			t.Region = r
		}
	}
	return t
}

// PutNode takes in a Node as it stands now.
func (j *Join) PutNode(n Node) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.nodes.put(n, j.names.intern)
	j.signal()
}

// DeleteNode takes note that a Node is seen to be gone.
func (j *Join) DeleteNode(name string) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.nodes.drop(name)
	j.signal()
}

// ReplaceNodes takes in all Nodes of the cluster; those not among them are gone.
func (j *Join) ReplaceNodes(all []Node) {
	j.mu.Lock()
	defer j.mu.Unlock()
	seen := make(map[string]struct{}, len(all))
	for _, n := range all {
		seen[n.Name] = struct{}{}
		j.nodes.put(n, j.names.intern)
	}
	for name := range j.nodes.byName {
		if _, ok := seen[name]; !ok {
			j.nodes.drop(name)
		}
	}
	j.nodes.listed = true
	j.signal()
}

// TakeTopology is where the cluster is, if that differs from what was last
// told; nil: nothing new, or nothing is known of its nodes.
func (j *Join) TakeTopology() *cluster.Topology {
	j.mu.Lock()
	defer j.mu.Unlock()
	p := &j.nodes
	if !p.listed || p.told != nil && !p.changed {
		return nil
	}
	p.changed = false
	t := p.topology()
	if p.told != nil && p.told.Region == t.Region && slices.Equal(p.told.Zones, t.Zones) {
		return nil
	}
	kept := cluster.Topology{Region: t.Region, Zones: slices.Clone(t.Zones)}
	p.told = &kept
	return &t
}
