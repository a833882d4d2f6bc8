package discovery

import (
	"context"
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fedns/fedns/discovery/cluster"
	"github.com/fedns/fedns/discovery/ingress"
	"github.com/fedns/fedns/dnsserver/dnsname"
	"github.com/fedns/fedns/dnsserver/zone"
)

// TestPublisherPanics: it costs no other Service anything, and what it hit is published once it can be.
func TestPublisherPanics(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, Config{})
		bad := dnsname.MustParse("bad.shop.prod.")
		r.pub.refuse = func(e zone.Edit) bool {
			if e.RRset.Owner == bad {
				panic("publisher went wrong")
			}
			return false
		}
		eu := newSource()
		r.SetMembers([]Member{{ID: "eu-1", Source: eu}})
		up := <-eu.runs
		up <- live(group("a", "10.96.0.1"), group("bad", "10.96.0.2"), group("c", "10.96.0.3"))
		r.want("the others land", "a.shop.prod. A 10.96.0.1\nc.shop.prod. A 10.96.0.3")
		if s := r.Stats(); s.Panics == 0 || s.Refused != 1 || r.phase("eu-1") != "live" {
			t.Errorf("%+v, %s", s, r.phase("eu-1"))
		}
		up <- report(group("a", "10.96.0.11"))
		r.want("it goes on", "a.shop.prod. A 10.96.0.11\nc.shop.prod. A 10.96.0.3")
		if log := r.log.String(); !strings.Contains(log, "publisher went wrong") || !strings.Contains(log, "contain_test.go") {
			t.Error("the log lacks the panic or its stack")
		}
		r.pub.mu.Lock()
		r.pub.refuse = nil
		r.pub.mu.Unlock()
		time.Sleep(time.Minute)
		r.want("published at last", "a.shop.prod. A 10.96.0.11\nbad.shop.prod. A 10.96.0.2\nc.shop.prod. A 10.96.0.3")
		if s := r.Stats(); s.Refused != 0 {
			t.Errorf("%+v", s)
		}
	})
}

// TestRecordsPanic: a Service of which no records can be made keeps those it had.
func TestRecordsPanic(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, Config{})
		r.resolve = func(hostname string) ([]netip.Addr, bool) { panic("cannot resolve " + hostname) }
		eu := newSource()
		r.SetMembers([]Member{{ID: "eu-1", Source: eu}})
		up := <-eu.runs
		up <- live(group("a", "10.96.0.1"), group("b", "10.96.0.2"))
		r.want("before", "a.shop.prod. A 10.96.0.1\nb.shop.prod. A 10.96.0.2")
		up <- report(balanced("a", "lb.test"), group("b", "10.96.0.22"))
		r.want("the other changes", "a.shop.prod. A 10.96.0.1\nb.shop.prod. A 10.96.0.22")
		if s := r.Stats(); s.Panics == 0 || s.Refused != 1 {
			t.Errorf("%+v", s)
		}
		up <- report(group("a", "10.96.0.11"))
		r.want("mended", "a.shop.prod. A 10.96.0.11\nb.shop.prod. A 10.96.0.22")
	})
}

// panicky is a Resolver that panics where it is told to.
type panicky struct {
	*fakeResolver
	acquire, release, run bool
}

func (p *panicky) Acquire(hostname string, last ...netip.Addr) error {
	if p.acquire && hostname == "bad.test" {
		panic("acquire went wrong")
	}
	return p.fakeResolver.Acquire(hostname, last...)
}

func (p *panicky) Release(hostname string) {
	if p.release {
		p.release = false
		panic("release went wrong")
	}
	p.fakeResolver.Release(hostname)
}

func (p *panicky) Run(ctx context.Context, changes chan<- ingress.Change) {
	if p.run {
		p.run = false
		panic("run went wrong")
	}
	p.fakeResolver.Run(ctx, changes)
}

func balanced(name, host string) cluster.Group {
	g := group(name, "10.96.0.1")
	g.Type = cluster.LoadBalancer
	g.Ingress = []cluster.Ingress{{Hostname: host}}
	return g
}

