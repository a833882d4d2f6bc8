package join

import (
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/fedns/fedns/discovery/cluster"
)

// GatewayGroup is the API group of Gateway and HTTPRoute.
const GatewayGroup = "gateway.networking.k8s.io"

// Gateway is what DNS needs of a Gateway: its listeners, and where they are.
type Gateway struct {
	hosting
	ingress   []cluster.Ingress
	findings  findings
	listeners []listener
}

// listener is one that HTTPRoutes may be on.
type listener struct {
	name, host string // host may be empty: any
	port       int32
}

// Route is what DNS needs of an HTTPRoute: its hosts, and the Gateways that took it.
type Route struct {
	hosting
	parents []parent
}

// parent is a Gateway that a route is on, or some of its listeners.
type parent struct {
	gateway cluster.ServiceKey
	section string // a listener's name; empty: any
	port    int32  // a listener's; 0: any
}

// The part of the Gateway API (v1) that is looked at.
type (
	gatewayObject struct {
		Spec struct {
			Listeners []struct {
				Name     string `json:"name"`
				Hostname string `json:"hostname"`
				Protocol string `json:"protocol"`
				Port     int32  `json:"port"`
			} `json:"listeners"`
		} `json:"spec"`
		Status struct {
			Addresses []struct {
				Type  string `json:"type"`
				Value string `json:"value"`
			} `json:"addresses"`
		} `json:"status"`
	}
	routeObject struct {
		Spec struct {
			Hostnames  []string       `json:"hostnames"`
			ParentRefs []parentObject `json:"parentRefs"`
		} `json:"spec"`
		Status struct {
			Parents []struct {
				ParentRef  parentObject `json:"parentRef"`
				Conditions []condition  `json:"conditions"`
			} `json:"parents"`
		} `json:"status"`
	}
	condition struct {
		Type   string `json:"type"`
		Status string `json:"status"`
	}
	parentObject struct {
		Group       *string `json:"group"`
		Kind        *string `json:"kind"`
		Namespace   string  `json:"namespace"`
		Name        string  `json:"name"`
		SectionName string  `json:"sectionName"`
		Port        int32   `json:"port"`
	}
)

// FromGateway reads a Gateway of version v1 or v1beta1. It keeps no reference to o.
func FromGateway(o *unstructured.Unstructured) Gateway {
	var v gatewayObject
	h, ok := readHosting(o, "Gateway", &v)
	g := Gateway{hosting: h}
	if !ok {
		return g
	}
	for _, l := range v.Spec.Listeners {
		if l.Protocol == "HTTP" || l.Protocol == "HTTPS" { // HTTPRoutes are on no others
			g.listeners = append(g.listeners, listener{strings.Clone(l.Name), hostname(l.Hostname), l.Port})
		}
	}
	var in []point
	for _, a := range v.Status.Addresses {
		switch a.Type {
		case "", "IPAddress":
			in = append(in, point{"value", a.Value, ""})
		case "Hostname":
			in = append(in, point{"value", "", a.Value})
		}
	}
	g.at("Gateway", "status.addresses", in)
	g.ingress, g.findings = g.claim.ingress, g.claim.findings
	return g
}

// FromRoute reads an HTTPRoute of version v1 or v1beta1. It keeps no reference to
// o. Gateways count that have accepted it: whose listeners let it in is decided by
// who runs them.
func FromRoute(o *unstructured.Unstructured) Route {
	var v routeObject
	h, ok := readHosting(o, "HTTPRoute", &v)
	r := Route{hosting: h}
	if !ok {
		return r
	}
	for _, host := range v.Spec.Hostnames {
		r.hosts = append(r.hosts, hostname(host))
	}
	for _, p := range v.Spec.ParentRefs {
		ref, ok := p.parent(r.Key.Namespace)
		for _, s := range v.Status.Parents {
			if told, is := s.ParentRef.parent(r.Key.Namespace); ok && is && told == ref && accepted(s.Conditions) && !slices.Contains(r.parents, ref) {
				r.parents = append(r.parents, ref)
			}
		}
	}
	return r
}

func accepted(all []condition) bool { return slices.Contains(all, condition{"Accepted", "True"}) }

// parent is the Gateway that is referred to; false: it is none.
func (p *parentObject) parent(namespace string) (parent, bool) {
	if valueOr(p.Group, GatewayGroup) != GatewayGroup || valueOr(p.Kind, "Gateway") != "Gateway" {
		return parent{}, false
	}
	if p.Namespace != "" {
		namespace = p.Namespace
	}
	return parent{cluster.ServiceKey{Namespace: strings.Clone(namespace), Name: strings.Clone(p.Name)}, strings.Clone(p.SectionName), p.Port}, true
}

// readHosting reads o into v; false, and a finding: a field is of another type
// than the Gateway API has it, and none is used.
func readHosting(o *unstructured.Unstructured, kind string, v any) (hosting, bool) {
	meta := metav1.ObjectMeta{
		Namespace: o.GetNamespace(), Name: o.GetName(), CreationTimestamp: o.GetCreationTimestamp(),
		Labels: o.GetLabels(), Annotations: o.GetAnnotations(),
	}
	h := hostingOf(kind, &meta, cluster.ByGateway)
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(o.Object, v); err != nil {
		h.malformed = "want fields of the types that " + GatewayGroup + "/v1 has: " + err.Error()
		h.claim.findings.add(kind+" "+h.Key.String(), "spec, status", "fields of the types that "+GatewayGroup+"/v1 has", err.Error())
		return h, false
	}
	return h, true
}

// on says that the route is on a Gateway.
func (r *Route) on(gateway cluster.ServiceKey) bool {
	return slices.ContainsFunc(r.parents, func(p parent) bool { return p.gateway == gateway })
}

// meeting are the hosts that a route has on the Gateway's listeners; a route that
// names none has the listeners'.
func (g *Gateway) meeting(p parent, route []string) []string {
	var out []string
	for _, l := range g.listeners {
		if p.section != "" && p.section != l.name || p.port != 0 && p.port != l.port {
			continue
		}
		if len(route) == 0 && l.host != "" {
			out = append(out, l.host)
		}
		for _, host := range route {
			if both := meet(l.host, host); both != "" {
				out = append(out, both)
			}
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// meet is what two hostnames have in common, the narrower of the two; empty:
// nothing. An empty one, and in what it covers a wildcard, stands for any.
func meet(a, b string) string {
	covers := func(wide, narrow string) bool {
		below, is := strings.CutPrefix(wide, "*")
		return is && len(narrow) > len(below) && strings.HasSuffix(narrow, below)
	}
	switch {
	case a == b, a == "", covers(a, b):
		return b
	case b == "", covers(b, a):
		return a
	}
	return ""
}
