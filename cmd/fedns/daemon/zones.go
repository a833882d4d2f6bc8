package daemon

import (
	"fmt"
	"maps"
	"slices"

	"github.com/fedns/fedns/cmd/fedns/config"
	"github.com/fedns/fedns/dnsserver"
	"github.com/fedns/fedns/dnsserver/dnsname"
	"github.com/fedns/fedns/dnsserver/zone"
	"github.com/fedns/fedns/dnsserver/zonefile"
)

// zoneFiles is how a zone's files were when they were last looked at. What they
// held when they were last good the name server keeps.
type zoneFiles struct {
	fresh   []zone.RRset // that the name server does not have yet
	digests []string     // of all that was looked at last
	good    bool         // they were good at some time
	fault   string       // what was wrong with the files last time
}

// filled lists the zones that are made from the clusters' Services and hosts, each with
// the lowest TTL its names have: that a name is missing must not be remembered
// for longer than what it holds.
func filled(cfg *config.Config) map[dnsname.Name]uint32 {
	ttl := cfg.Federation.TTL
	zones := map[dnsname.Name]uint32{
		cfg.Federation.Name:       ttl.ShortName,
		cfg.Federation.Domain:     min(ttl.Zone, ttl.Region, ttl.Global),
		cfg.Federation.ClusterSet: ttl.ClusterSet,
	}
	delete(zones, dnsname.Name{}) // families that are off
	for _, z := range cfg.Zones {
		_, filled := zones[z.Name]
		switch {
		case z.Reverse():
			zones[z.Name] = 0
		case cfg.Hosted() && !filled:
			zones[z.Name] = ttl.Global
		}
	}
	return zones
}

// ReadZone reads a zone's files as the daemon does: a zone that nothing but
// files fills has to bring its own SOA and NS. What it returns can be served.
func ReadZone(cfg *config.Config, z config.Zone) (*zonefile.Set, error) {
	_, filled := filled(cfg)[z.Name]
	set, err := zonefile.Config{RequireSOA: !filled}.Read(z.Name, z.Files...)
	if err != nil {
		return nil, err
	}
	if err := dnsserver.CheckZone(dnsserver.ZoneSpec{Apex: z.Name, Static: set.RRsets}); err != nil {
		return nil, err
	}
	return set, nil
}

// zones lists the zones to serve. Files that are as they were are not read
// again; where they cannot be read, or are invalid, what they held before
// stands, and a zone that never was good is left out if nothing else fills it.
func (d *Daemon) zones(cfg *config.Config) []dnsserver.ZoneSpec {
	specs := map[dnsname.Name]dnsserver.ZoneSpec{}
	for apex, ttl := range filled(cfg) {
		specs[apex] = dnsserver.ZoneSpec{Apex: apex, NegativeTTL: ttl, Filled: true, Provisional: d.current != nil}
	}
	files := map[dnsname.Name]*zoneFiles{}
	for _, z := range cfg.Zones {
		if len(z.Files) == 0 {
			continue
		}
		f := d.readZone(cfg, z)
		files[z.Name] = f
		spec, filled := specs[z.Name]
		if f.good || filled {
			spec.Apex, spec.Static = z.Name, f.fresh
			spec.Keep = f.good && f.fresh == nil
			specs[z.Name] = spec
		}
		f.fresh = nil
	}
	d.files = files
	return slices.Collect(maps.Values(specs))
}

func (d *Daemon) readZone(cfg *config.Config, z config.Zone) *zoneFiles {
	f := d.files[z.Name]
	if d.dns.Snapshot(z.Name) == nil {
		f = nil // nobody has what the files held
	}
	_, filled := filled(cfg)[z.Name]
	digests := []string{fmt.Sprint("filled: ", filled)} // what is asked of a zone depends on it
	for _, path := range z.Files {
		digests = append(digests, path+" "+cfg.Digests[path])
	}
	if f != nil && slices.Equal(f.digests, digests) {
		return f
	}
	now := &zoneFiles{digests: digests}
	if f != nil {
		now.good = f.good
	}
	set, err := ReadZone(cfg, z)
	if err != nil {
		now.fault = err.Error()
		for _, e := range Lines(err) {
			d.log.Error("zone file was refused, the zone stays as it was", "zone", z.Name.String(), "error", e)
		}
		return now
	}
	for _, w := range set.Warnings {
		d.log.Warn("zone file", "zone", z.Name.String(), "warning", w)
	}
	now.fresh, now.good = set.RRsets, true
	if now.fresh == nil {
		now.fresh = []zone.RRset{}
	}
	return now
}

// Lines parts a joined error into its parts, a line of output each.
func Lines(err error) []error {
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		var all []error
		for _, e := range joined.Unwrap() {
			all = append(all, Lines(e)...)
		}
		return all
	}
	return []error{err}
}

// ZoneFaults tells, by zone, what was wrong with its files when they were last read.
func (d *Daemon) ZoneFaults() map[string]string {
	d.mu.Lock()
	defer d.mu.Unlock()
	faults := map[string]string{}
	for apex, f := range d.files {
		if f.fault != "" {
			faults[apex.String()] = f.fault
		}
	}
	return faults
}

func (d *Daemon) zoneNames() []string {
	var names []string
	for _, z := range d.dns.Zones() {
		names = append(names, z.Name)
	}
	return names
}
