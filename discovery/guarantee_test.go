package discovery

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fedns/fedns/discovery/cluster"
	"github.com/fedns/fedns/discovery/evidence"
	"github.com/fedns/fedns/discovery/guarantee"
	"github.com/fedns/fedns/discovery/guarantee/guaranteetest"
	"github.com/fedns/fedns/discovery/ingress"
	"github.com/fedns/fedns/dnsserver/dnsname"
	"github.com/fedns/fedns/dnsserver/zone"
)

// prove runs a proof in fake time.
func prove(t *testing.T, name guarantee.Name, cfg Config, f func(p *guaranteetest.Proof, r *rig)) {
	p := guaranteetest.Prove(t, name)
	synctest.Test(t, func(t *testing.T) { f(p, newRig(t, cfg)) })
}

// zoneNow is the zone when nothing moves any more.
func (r *rig) zoneNow() string {
	synctest.Wait()
	return r.pub.text()
}

// one is a member that holds n Services and is Live.
func one(r *rig, n int) (*source, chan<- cluster.Update) {
	s := newSource()
	r.SetMembers([]Member{{ID: "a", Source: s, Revision: "1"}})
	up := <-s.runs
	up <- live(many(n, cluster.NoLoss)...)
	synctest.Wait()
	return s, up
}

// TestGuaranteeUnreachableStands: a run that could not read a cluster read no empty one.
func TestGuaranteeUnreachableStands(t *testing.T) {
	prove(t, guarantee.UnreachableStands, Config{}, func(p *guaranteetest.Proof, r *rig) {
		s, _ := one(r, 1+p.IntN(30))
		before := r.zoneNow()
		for range 1 + p.IntN(4) {
			s.end <- errors.New("connection lost")
			up := <-s.runs
			up <- cluster.Update{State: &cluster.State{Phase: cluster.Syncing}}
			up <- unreachable("connection refused")
		}
		time.Sleep(time.Duration(p.IntN(48)) * time.Hour)
		if now := r.zoneNow(); now != before {
			p.Broken("it was\n%s\nand is\n%s", before, now)
		}
	})
}

// TestGuaranteeSilenceStands: the end of a Source, and its panic, say nothing of its cluster.
func TestGuaranteeSilenceStands(t *testing.T) {
	prove(t, guarantee.SilenceStands, Config{}, func(p *guaranteetest.Proof, r *rig) {
		s, _ := one(r, 1+p.IntN(30))
		before := r.zoneNow()
		for range 2 + p.IntN(4) {
			if p.IntN(2) == 0 {
				s.end <- nil // it panics
			} else {
				s.end <- errors.New("kubeconfig does not parse")
			}
			<-s.runs
		}
		if now := r.zoneNow(); now != before {
			p.Broken("it was\n%s\nand is\n%s", before, now)
		}
	})
}

// loseOne loses one of three members for good, by what is seen of it, and says which.
func loseOne(p *guaranteetest.Proof, r *rig) (id, addr string) {
	ups := three(r)
	k := p.IntN(3)
	id = string(rune('a' + k))
	ups[k] <- unreachable("no route")
	if p.IntN(2) == 0 {
		r.SetAgreed(cluster.ID(id), cluster.Liveness{}, down("no answer"))
	}
	time.Sleep(time.Minute)
	synctest.Wait()
	return id, fmt.Sprintf("10.0.0.%d", k+1)
}

// line is what the zone says of a name.
func (r *rig) line(name string) string {
	for l := range strings.Lines(r.zoneNow()) {
		if strings.HasPrefix(l, name+".shop.prod. ") {
			return strings.TrimSpace(l)
		}
	}
	return ""
}

// TestGuaranteeStaleStepsBehind: a lost cluster is not answered beside live ones.
func TestGuaranteeStaleStepsBehind(t *testing.T) {
	prove(t, guarantee.StaleStepsBehind, Config{}, func(p *guaranteetest.Proof, r *rig) {
		if _, addr := loseOne(p, r); strings.Contains(r.line("web"), addr) || !strings.Contains(r.line("web"), "10.0.0.") {
			p.Broken("%s was lost a minute ago: %q", addr, r.line("web"))
		}
	})
}

