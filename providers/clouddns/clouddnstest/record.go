package clouddnstest

import (
	"fmt"
	"math"
	"net/http"
	"regexp"
	"slices"
	"strings"

	"github.com/miekg/dns"
)

// types are those that Cloud DNS has (DNS records overview, "Supported DNS record
// types"). ALIAS is its own.
var types = []string{
	"A", "AAAA", "ALIAS", "CAA", "CNAME", "DNSKEY", "DS", "HTTPS", "IPSECKEY", "MX", "NAPTR", "NS",
	"PTR", "SOA", "SPF", "SRV", "SSHFP", "SVCB", "TLSA", "TXT",
}

// targeted are the types whose data ends with a name, which has to be absolute.
var targeted = []string{"ALIAS", "CNAME", "MX", "NS", "PTR", "SRV"}

// data yields every record of r, those of routing policies included.
func (r RRset) data(yield func(string) bool) {
	each := func(texts []string) bool {
		for _, t := range texts {
			if !yield(t) {
				return false
			}
		}
		return true
	}
	if !each(r.RRDatas) || r.RoutingPolicy == nil {
		return
	}
	p := r.RoutingPolicy
	if p.WRR != nil {
		for _, it := range p.WRR.Items {
			if !each(it.RRDatas) || it.HealthCheckedTargets != nil && !each(it.HealthCheckedTargets.ExternalEndpoints) {
				return
			}
		}
	}
	geos := []*Geo{p.Geo}
	if b := p.PrimaryBackup; b != nil {
		if b.PrimaryTargets != nil && !each(b.PrimaryTargets.ExternalEndpoints) {
			return
		}
		geos = append(geos, b.BackupGeoTargets)
	}
	for _, g := range geos {
		if g == nil {
			continue
		}
		for _, it := range g.Items {
			if !each(it.RRDatas) || it.HealthCheckedTargets != nil && !each(it.HealthCheckedTargets.ExternalEndpoints) {
				return
			}
		}
	}
}

// valid checks one record set; where is how errors call it.
func (z *managedZone) valid(q Quota, r RRset, where string) *failure {
	apex := z.about.DNSName
	under := r.Name == apex || strings.HasSuffix(r.Name, "."+apex)
	if _, ok := dns.IsDomainName(r.Name); !ok || !under || r.Name != strings.ToLower(r.Name) {
		return invalid(where+".name", r.Name)
	}
	if !slices.Contains(types, r.Type) {
		return invalid(where+".type", r.Type)
	}
	if r.TTL < 0 || r.TTL > math.MaxInt32 {
		return invalid(where+".ttl", r.TTL)
	}
	switch {
	case r.Type == "NS" && strings.HasPrefix(r.Name, "*."):
		return fail(http.StatusBadRequest, "wildcardNotAllowed", "The resource record set '%s' is invalid because a resource record set of type 'NS' must not have a wildcard name.", where)
	case r.Type == "SOA" && r.Name != apex, r.Type == "ALIAS" && r.Name != apex:
		return fail(http.StatusBadRequest, "invalidZoneApex", "The resource record set '%s' is invalid because type '%s' is allowed at the apex only.", where, r.Type)
	case (len(r.RRDatas) == 0) == (r.RoutingPolicy == nil):
		return fail(http.StatusBadRequest, "required", "The '%s.rrdata' parameter is required but was missing.", where)
	}
	if r.RoutingPolicy != nil {
		return z.policy(q, r, where)
	}
	return records(q, r.Type, r.RRDatas, where)
}

// records checks the data of one record set, or of one item of its policy.
func records(q Quota, typ string, data []string, where string) *failure {
	if most := q.NameServersPerDelegation; typ == "NS" && len(data) > most {
		return fail(http.StatusForbidden, "quotaExceeded", "The resource record set '%s' would exceed quota for name servers per delegation.", where)
	}
	if len(data) > q.RecordsPerRRset {
		return fail(http.StatusForbidden, "quotaExceeded", "The resource record set '%s' would exceed quota for resource records per resource record set.", where)
	}
	if one := typ == "CNAME" || typ == "SOA" || typ == "ALIAS"; one && len(data) != 1 {
		return fail(http.StatusBadRequest, "invalidRecordCount", "The resource record set '%s' must contain exactly one resource record.", where)
	}
	seen := map[string]bool{}
	for i, text := range data {
		if seen[text] || !readable(typ, text) {
			return invalid(fmt.Sprintf("%s.rrdata[%d]", where, i), text)
		}
		seen[text] = true
	}
	return nil
}

// readable says that text is data of a type, as a zone file would have it.
func readable(typ, text string) bool {
	if strings.ContainsAny(text, "\r\n") || slices.Contains(targeted, typ) && !strings.HasSuffix(text, ".") {
		return false
	}
	if typ == "ALIAS" {
		typ = "CNAME"
	}
	if (typ == "TXT" || typ == "SPF") && !strings255(text) {
		return false
	}
	rr, err := dns.NewRR(". 0 IN " + typ + " " + text)
	return err == nil && rr != nil && !strings.HasPrefix(text, `\#`)
}

var (
	escaped = regexp.MustCompile(`\\([0-9]{3}|.)`)
	quoted  = regexp.MustCompile(`^"((?:[^"\\]|\\.)*)"`)
)

// strings255 says that no character string of TXT data is longer than 255 octets
// (RFC 1035 §3.3). The library would split it silently.
func strings255(text string) bool {
	for text = strings.TrimSpace(text); text != ""; text = strings.TrimSpace(text) {
		var word string
		if m := quoted.FindStringSubmatch(text); m != nil {
			word, text = m[1], text[len(m[0]):]
		} else {
			word, text, _ = strings.Cut(text, " ")
		}
		if len(escaped.ReplaceAllString(word, "x")) > 255 {
			return false
		}
	}
	return true
}
