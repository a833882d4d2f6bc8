package synth

import (
	"net/netip"
	"slices"

	"github.com/fedns/fedns/discovery/cluster"
)

// Resolve gives the last good addresses of a LoadBalancer's hostname; empty:
// none known yet. The result is only read. stale says that they were known before
// a restart, and that no server has answered since.
type Resolve func(hostname string) (addrs []netip.Addr, stale bool)

// Why a shard is not healthy: stable words of the API.
const (
	NoAddress          = "NoAddress"          // nothing to answer with
	HostnameUnresolved = "HostnameUnresolved" // a LoadBalancer has hostnames only, and none has an address yet
	NoEndpoints        = "NoEndpoints"        // there is no endpoint at all
	NoReadyEndpoints   = "NoReadyEndpoints"   // there are endpoints, and none takes traffic
)

// Verdict is what Assess finds of one shard.
type Verdict struct {
	Healthy     bool
	Reason      string       // why not; empty when healthy
	Addresses   []netip.Addr // what the shard answers with, sorted, unique
	Ready       int          // endpoints that are ready
	Total       int          // endpoints
	Stale       bool         // the addresses are all of hostnames' that were not resolved since a restart
	Terminating bool         // nothing is ready, endpoints that terminate but still serve stand in
}

// Assess finds whether one cluster's part of a Service is healthy, and its
// addresses. This is the one place that decides it. resolve may be nil.
//
// A shard is healthy when it has an address and at least one usable endpoint.
// Usable are the ready ones (all of them with publishNotReadyAddresses), and
// where there is none, those that terminate but still serve, as kube-proxy does.
// Addresses given by annotation stand on their own while no endpoint is known at
// all: such a Service has no selector, and nobody tells what is behind it. A host
// has no endpoints: its cluster says where it is served, not by whom. And whoever says
// that a Service is to be answered without endpoints is believed.
func Assess(g *cluster.Group, resolve Resolve) Verdict {
	v := Verdict{Total: len(g.Endpoints)}
	usable := usableEndpoints(g)
	for i := range g.Endpoints {
		if isReady(g, &g.Endpoints[i]) {
			v.Ready++
		}
	}
	v.Terminating = v.Ready == 0 && usable != nil
	v.Addresses, v.Stale, v.Reason = addresses(g, usable, resolve)
	switch {
	case g.WithoutEndpoints:
	case v.Total == 0 && (len(g.Addresses) > 0 || g.Export&cluster.Hosts != 0):
	case v.Total == 0:
		v.Reason = NoEndpoints
	case usable == nil:
		v.Reason = NoReadyEndpoints
	}
	v.Healthy = v.Reason == ""
	return v
}

func isReady(g *cluster.Group, e *cluster.Endpoint) bool { return e.Ready || g.PublishNotReady }

// usableEndpoints tells the endpoints that may be answered with; nil: there is none.
func usableEndpoints(g *cluster.Group) func(*cluster.Endpoint) bool {
	ready := func(e *cluster.Endpoint) bool { return isReady(g, e) }
	draining := func(e *cluster.Endpoint) bool { return e.Serving && e.Terminating }
	for _, usable := range []func(*cluster.Endpoint) bool{ready, draining} {
		for i := range g.Endpoints {
			if usable(&g.Endpoints[i]) {
				return usable
			}
		}
	}
	return nil
}

// addresses are what g answers with, whether they are stale, and why there are none. They do not depend
// on health, except that a headless Service's are its usable endpoints'.
func addresses(g *cluster.Group, usable func(*cluster.Endpoint) bool, resolve Resolve) (out []netip.Addr, stale bool, why string) {
	reason := NoAddress
	switch {
	case len(g.Addresses) > 0:
		out = appendAddrs(nil, g.Addresses)
	case g.Type == cluster.Headless:
		if usable == nil {
			return nil, false, reason
		}
		out = make([]netip.Addr, 0, len(g.Endpoints))
		for i := range g.Endpoints {
			if e := &g.Endpoints[i]; usable(e) && cluster.Usable(e.Addr) {
				out = append(out, e.Addr)
			}
		}
	case g.Type == cluster.LoadBalancer:
		fresh := 0 // addresses
		for _, in := range g.Ingress {
			before := len(out)
			old := false
			if cluster.Usable(in.Addr) {
				out = append(out, in.Addr)
			}
			if in.Hostname != "" {
				reason = HostnameUnresolved
				if resolve != nil {
					var addrs []netip.Addr
					addrs, old = resolve(in.Hostname)
					out = appendAddrs(out, addrs)
				}
			}
			if !old {
				fresh += len(out) - before
			}
		}
		stale = len(out) > 0 && fresh == 0
	default:
		out = appendAddrs(nil, g.ClusterIPs)
	}
	if len(out) == 0 {
		return nil, false, reason
	}
	if !slices.IsSortedFunc(out, netip.Addr.Compare) {
		slices.SortFunc(out, netip.Addr.Compare)
	}
	return slices.Compact(out), stale, ""
}

// appendAddrs leaves out what must not be in a record, wherever it came from.
// Who let it in tells so: join of an object's field, ingress of a hostname.
func appendAddrs(dst, src []netip.Addr) []netip.Addr {
	for _, a := range src {
		if cluster.Usable(a) {
			dst = append(dst, a)
		}
	}
	return dst
}
