package providers_test

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fedns/fedns/dnsserver/dnsname"
	"github.com/fedns/fedns/dnsserver/zone"
	"github.com/fedns/fedns/providers"
	"github.com/fedns/fedns/providers/hosted"
	"github.com/fedns/fedns/providers/inmemory"
	"github.com/fedns/fedns/providers/plan"
)

var apex = dnsname.MustParse("example.com.")

func TestSyncWritesWhatTheZoneHolds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := fresh()
		d := start(t, server, nil, "web 30 192.0.2.1", "api 30 192.0.2.2 192.0.2.3")
		pass()
		want(t, server, "api A 30 192.0.2.2 192.0.2.3", "web A 30 192.0.2.1")
		d.set("web 30 192.0.2.9", "-api", "new 60 192.0.2.4")
		pass()
		want(t, server, "new A 60 192.0.2.4", "web A 30 192.0.2.9")
		if st := d.sync.Status(); st.Phase != providers.PhaseInSync || st.Owned != 2 || st.Calls.Lists != 1 {
			t.Errorf("got %+v, want it in sync with 2 owned after 1 list", st)
		}
	})
}

// TestSteadyStateCallsNothing: between audits an unchanged zone costs no call.
func TestSteadyStateCallsNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := fresh()
		d := start(t, server, nil, "web 30 192.0.2.1")
		pass()
		applied, listed := server.Count(inmemory.Apply), server.Count(inmemory.List)
		time.Sleep(50 * time.Minute)
		if a, l := server.Count(inmemory.Apply), server.Count(inmemory.List); a != applied || l != listed {
			t.Errorf("%d writes and %d lists in 50 minutes, want none", a-applied, l-listed)
		}
		d.set("web 30 192.0.2.2")
		pass()
		if a, l := server.Count(inmemory.Apply), server.Count(inmemory.List); a != applied+1 || l != listed {
			t.Errorf("%d writes and %d lists for a change, want 1 and 0", a-applied, l-listed)
		}
	})
}

func TestFlapsAreOneChange(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := fresh()
		d := start(t, server, nil, "web 30 192.0.2.1")
		pass()
		before := server.Count(inmemory.Apply)
		for i := range 10_000 {
			d.set(fmt.Sprintf("web 30 192.0.2.%d", 1+i%2))
		}
		d.set("web 30 192.0.2.7")
		pass()
		want(t, server, "web A 30 192.0.2.7")
		if n := server.Count(inmemory.Apply) - before; n != 1 {
			t.Errorf("%d writes, want 1", n)
		}
	})
}

func TestForeignRecordsStay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := fresh()
		server.Edit(hosted.Simple(set(t, "web 300 198.51.100.1")), hosted.Simple(set(t, "mail 300 198.51.100.2")))
		d := start(t, server, nil, "web 30 192.0.2.1", "api 30 192.0.2.2")
		pass()
		want(t, server, "api A 30 192.0.2.2", "mail A 300 198.51.100.2", "web A 300 198.51.100.1")
		st := d.sync.Status()
		if len(st.Refused) != 1 || st.Refused[0].Record != "web.example.com. A" {
			t.Errorf("refused %+v, want web.example.com. A", st.Refused)
		}
		d.set("-web")
		pass()
		want(t, server, "api A 30 192.0.2.2", "mail A 300 198.51.100.2", "web A 300 198.51.100.1")
		if st := d.sync.Status(); len(st.Refused) != 0 {
			t.Errorf("refused %+v, want none once it is wanted no longer", st.Refused)
		}
	})
}

func TestEmptyZoneIsAnError(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := fresh()
		d := start(t, server, nil, "web 30 192.0.2.1", "api 30 192.0.2.2")
		pass()
		d.set("-web", "-api")
		pass()
		want(t, server, "api A 30 192.0.2.2", "web A 30 192.0.2.1")
		if st := d.sync.Status(); st.Phase != providers.PhaseHeld || st.Held != 2 || !strings.Contains(st.HeldBecause, "nothing is wanted") {
			t.Errorf("got %+v, want 2 held", st)
		}
		d.sync.Release()
		pass()
		want(t, server)
		if st := d.sync.Status(); st.Phase != providers.PhaseInSync || st.Held != 0 {
			t.Errorf("got %+v, want it in sync", st)
		}
	})
}

func TestManyLossesAreHeld(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := fresh()
		var all, gone, some []string
		for i := range 100 {
			all = append(all, fmt.Sprintf("n%d 30 192.0.2.1", i))
			if i < 60 {
				gone = append(gone, fmt.Sprintf("-n%d", i))
			}
		}
		d := start(t, server, nil, all...)
		pass()
		d.set(append(gone, "new 30 192.0.2.2", "n99 30 192.0.2.3")...)
		pass()
		if got := records(t, server); len(got) != 101 {
			t.Errorf("%d records, want all 100 and the new one", len(got))
		}
		if st := d.sync.Status(); st.Held != 60 {
			t.Errorf("%d held, want 60", st.Held)
		}
		for i := range 55 { // evidence clears: they are back
			some = append(some, fmt.Sprintf("n%d 30 192.0.2.1", i))
		}
		d.set(some...)
		pass()
		if st := d.sync.Status(); st.Held != 5 {
			t.Errorf("%d held, want the 5 that are still gone", st.Held)
		}
		d.sync.Release()
		pass()
		if got := records(t, server); len(got) != 96 {
			t.Errorf("%d records, want 96", len(got))
		}
	})
}

