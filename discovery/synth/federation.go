package synth

import (
	"cmp"
	"fmt"

	"github.com/fedns/fedns/discovery/cluster"
	"github.com/fedns/fedns/dnsserver/dnsname"
	"github.com/fedns/fedns/dnsserver/zone"
)

// Federation says which families of names there are. A zero name switches its
// families off.
type Federation struct {
	Name       dnsname.Name   // of the federation, "prod.": the short names lie below it
	Domain     dnsname.Name   // "example.com.": federation names lie below it, when Name is set too
	Others     []Ladder       // further federations by whose names Services are found, too
	ClusterSet dnsname.Name   // "clusterset.local."
	Hosts      []dnsname.Name // zones that hosts of Ingresses and Gateways may lie in
	Reverse    []dnsname.Name // zones below in-addr.arpa. and ip6.arpa. that PTR records are made for
	TTL        TTLs
}

// Ladder is a family of federation names, <svc>.<ns>.<Name>.svc[.<zone>.<region>].<Domain>.
// Domains of several are the same, or apart.
type Ladder struct{ Name, Domain dnsname.Name }

// ladders are all of them, the federation's own first.
func (f *Federation) ladders() (all []Ladder) {
	if !f.Name.IsZero() && !f.Domain.IsZero() {
		all = append(all, Ladder{f.Name, f.Domain})
	}
	return append(all, f.Others...)
}

// TTLs are in seconds, cluster.MaxTTL at most; a zero one has its default.
type TTLs struct {
	ShortName  uint32 // Defaults to 5
	ClusterSet uint32 // Defaults to 5
	Zone       uint32 // Defaults to 30
	Region     uint32 // Defaults to 30
	Global     uint32 // Defaults to 30; of hosts, too
	Reverse    uint32 // Defaults to 30
}

func (t TTLs) withDefaults() TTLs {
	return TTLs{
		ShortName:  min(cmp.Or(t.ShortName, 5), cluster.MaxTTL),
		ClusterSet: min(cmp.Or(t.ClusterSet, 5), cluster.MaxTTL),
		Zone:       min(cmp.Or(t.Zone, 30), cluster.MaxTTL),
		Region:     min(cmp.Or(t.Region, 30), cluster.MaxTTL),
		Global:     min(cmp.Or(t.Global, 30), cluster.MaxTTL),
		Reverse:    min(cmp.Or(t.Reverse, 30), cluster.MaxTTL),
	}
}

// Finding is something that kept a name from being made, or a conflict between
// clusters: one line for whoever owns the object.
type Finding struct {
	Cluster cluster.ID `json:"cluster,omitempty"` // empty: no one cluster's
	Text    string     `json:"text"`
}

// String is cluster: text.
func (f Finding) String() string {
	if f.Cluster == "" {
		return f.Text
	}
	return string(f.Cluster) + ": " + f.Text
}

// Synthesizer makes the records of Services for one Federation over the places
// of its member clusters. It never changes and is safe for concurrent use.
type Synthesizer struct {
	fed    Federation
	places map[cluster.ID]Place
	uses   map[cluster.ID]Use // of those that are not well
	levels []level            // of each Ladder: global first, then each region followed by its zones

	short      dnsname.Name // suffix of short names
	clusterSet dnsname.Name // suffix of ClusterSet names
	canonical  dnsname.Name // suffix of the names that SRV of headless Services and PTR point to
}

// New makes a Synthesizer. places holds every member cluster, with or without a
// region: its zones and regions are the ladder levels that every Service has. It
// is not kept. The findings tell which of them cannot be part of a name.
func New(f Federation, places map[cluster.ID]Place) (*Synthesizer, []Finding) {
	f.TTL = f.TTL.withDefaults()
	s := &Synthesizer{fed: f, places: make(map[cluster.ID]Place, len(places)), short: f.Name}
	var found []Finding
	note := func(format string, args ...any) { found = append(found, Finding{Text: fmt.Sprintf(format, args...)}) }
	if !f.ClusterSet.IsZero() {
		var err error
		if s.clusterSet, err = f.ClusterSet.Child("svc"); err != nil {
			note("ClusterSet names are off: %v", err)
		}
	}
	s.canonical = s.clusterSet
	if s.canonical.IsZero() {
		s.canonical = s.short
	}
	found = append(found, s.setPlaces(places)...)
	for _, of := range f.ladders() {
		found = append(found, s.setLevels(of)...)
	}
	return s, found
}

// Fixed are the records that stand whatever Services there are: the schema
// version of the ClusterSet zone (MCS DNS specification §2.2).
func (s *Synthesizer) Fixed() Records {
	if s.fed.ClusterSet.IsZero() {
		return Records{}
	}
	owner, err := s.fed.ClusterSet.Child("dns-version")
	if err != nil {
		return Records{}
	}
	const ttl = 28800 // as the specification's example has it
	return Records{Sets: []zone.RRset{zone.NewRRset(owner, zone.TypeTXT, ttl, zone.TXT("1.0.0"))}}
}
