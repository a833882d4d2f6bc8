package harness

import (
	"net/netip"
	"testing"
)

func TestSpecDefaults(t *testing.T) {
	spec, nets, err := Spec{Name: "eu-1", Zones: []string{"a", "b", "c"}, IPv6: true}.complete(2)
	if err != nil {
		t.Fatal(err)
	}
	if spec.Nodes != 3 || spec.PodCIDR != "10.102.0.0/16" || spec.ServiceCIDR != "10.152.0.0/16" || spec.NodeCIDR != "10.202.0.0/16" {
		t.Errorf("got %+v", spec)
	}
	if got := nets.serviceRange(); got != "10.152.0.0/16,fd10:152::/112" {
		t.Errorf("Services get %s", got)
	}
	if got := nets.nodePods(3); got[0] != "10.102.64.0/19" || got[1] != "fd10:102:0:3::/64" {
		t.Errorf("the third node's pods get %v", got)
	}
	if got := nets.nodeAddress(3).String(); got != "10.202.0.3" {
		t.Errorf("the third node is %s", got)
	}
}

// TestPodAddressesAreApart: nodes' pods, this fleet's namespaces and another
// fleet's never share an address.
func TestPodAddressesAreApart(t *testing.T) {
	_, nets, err := Spec{Name: "eu-1", Nodes: 5}.complete(1)
	if err != nil {
		t.Fatal(err)
	}
	seen := map[netip.Addr]bool{}
	for claim := range claims {
		for i := range 3 {
			a := nets.podAddress(claim, i+1)
			if !nets.pods.Contains(a) || seen[a] {
				t.Fatalf("%v of claim %d is outside or given twice", a, claim)
			}
			seen[a] = true
			for node := range 5 {
				if netip.MustParsePrefix(nets.nodePods(node + 1)[0]).Contains(a) {
					t.Fatalf("%v of claim %d may be a pod's of node %d", a, claim, node+1)
				}
			}
		}
	}
}

func TestSpecRejects(t *testing.T) {
	for _, s := range []Spec{
		{},
		{Name: "a", PodCIDR: "fd00::/64"},
		{Name: "a", PodCIDR: "10.0.0.0/28"},
		{Name: "a", PodCIDR: "10.0.0.0/24", Nodes: 100},
		{Name: "a", ServiceCIDR: "10.0.0.0"},
	} {
		if _, _, err := s.complete(1); err == nil {
			t.Errorf("%+v is accepted", s)
		}
	}
}

// TestClaimsAreApart: two fleets of one machine share nothing.
func TestClaimsAreApart(t *testing.T) {
	a, b := newTestClaim(t), newTestClaim(t)
	if a.number == b.number {
		t.Fatalf("both are %d", a.number)
	}
	seen := map[int]bool{}
	for range 20 {
		for _, c := range []*claim{a, b} {
			port, err := c.port()
			if err != nil {
				t.Fatal(err)
			}
			if seen[port] {
				t.Errorf("port %d was given twice", port)
			}
			seen[port] = true
		}
	}
}

func newTestClaim(t *testing.T) *claim {
	t.Helper()
	c, err := newClaim(false)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.socket.Close() })
	return c
}
