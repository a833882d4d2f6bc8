package join

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/fedns/fedns/discovery/cluster"
	"github.com/fedns/fedns/discovery/guarantee"
)

// LabelSourceCluster marks an EndpointSlice that the MCS machinery imported
// from another cluster (KEP-1645). Taking it in would echo that cluster's
// endpoints as this one's.
const LabelSourceCluster = "multicluster.kubernetes.io/source-cluster"

// Service is what DNS needs of a Service object. It shares no memory with it.
type Service struct {
	Key cluster.ServiceKey

	findings        findings // unusable fields
	misannotated    findings // unusable annotations, told even while the Service is not exported
	created         time.Time
	typ             cluster.ServiceType
	external        bool // ExternalName: never exported (KEP-1645)
	optIn, optOut   bool // fedns.io/export
	publishNotReady bool
	clusterIPs      []netip.Addr
	ingress         []cluster.Ingress
	ports           []cluster.Port
	ttl, weight     uint32
	policy          string
	addresses       []netip.Addr
	hosts           []string // fedns.io/hosts, sorted
	alias           string   // fedns.io/alias

	withoutEndpoints bool
}

// Slice is what DNS needs of an EndpointSlice.
type Slice struct {
	Key     cluster.ServiceKey // the slice's own namespace and name
	Service string             // the Service it belongs to, in the same namespace; empty: none of ours
	// Received is when the watch event that brought it came in; zero: it was listed.
	Received time.Time
	changed  time.Time // as it says of itself; zero: it does not
	octets   string    // a part's

	findings findings
}

// Export is what DNS needs of a ServiceExport: which Service, and since when.
type Export struct {
	Key     cluster.ServiceKey
	Created time.Time
}

// Node is what DNS needs of a Node: where it stands.
type Node struct{ Name, Region, Zone string }

// FromService reads a Service. It keeps no reference to o.
func FromService(o *corev1.Service) Service {
	s := Service{
		Key:             cluster.ServiceKey{Namespace: strings.Clone(o.Namespace), Name: strings.Clone(o.Name)},
		created:         o.CreationTimestamp.UTC(),
		typ:             typeOf(o),
		external:        o.Spec.Type == corev1.ServiceTypeExternalName,
		publishNotReady: o.Spec.PublishNotReadyAddresses,
	}
	if s.typ != cluster.Headless {
		s.clusterIPs = s.clusterIPsOf(o)
	}
	if s.typ == cluster.LoadBalancer {
		var in []point
		for _, i := range o.Status.LoadBalancer.Ingress {
			in = append(in, point{"ip", i.IP, i.Hostname})
		}
		s.ingress = ingressOf(&s.findings, "Service "+s.Key.String(), "status.loadBalancer.ingress", in)
	}
	for _, p := range o.Spec.Ports {
		if p.Port > 0 && p.Port <= 65535 {
			s.ports = append(s.ports, cluster.Port{Name: strings.Clone(p.Name), Protocol: protocolOf(p.Protocol), Number: uint16(p.Port)})
		}
	}
	slices.SortFunc(s.ports, comparePorts)
	s.ports = slices.Compact(s.ports)
	s.annotate("Service "+s.Key.String(), o.Annotations)
	return s
}

func typeOf(o *corev1.Service) cluster.ServiceType {
	switch {
	case o.Spec.ClusterIP == corev1.ClusterIPNone || slices.Contains(o.Spec.ClusterIPs, corev1.ClusterIPNone):
		return cluster.Headless
	case o.Spec.Type == corev1.ServiceTypeLoadBalancer:
		return cluster.LoadBalancer
	}
	return cluster.ClusterIP
}

func (s *Service) clusterIPsOf(o *corev1.Service) []netip.Addr {
	var out []netip.Addr
	read := func(field, ip string) {
		if a, ok := s.findings.addr("Service "+s.Key.String(), field, ip); ok {
			out = append(out, a)
		}
	}
	if len(o.Spec.ClusterIPs) == 0 {
		read("spec.clusterIP", o.Spec.ClusterIP)
	}
	for i, ip := range o.Spec.ClusterIPs {
		read(fmt.Sprintf("spec.clusterIPs[%d]", i), ip)
	}
	slices.SortFunc(out, netip.Addr.Compare)
	return slices.Compact(out)
}

// addr reads the address in a field of an object; one that is set and not usable
// is a finding.
func (f *findings) addr(object, field, text string) (netip.Addr, bool) {
	a, ok := parseAddr(text)
	if !ok && text != "" {
		f.add(object, field, usable, text)
	}
	return a, ok
}

// point is one entry of a status that says where clients are served: the field
// that the address is in, the address, and the hostname if there is no address.
type point struct{ field, ip, hostname string }