// TestGuaranteeStaleIsAnswered: what only a lost cluster has is answered as last known.
func TestGuaranteeStaleIsAnswered(t *testing.T) {
	prove(t, guarantee.StaleIsAnswered, Config{}, func(p *guaranteetest.Proof, r *rig) {
		if id, _ := loseOne(p, r); r.line("only-"+id) == "" {
			p.Broken("what only %s has is gone", id)
		}
	})
}

// TestGuaranteeStaleIsMarked: and marked, for nobody can vouch for it.
func TestGuaranteeStaleIsMarked(t *testing.T) {
	prove(t, guarantee.StaleIsMarked, Config{}, func(p *guaranteetest.Proof, r *rig) {
		if id, _ := loseOne(p, r); r.stale() != "only-"+id+".shop.prod." {
			p.Broken("%s is lost, marked is %q", id, r.stale())
		}
	})
}

// TestGuaranteeManyLostAreHeld: who loses most clusters at once was cut off.
func TestGuaranteeManyLostAreHeld(t *testing.T) {
	prove(t, guarantee.ManyLostAreHeld, Config{}, func(p *guaranteetest.Proof, r *rig) {
		ups := three(r)
		for _, k := range p.Perm(3)[:2] {
			ups[k] <- unreachable("timeout")
			time.Sleep(time.Duration(p.IntN(29)) * time.Second)
		}
		time.Sleep(time.Duration(p.IntN(24)) * time.Hour)
		time.Sleep(time.Minute)
		if r.line("web") != webABC {
			p.Broken("two of three were lost together: %q", r.line("web"))
		}
	})
}

// withdrawAtOnce has the first n of 100 Services lost by some evidence, in one or more
// Updates at once, and says how many names are left.
func withdrawAtOnce(p *guaranteetest.Proof, r *rig, n int, by cluster.Loss) int {
	_, up := one(r, 100)
	gone := many(n, by)
	for first := 0; first < n; {
		next := min(n, first+1+p.IntN(n))
		up <- cluster.Update{Groups: gone[first:next], Losing: n - first}
		first = next
	}
	return strings.Count(r.zoneNow(), "shop.prod.")
}

var someLimits = Config{Withdrawals: evidence.Limits{Window: time.Minute, Count: 20, Share: 0.5}}

// TestGuaranteeDeletedAreLimited: a namespace that is deleted by mistake.
func TestGuaranteeDeletedAreLimited(t *testing.T) {
	prove(t, guarantee.DeletedAreLimited, someLimits, func(p *guaranteetest.Proof, r *rig) {
		if left := withdrawAtOnce(p, r, 51+p.IntN(50), cluster.Deleted); left != 100 {
			p.Broken("%d of 100 are left", left)
		}
	})
}

// TestGuaranteeMissingAreLimited: lists that lack what nobody saw deleted.
func TestGuaranteeMissingAreLimited(t *testing.T) {
	prove(t, guarantee.MissingAreLimited, Config{Withdrawals: evidence.Limits{Window: time.Minute, Count: 1000, Share: 0.5}}, func(p *guaranteetest.Proof, r *rig) {
		if left := withdrawAtOnce(p, r, 51+p.IntN(50), cluster.Missing); left != 100 {
			p.Broken("%d of 100 are left", left)
		}
	})
}

// TestGuaranteeDoubtfulAreHeld: a store that was restored from a backup.
func TestGuaranteeDoubtfulAreHeld(t *testing.T) {
	prove(t, guarantee.DoubtfulAreHeld, someLimits, func(p *guaranteetest.Proof, r *rig) {
		if left := withdrawAtOnce(p, r, 1+p.IntN(20), cluster.Doubtful); left != 100 {
			p.Broken("%d of 100 are left", left)
		}
	})
}

// TestGuaranteeNothingTricklesAway: while withdrawals are held, so is each that follows.
func TestGuaranteeNothingTricklesAway(t *testing.T) {
	prove(t, guarantee.NothingTricklesAway, someLimits, func(p *guaranteetest.Proof, r *rig) {
		_, up := one(r, 100)
		all := many(100, cluster.Deleted)
		n := 51 + p.IntN(40)
		up <- report(all[:n]...)
		for _, g := range all[n:] {
			time.Sleep(time.Duration(p.IntN(60)) * time.Second)
			up <- report(g)
		}
		if left := strings.Count(r.zoneNow(), "shop.prod."); left != 100 {
			p.Broken("%d of 100 are left", left)
		}
	})
}