// TestTakingInPanics: the cluster is read again, others are followed meanwhile,
// and nothing that was not heard counts as gone.
func TestTakingInPanics(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		res := &panicky{fakeResolver: newFakeResolver(), acquire: true}
		r := newRig(t, Config{Resolver: res})
		eu, us := newSource(), newSource()
		r.SetMembers([]Member{{ID: "eu-1", Source: eu}, {ID: "us-1", Source: us}})
		toEU, toUS := <-eu.runs, <-us.runs
		toEU <- live(group("a", "10.96.0.1"), group("z", "10.96.0.2"))
		r.want("before", "a.shop.prod. A 10.96.0.1\nz.shop.prod. A 10.96.0.2")

		eu.end <- context.DeadlineExceeded
		toEU = <-eu.runs
		toEU <- live(balanced("bad", "bad.test"), group("a", "10.96.0.11"))
		synctest.Wait()
		r.events <- event{from: r.members["eu-1"].supervisor, update: live()} // was on its way
		synctest.Wait()
		if got := r.phase("eu-1"); got != "unreachable" {
			t.Errorf("the cluster is %s", got)
		}
		toUS <- live(group("u", "10.97.0.1"))
		r.want("z was not heard of and stands", "a.shop.prod. A 10.96.0.11\nz.shop.prod. A 10.96.0.2\nu.shop.prod. A 10.97.0.1")
		began := time.Now()
		toEU = <-eu.runs
		if wait := time.Since(began); wait < time.Second {
			t.Errorf("run again after %s", wait)
		}
		if s := r.Stats(); s.Panics != 1 || s.SourcePanics != 0 || s.SourceFailures != 2 {
			t.Errorf("%+v", s)
		}
		res.acquire = false
		toEU <- live(balanced("bad", "bad.test"), group("a", "10.96.0.11"))
		r.want("now z is seen to be gone", "a.shop.prod. A 10.96.0.11\nu.shop.prod. A 10.97.0.1")
		if got := r.phase("eu-1"); got != "live" {
			t.Errorf("the cluster is %s", got)
		}
	})
}

// TestLoopPanics: the loop goes on after a pause, and ends what it had begun.
func TestLoopPanics(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		res := &panicky{fakeResolver: newFakeResolver(), release: true, run: true}
		r := newRig(t, Config{Resolver: res})
		eu, us := newSource(), newSource()
		r.SetMembers([]Member{{ID: "eu-1", Source: eu}, {ID: "us-1", Source: us}})
		toEU, toUS := <-eu.runs, <-us.runs
		toEU <- live(group("a", "10.96.0.1"))
		toUS <- live(balanced("a", "lb.test"), group("b", "10.97.0.2"), group("c", "10.97.0.3"))
		r.want("before", "a.shop.prod. A 10.96.0.1\nb.shop.prod. A 10.97.0.2\nc.shop.prod. A 10.97.0.3")
		r.SetMembers([]Member{{ID: "eu-1", Source: eu}})
		synctest.Wait()
		r.pub.forget()
		time.Sleep(2 * time.Second)
		r.want("all of the removed cluster is gone, all else published whole", "a.shop.prod. A 10.96.0.1")
		toEU <- report(group("a", "10.96.0.11"))
		r.want("it goes on", "a.shop.prod. A 10.96.0.11")
		time.Sleep(2 * time.Minute)
		toEU <- report(balanced("l", "l.test"))
		r.want("nothing yet", "a.shop.prod. A 10.96.0.11")
		res.changes <- ingress.Change{Hostname: "l.test", Addrs: []netip.Addr{netip.MustParseAddr("192.0.2.1")}}
		r.want("the resolver runs again", "a.shop.prod. A 10.96.0.11\nl.shop.prod. A 192.0.2.1")
		if s := r.Stats(); s.Panics != 2 {
			t.Errorf("%+v", s)
		}
	})
}
