package kubefed

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"k8s.io/apimachinery/pkg/api/validation"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	utilvalidation "k8s.io/apimachinery/pkg/util/validation"

	dnsv1alpha1 "github.com/fedns/fedns/federation/api/kubefed/multiclusterdns/v1alpha1"
	"github.com/fedns/fedns/federation/finding"
)

// Annotations by which members' Services and Ingresses are named: discovery reads
// them there, as it does whoever put them on.
const (
	annotationExport           = "fedns.io/export"
	annotationTTL              = "fedns.io/ttl"
	annotationHosts            = "fedns.io/hosts"
	annotationAlias            = "fedns.io/alias"
	annotationWithoutEndpoints = "fedns.io/without-endpoints"
)

// systemNamespace is where KubeFed has its own objects, Domains among them.
const systemNamespace = "kube-federation-system"

// maxTTL is the longest TTL that discovery takes: a week.
const maxTTL = 7 * 24 * 3600

// domain is a Domain.
type domain struct {
	reference
	created int64  // seconds
	zone    string // in lower case, without the dot at the end
	err     error  // it cannot be read; the zone is what it was before
}

// readDomain reads a Domain, which said before; nil: nothing.
func readDomain(o *unstructured.Unstructured, before *domain) (*domain, []finding.Finding) {
	d := &domain{reference: referenceTo(o), created: o.GetCreationTimestamp().Unix()}
	var stated dnsv1alpha1.Domain
	findings, err := finding.Decode(o, &stated)
	if err == nil {
		d.zone = hostname(stated.Domain)
		err = domainName("domain", d.zone)
	}
	if err != nil {
		d.err, d.zone = err, ""
		if before != nil {
			d.zone = before.zone
		}
	}
	return d, findings
}

// naming is a ServiceDNSRecord or an IngressDNSRecord.
type naming struct {
	reference
	object *unstructured.Unstructured // shared, as the host has it
	says   said
	err    error // it cannot be read; says is what it said before
}

// said is what a record says.
type said struct {
	domain           string // name of the Domain, of a Service's
	ttl              int64  // seconds; 0: not stated
	prefix           string
	alias            string
	hosts            []string // of an Ingress', in their order
	withoutEndpoints bool
}

// readNaming reads a record, which said before; nil: nothing.
func readNaming(o *unstructured.Unstructured, before *naming) (*naming, []finding.Finding) {
	n := &naming{reference: referenceTo(o), object: o}
	var findings []finding.Finding
	if n.kind == serviceRecordKind {
		findings, n.err = n.says.service(o)
	} else {
		findings, n.err = n.says.ingress(o)
	}
	if n.err != nil {
		n.says = said{}
		if before != nil {
			n.says = before.says
		}
	}
	return n, findings
}

func (s *said) service(o *unstructured.Unstructured) ([]finding.Finding, error) {
	var stated dnsv1alpha1.ServiceDNSRecord
	findings, err := finding.Decode(o, &stated)
	if err != nil {
		return findings, err
	}
	spec := &stated.Spec
	*s = said{domain: spec.DomainRef, ttl: int64(spec.RecordTTL), prefix: hostname(spec.DNSPrefix), alias: strings.ToLower(spec.ExternalName), withoutEndpoints: spec.AllowServiceWithoutEndpoints}
	if s.domain == "" {
		return findings, wrong("spec.domainRef", "missing")
	}
	if why := utilvalidation.IsDNS1123Label(s.alias); s.alias != "" && why != nil {
		return findings, wrong("spec.externalName", "got %.80q, want a DNS label, which stands for the Service's name", spec.ExternalName)
	}
	if s.prefix != "" {
		err = domainName("spec.dnsPrefix", s.prefix)
	}
	return findings, err
}

func (s *said) ingress(o *unstructured.Unstructured) ([]finding.Finding, error) {
	var stated dnsv1alpha1.IngressDNSRecord
	findings, err := finding.Decode(o, &stated)
	if err != nil {
		return findings, err
	}
	*s = said{ttl: int64(stated.Spec.RecordTTL)}
	for i, host := range stated.Spec.Hosts {
		host = hostname(host)
		if err := domainName(fmt.Sprintf("spec.hosts[%d]", i), strings.TrimPrefix(host, "*.")); err != nil {
			return findings, err
		}
		if !slices.Contains(s.hosts, host) {
			s.hosts = append(s.hosts, host)
		}
	}
	return findings, nil
}