// ingressOf reads the entries of a list. It ignores ipMode: whether the node or
// the load balancer terminates is kube-proxy's business, the address is the same.
func ingressOf(f *findings, object, list string, in []point) []cluster.Ingress {
	var out []cluster.Ingress
	for n, i := range in {
		if a, ok := f.addr(object, fmt.Sprintf("%s[%d].%s", list, n, i.field), i.ip); ok {
			out = append(out, cluster.Ingress{Addr: a})
		} else if h := strings.TrimSuffix(i.hostname, "."); h != "" && i.ip == "" {
			out = append(out, cluster.Ingress{Hostname: strings.Clone(strings.ToLower(h))})
		}
	}
	slices.SortFunc(out, compareIngress)
	return slices.Compact(out)
}

// protocolOf is the protocol as SRV owner names have it; the API's default is TCP.
func protocolOf(p corev1.Protocol) string {
	switch p {
	case corev1.ProtocolUDP:
		return "udp"
	case corev1.ProtocolSCTP:
		return "sctp"
	}
	return "tcp"
}

// FromSlice reads an EndpointSlice. It keeps no reference to o. A slice of
// FQDNs, one that was imported from another cluster, and one without a Service
// has no Service in the result and no endpoints.
func FromSlice(o *discoveryv1.EndpointSlice) Slice {
	s := Slice{Key: cluster.ServiceKey{Namespace: strings.Clone(o.Namespace), Name: strings.Clone(o.Name)}}
	if _, imported := o.Labels[LabelSourceCluster]; imported || o.AddressType == discoveryv1.AddressTypeFQDN {
		return s
	}
	s.Service = strings.Clone(o.Labels[discoveryv1.LabelServiceName])
	if s.Service == "" {
		return s
	}
	s.changed = changedAt(o)
	endpoints := make([]cluster.Endpoint, 0, len(o.Endpoints))
	for i := range o.Endpoints {
		endpoints = s.appendEndpoints(endpoints, &o.Endpoints[i], i, o.AddressType == discoveryv1.AddressTypeIPv4)
	}
	s.octets = pack(s.Key.Name, portsOf(o.Ports), endpoints)
	s.Key.Name = s.octets[:len(s.Key.Name)] // one string to keep, not two
	return s
}

// appendEndpoints takes endpoint number n apart into its addresses of the
// slice's family. The API's defaults: an unknown ready is ready, an unknown
// serving is as ready, an unknown terminating is false.
func (s *Slice) appendEndpoints(dst []cluster.Endpoint, e *discoveryv1.Endpoint, n int, is4 bool) []cluster.Endpoint {
	ready := valueOr(e.Conditions.Ready, true)
	for i, text := range e.Addresses {
		a, ok := parseAddr(text)
		if want := wantAddr(a, ok, is4); want != "" {
			s.findings.add("EndpointSlice "+s.Key.String(), fmt.Sprintf("endpoints[%d].addresses[%d]", n, i), want, text)
			if !guarantee.Holds(guarantee.BadObjectsStay) {
				return nil
			}
			continue
		}
		dst = append(dst, cluster.Endpoint{
			Addr:        a,
			Hostname:    strings.ToLower(valueOr(e.Hostname, "")),
			Ready:       ready,
			Serving:     valueOr(e.Conditions.Serving, ready),
			Terminating: valueOr(e.Conditions.Terminating, false),
			Zone:        valueOr(e.Zone, ""),
		})
	}
	return dst
}

// wantAddr is what an endpoint's address should have been; empty: it is right.
func wantAddr(a netip.Addr, ok, is4 bool) string {
	switch {
	case !ok:
		return usable
	case is4 && !a.Is4():
		return "an IPv4 address"
	case !is4 && a.Is4():
		return "an IPv6 address"
	}
	return ""
}

// portsOf leaves out a port without a number ("all ports"), which SRV cannot say.
func portsOf(in []discoveryv1.EndpointPort) []cluster.Port {
	var out []cluster.Port
	for _, p := range in {
		if p.Port == nil || *p.Port < 1 || *p.Port > 65535 {
			continue
		}
		out = append(out, cluster.Port{
			Name:     valueOr(p.Name, ""),
			Protocol: protocolOf(valueOr(p.Protocol, corev1.ProtocolTCP)),
			Number:   uint16(*p.Port),
		})
	}
	slices.SortFunc(out, comparePorts)
	return slices.Compact(out)
}

// FromExport reads the metadata of a ServiceExport of any version.
func FromExport(o *metav1.ObjectMeta) Export {
	return Export{
		Key:     cluster.ServiceKey{Namespace: strings.Clone(o.Namespace), Name: strings.Clone(o.Name)},
		Created: o.CreationTimestamp.UTC(),
	}
}

// FromNode reads a Node's labels; the beta labels count where the others are missing.
func FromNode(o *corev1.Node) Node {
	label := func(name, old string) string {
		if v := o.Labels[name]; v != "" {
			return strings.Clone(v)
		}
		return strings.Clone(o.Labels[old])
	}
	return Node{
		Name:   strings.Clone(o.Name),
		Region: label(corev1.LabelTopologyRegion, corev1.LabelFailureDomainBetaRegion),
		Zone:   label(corev1.LabelTopologyZone, corev1.LabelFailureDomainBetaZone),
	}
}

func valueOr[T any](p *T, otherwise T) T {
	if p == nil {
		return otherwise
	}
	return *p
}
