package config

import (
	"fmt"
	"slices"
	"strings"

	"github.com/fedns/fedns/discovery/cluster"
	"github.com/fedns/fedns/dnsserver/dnsname"
)

// check notes what is wrong between fields that are each right by themselves.
func (r *reader) check(c *Config) {
	if f, ok := r.seen["listen.http"]; c.Listen.HTTP.IsValid() && slices.Contains(c.Listen.DNS, c.Listen.HTTP) {
		if !ok {
			f = r.seen["listen.dns"]
		}
		r.fault(f, "listen.dns and listen.http are both %s, want two", c.Listen.HTTP)
	}
	if _, given := r.seen["exports"]; !given && c.Propagation.Enabled {
		c.Exports |= cluster.Hosts // of what is placed
	}
	r.checkFederation(&c.Federation)
	for i := range c.Clusters {
		r.checkCluster(c.Clusters, i)
	}
	if _, given := r.seen["host"]; given {
		r.checkAccess("host", "kubeconfig", "inCluster")
	}
	r.checkInventories(c)
	for i := range c.Zones {
		r.checkZone(c, i)
	}
	r.checkOthers(c)
	r.checkServing(c)
	r.checkProviders(c)
	r.checkPropagation(c)
}

// checkOthers: further federations have names in zones that are answered, and none
// that another one has.
func (r *reader) checkOthers(c *Config) {
	before := []Ladder{{c.Federation.Name, c.Federation.Domain}}
	for i, o := range c.Federation.Others {
		at := r.seen[fmt.Sprintf("federation.others[%d].domain", i)]
		if o.Name.IsZero() || o.Domain.IsZero() {
			continue
		}
		if o.Domain != c.Federation.Domain && !slices.ContainsFunc(c.Zones, func(z Zone) bool { return !z.Name.IsZero() && o.Domain.Under(z.Name) }) {
			r.want(at, "federation.domain, or a domain in one of zones")
		}
		for _, b := range before {
			switch {
			case b.Domain.IsZero():
			case b == o:
				r.want(at, "a federation that is not given before")
			case b.Domain != o.Domain && (b.Domain.Under(o.Domain) || o.Domain.Under(b.Domain)):
				r.want(at, fmt.Sprintf("%s itself, or a domain apart from it", b.Domain))
			}
		}
		before = append(before, o)
	}
}

// checkFederation: the three families of names are three zones, each with an
// apex of its own, and none a part of another.
func (r *reader) checkFederation(f *Federation) {
	if domain, ok := r.seen["federation.domain"]; ok && r.seen["federation.name"].node == nil {
		r.fault(domain, "got %s without federation.name, want both", describe(domain.node))
	}
	zones := []struct {
		path string
		name dnsname.Name
	}{
		{"federation.name", f.Name},
		{"federation.domain", f.Domain},
		{"federation.clusterSet", f.ClusterSet},
	}
	for i, b := range zones {
		for _, a := range zones[:i] {
			if a.name.IsZero() || b.name.IsZero() || !a.name.Under(b.name) && !b.name.Under(a.name) {
				continue
			}
			at, other := b, a
			if _, given := r.seen[b.path]; !given {
				at, other = a, b // blame the line that is there, not the default
			}
			r.want(r.seen[at.path], fmt.Sprintf("a zone apart from %s %s", other.path, other.name))
		}
	}
}

func (r *reader) checkCluster(all []Cluster, i int) {
	m, path := all[i], fmt.Sprintf("clusters[%d]", i)
	if _, given := r.seen[path+".name"]; !given {
		r.lack(path, "name", "a DNS label")
	}
	r.checkAccess(path, "kubeconfig", "manifests", "inCluster")
	for j, o := range all[:i] {
		if m.Name != "" && m.Name == o.Name {
			r.want(r.seen[path+".name"], fmt.Sprintf("a name other than that of clusters[%d]", j))
		}
		if source, name := reach(m), reachedBy(m); source != "" && source == reach(o) {
			// Its Services would count twice.
			r.fault(r.seen[path+"."+name], "the same cluster as clusters[%d]", j)
		}
	}
}

// checkAccess: of the ways to reach a cluster that the mapping at path may have,
// it has one, and what belongs to a kubeconfig only beside one.
func (r *reader) checkAccess(path string, ways ...string) {
	list := strings.Join(ways, ", ")
	given := 0
	for _, name := range ways {
		f, ok := r.seen[below(path, name)]
		if !ok || name == "inCluster" && f.node.Value == "false" {
			continue
		}
		if given++; given == 2 {
			r.fault(f, "second way to reach the cluster, want exactly one of %s", list)
		}
	}
	if given == 0 {
		r.lack(path, ways[0], "exactly one of "+list)
	}
	for _, name := range []string{"context", "allowExec"} {
		if f, ok := r.seen[below(path, name)]; ok && r.seen[below(path, "kubeconfig")].node == nil {
			r.fault(f, "got %s without kubeconfig, want both", describe(f.node))
		}
	}
}

// reach is equal for two entries that lead to the same place; empty when unknown.
func reach(m Cluster) string {
	switch {
	case m.InCluster:
		return "in cluster"
	case m.Kubeconfig != "":
		return m.Kubeconfig + "\x00" + m.Context
	}
	return m.Manifests
}

func reachedBy(m Cluster) string {
	switch {
	case m.InCluster:
		return "inCluster"
	case m.Kubeconfig != "":
		return "kubeconfig"
	}
	return "manifests"
}

// checkZone: records come into a zone from files, or from hosts where they are asked for.
func (r *reader) checkZone(c *Config, i int) {
	all := c.Zones
	z, path := all[i], fmt.Sprintf("zones[%d]", i)
	if _, given := r.seen[path+".name"]; !given {
		r.lack(path, "name", "a domain name")
	}
	if len(z.Files) == 0 && !z.Name.IsZero() && !z.Reverse() && !c.Hosted() {
		r.lack(path, "files", "a list of zone files")
	}
	for j, o := range all[:i] {
		if !z.Name.IsZero() && z.Name == o.Name {
			r.want(r.seen[path+".name"], fmt.Sprintf("a name other than that of zones[%d]", j))
		}
	}
}

// lack notes that the mapping at path lacks a field, unless it is no mapping at
// all, which was noted before.
func (r *reader) lack(path, name, want string) {
	if m, ok := r.mappings[path]; ok {
		r.faultAt(m.node.Line, below(path, name), "missing, want %s", want)
	}
}
