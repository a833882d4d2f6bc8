package synth

import (
	"net/netip"
	"testing"

	"github.com/fedns/fedns/discovery/cluster"
	"github.com/fedns/fedns/dnsserver/dnsname"
)

// TestOwnersTellTheirService: the owner of each record leads back to its Service.
func TestOwnersTellTheirService(t *testing.T) {
	places := map[cluster.ID]Place{"eu-1": {"eu", []string{"eu-a"}}, "us-1": {"us", nil}}
	s, _ := New(full, places)
	web := cluster.ServiceKey{Namespace: "shop", Name: "web"}
	ports := []cluster.Port{{Name: "http", Protocol: "tcp", Number: 80}}
	for _, typ := range []cluster.ServiceType{cluster.ClusterIP, cluster.Headless} {
		g := cluster.Group{
			Cluster: "eu-1", Service: web, Type: typ, Ports: ports, ClusterIPs: []netip.Addr{netip.MustParseAddr("10.0.0.1")},
			Endpoints: []cluster.Endpoint{{Addr: netip.MustParseAddr("10.1.0.1"), Hostname: "db-0", Ready: true, Ports: ports}},
		}
		sets := s.Records(web, []cluster.Group{g}, nil).Sets
		if len(sets) < 8 {
			t.Errorf("%s: only %d RRsets", typ, len(sets))
		}
		for _, r := range sets {
			if key, ok := s.Service(r.Owner); !ok || key != web {
				t.Errorf("%s: got %v, %t", r.Owner, key, ok)
			}
		}
	}
	for name, want := range map[string]Level{"web.shop.prod.": LevelShort, "db-0.eu-1.web.shop.svc.clusterset.local.": LevelClusterSet,
		"web.shop.prod.svc.example.com.": LevelGlobal, "web.shop.prod.svc.eu.example.com.": LevelRegion, "_http._tcp.web.shop.prod.svc.eu-a.eu.example.com.": LevelZone} {
		if key, level, ok := s.Origin(dnsname.MustParse(name)); !ok || key != web || level != want {
			t.Errorf("%s: got %v at %s, %t; want it at %s", name, key, level, ok, want)
		}
	}
	for _, name := range []string{"prod.", "shop.prod.", "example.com.", "elsewhere.test.", ".", "svc.clusterset.local."} {
		if key, ok := s.Service(dnsname.MustParse(name)); ok {
			t.Errorf("%s: got %v", name, key)
		}
	}
}
