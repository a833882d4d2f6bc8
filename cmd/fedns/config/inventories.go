package config

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/fedns/fedns/discovery/cluster"
	"github.com/fedns/fedns/discovery/evidence"
	"github.com/fedns/fedns/discovery/probe"
)

// Kinds of inventories, as the file has them.
const (
	Kubeconfigs     = "kubeconfigs"
	Secrets         = "secrets"
	ClusterProfiles = "clusterProfiles"
	Karmada         = "karmada"
	KubeFed         = "kubefed"
	MemberClusters  = "memberClusters"
)

// SecretFormats are the forms of Secrets that state clusters.
var SecretFormats = []string{"fedns", "istio", "clusterAPI", "argoCD"}

// Inventory is a source of member clusters.
type Inventory struct {
	Name      string // unique: its kind, from the second of a kind on with a number behind
	Kind      string // one of the constants above
	AllowExec bool   // credentials may come from commands
	HoldShare float64

	Dir, File string   // of Kubeconfigs: paths, one of them set
	Contexts  string   // of Kubeconfigs: all, current, or empty for what suits Dir or File
	Namespace string   // of the others; empty: the kind's default
	Formats   []string // of Secrets
	Providers string   // of ClusterProfiles: path; may be empty
	// RenewBefore is how long before their end tokens of MemberClusters are renewed; 0:
	// a third of their life.
	RenewBefore time.Duration

	Members Members
}

// Members is what is said of the clusters of an Inventory, of which the
// configuration knows no more than their names. A change of it leaves the
// Inventory alone.
type Members struct {
	Words  map[cluster.ID]evidence.Word
	Probes []probe.Target // gateways into each; probe.Target.Fill makes them a cluster's
	Probe  probe.Pace     // how; what is zero is left to probe's defaults
}

// Hosted says that it is made of objects of the host cluster.
func (i Inventory) Hosted() bool { return i.Kind != Kubeconfigs }

// holdShare is the default: half of a fleet does not leave at once.
const holdShare = 0.5

func (r *reader) inventories(v value) (all []Inventory) {
	for item := range r.items(v, "a list of inventories") {
		all = append(all, r.inventory(item))
	}
	return all
}

func (r *reader) inventory(v value) Inventory {
	i := Inventory{HoldShare: holdShare}
	for name, f := range r.fields(v) {
		switch name {
		case "allowExec":
			i.AllowExec = r.truth(f)
		case "holdShare":
			i.HoldShare = r.share(f)
		case "probes":
			i.Members.Probes = r.probes(f, true)
		case "probe":
			r.pace(f, &i.Members.Probe)
		case string(evidence.Drain), string(evidence.Evict):
			r.wordOf(f, evidence.Word(name), &i.Members)
		default:
			if i.Kind != "" {
				r.fault(f, "second kind of inventory in one entry, want an entry each")
				continue
			}
			i.Kind = name
			if name == Secrets {
				i.Formats = SecretFormats
			}
			r.inventoryKind(f, &i)
		}
	}
	return i
}

// wordOf notes clusters of which the operator says word, none twice.
func (r *reader) wordOf(v value, word evidence.Word, m *Members) {
	for item := range r.items(v, "a list of clusters' names") {
		id := cluster.ID(r.label(item))
		if was := m.Words[id]; id != "" && was != evidence.NoWord {
			r.fault(item, "it is %s already, want each cluster once", was)
		}
		if m.Words == nil {
			m.Words = map[cluster.ID]evidence.Word{}
		}
		m.Words[id] = word
	}
}

func (r *reader) inventoryKind(v value, i *Inventory) {
	for name, f := range r.fields(v) {
		switch name {
		case "dir":
			i.Dir = r.file(f)
		case "file":
			i.File = r.file(f)
		case "contexts":
			if i.Contexts, _ = r.text(f, contextsTake); i.Contexts != "all" && i.Contexts != "current" {
				r.want(f, contextsTake)
			}
		case "namespace":
			i.Namespace = r.label(f)
		case "formats":
			i.Formats = r.formats(f)
		case "providers":
			i.Providers = r.file(f)
		case "renewBefore":
			i.RenewBefore = r.span(f)
		}
	}
}

const contextsTake = "all or current"

func (r *reader) formats(v value) (all []string) {
	const want = "one of fedns, istio, clusterAPI, argoCD"
	seen := map[string]bool{}
	for item := range r.items(v, "a list of fedns, istio, clusterAPI, argoCD") {
		text, ok := r.text(item, want)
		switch {
		case !ok:
		case !slices.Contains(SecretFormats, text):
			r.want(item, want)
		case seen[text]:
			r.want(item, "a format that is not listed before")
		default:
			all = append(all, text)
		}
		seen[text] = true
	}
	r.some(v, want)
	return all
}

// checkInventories names them, and notes what is wrong between their fields.
func (r *reader) checkInventories(c *Config) {
	host := c.Host.Kubeconfig != "" || c.Host.InCluster
	count := map[string]int{}
	for n := range c.Inventories {
		i, path := &c.Inventories[n], fmt.Sprintf("inventories[%d]", n)
		count[i.Kind]++
		i.Name = i.Kind
		if k := count[i.Kind]; k > 1 {
			i.Name = fmt.Sprintf("%s-%d", i.Kind, k)
		}
		switch {
		case i.Kind == "":
			r.lack(path, Kubeconfigs, "one of kubeconfigs, secrets, clusterProfiles, karmada, kubefed, memberClusters")
		case i.Hosted() && !host:
			r.fault(r.seen[below(path, i.Kind)], "got it without host, want host: the cluster that it is read from")
		case !i.Hosted() && cmp.Or(i.Dir, i.File) == "":
			r.lack(below(path, i.Kind), "dir", "one of dir, file")
		case i.Dir != "" && i.File != "":
			r.fault(r.seen[below(path, i.Kind)+".file"], "got it beside dir, want one of dir, file")
		}
	}
}
