package harness

import (
	"fmt"
	"math/bits"
	"net/netip"
)

// Spec says what a cluster is like. Only Name must be set.
type Spec struct {
	// Name is the cluster's name and its kubeconfig's context.
	Name string
	// Region is the nodes' topology.kubernetes.io/region label; empty for none.
	Region string
	// Zones are the values of the nodes' topology.kubernetes.io/zone label, which
	// the nodes take in turn; empty for none.
	Zones []string
	// Nodes is how many nodes there are. Defaults to one, or to one a zone.
	Nodes int
	// PodCIDR is where pods get their addresses from. The lower half is divided
	// among the nodes for KWOK's pods, the upper half is for NewPod's. Defaults to
	// 10.(100+i).0.0/16, i being the cluster's place in its fleet, from 1.
	PodCIDR string
	// ServiceCIDR is where Services get their ClusterIPs from. Defaults to
	// 10.(150+i).0.0/16.
	ServiceCIDR string
	// NodeCIDR is where nodes get their InternalIPs from. Defaults to
	// 10.(200+i).0.0/16.
	NodeCIDR string
	// IPv6 makes the cluster dual-stack, IPv4 first: pods from fd10:<100+i>::/48,
	// Services from fd10:<150+i>::/112, written in decimal digits.
	IPv6 bool
	// MCS installs the Multi-Cluster Services CRDs: ServiceExport and
	// ServiceImport, v1alpha1 and v1beta1 (stored).
	MCS bool
	// OwnEtcd gives the cluster an etcd of its own, so that it can lose its data.
	OwnEtcd bool
	// CoreDNS starts CoreDNS with DefaultCorefile.
	CoreDNS bool
}

// maxClusters is how many clusters the default CIDRs have room for; memory ends
// sooner.
const maxClusters = 49

// networks are a cluster's CIDRs, parsed.
type networks struct {
	pods, services, nodes netip.Prefix
	pods6, services6      netip.Prefix // invalid unless dual-stack
	nodeBits              int          // a node's share of pods is 1/2^nodeBits
}

// complete fills in the defaults of the i-th cluster of a fleet.
func (s Spec) complete(i int) (Spec, networks, error) {
	var n networks
	if s.Name == "" {
		return s, n, fmt.Errorf("cluster %d has no name", i)
	}
	if i > maxClusters {
		return s, n, fmt.Errorf("cluster %s: a fleet has at most %d clusters", s.Name, maxClusters)
	}
	s.Nodes = max(s.Nodes, len(s.Zones), 1)
	for _, c := range []struct {
		cidr  *string
		base  int
		into  *netip.Prefix
		lower int // the longest prefix that makes sense
	}{
		{&s.PodCIDR, 100, &n.pods, 24},
		{&s.ServiceCIDR, 150, &n.services, 28},
		{&s.NodeCIDR, 200, &n.nodes, 28},
	} {
		if *c.cidr == "" {
			*c.cidr = fmt.Sprintf("10.%d.0.0/16", c.base+i)
		}
		prefix, err := netip.ParsePrefix(*c.cidr)
		if err != nil {
			return s, n, fmt.Errorf("cluster %s: %w", s.Name, err)
		}
		if !prefix.Addr().Is4() || prefix.Bits() > c.lower {
			return s, n, fmt.Errorf("cluster %s: %s is not an IPv4 prefix of at most %d bits", s.Name, prefix, c.lower)
		}
		*c.into = prefix.Masked()
	}
	if s.IPv6 {
		n.pods6 = netip.MustParsePrefix(fmt.Sprintf("fd10:%d::/48", 100+i))
		n.services6 = netip.MustParsePrefix(fmt.Sprintf("fd10:%d::/112", 150+i))
	}
	n.nodeBits = 1 + bits.Len(uint(s.Nodes-1))
	if n.pods.Bits()+n.nodeBits > 30 {
		return s, n, fmt.Errorf("cluster %s: %s is too small for %d nodes", s.Name, n.pods, s.Nodes)
	}
	return s, n, nil
}

// serviceRange is what kube-apiserver takes.
func (n networks) serviceRange() string {
	if n.services6.IsValid() {
		return n.services.String() + "," + n.services6.String()
	}
	return n.services.String()
}

// nodeAddress is the InternalIP of the i-th node, from 1.
func (n networks) nodeAddress(i int) netip.Addr { return add(n.nodes.Addr(), uint32(i)) }

// nodePods are the CIDRs of the i-th node's pods, from 1.
func (n networks) nodePods(i int) []string {
	length := n.pods.Bits() + n.nodeBits
	cidrs := []string{netip.PrefixFrom(add(n.pods.Addr(), uint32(i-1)<<(32-length)), length).String()}
	if n.pods6.IsValid() {
		a := n.pods6.Addr().As16()
		a[6], a[7] = byte(i>>8), byte(i) // the 16 bits between /48 and /64
		cidrs = append(cidrs, netip.PrefixFrom(netip.AddrFrom16(a), 64).String())
	}
	return cidrs
}

// podAddress is the address of the i-th namespace, from 1, in the fleet of that
// claim: in the upper half of the pods' CIDR, and for a /16 not one that a
// fleet of another claim gives out, since the host routes it.
func (n networks) podAddress(claim, i int) netip.Addr {
	half := uint32(1) << (31 - n.pods.Bits())
	return add(n.pods.Addr(), half+(uint32(claim)<<8+uint32(i))%half)
}

func add(a netip.Addr, n uint32) netip.Addr {
	b := a.As4()
	v := uint32(b[0])<<24 | uint32(b[1])<<16 | uint32(b[2])<<8 | uint32(b[3])
	v += n
	return netip.AddrFrom4([4]byte{byte(v >> 24), byte(v >> 16), byte(v >> 8), byte(v)})
}