// TestGuaranteeNamesAreLimited: clusters that each lose half, of which nobody else has anything.
func TestGuaranteeNamesAreLimited(t *testing.T) {
	prove(t, guarantee.NamesAreLimited, someLimits, func(p *guaranteetest.Proof, r *rig) {
		own := func(i, n int) (groups []cluster.Group) {
			for k := range n {
				groups = append(groups, group(fmt.Sprintf("of-%d-%d", i, k), "10.0.0.1"))
			}
			return groups
		}
		sizes := []int{40, 40, 40, 40, 1}
		ups := make([]chan<- cluster.Update, len(sizes))
		var ms []Member
		for i := range sizes {
			ms = append(ms, Member{ID: cluster.ID(fmt.Sprint("c", i)), Source: newSource(), Revision: "1"})
		}
		r.SetMembers(ms)
		for i, m := range ms {
			ups[i] = <-m.Source.(*source).runs
			ups[i] <- live(own(i, sizes[i])...)
		}
		for _, i := range p.Perm(4) {
			for _, g := range own(i, 20) { // the guard of one cluster lets half of it pass
				ups[i] <- report(cluster.Group{Service: g.Service, Withdrawn: true, Loss: cluster.Deleted})
			}
		}
		r.zoneNow() // all of them were heard
		time.Sleep(time.Duration(p.IntN(59)) * time.Second)
		ups[4] <- report(cluster.Group{Service: own(4, 1)[0].Service, Withdrawn: true, Loss: cluster.Deleted})
		if r.line("of-4-0") == "" {
			p.Broken("more than half of all names were withdrawn within a minute")
		}
	})
}

// panicking is a Source that panics once it was Live.
type panicking struct{ text string }

func (s panicking) Run(ctx context.Context, up chan<- cluster.Update) error {
	up <- live(group("own", "10.96.0.1"))
	select {
	case <-ctx.Done():
		return nil
	case <-time.After(time.Second):
		panic(s.text)
	}
}

// TestGuaranteeSourcePanicsStay: with the cluster whose Source it is.
func TestGuaranteeSourcePanicsStay(t *testing.T) {
	prove(t, guarantee.SourcePanicsStay, Config{}, func(p *guaranteetest.Proof, r *rig) {
		well := newSource()
		r.SetMembers([]Member{{ID: "bad", Source: panicking{p.Text() + "a source panicked"}}, {ID: "well", Source: well}})
		up := <-well.runs
		time.Sleep(time.Duration(2+p.IntN(60)) * time.Second)
		up <- live(group("web", "10.96.0.2"))
		if r.line("web") == "" || r.line("own") == "" {
			p.Broken("web: %q, own: %q", r.line("web"), r.line("own"))
		}
	})
}

// refusing makes the Publisher treat the records of one Service in some way.
func refusing(p *guaranteetest.Proof, r *rig, how func() bool) (bad int, groups []cluster.Group) {
	groups = many(3+p.IntN(20), cluster.NoLoss)
	bad = p.IntN(len(groups))
	owner := dnsname.MustParse(groups[bad].Service.Name + ".shop.prod.")
	r.pub.refuse = func(e zone.Edit) bool { return e.RRset.Owner == owner && how() }
	return bad, groups
}

// TestGuaranteePanicsStay: with the Service whose records panic.
func TestGuaranteePanicsStay(t *testing.T) {
	prove(t, guarantee.PanicsStay, Config{}, func(p *guaranteetest.Proof, r *rig) {
		bad, groups := refusing(p, r, func() bool { panic(p.Text() + "a publisher panicked") })
		s := newSource()
		r.SetMembers([]Member{{ID: "a", Source: s}})
		(<-s.runs) <- live(groups...)
		for i, g := range groups {
			if (r.line(g.Service.Name) != "") != (i != bad) {
				p.Broken("%s: %q", g.Service, r.line(g.Service.Name))
			}
		}
	})
}