func TestPoisonIsIsolated(t *testing.T) {
	for _, named := range []bool{false, true} {
		t.Run(fmt.Sprintf("key named %v", named), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				server := fresh()
				server.Inject(func(c inmemory.Call) (f inmemory.Fault) {
					for _, ch := range c.Batch.Changes {
						if ch.Key().Owner == name_("n13") && !ch.New.IsEmpty() && strings.Contains(ch.New.String(), "192.0.2.1") {
							f.Before = &hosted.RefusedError{Reason: "bad luck"}
							if k := ch.Key(); named {
								f.Before = &hosted.RefusedError{Key: &k, Reason: "bad luck"}
							}
						}
					}
					return f
				})
				var all []string
				for i := range 40 {
					all = append(all, fmt.Sprintf("n%d 30 192.0.2.1", i))
				}
				d := start(t, server, nil, all...)
				pass()
				if got := records(t, server); len(got) != 39 {
					t.Errorf("%d records, want all but one of 40", len(got))
				}
				st := d.sync.Status()
				if len(st.Refused) != 1 || st.Refused[0].Record != "n13.example.com. A" || st.Refused[0].Reason != "bad luck" {
					t.Errorf("refused %+v, want n13 with the provider's words", st.Refused)
				}
				calls := server.Count(inmemory.Apply)
				d.set("n1 30 192.0.2.8")
				pass()
				if n := server.Count(inmemory.Apply) - calls; n != 1 {
					t.Errorf("%d writes for another change, want 1: what was refused is not tried again", n)
				}
				d.set("n13 30 192.0.2.9")
				pass()
				if st := d.sync.Status(); len(st.Refused) != 0 || st.Phase != providers.PhaseInSync {
					t.Errorf("got %+v, want it in sync once something else is wanted", st)
				}
			})
		})
	}
}

// TestUnknownOutcomes: a call that fails may have been made, may be made later, or never.
func TestUnknownOutcomes(t *testing.T) {
	for _, tt := range []struct {
		name  string
		fault inmemory.Fault
		late  bool
	}{
		{"made", inmemory.Fault{After: errors.New("timeout")}, false},
		{"never made", inmemory.Fault{Before: errors.New("timeout")}, false},
		{"made later", inmemory.Fault{Lost: errors.New("timeout")}, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				server := fresh()
				d := start(t, server, nil, "web 30 192.0.2.1", "api 30 192.0.2.2")
				pass()
				once := true
				server.Inject(func(c inmemory.Call) (f inmemory.Fault) {
					if c.Action == inmemory.Apply && once {
						once = false
						return tt.fault
					}
					return f
				})
				d.set("web 30 192.0.2.5")
				time.Sleep(100 * time.Millisecond)
				d.set("web 30 192.0.2.1") // as before: nothing is to be written any longer
				time.Sleep(time.Minute)
				server.Release()
				time.Sleep(time.Minute)
				want(t, server, "api A 30 192.0.2.2", "web A 30 192.0.2.1")
				if st := d.sync.Status(); st.Phase != providers.PhaseInSync || st.Calls.Lists != 1 {
					t.Errorf("got %+v, want it in sync without another listing", st)
				}
			})
		})
	}
}

func TestOwnersShareAName(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := fresh()
		a := start(t, server, nil, "web 30 192.0.2.1 192.0.2.9", "a 30 192.0.2.3")
		pass()
		b := start(t, server, func(c *providers.Config) { c.Rules.Owner = "other"; c.Holder = "pod-b" }, "web 20 192.0.2.2 192.0.2.9", "b 30 192.0.2.3")
		pass()
		want(t, server, "a A 30 192.0.2.3", "b A 30 192.0.2.3", "web A 20 192.0.2.1 192.0.2.2 192.0.2.9")
		a.set("web 30 192.0.2.7")
		pass()
		want(t, server, "a A 30 192.0.2.3", "b A 30 192.0.2.3", "web A 20 192.0.2.2 192.0.2.7 192.0.2.9")
		b.set("-web")
		pass()
		want(t, server, "a A 30 192.0.2.3", "b A 30 192.0.2.3", "web A 30 192.0.2.7")
		a.set("-web")
		pass()
		want(t, server, "a A 30 192.0.2.3", "b A 30 192.0.2.3")
	})
}

