package manifest

import (
	"fmt"
	"net/netip"
	"strings"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/validation"
	strict "sigs.k8s.io/json"
)

// What an API server would have refused and DNS would trip over. Each says
// whether nothing was found, in the object as a whole.

func (d *decoder) metadata(m *metav1.ObjectMeta, namespaced bool) bool {
	wrong := validation.IsDNS1123Subdomain(m.Name)
	d.want(len(wrong) == 0, "metadata.name", "a name of lower-case letters, digits, '-' and '.'"+got(m.Name))
	if namespaced {
		wrong = validation.IsDNS1123Label(m.Namespace)
		d.want(len(wrong) == 0, "metadata.namespace", "a name of lower-case letters, digits and '-'"+got(m.Namespace))
	}
	return len(d.findings) == 0
}

// gateway reads an object of the Gateway API as it comes: discovery/join looks at
// the types of the fields it uses.
func (d *decoder) gateway() (*unstructured.Unstructured, bool) {
	var v map[string]any
	var named struct {
		metav1.ObjectMeta `json:"metadata"`
	}
	if !d.into(&v, &metav1.ObjectMeta{}) {
		return nil, false
	}
	if err := strict.UnmarshalCaseSensitivePreserveInts(d.buf.Bytes(), &named); err != nil {
		d.bad(d.marks[0].line, "metadata", "want values of the API's types: "+err.Error())
		return nil, false
	}
	o := &unstructured.Unstructured{Object: v}
	if named.Namespace == "" {
		named.Namespace = metav1.NamespaceDefault
		o.SetNamespace(named.Namespace)
	}
	return o, d.metadata(&named.ObjectMeta, true)
}

// readable adds what makes an object of the Gateway API malformed, if anything does.
func (d *decoder) readable(malformed string) {
	if malformed != "" {
		d.bad(d.marks[0].line, "", malformed)
	}
}

func (d *decoder) service(s *corev1.Service) bool {
	d.metadata(&s.ObjectMeta, true)
	d.want(len(validation.IsDNS1123Label(s.Name)) == 0, "metadata.name", "a DNS label of lower-case letters, digits and '-'"+got(s.Name))
	switch s.Spec.Type {
	case "", corev1.ServiceTypeClusterIP, corev1.ServiceTypeNodePort, corev1.ServiceTypeLoadBalancer, corev1.ServiceTypeExternalName:
	default:
		d.want(false, "spec.type", "ClusterIP, NodePort, LoadBalancer or ExternalName"+got(string(s.Spec.Type)))
	}
	const ipOrNone = "an IP address or None"
	d.want(s.Spec.ClusterIP == "" || s.Spec.ClusterIP == corev1.ClusterIPNone || isAddr(s.Spec.ClusterIP), "spec.clusterIP", ipOrNone+got(s.Spec.ClusterIP))
	for i, ip := range s.Spec.ClusterIPs {
		d.want(ip == corev1.ClusterIPNone || isAddr(ip), fmt.Sprintf("spec.clusterIPs[%d]", i), ipOrNone+got(ip))
	}
	names := map[string]bool{}
	for i, p := range s.Spec.Ports {
		at := fmt.Sprintf("spec.ports[%d]", i)
		d.want(p.Port >= 1 && p.Port <= 65535, at+".port", fmt.Sprintf("a port, 1 to 65535, got %d", p.Port))
		d.protocol(p.Protocol, at+".protocol")
		d.portName(p.Name, at+".name")
		d.want(len(s.Spec.Ports) == 1 || p.Name != "" && !names[p.Name], at+".name", "a name that no other port has, for there are several"+got(p.Name))
		names[p.Name] = true
	}
	for i, in := range s.Status.LoadBalancer.Ingress {
		at := fmt.Sprintf("status.loadBalancer.ingress[%d]", i)
		d.want(in.IP == "" || isAddr(in.IP), at+".ip", "an IP address"+got(in.IP))
		host := strings.ToLower(strings.TrimSuffix(in.Hostname, "."))
		d.want(host == "" || len(validation.IsDNS1123Subdomain(host)) == 0, at+".hostname", "a host name"+got(in.Hostname))
		d.want(in.IP != "" || in.Hostname != "", at, "an ip or a hostname")
	}
	return len(d.findings) == 0
}

func (d *decoder) slice(s *discoveryv1.EndpointSlice) bool {
	d.metadata(&s.ObjectMeta, true)
	families := map[discoveryv1.AddressType]func(netip.Addr) bool{
		discoveryv1.AddressTypeIPv4: netip.Addr.Is4, discoveryv1.AddressTypeIPv6: netip.Addr.Is6,
	}
	family := families[s.AddressType]
	d.want(family != nil || s.AddressType == discoveryv1.AddressTypeFQDN, "addressType", "IPv4, IPv6 or FQDN"+got(string(s.AddressType)))
	for i, e := range s.Endpoints {
		at := fmt.Sprintf("endpoints[%d]", i)
		d.want(len(e.Addresses) > 0, at+".addresses", "one address at least")
		for k, text := range e.Addresses {
			a, err := netip.ParseAddr(text)
			d.want(family == nil || err == nil && family(a), fmt.Sprintf("%s.addresses[%d]", at, k), fmt.Sprintf("an %s address%s", s.AddressType, got(text)))
		}
		if e.Hostname != nil {
			d.want(len(validation.IsDNS1123Label(strings.ToLower(*e.Hostname))) == 0, at+".hostname", "a DNS label"+got(*e.Hostname))
		}
	}
	for i, p := range s.Ports {
		at := fmt.Sprintf("ports[%d]", i)
		if p.Port != nil {
			d.want(*p.Port >= 1 && *p.Port <= 65535, at+".port", fmt.Sprintf("a port, 1 to 65535, got %d", *p.Port))
		}
		if p.Protocol != nil {
			d.protocol(*p.Protocol, at+".protocol")
		}
		if p.Name != nil {
			d.portName(*p.Name, at+".name")
		}
	}
	return len(d.findings) == 0
}

func (d *decoder) protocol(p corev1.Protocol, path string) {
	switch p {
	case "", corev1.ProtocolTCP, corev1.ProtocolUDP, corev1.ProtocolSCTP:
	default:
		d.want(false, path, "TCP, UDP or SCTP"+got(string(p)))
	}
}

func (d *decoder) portName(name, path string) {
	d.want(name == "" || len(validation.IsDNS1123Label(name)) == 0, path, "a DNS label"+got(name))
}

func isAddr(text string) bool {
	_, err := netip.ParseAddr(text)
	return err == nil
}

func got(text string) string {
	if text == "" {
		return ", got nothing"
	}
	return fmt.Sprintf(", got %q", text)
}
