package discovery

import (
	"fmt"
	"net/netip"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fedns/fedns/discovery/cluster"
	"github.com/fedns/fedns/discovery/evidence"
	"github.com/fedns/fedns/discovery/ingress"
	"github.com/fedns/fedns/discovery/synth"
	"github.com/fedns/fedns/dnsserver/dnsname"
)

// behindLB is a Service's Group behind a load balancer, with an endpoint that is ready.
func behindLB(key cluster.ServiceKey, at ...cluster.Ingress) cluster.Group {
	return cluster.Group{
		Service: key, Export: cluster.ByAnnotation, Created: time.Unix(1, 0).UTC(), Type: cluster.LoadBalancer, Ingress: at,
		Endpoints: []cluster.Endpoint{{Addr: netip.MustParseAddr("10.0.0.1"), Ready: true}},
	}
}

// TestShards: all members are told, and what names lead to.
func TestShards(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		domain := dnsname.MustParse("example.com.")
		res := newFakeResolver()
		r := newRig(t, Config{Federation: synth.Federation{Name: fed.Name, Domain: domain, Hosts: []dnsname.Name{domain}}, Resolver: res})
		a, b := newSource(), newSource()
		r.SetMembers([]Member{{ID: "a", Place: synth.Place{Region: "EU", Zones: []string{"eu-a"}}, Source: a}, {ID: "b", Source: b}})
		upA, upB := <-a.runs, <-b.runs
		web, www := cluster.ServiceKey{Namespace: "shop", Name: "web"}, cluster.HostKey("www.example.com")
		want := func(what string, key cluster.ServiceKey, want string) {
			t.Helper()
			synctest.Wait()
			all, known := r.Shards(key)
			got := fmt.Sprint(known)
			for _, s := range all {
				got += fmt.Sprintf("; %s %s %v", s.Cluster, s.Place.Region, s.Place.Zones)
				if s.Answered {
					got += fmt.Sprintf(" %v %v", s.Ingress, s.Addresses)
				}
			}
			if got != want {
				t.Errorf("%s:\n got %s\nwant %s", what, got, want)
			}
		}
		upA <- live(behindLB(web, address("192.0.2.1")), behindLB(www, address("192.0.2.1")))
		want("one is being read", web, "false; a eu [eu-a] [{192.0.2.1 }] [192.0.2.1]; b  []")
		upB <- live(behindLB(web, cluster.Ingress{Hostname: "lb.test"}))
		want("a hostname is being resolved", web, "false; a eu [eu-a] [{192.0.2.1 }] [192.0.2.1]; b  []")
		want("a host", www, "true; a eu [eu-a] [{192.0.2.1 }] [192.0.2.1]; b  []")
		res.changes <- ingress.Change{Hostname: "lb.test", Addrs: []netip.Addr{netip.MustParseAddr("192.0.2.2")}}
		both := "true; a eu [eu-a] [{192.0.2.1 }] [192.0.2.1]; b  [] [{invalid IP lb.test}] [192.0.2.2]"
		want("it is", web, both)
		if err := r.SetWord(t.Context(), "a", evidence.Drain); err != nil {
			t.Fatal(err)
		}
		want("one is drained", web, "true; a eu [eu-a]; b  [] [{invalid IP lb.test}] [192.0.2.2]")
		want("what is there only stays", www, "true; a eu [eu-a] [{192.0.2.1 }] [192.0.2.1]; b  []")
		want("nothing", cluster.HostKey("else.example.com"), "true; a eu [eu-a]; b  []")

		// A host that a Service asks for is answered as the Service is.
		o, ok := r.Origin(dnsname.MustParse("www.example.com."))
		if !ok || o.Service != www || o.Level != synth.LevelHost || len(o.Shards) != 1 {
			t.Errorf("origin is %+v, %t", o, ok)
		}
		without := behindLB(www, address("192.0.2.1"))
		without.Endpoints = nil
		upA <- live(without)
		want("without endpoints", www, "true; a eu [eu-a]; b  []")
		without.WithoutEndpoints = true
		upA <- live(without)
		want("meant to be", www, "true; a eu [eu-a] [{192.0.2.1 }] [192.0.2.1]; b  []")
	})
}
