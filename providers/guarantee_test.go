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
	"github.com/fedns/fedns/providers/guarantee"
	"github.com/fedns/fedns/providers/hosted"
	"github.com/fedns/fedns/providers/inmemory"
	"github.com/fedns/fedns/providers/plan"
)

// holds fails a test for want of a promise, and not for anything else.
func holds(t *testing.T, name guarantee.Name, server *inmemory.Server, want ...string) {
	t.Helper()
	if got := records(t, server); fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("broken: %s: the hosted zone holds\n\t%s\nwant\n\t%s", name, strings.Join(got, "\n\t"), strings.Join(want, "\n\t"))
	}
}

// second is a Config of another process with the same owner.
func second(t *testing.T, server *inmemory.Server) func(*providers.Config) {
	t.Helper()
	z, err := inmemory.New(inmemory.Config{Server: server, Client: "b"})
	if err != nil {
		t.Fatal(err)
	}
	return func(c *providers.Config) { c.Zone, c.Holder = z, "pod-b" }
}

// hold keeps the batches of client a back until the channel is closed.
func hold(server *inmemory.Server) chan struct{} {
	held := make(chan struct{})
	server.Inject(func(c inmemory.Call) (f inmemory.Fault) {
		if c.Client == "a" && c.Action == inmemory.Apply {
			f.Until = held
		}
		return f
	})
	return held
}

// TestGuaranteeWritesAreFenced: the batch of a leader that was paused fails, though
// nobody has changed the records that are in it.
func TestGuaranteeWritesAreFenced(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := fresh()
		a := start(t, server, nil, "web 30 192.0.2.1", "api 30 192.0.2.2")
		pass()
		held := hold(server)
		a.set("web 30 192.0.2.66")
		time.Sleep(time.Second)
		start(t, server, second(t, server), "web 30 192.0.2.1", "api 30 192.0.2.3")
		pass()
		close(held)
		synctest.Wait()
		a.halt()
		holds(t, guarantee.WritesAreFenced, server, "api A 30 192.0.2.3", "web A 30 192.0.2.1")
	})
}

// TestGuaranteeFenceBeforeListing: so it does where the new leader found nothing that
// it had to write.
func TestGuaranteeFenceBeforeListing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := fresh()
		a := start(t, server, nil, "web 30 192.0.2.1")
		pass()
		held := hold(server)
		a.set("web 30 192.0.2.66")
		time.Sleep(time.Second)
		start(t, server, second(t, server), "web 30 192.0.2.1")
		pass()
		close(held)
		synctest.Wait()
		a.halt()
		holds(t, guarantee.FenceBeforeListing, server, "web A 30 192.0.2.1")
	})
}

// TestGuaranteeUnknownIsProvenDead: a batch that was given up does not come after
// what was wanted next.
func TestGuaranteeUnknownIsProvenDead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := fresh()
		d := start(t, server, nil, "web 30 192.0.2.1")
		pass()
		once := true
		server.Inject(func(c inmemory.Call) (f inmemory.Fault) {
			if c.Action == inmemory.Apply && once {
				once, f.Lost = false, errors.New("timeout")
			}
			return f
		})
		d.set("web 30 192.0.2.66")
		time.Sleep(100 * time.Millisecond)
		d.set("web 30 192.0.2.1")
		time.Sleep(time.Minute)
		server.Release()
		pass()
		holds(t, guarantee.UnknownIsProvenDead, server, "web A 30 192.0.2.1")
	})
}

func TestGuaranteeForeignIsLeft(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := fresh()
		server.Edit(hosted.Simple(set(t, "web 300 198.51.100.1")))
		start(t, server, nil, "web 30 192.0.2.1", "api 30 192.0.2.2")
		pass()
		holds(t, guarantee.ForeignIsLeft, server, "api A 30 192.0.2.2", "web A 300 198.51.100.1")
	})
}

func TestGuaranteeEmptyIsAnError(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := fresh()
		d := start(t, server, nil, "web 30 192.0.2.1", "api 30 192.0.2.2")
		pass()
		d.set("-web", "-api")
		pass()
		holds(t, guarantee.EmptyIsAnError, server, "api A 30 192.0.2.2", "web A 30 192.0.2.1")
	})
}

func TestGuaranteeLossesAreLimited(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := fresh()
		d := start(t, server, func(c *providers.Config) { c.Guard.Count = 2 }, "a 30 192.0.2.1", "b 30 192.0.2.1", "c 30 192.0.2.1", "d 30 192.0.2.1")
		pass()
		d.set("-a", "-b", "-c")
		pass()
		holds(t, guarantee.LossesAreLimited, server, "a A 30 192.0.2.1", "b A 30 192.0.2.1", "c A 30 192.0.2.1", "d A 30 192.0.2.1")
	})
}

func TestGuaranteePoisonIsIsolated(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := fresh()
		server.Poison(func(e hosted.Entry) string {
			if e.Key == (hosted.Key{Owner: name_("bad"), Type: zone.TypeA}) {
				return "bad luck"
			}
			return ""
		})
		start(t, server, nil, "web 30 192.0.2.1", "bad 30 192.0.2.2")
		pass()
		holds(t, guarantee.PoisonIsIsolated, server, "web A 30 192.0.2.1")
	})
}

func TestGuaranteeUnheardStands(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := fresh()
		shards := []plan.Shard{
			{Cluster: "eu-1", Object: "Service/shop/web", Addrs: []netip.Addr{netip.MustParseAddr("192.0.2.1")}},
			{Cluster: "us-1", Object: "Service/shop/web", Addrs: []netip.Addr{netip.MustParseAddr("192.0.2.2")}},
		}
		change := func(c *providers.Config) {
			c.Origins = func(dnsname.Name) (providers.Origin, bool) { return providers.Origin{Shards: shards}, true }
			c.Rules.Unheard = func(cluster string) bool { return cluster == "us-1" }
		}
		d := start(t, server, change, "web 30 192.0.2.1 192.0.2.2")
		pass()
		d.halt()
		shards = shards[:1]
		start(t, server, change, "web 30 192.0.2.1")
		pass()
		holds(t, guarantee.UnheardStands, server, "web A 30 192.0.2.1 192.0.2.2")
	})
}