// TestGuaranteeBadRecordsStay: the rest of what is published together lands.
func TestGuaranteeBadRecordsStay(t *testing.T) {
	prove(t, guarantee.BadRecordsStay, Config{}, func(p *guaranteetest.Proof, r *rig) {
		bad, groups := refusing(p, r, func() bool { return true })
		s := newSource()
		r.SetMembers([]Member{{ID: "a", Source: s}})
		(<-s.runs) <- live(groups...)
		for i, g := range groups {
			if (r.line(g.Service.Name) != "") != (i != bad) {
				p.Broken("%s is refused, and of %s there is %q", groups[bad].Service, g.Service, r.line(g.Service.Name))
			}
		}
	})
}

// TestGuaranteeBadReportsStay: one Group that cannot be taken in keeps no other from being known.
func TestGuaranteeBadReportsStay(t *testing.T) {
	p := guaranteetest.Prove(t, guarantee.BadReportsStay)
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, Config{Resolver: &panicky{fakeResolver: newFakeResolver(), acquire: true}})
		s := newSource()
		r.SetMembers([]Member{{ID: "a", Source: s}})
		groups := many(2+p.IntN(20), cluster.NoLoss)
		at := p.IntN(len(groups))
		groups = append(groups[:at:at], append([]cluster.Group{balanced("bad", "bad.test")}, groups[at:]...)...)
		(<-s.runs) <- live(groups...)
		for _, g := range groups {
			if g.Service.Name != "bad" && r.line(g.Service.Name) == "" {
				p.Broken("%s is not known", g.Service)
			}
		}
	})
}

// TestGuaranteeFreshnessIsMeasured: to be told something of a cluster that cannot be followed makes it no fresher.
func TestGuaranteeFreshnessIsMeasured(t *testing.T) {
	prove(t, guarantee.FreshnessIsMeasured, Config{}, func(p *guaranteetest.Proof, r *rig) {
		_, up := one(r, 1)
		time.Sleep(time.Duration(p.IntN(3600)) * time.Second)
		up <- report(group("s-0", "10.1.0.2"))
		heard := time.Now()
		up <- unreachable("watch services: connection refused")
		time.Sleep(time.Hour)
		up <- report(group("s-0", "10.1.0.3"))
		synctest.Wait()
		if got := r.Clusters()[0].LastSync; !got.Equal(heard) {
			p.Broken("last in step %v after it was lost", got.Sub(heard))
		}
	})
}

// noisy is a Source that tells one large Service over and over, as fast as it is heard.
type noisy struct {
	said  atomic.Int64
	often chan struct{} // closed when it has said enough
}

func (s *noisy) Run(ctx context.Context, up chan<- cluster.Update) error {
	var states [2]cluster.Update
	for i := range states {
		g := group("noisy", fmt.Sprintf("10.96.0.%d", i+1))
		for range 4000 {
			g.Endpoints = append(g.Endpoints, g.Endpoints[0])
		}
		states[i] = report(g)
	}
	for {
		select {
		case up <- states[s.said.Load()%2]:
		case <-ctx.Done():
			return nil
		}
		if s.said.Add(1) == 5000 {
			close(s.often)
		}
	}
}

// TestGuaranteeNoiseDelaysNoOne: what a quiet cluster says is published while another never stops.
func TestGuaranteeNoiseDelaysNoOne(t *testing.T) {
	p := guaranteetest.Prove(t, guarantee.NoiseDelaysNoOne)
	published := make(chan struct{})
	owner := dnsname.MustParse("quiet.shop.prod.")
	pub := &recorder{have: map[zone.Key]zone.RRset{}, refuse: func(e zone.Edit) bool {
		if e.RRset.Owner == owner {
			close(published)
			owner = dnsname.Name{}
		}
		return false
	}}
	e := New(Config{Federation: fed, Log: slog.New(slog.DiscardHandler)}, pub)
	ctx, cancel := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() { e.Run(ctx) })
	defer running.Wait()
	defer cancel()
	quiet, loud := newSource(), &noisy{often: make(chan struct{})}
	members := []Member{{ID: "quiet", Source: quiet}}
	for i := range gatherFrom - 2 { // more than keep up with the loop, and too few for the start to be gathered
		members = append(members, Member{ID: cluster.ID(fmt.Sprint("loud-", i)), Source: loud})
	}
	e.SetMembers(members)
	up := <-quiet.runs
	for want := int64(1 + p.IntN(1000)); loud.said.Load() < want; {
		runtime.Gosched()
	}
	up <- live(group("quiet", "10.97.0.1"))
	before := loud.said.Load()
	select {
	case <-published:
	case <-loud.often:
	}
	// Ahead of it was a queue, behind it may be another while it was published.
	if more := loud.said.Load() - before; more > int64(5*cap(e.events)) {
		p.Broken("another cluster was heard %d times before", more)
	}
}