func TestDrift(t *testing.T) {
	for _, tt := range []struct {
		drift plan.Drift
		want  []string
	}{
		{plan.Sync, []string{"api A 30 192.0.2.2", "gone A 30 192.0.2.3", "web A 30 192.0.2.1"}},
		{plan.Report, []string{"api A 30 192.0.2.2", "web A 77 198.51.100.1"}},
	} {
		t.Run(tt.drift.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				server := fresh()
				d := start(t, server, func(c *providers.Config) { c.Rules.Drift = tt.drift }, "web 30 192.0.2.1", "api 30 192.0.2.2", "gone 30 192.0.2.3")
				pass()
				server.Edit(hosted.Simple(set(t, "web 77 198.51.100.1")), hosted.Entry{Key: hosted.Key{Owner: name_("gone"), Type: zone.TypeA}})
				time.Sleep(70 * time.Minute)
				want(t, server, tt.want...)
				if st := d.sync.Status(); st.Calls.Drifted != 2 {
					t.Errorf("drifted %d, want 2", st.Calls.Drifted)
				}
			})
		})
	}
}

func TestCNAMETakesThePlaceOfAddresses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := fresh()
		d := start(t, server, nil, "web 30 192.0.2.1", "api 30 192.0.2.2")
		pass()
		before := server.Count(inmemory.Apply)
		d.set("-web A", "web 30 CNAME api")
		pass()
		want(t, server, "api A 30 192.0.2.2", "web CNAME 30 api")
		d.set("-web CNAME", "web 30 192.0.2.4")
		pass()
		want(t, server, "api A 30 192.0.2.2", "web A 30 192.0.2.4")
		if n := server.Count(inmemory.Apply) - before; n != 2 {
			t.Errorf("%d writes, want 2: each in one batch", n)
		}
	})
}

// TestRoutingMigration: one batch takes a name from one policy to another.
func TestRoutingMigration(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := fresh()
		shards := []plan.Shard{
			{Cluster: "eu-1", Object: "Service/shop/web", Region: "eu", Weight: 3, Addrs: []netip.Addr{netip.MustParseAddr("192.0.2.1")}},
			{Cluster: "us-1", Object: "Service/shop/web", Region: "us", Addrs: []netip.Addr{netip.MustParseAddr("192.0.2.2")}},
		}
		shape := func(p hosted.Policy) func(*providers.Config) {
			return func(c *providers.Config) {
				c.Shape.Routing = p
				c.Origins = func(dnsname.Name) (providers.Origin, bool) { return providers.Origin{Shards: shards}, true }
			}
		}
		for _, tt := range []struct {
			policy hosted.Policy
			want   string
		}{
			{hosted.PolicySimple, "web A 30 192.0.2.1 192.0.2.2"},
			{hosted.PolicyWeighted, "web A eu-1[weight 3] 30 192.0.2.1 | us-1[weight 1] 30 192.0.2.2"},
			{hosted.PolicyLatency, "web A eu-1[latency eu] 30 192.0.2.1 | us-1[latency us] 30 192.0.2.2"},
			{hosted.PolicyFailover, "web A primary[primary] 30 192.0.2.1 | secondary[secondary] 30 192.0.2.2"},
			{hosted.PolicyMultivalue, "web A eu-1/192.0.2.1[Multivalue] 30 192.0.2.1 | us-1/192.0.2.2[Multivalue] 30 192.0.2.2"},
			{hosted.PolicySimple, "web A 30 192.0.2.1 192.0.2.2"},
		} {
			before := server.Count(inmemory.Apply)
			d := start(t, server, shape(tt.policy), "web 30 192.0.2.1 192.0.2.2")
			pass()
			want(t, server, tt.want)
			if n := server.Count(inmemory.Apply) - before; n != 2 {
				t.Errorf("%s: %d writes, want the fence and one batch", tt.policy, n)
			}
			d.halt()
		}
	})
}

// TestUnheardClustersStand: what an earlier process wrote for a cluster stands until
// this one has heard of the cluster.
func TestUnheardClustersStand(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := fresh()
		shard := func(cluster, addr string) plan.Shard {
			return plan.Shard{Cluster: cluster, Object: "Service/shop/web", Addrs: []netip.Addr{netip.MustParseAddr(addr)}}
		}
		shards := []plan.Shard{shard("eu-1", "192.0.2.1"), shard("us-1", "192.0.2.2")}
		unheard := map[string]bool{}
		change := func(c *providers.Config) {
			c.Origins = func(dnsname.Name) (providers.Origin, bool) { return providers.Origin{Shards: shards}, true }
			c.Rules.Unheard = func(cluster string) bool { return unheard[cluster] }
		}
		start(t, server, change, "web 30 192.0.2.1 192.0.2.2", "only 30 192.0.2.2").halt()
		pass()
		d := start(t, server, change, "web 30 192.0.2.1 192.0.2.2", "only 30 192.0.2.2")
		pass()
		d.halt()
		shards, unheard["us-1"] = shards[:1], true
		d = start(t, server, change, "web 30 192.0.2.1")
		pass()
		want(t, server, "only A 30 192.0.2.2", "web A 30 192.0.2.1 192.0.2.2")
		delete(unheard, "us-1")
		d.sync.Recheck()
		pass()
		want(t, server, "web A 30 192.0.2.1")
	})
}
