package join

import (
	"fmt"
	"slices"
	"strings"

	"github.com/fedns/fedns/discovery/cluster"
)

// places counts how many nodes stand in each region and zone, so that a change
// of one node costs nothing in proportion to the others while they agree.
type places struct {
	byName  map[string]Node
	counts  map[Node]int // by Region and Zone, without a Name
	changed bool         // the result may differ from the one last told
	told    cluster.Topology
}

func (p *places) put(n Node, intern func(string) string) {
	n.Region, n.Zone = intern(n.Region), intern(n.Zone)
	old, known := p.byName[n.Name]
	if known && old == n {
		return
	}
	if p.byName == nil {
		p.byName, p.counts = map[string]Node{}, map[Node]int{}
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
	p.changed = true
	n.Name = ""
	if p.counts[n] += by; p.counts[n] == 0 {
		delete(p.counts, n)
	}
}

// region is the one that most nodes say; of several the one that was told, else
// the first by name; and whether all that say one say the same. What can be no
// part of a name counts only when nobody says anything else.
func (p *places) region() (name string, agreed bool) {
	said := map[string]int{}
	for place, n := range p.counts {
		if place.Region != "" {
			said[place.Region] += n
		}
	}
	better := func(a, b string) bool {
		switch {
		case cluster.IsLabel(a) != cluster.IsLabel(b):
			return cluster.IsLabel(a)
		case said[a] != said[b]:
			return said[a] > said[b]
		case (a == p.told.Region) != (b == p.told.Region):
			return a == p.told.Region
		}
		return a < b
	}
	for r := range said {
		if name == "" || better(r, name) {
			name = r
		}
	}
	return name, len(said) < 2
}

// zones are those of the nodes in region, and of the nodes that say none:
// whoever labels zones only has one region.
func (p *places) zones(region string) []string {
	var zones []string
	for place := range p.counts {
		if place.Zone != "" && (place.Region == region || place.Region == "") {
			zones = append(zones, place.Zone)
		}
	}
	slices.Sort(zones)
	return slices.Compact(zones)
}

// topology is where the cluster is. One node must not move all others, nor nodes
// that are gone take the names of the place away: what nobody says any more
// stands as it was last told.
func (p *places) topology() cluster.Topology {
	var t cluster.Topology
	region, agreed := p.region()
	t.Region, t.Zones = region, p.zones(region)
	if !agreed {
		t.Findings = append(t.Findings, p.disagreement(region))
	}
	if region == "" && p.told.Region != "" {
		t.Region = p.told.Region
		t.Zones = p.zones(t.Region)
		t.Findings = append(t.Findings, fmt.Sprintf("no node says its region any more: it is still taken for %q", t.Region))
	}
	if len(t.Zones) == 0 && len(p.told.Zones) > 0 && t.Region == p.told.Region {
		t.Zones = slices.Clone(p.told.Zones)
		t.Findings = append(t.Findings, fmt.Sprintf("no node says its zone any more: the zones are still taken for %q", t.Zones))
	}
	return t
}

// maxStray bounds how many of the nodes that disagree are named.
const maxStray = 5

// disagreement names the nodes that say another region than most.
func (p *places) disagreement(region string) string {
	var stray []string
	for _, n := range p.byName {
		if n.Region != "" && n.Region != region {
			stray = append(stray, fmt.Sprintf("%s (%q)", n.Name, n.Region))
		}
	}
	slices.Sort(stray)
	text := fmt.Sprintf("nodes disagree on the region: it is taken for %q, but not by %s", region, strings.Join(stray[:min(len(stray), maxStray)], ", "))
	if more := len(stray) - maxStray; more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	return text
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
	j.signal()
}

// TakeTopology is where the cluster is, if that differs from what was last
// told; nil: nothing new, or no node ever said anything. What differs in the
// findings is logged.
func (j *Join) TakeTopology() *cluster.Topology {
	j.mu.Lock()
	defer j.mu.Unlock()
	p := &j.nodes
	if !p.changed {
		return nil
	}
	p.changed = false
	t := p.topology()
	if p.told.Equal(t) {
		return nil
	}
	for _, f := range t.Findings {
		if !slices.Contains(p.told.Findings, f) {
			j.cfg.Log.Warn("member cluster's place is in doubt", "cluster", string(j.cfg.Cluster), "finding", f)
		}
	}
	p.told = t
	t.Zones, t.Findings = slices.Clone(t.Zones), slices.Clone(t.Findings)
	return &t
}