// TestGuaranteeLastKnownIsAnswered: after a restart what was last known is there,
// whether or not any cluster can be reached.
func TestGuaranteeLastKnownIsAnswered(t *testing.T) {
	d := newDrawer()
	p := guaranteetest.Prove(t, guarantee.LastKnownIsAnswered)
	addr := fmt.Sprintf("10.%d.%d.1", p.IntN(256), p.IntN(256))
	d.has("a", group("web", addr))
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, Config{Keeper: d})
		s := newSource()
		r.SetMembers([]Member{{ID: "a", Source: s}})
		up := <-s.runs
		up <- unreachable("away")
		time.Sleep(time.Duration(p.IntN(48)) * time.Hour)
		if got, want := r.zoneNow(), "web.shop.prod. A "+addr; got != want {
			p.Broken("no cluster can be reached: %q, want %q", got, want)
		}
	})
}

// TestGuaranteeWordsOutlive: a cluster that was drained or evicted does not come
// back with the next restart.
func TestGuaranteeWordsOutlive(t *testing.T) {
	d := newDrawer()
	p := guaranteetest.Prove(t, guarantee.WordsOutlive)
	d.has("a", group("web", "10.0.0.1")).Word = []string{"drained", "evicted"}[p.IntN(2)]
	d.has("b", group("web", "10.0.0.2"))
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, Config{Keeper: d})
		ms := []Member{{ID: "a", Source: newSource()}, {ID: "b", Source: newSource()}}
		r.SetMembers(ms)
		for i, m := range ms {
			up := <-m.Source.(*source).runs
			up <- live(group("web", fmt.Sprintf("10.0.0.%d", i+1)))
		}
		if got, want := r.zoneNow(), "web.shop.prod. A 10.0.0.2"; got != want {
			p.Broken("the other one alone should answer: %q", got)
		}
	})
}

// TestGuaranteeTidesOutlive: what a cluster lacks whose store went back in time
// while nobody looked may only have been forgotten.
func TestGuaranteeTidesOutlive(t *testing.T) {
	d := newDrawer()
	p := guaranteetest.Prove(t, guarantee.TidesOutlive)
	n := 10 + p.IntN(30)
	d.has("a", many(n, cluster.NoLoss)...).Tides = map[string]string{"services": fmt.Sprint(1000 + p.IntN(1000))}
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, Config{Keeper: d, Withdrawals: limits})
		s := &tidal{source: newSource()}
		r.SetMembers([]Member{{ID: "a", Source: s}})
		up := <-s.runs
		before := r.zoneNow()
		up <- s.listed(fmt.Sprint(1+p.IntN(999)), many(n-1-p.IntN(3), cluster.NoLoss)...)
		if now := r.zoneNow(); now != before {
			p.Broken("it was\n%s\nand is\n%s", before, now)
		}
	})
}

// TestGuaranteeAddressesOutlive: a restart while no resolver answers takes no
// load balancer's addresses away.
func TestGuaranteeAddressesOutlive(t *testing.T) {
	d := newDrawer()
	p := guaranteetest.Prove(t, guarantee.AddressesOutlive)
	addr := netip.AddrFrom4([4]byte{192, 0, 2, byte(p.IntN(256))})
	d.has("a", balanced("web", "lb.test"))
	d.known.Hosts = map[string][]netip.Addr{"lb.test": {addr}}
	synctest.Test(t, func(t *testing.T) {
		res := newFakeResolver()
		r := newRig(t, Config{Keeper: d, Resolver: res})
		s := newSource()
		r.SetMembers([]Member{{ID: "a", Source: s}})
		up := <-s.runs
		up <- live(balanced("web", "lb.test"))
		synctest.Wait()
		res.changes <- ingress.Change{Hostname: "lb.test", Addrs: res.last["lb.test"], Finding: "timeout", Open: true}
		time.Sleep(time.Duration(p.IntN(48)) * time.Hour)
		if got, want := r.zoneNow(), "web.shop.prod. A "+addr.String(); got != want {
			p.Broken("no resolver answers: %q, want %q", got, want)
		}
	})
}
