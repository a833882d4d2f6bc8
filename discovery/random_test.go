package discovery

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fedns/fedns/discovery/cluster"
	"github.com/fedns/fedns/discovery/ingress"
	"github.com/fedns/fedns/discovery/synth"
	"github.com/fedns/fedns/dnsserver/dnsname"
	"github.com/fedns/fedns/dnsserver/zone"
)

// model is what the Engine should know after a random history, kept in the plainest way.
type model struct {
	*rand.Rand
	r        *rig
	res      *fakeResolver
	fed      synth.Federation
	clusters map[cluster.ID]*modelCluster
	hosts    map[string][]netip.Addr // known to the Engine
}

type modelCluster struct {
	source   *source
	up       chan<- cluster.Update
	revision int
	place    synth.Place
	topology cluster.Topology
	held     map[cluster.ServiceKey]cluster.Group
	reported map[cluster.ServiceKey]bool // in this run
	swept    bool
}

var modelFeds = []synth.Federation{
	{Name: dnsname.MustParse("prod.")},
	{Name: dnsname.MustParse("prod."), Domain: dnsname.MustParse("example.com.")},
	{Name: dnsname.MustParse("prod."), Domain: dnsname.MustParse("example.com."), ClusterSet: dnsname.MustParse("clusterset.local."),
		Reverse: []dnsname.Name{dnsname.MustParse("10.in-addr.arpa.")}},
}

func (m *model) pick(list ...string) string { return list[m.IntN(len(list))] }

func (m *model) addr() netip.Addr { return netip.AddrFrom4([4]byte{10, 96, 0, byte(m.IntN(8))}) }

func (m *model) group() cluster.Group {
	g := group(m.pick("a", "b", "c", "d", "bad"), m.addr().String())
	g.Type = cluster.ServiceType(m.IntN(3))
	g.Ports = []cluster.Port{{Name: "http", Protocol: "tcp", Number: uint16(80 + m.IntN(2))}}
	g.Endpoints[0] = cluster.Endpoint{Addr: m.addr(), Hostname: m.pick("", "db-0", "no_label"), Ready: m.IntN(3) > 0, Ports: g.Ports}
	if g.Type == cluster.LoadBalancer {
		g.Ingress = []cluster.Ingress{{Hostname: m.pick("lb1.test", "lb2.test")}}
	}
	return g
}

func (m *model) id() cluster.ID { return cluster.ID(m.pick("c1", "c2", "c3", "c4")) }

func (m *model) setMembers() {
	var ms []Member
	for id, c := range m.clusters {
		ms = append(ms, Member{ID: id, Source: c.source, Revision: strconv.Itoa(c.revision), Place: c.place})
	}
	m.r.SetMembers(ms)
	synctest.Wait()
}

// began takes up a new run of a cluster's Source.
func (c *modelCluster) began() {
	c.up = <-c.source.runs
	<-c.source.ctx
	c.reported, c.swept = map[cluster.ServiceKey]bool{}, false
}

// step is one thing that can happen.
func (m *model) step() {
	id := m.id()
	c := m.clusters[id]
	if c == nil {
		c = &modelCluster{source: newSource(), held: map[cluster.ServiceKey]cluster.Group{}}
		m.clusters[id] = c
		m.setMembers()
		c.began()
		return
	}
	switch n := m.IntN(100); {
	case n < 45:
		g := m.group()
		c.up <- report(g)
		g.Cluster = id
		c.held[g.Service], c.reported[g.Service] = g, true
	case n < 55:
		g := m.group()
		c.up <- report(withdrawn(g.Service.Name))
		delete(c.held, g.Service)
	case n < 65:
		c.up <- live()
		if !c.swept {
			for key := range c.held {
				if !c.reported[key] {
					delete(c.held, key)
				}
			}
		}
		c.swept = true
	case n < 70:
		c.up <- unreachable("away")
	case n < 75:
		c.topology = cluster.Topology{Region: m.pick("", "eu", "us", "bad_"), Zones: []string{m.pick("a", "b")}}
		t := c.topology
		c.up <- cluster.Update{Topology: &t}
	case n < 80:
		err := errors.New("no")
		if m.IntN(2) == 0 {
			err = nil
		}
		c.source.end <- err
		c.began()
	case n < 83:
		c.revision++
		c.source = newSource()
		m.setMembers()
		c.began()
	case n < 86:
		delete(m.clusters, id)
		m.setMembers()
	case n < 88:
		c.place = synth.Place{Region: m.pick("", "eu", "asia")}
		m.setMembers()
	case n < 90:
		m.fed = modelFeds[m.IntN(len(modelFeds))]
		m.r.SetFederation(m.fed)
	case n < 95:
		h := m.pick("lb1.test", "lb2.test")
		synctest.Wait()
		m.res.mu.Lock()
		wanted := m.res.wanted[h] > 0
		m.res.mu.Unlock()
		if wanted {
			m.hosts[h] = []netip.Addr{m.addr()}
			m.res.changes <- ingress.Change{Hostname: h, Addrs: m.hosts[h]}
		}
	default:
		m.refuse()
	}
}

