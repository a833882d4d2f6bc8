package discovery

import (
	"net/netip"
	"slices"
	"testing"
	"testing/synctest"

	"github.com/fedns/fedns/discovery/cluster"
	"github.com/fedns/fedns/discovery/ingress"
	"github.com/fedns/fedns/dnsserver/dnsname"
	"github.com/fedns/fedns/dnsserver/zone"
)

// TestAddressesOutliveARestart: what a load balancer's hostname last resolved to is
// answered after a restart, marked, until a server answers for it.
func TestAddressesOutliveARestart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDrawer()
		addrs := []netip.Addr{netip.MustParseAddr("192.0.2.1")}
		both := balanced("both", "lb.test")
		both.Ingress = append(both.Ingress, cluster.Ingress{Hostname: "new.test"})
		d.has("a", balanced("web", "lb.test"), both)
		d.known.Hosts = map[string][]netip.Addr{"lb.test": addrs, "unwanted.test": addrs}
		res := newFakeResolver()
		r := newRig(t, Config{Keeper: d, Resolver: res})
		s := newSource()
		r.SetMembers([]Member{{ID: "a", Source: s}})
		up := <-s.runs
		const one = "web.shop.prod. A 192.0.2.1\nboth.shop.prod. A 192.0.2.1"
		marked := func(name string) bool {
			synctest.Wait()
			r.pub.mu.Lock()
			defer r.pub.mu.Unlock()
			return r.pub.have[zone.Key{Owner: dnsname.MustParse(name + ".shop.prod."), Type: zone.TypeA}].Stale
		}
		r.want("no server was asked", one)
		if !slices.Equal(res.last["lb.test"], addrs) || !marked("web") || !slices.Equal(r.Unresolved(), []string{"new.test"}) {
			t.Errorf("the resolver knows %v, marked %t, unresolved %q", res.last, marked("web"), r.Unresolved())
		}
		up <- live(balanced("web", "lb.test"), both)
		res.changes <- ingress.Change{Hostname: "lb.test", Addrs: addrs, Finding: "timeout", Open: true}
		r.want("no server answers", one)
		if !marked("web") {
			t.Error("and it is not told")
		}
		if err := d.Flush(t.Context()); err != nil || len(d.known.Hosts) != 1 || !slices.Equal(d.known.Hosts["lb.test"], addrs) {
			t.Errorf("kept: %v, %v", d.known.Hosts, err)
		}
		res.changes <- ingress.Change{Hostname: "new.test", Addrs: []netip.Addr{netip.MustParseAddr("192.0.2.2")}}
		r.want("one is answered for", "web.shop.prod. A 192.0.2.1\nboth.shop.prod. A 192.0.2.1 192.0.2.2")
		if !marked("web") || marked("both") {
			t.Errorf("web marked %t, both %t", marked("web"), marked("both"))
		}
		res.changes <- ingress.Change{Hostname: "lb.test", Addrs: addrs}
		if marked("web") {
			t.Error("it was answered for, and is still marked")
		}
		up <- report(cluster.Group{Service: cluster.ServiceKey{Namespace: "shop", Name: "web"}, Withdrawn: true}, withdrawn("both"))
		synctest.Wait()
		if err := d.Flush(t.Context()); err != nil || len(d.known.Hosts) != 0 {
			t.Errorf("of what nobody wants is kept: %v, %v", d.known.Hosts, err)
		}
	})
}
