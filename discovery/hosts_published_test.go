package discovery

import (
	"net/netip"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fedns/fedns/discovery/cluster"
	"github.com/fedns/fedns/discovery/evidence"
	"github.com/fedns/fedns/discovery/ingress"
	"github.com/fedns/fedns/discovery/synth"
	"github.com/fedns/fedns/dnsserver/dnsname"
)

func hosted(host string, at ...cluster.Ingress) cluster.Group {
	return cluster.Group{Service: cluster.HostKey(host), Export: cluster.ByIngress, Created: time.Unix(1, 0).UTC(), Type: cluster.LoadBalancer, Ingress: at}
}

func address(text string) cluster.Ingress { return cluster.Ingress{Addr: netip.MustParseAddr(text)} }

// TestHostsArePublished: a host has the address of every cluster that has it, goes
// the way of all names when a cluster is drained, keeps standing when it is not
// seen, and is gone when it is deleted.
func TestHostsArePublished(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		domain := dnsname.MustParse("example.com.")
		res := newFakeResolver()
		d := newDrawer()
		r := newRig(t, Config{Federation: synth.Federation{Name: fed.Name, Domain: domain, Hosts: []dnsname.Name{domain}}, Resolver: res, Keeper: d})
		a, b := newSource(), newSource()
		r.SetMembers([]Member{{ID: "a", Source: a}, {ID: "b", Source: b}})
		upA, upB := <-a.runs, <-b.runs
		upA <- live(hosted("example.com", address("192.0.2.1")))
		upB <- live(hosted("example.com", address("192.0.2.2")), hosted("www.example.com", cluster.Ingress{Hostname: "lb.test"}), hosted("www.else.test", address("192.0.2.9")))
		r.want("both", "example.com. A 192.0.2.1 192.0.2.2")
		res.changes <- ingress.Change{Hostname: "lb.test", Addrs: []netip.Addr{netip.MustParseAddr("192.0.2.3")}}
		const all = "example.com. A 192.0.2.1 192.0.2.2\nwww.example.com. A 192.0.2.3"
		r.want("a load balancer is resolved", all)

		o, ok := r.Origin(domain)
		if !ok || o.Level != synth.LevelHost || o.Service != cluster.HostKey("example.com") || len(o.Shards) != 2 {
			t.Errorf("origin is %+v, %t", o, ok)
		}
		if _, ok := r.Origin(dnsname.MustParse("other.example.com.")); ok {
			t.Error("a name that no cluster has is of one")
		}
		i := slices.IndexFunc(r.Services(), func(s ServiceStatus) bool { return s.Name == "www.else.test" })
		if i < 0 || len(r.Services()[i].Findings) != 1 {
			t.Errorf("a host outside of the zones is told as %+v", r.Services())
		}

		upA <- unreachable("gone")
		r.want("a cluster is not seen", all)
		if err := r.SetWord(t.Context(), "b", evidence.Drain); err != nil {
			t.Fatal(err)
		}
		r.want("the other is drained", "example.com. A 192.0.2.1\nwww.example.com. A 192.0.2.3")
		if err := r.SetWord(t.Context(), "b", evidence.NoWord); err != nil {
			t.Fatal(err)
		}
		gone := hosted("example.com")
		gone.Withdrawn = true
		upB <- report(cluster.Group{Service: gone.Service, Withdrawn: true, Loss: cluster.Deleted})
		r.want("deleted in one", "example.com. A 192.0.2.1\nwww.example.com. A 192.0.2.3")
		if err := d.Flush(t.Context()); err != nil {
			t.Fatal(err)
		}
		if _, ok := d.known.Clusters["a"].Groups[cluster.HostKey("example.com")]; !ok {
			t.Error("the host is not kept over a restart")
		}
	})
}
