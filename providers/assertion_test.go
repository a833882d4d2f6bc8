package providers_test

import (
	"net/netip"
	"strings"
	"sync/atomic"
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

// hashed is a name so long that its claims are at the apex: a listing shows them many
// pages before the records that they are of.
var hashed = "x" + strings.Repeat("x", 62) + "." + strings.Repeat("y", 63) + "." + strings.Repeat("z", 63) + "." + strings.Repeat("w", 44)

// TestClaimsListedBeforeTheirRecords: another owner adds its part of a name between the
// page of a listing that has the claims and the one that has the records. Its part
// looks like somebody's edit, and is not taken away all the same.
func TestClaimsListedBeforeTheirRecords(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := fresh()
		server.Page(1)
		a := start(t, server, nil, hashed+" 30 192.0.2.1")
		pass()
		a.halt()
		held, lists := make(chan struct{}), 0
		server.Inject(func(c inmemory.Call) (f inmemory.Fault) {
			if c.Client == "a" && c.Action == inmemory.List {
				if lists++; lists == 5 { // SOA, NS, claims and fence have been shown
					f.Until = held
				}
			}
			return f
		})
		a.run()
		time.Sleep(time.Second)
		other := second(t, server)
		start(t, server, func(c *providers.Config) { other(c); c.Rules.Owner = "other" }, hashed+" 30 192.0.2.2")
		pass()
		both := hashed + " A 30 192.0.2.1 192.0.2.2"
		want(t, server, both)
		applied := 0
		server.Watch(func(s inmemory.Served) {
			if s.Action == inmemory.Apply {
				applied++
			}
		})
		close(held)
		pass()
		want(t, server, both)
		if st := a.sync.Status(); st.Phase != providers.PhaseInSync || st.Calls.Conflicts != 1 || applied != 0 {
			t.Errorf("got %+v, want one conflict and nothing written, and it wrote %d times", st, applied)
		}
	})
}

// TestClaimsTakenAwayUnseen: somebody took the claims of a record away, and no audit has
// seen it yet. What is wanted of it changes nothing in the claims, so the batch asserts
// them nevertheless, and the record is left alone.
func TestClaimsTakenAwayUnseen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := fresh()
		var weight atomic.Int32
		weight.Store(1)
		d := start(t, server, func(c *providers.Config) {
			c.Shape.Routing = hosted.PolicyWeighted
			c.Origins = func(dnsname.Name) (providers.Origin, bool) {
				return providers.Origin{Object: "Service/shop/web", Shards: []plan.Shard{
					{Cluster: "eu-1", Weight: uint16(weight.Load()), Addrs: []netip.Addr{netip.MustParseAddr("192.0.2.1")}},
				}}, true
			}
		}, "web 30 192.0.2.1")
		pass()
		want(t, server, "web A eu-1[weight 1] 30 192.0.2.1")
		claims := hosted.Key{Owner: name_("_fedns-a.web"), Type: zone.TypeTXT}
		server.Edit(hosted.Entry{Key: claims})
		weight.Store(2)
		d.sync.Touch(name_("web"))
		pass()
		want(t, server, "web A eu-1[weight 1] 30 192.0.2.1")
		if st := d.sync.Status(); len(st.Refused) != 1 || !strings.Contains(st.Refused[0].Reason, "no claim says whose it is") {
			t.Errorf("refused are %+v", st.Refused)
		}
	})
}

// TestCopiedClaim: somebody copies a claim of ours to the name of another record, which
// stays. Only the copy goes, and the log tells of it.
func TestCopiedClaim(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := fresh()
		mail := hosted.Simple(set(t, "mail 300 198.51.100.9"))
		server.Edit(mail)
		var logged diary
		d := start(t, server, logged.keep, "web 30 192.0.2.1", "api 30 192.0.2.2")
		pass()
		before := len(content(t, server))
		for _, e := range content(t, server) {
			if e.Key.Owner == name_("_fedns-a.web") {
				r := e.Sets[0].Records
				server.Edit(hosted.Simple(zone.NewRRset(name_("_fedns-a.mail"), zone.TypeTXT, r.TTL, r.First())))
			}
		}
		if n := len(content(t, server)); n != before+1 {
			t.Fatalf("%d record sets, want a copy beside the %d", n, before)
		}
		time.Sleep(2 * time.Hour)
		want(t, server, "api A 30 192.0.2.2", "mail A 300 198.51.100.9", "web A 30 192.0.2.1")
		if n := len(content(t, server)); n != before {
			t.Errorf("%d record sets, want the copy to be gone and the %d to stay", n, before)
		}
		if text := "claims of a record set were edited by somebody else"; !strings.Contains(logged.String(), text) {
			t.Errorf("the log does not say: %s\n%s", text, logged.String())
		}
		d.set("-web")
		pass()
		want(t, server, "api A 30 192.0.2.2", "mail A 300 198.51.100.9")
	})
}
