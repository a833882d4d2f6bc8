package join

import (
	"slices"
	"strings"
	"time"

	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/fedns/fedns/discovery/cluster"
)

// What federation placed carries this label.
const (
	LabelManagedBy = "app.kubernetes.io/managed-by"
	ManagedBy      = "fedns"
)

// claim is what an object says of a host.
type claim struct {
	export   cluster.Export
	created  time.Time
	ingress  []cluster.Ingress // where the host is served
	ttl      uint32
	weight   uint32
	policy   string
	findings findings
}

// hosting is what objects that say where hosts are have in common.
type hosting struct {
	Key   cluster.ServiceKey
	hosts []string // in lower case, sorted, unique; of an HTTPRoute, before they meet those of listeners
	claim claim

	annotated     []string // fedns.io/hosts
	malformed     string
	placed        bool // by federation
	optIn, optOut bool // fedns.io/export
}

// Malformed says why nothing of the object can be read; empty: it can. An API
// server lets no such object in.
func (h *hosting) Malformed() string { return h.malformed }

// Ingress is what DNS needs of an Ingress. It shares no memory with it.
type Ingress struct{ hosting }

// FromIngress reads an Ingress. It keeps no reference to o. A host that stands in
// several rules is one.
func FromIngress(o *networkingv1.Ingress) Ingress {
	i := Ingress{hostingOf("Ingress", &o.ObjectMeta, cluster.ByIngress)}
	for _, r := range o.Spec.Rules {
		if r.Host != "" { // any host: nobody says which
			i.hosts = append(i.hosts, hostname(r.Host))
		}
	}
	i.hosts = append(i.hosts, i.annotated...)
	slices.Sort(i.hosts)
	i.hosts = slices.Compact(i.hosts)
	var in []point
	for _, l := range o.Status.LoadBalancer.Ingress {
		in = append(in, point{"ip", l.IP, l.Hostname})
	}
	i.at("Ingress", "status.loadBalancer.ingress", in)
	return i
}

// hostingOf reads an object's metadata.
func hostingOf(kind string, o *metav1.ObjectMeta, rule cluster.Export) hosting {
	h := hosting{
		Key:    cluster.ServiceKey{Namespace: strings.Clone(o.Namespace), Name: strings.Clone(o.Name)},
		placed: o.Labels[LabelManagedBy] == ManagedBy,
	}
	var s Service
	s.annotate(kind+" "+h.Key.String(), o.Annotations)
	h.optIn, h.optOut, h.annotated = s.optIn, s.optOut, s.hosts
	h.claim = claim{export: rule, created: o.CreationTimestamp.UTC(), ttl: s.ttl, weight: s.weight, policy: s.policy, findings: s.misannotated}
	for _, a := range s.addresses {
		h.claim.ingress = append(h.claim.ingress, cluster.Ingress{Addr: a})
	}
	return h
}

// at sets where the object's hosts are, unless its annotation says so.
func (h *hosting) at(kind, list string, in []point) {
	ingress := ingressOf(&h.claim.findings, kind+" "+h.Key.String(), list, in)
	if len(h.claim.ingress) == 0 {
		h.claim.ingress = ingress
	}
}

// exported says that a rule that is switched on holds for the object: federation
// placed it, or its annotation asks for it.
func (h *hosting) exported(rules cluster.Export) bool {
	return rules&h.claim.export != 0 && !h.optOut && (h.placed || h.optIn && rules&cluster.ByAnnotation != 0)
}

// hostname is a host as keys have it.
func hostname(text string) string {
	return strings.Clone(strings.ToLower(strings.TrimSuffix(text, ".")))
}

// and is f and what g has beside it.
func (f findings) and(g findings) findings {
	both := findings{list: slices.Concat(f.list, g.list), more: f.more || g.more}
	if len(both.list) > maxFindings {
		both.list, both.more = both.list[:maxFindings], true
	}
	return both
}
