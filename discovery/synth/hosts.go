package synth

import (
	"slices"
	"strings"

	"github.com/fedns/fedns/discovery/cluster"
	"github.com/fedns/fedns/dnsserver/dnsname"
)

// beginHost prepares the records of a host; false, and a finding: it has none.
// That is so outside of the zones that hosts may lie in, which somebody else
// answers for, and among the names of Services, which a host must not take.
func (b *builder) beginHost(host string) bool {
	if !isHost(host) {
		b.note("", "host %q is no domain name, nor *. before one: it has no records", host)
		return false
	}
	name, err := dnsname.Parse(host + ".")
	if err != nil {
		b.note("", "host %q has no records: %v", host, err)
		return false
	}
	if !b.s.holdsHosts(name) {
		b.note("", "host %s lies in no zone that is configured: it has no records", host)
		return false
	}
	if taken := b.s.reserved(name); taken != "" {
		b.note("", "host %s lies in %s, among the names of Services: it has no records", host, taken)
		return false
	}
	b.host = name
	return true
}

// isHost says that a host is a domain name of DNS labels, the first of which may
// be the wildcard: RFC 4592 has it match what lies below the others, at any depth,
// where Ingress (one label) and Gateway API (any) differ.
func isHost(host string) bool {
	for label := range strings.SplitSeq(strings.TrimPrefix(host, "*."), ".") {
		if !cluster.IsLabel(label) {
			return false
		}
	}
	return true
}

// holdsHosts says that a name lies in a zone that hosts may lie in.
func (s *Synthesizer) holdsHosts(name dnsname.Name) bool {
	return slices.ContainsFunc(s.fed.Hosts, name.Under)
}

// reserved is the family of Services' names that a name lies in; empty: none.
func (s *Synthesizer) reserved(name dnsname.Name) string {
	for _, suffix := range []dnsname.Name{s.short, s.clusterSet} {
		if !suffix.IsZero() && name.Under(suffix) {
			return suffix.String()
		}
	}
	for i := range s.levels {
		if suffix := s.levels[i].suffix; name.Under(suffix) {
			return suffix.String()
		}
	}
	return ""
}