// hostname is a domain name as records are compared by it.
func hostname(text string) string { return strings.ToLower(strings.TrimSuffix(text, ".")) }

// domainName says that a field's value is none.
func domainName(field, value string) error {
	if value == "" {
		return wrong(field, "missing")
	}
	if why := validation.NameIsDNSSubdomain(value, false); why != nil {
		return wrong(field, "got %.80q, want a domain name", value)
	}
	return nil
}

// target is the kind of what a record names.
func (n *naming) target() schema.GroupKind {
	if n.kind == serviceRecordKind {
		return schema.GroupKind{Kind: "Service"}
	}
	return schema.GroupKind{Group: "networking.k8s.io", Kind: "Ingress"}
}

// recordKindOf is the kind of records that name a kind; empty: none does.
func recordKindOf(target schema.GroupKind) schema.GroupVersionKind {
	switch {
	case target.Group == "" && target.Kind == "Service":
		return serviceRecordKind
	case target.Group == "networking.k8s.io" && target.Kind == "Ingress":
		return ingressRecordKind
	}
	return schema.GroupVersionKind{}
}

// annotations are those that have members' Services or Ingresses be named as a
// record says; zone is that of its Domain, empty where there is none.
func (s *said) annotations(zone string) map[string]string {
	all := map[string]string{annotationExport: "true"}
	if s.ttl > 0 {
		all[annotationTTL] = strconv.FormatInt(min(s.ttl, maxTTL), 10)
	}
	if s.alias != "" {
		all[annotationAlias] = s.alias
	}
	if s.withoutEndpoints {
		all[annotationWithoutEndpoints] = "true"
	}
	hosts := slices.Clone(s.hosts)
	if s.prefix != "" && zone != "" {
		hosts = append(hosts, s.prefix+"."+zone)
	}
	if len(hosts) > 0 {
		slices.Sort(hosts)
		all[annotationHosts] = strings.Join(hosts, ",")
	}
	return all
}

// domainOf is the Domain that a record refers to; nil: there is none. Of several of
// one name KubeFed's own namespace has the one that counts, else the oldest is. mu is
// held.
func (d *desk) domainOf(n *naming) (found *domain) {
	rank := func(of *domain) int {
		if of.namespace == systemNamespace {
			return 0
		}
		return 1
	}
	for _, one := range d.domains {
		if one.name != n.says.domain || one.zone == "" {
			continue
		}
		if found == nil || cmp.Or(cmp.Compare(rank(one), rank(found)), cmp.Compare(one.created, found.created), strings.Compare(one.namespace, found.namespace)) < 0 {
			found = one
		}
	}
	return found
}

// zoneOf is the zone that a record's names lie in; empty: it is not known. mu is held.
func (d *desk) zoneOf(n *naming) string {
	if of := d.domainOf(n); of != nil {
		return of.zone
	}
	return ""
}

// annotate has members' objects be named as a record says, where there is one. What
// the template says itself stands. mu is held.
func (d *desk) annotate(o *unstructured.Unstructured, f *federated, t *federation) (all map[string]string) {
	n := d.records[reference{recordKindOf(t.target.GroupKind()), f.namespace, f.name}]
	if n == nil || n.says.empty() || n.object.GetDeletionTimestamp() != nil {
		return nil
	}
	have := o.GetAnnotations()
	if have == nil {
		have = map[string]string{}
	}
	all = map[string]string{}
	for key, value := range n.says.annotations(d.zoneOf(n)) {
		if _, own := have[key]; !own {
			all[key], have[key] = value, value
		}
	}
	o.SetAnnotations(have)
	return all
}

// empty says that nothing was ever read.
func (s *said) empty() bool { return s.domain == "" && s.hosts == nil && s.ttl == 0 }
