package inventory

import (
	"fmt"
	"strings"

	"github.com/fedns/fedns/discovery/cluster"
)

// The labels by which Kubernetes' own objects say where they are.
const (
	RegionLabel = "topology.kubernetes.io/region"
	ZoneLabel   = "topology.kubernetes.io/zone"
)

// CheckName says what is wrong with a cluster's name; nil: nothing.
func CheckName(name string) error {
	if cluster.IsLabel(name) {
		return nil
	}
	return fmt.Errorf("got %q, want a DNS label: at most 63 of a-z, 0-9 and -, no - at either end", short(name))
}

// SetPlace takes over where the cluster is stated to be, in field or in the
// object's labels. What is no DNS label is left out, with a finding.
func (m *Member) SetPlace(region string, zones []string, field string) (findings []Finding) {
	regionField, zonesField := field+".region", field+".zones"
	if region == "" {
		region, regionField = m.Labels[RegionLabel], "metadata.labels["+RegionLabel+"]"
	}
	if len(zones) == 0 && m.Labels[ZoneLabel] != "" {
		zones, zonesField = []string{m.Labels[ZoneLabel]}, "metadata.labels["+ZoneLabel+"]"
	}
	bad := func(field, value string) bool {
		if cluster.IsLabel(value) {
			return false
		}
		findings = append(findings, Finding{Field: field, Text: fmt.Sprintf("got %q, want a DNS label; it is left out", short(value))})
		return true
	}
	if region != "" && !bad(regionField, region) {
		m.Region = region
	}
	for _, z := range zones {
		if z != "" && !bad(zonesField, z) {
			m.Zones = append(m.Zones, z)
		}
	}
	return findings
}

// short keeps a value that may be anything within one line.
func short(s string) string {
	const longest = 80
	if len(s) > longest {
		s = s[:longest] + "…"
	}
	return strings.ToValidUTF8(s, "?")
}