func (m *model) refuse() {
	var refuse func(zone.Edit) bool
	switch m.IntN(3) {
	case 0:
		refuse = func(e zone.Edit) bool { return strings.Contains(e.RRset.Owner.String(), "bad") }
	case 1:
		n := 0
		refuse = func(zone.Edit) bool { n++; return n%7 == 0 }
	}
	m.r.pub.mu.Lock()
	m.r.pub.refuse = refuse
	m.r.pub.mu.Unlock()
}

// want makes the zone from nothing.
func (m *model) want() string {
	places := map[cluster.ID]synth.Place{}
	services := map[cluster.ServiceKey][]cluster.Group{}
	for id, c := range m.clusters {
		p := c.place
		if p.Region == "" {
			p.Region = c.topology.Region
		}
		p.Zones = c.topology.Zones
		places[id] = p
		for key, g := range c.held {
			services[key] = append(services[key], g)
		}
	}
	s, _ := synth.New(m.fed, places)
	uses := map[cluster.ID]synth.Use{} // whether these are right, the tests of evidence say
	m.r.mu.RLock()
	for id, c := range m.r.members {
		uses[id] = useOf(c.verdict)
	}
	m.r.mu.RUnlock()
	s = s.With(uses)
	p := &recorder{have: map[zone.Key]zone.RRset{}}
	_ = p.Publish(synth.Diff(synth.Records{}, s.Fixed()))
	for key, groups := range services {
		rs := s.Records(key, groups, func(h string) ([]netip.Addr, bool) { return m.hosts[h], false })
		_ = p.Publish(synth.Diff(synth.Records{}, rs))
	}
	return p.text()
}

// forget drops the addresses of hostnames that nobody wants any more, as the Engine does.
func (m *model) forget() {
	for h := range m.hosts {
		used := false
		for _, c := range m.clusters {
			for _, g := range c.held {
				used = used || slices.Contains(hostnames(&g), h)
			}
		}
		if !used {
			delete(m.hosts, h)
		}
	}
}

// TestRandomHistories: whatever happened, in whatever order, the zone is what the clusters were last known to hold.
// FEDNS_SEED repeats a run.
func TestRandomHistories(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	if s := os.Getenv("FEDNS_SEED"); s != "" {
		seed, _ = strconv.ParseUint(s, 10, 64)
	}
	t.Logf("FEDNS_SEED=%d", seed)
	histories := 60
	if testing.Short() {
		histories = 10
	}
	for i := range histories {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				res := newFakeResolver()
				r := newRig(t, Config{Resolver: res, Batch: 2})
				m := &model{rand.New(rand.NewPCG(seed, uint64(i))), r, res, fed, map[cluster.ID]*modelCluster{}, map[string][]netip.Addr{}}
				for range 60 {
					m.step()
					synctest.Wait()
					m.forget()
				}
				r.pub.mu.Lock()
				r.pub.refuse = nil
				r.pub.mu.Unlock()
				time.Sleep(2 * time.Minute)
				r.want(fmt.Sprintf("seed %d, history %d", seed, i), m.want())
				if s := r.Stats(); s.Refused != 0 || s.Stale != 0 {
					t.Errorf("%+v", s)
				}
			})
		})
	}
}
