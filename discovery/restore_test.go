package discovery

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/netip"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fedns/fedns/discovery/cluster"
	"github.com/fedns/fedns/discovery/state"
	"github.com/fedns/fedns/discovery/store"
)

// drawer is a Keeper that keeps in memory, as the Engine tells it.
type drawer struct {
	mu     sync.Mutex
	known  state.Known
	marks  map[state.Ref]bool
	memory state.Memory
	fail   error
}

func newDrawer() *drawer {
	return &drawer{known: state.Known{Clusters: map[cluster.ID]*state.Cluster{}, Whole: true}, marks: map[state.Ref]bool{}}
}

func (d *drawer) Restore() state.Known {
	known := state.Known{Clusters: map[cluster.ID]*state.Cluster{}, Hosts: maps.Clone(d.known.Hosts), Whole: d.known.Whole}
	for id, c := range d.known.Clusters {
		known.Clusters[id] = &state.Cluster{Memo: c.Memo, Groups: maps.Clone(c.Groups)}
	}
	return known
}

func (d *drawer) Changed(id cluster.ID, key cluster.ServiceKey) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.marks[state.Ref{Cluster: id, Service: key}] = true
}

func (d *drawer) Run(ctx context.Context, mem state.Memory) {
	d.mu.Lock()
	d.memory = mem
	d.mu.Unlock()
	<-ctx.Done()
	_ = d.Flush(ctx)
}

// Flush writes what is marked and nothing else, as the real one does.
func (d *drawer) Flush(context.Context) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.fail != nil {
		return d.fail
	}
	memos := d.memory.Memos()
	d.known.Hosts = d.memory.Hosts()
	for id := range d.known.Clusters {
		if _, ok := memos[id]; !ok {
			delete(d.known.Clusters, id)
		}
	}
	for id, m := range memos {
		if d.known.Clusters[id] == nil {
			d.known.Clusters[id] = &state.Cluster{Groups: map[cluster.ServiceKey]string{}}
		}
		d.known.Clusters[id].Memo = m
	}
	for r := range d.marks {
		c := d.known.Clusters[r.Cluster]
		octets, ok := d.memory.Packed(r)
		switch {
		case ok:
			c.Groups[r.Service] = octets
		case c != nil:
			delete(c.Groups, r.Service)
		}
	}
	clear(d.marks)
	return nil
}

// has puts Groups into the drawer, as if a process before had kept them.
func (d *drawer) has(id cluster.ID, groups ...cluster.Group) *state.Cluster {
	c := &state.Cluster{Memo: state.Memo{LastSync: time.Unix(9e8, 0)}, Groups: map[cluster.ServiceKey]string{}}
	for _, g := range groups {
		c.Groups[g.Service] = string(store.Append(nil, &g))
	}
	d.known.Clusters[id] = c
	return c
}

func TestRestoredIsAnsweredUntilSwept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDrawer()
		d.has("eu-1", group("web", "10.96.0.1"), group("gone", "10.96.0.2")).Memo.Word = "drained"
		r := newRig(t, Config{Keeper: d})
		eu := newSource()
		r.SetMembers([]Member{{ID: "eu-1", Source: eu}})
		up := <-eu.runs
		r.want("before anything is heard", `
			web.shop.prod. A 10.96.0.1
			gone.shop.prod. A 10.96.0.2`)
		c := r.Clusters()[0]
		if c.Phase != "syncing" || c.Synced || !c.Restored || !c.LastSync.Equal(time.Unix(9e8, 0)) || c.State != "drained" || len(r.Ready()) != 0 {
			t.Errorf("%+v, missing %v", c, r.Ready())
		}
		up <- unreachable("away")
		r.want("when it cannot be reached", `
			web.shop.prod. A 10.96.0.1
			gone.shop.prod. A 10.96.0.2`)
		synctest.Wait()
		if len(d.marks) != 0 {
			t.Errorf("marked without a change: %v", d.marks)
		}
		up <- report(group("web", "10.96.0.1"))
		up <- report(group("new", "10.96.0.3"))
		r.want("while it is read", `
			web.shop.prod. A 10.96.0.1
			new.shop.prod. A 10.96.0.3
			gone.shop.prod. A 10.96.0.2`)
		up <- live()
		r.want("when it was read", `
			web.shop.prod. A 10.96.0.1
			new.shop.prod. A 10.96.0.3`)
		if len(d.marks) != 2 || r.Clusters()[0].Restored {
			t.Errorf("marked %v, %+v", d.marks, r.Clusters()[0])
		}
	})
}

func TestRestoredOfNoMembers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDrawer()
		for i, id := range []cluster.ID{"eu-1", "eu-2", "us-1"} {
			d.has(id, group("web", fmt.Sprintf("10.96.0.%d", i+1)))
		}
		r := newRig(t, Config{Keeper: d})
		members := func(ids ...cluster.ID) (ms []Member) {
			for _, id := range ids {
				ms = append(ms, Member{ID: id, Source: newSource()})
			}
			return ms
		}
		r.SetMembersSoFar(members("eu-1"))
		r.want("with the first; who else is a member is not said yet", "web.shop.prod. A 10.96.0.1 10.96.0.2 10.96.0.3")
		if memos := (memory{r.Engine}).Memos(); len(memos) != 3 {
			t.Errorf("%d clusters are kept: %v", len(memos), memos)
		}
		groups := 0
		for range (memory{r.Engine}).All() {
			groups++
		}
		if _, ok := (memory{r.Engine}).Packed(state.Ref{Cluster: "us-1", Service: group("web", "1.2.3.4").Service}); !ok || groups != 3 {
			t.Errorf("%d Groups are kept, of us-1 %t", groups, ok)
		}
		r.SetMembers(members("eu-1", "eu-2"))
		r.want("with the second, and no other", "web.shop.prod. A 10.96.0.1 10.96.0.2")
		if memos := (memory{r.Engine}).Memos(); len(memos) != 2 {
			t.Errorf("%d clusters are kept: %v", len(memos), memos)
		}
	})
}

func TestDamagedIsAnsweredAndMissed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDrawer()
		d.known.Whole = false
		d.has("eu-1", group("web", "10.96.0.1"))
		d.has("eu-2", group("web", "10.96.0.2")).Groups[cluster.ServiceKey{Namespace: "shop", Name: "bad"}] = "nonsense"
		r := newRig(t, Config{Keeper: d})
		r.SetMembers([]Member{{ID: "eu-1", Source: newSource()}, {ID: "eu-2", Source: newSource()}})
		r.want("what is good", "web.shop.prod. A 10.96.0.1 10.96.0.2")
		if missing := strings.Join(r.Ready(), " "); missing != "eu-1 eu-2" {
			t.Errorf("missing are %s", missing)
		}
	})
}

// TestWordOutlivesARestart: and the operator is told when it would not.
func TestWordOutlivesARestart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDrawer()
		r := newRig(t, Config{Keeper: d})
		r.SetMembers([]Member{{ID: "eu-1", Source: newSource()}})
		synctest.Wait()
		if err := r.SetWord(t.Context(), "eu-1", "drained"); err != nil {
			t.Error(err)
		}
		if c := d.known.Clusters["eu-1"]; c == nil || c.Word != "drained" || !c.WordAt.Equal(time.Now()) || !c.LastSync.IsZero() {
			t.Errorf("%+v is kept", c)
		}
		if err := r.SetWord(t.Context(), "eu-2", "drained"); err == nil {
			t.Error("a cluster that is not there is drained")
		}
		d.fail = errors.New("disk full")
		if err := r.SetWord(t.Context(), "eu-1", ""); !errors.Is(err, d.fail) {
			t.Errorf("got %v", err)
		}
	})
}

// TestManyRestored: with more Services than one batch, of which some cannot be
// published at first.
func TestManyRestored(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDrawer()
		var want []string
		var groups []cluster.Group
		for i := range 5000 {
			addr := netip.AddrFrom4([4]byte{10, 96, byte(i >> 8), byte(i)}).String()
			groups = append(groups, group(fmt.Sprintf("s%d", i), addr))
			want = append(want, fmt.Sprintf("s%d.shop.prod. A %s", i, addr))
		}
		d.has("eu-1", groups...)
		r := newRig(t, Config{Keeper: d})
		r.SetMembers([]Member{{ID: "eu-1", Source: newSource()}})
		r.want("all", strings.Join(want, "\n"))
		if s := r.Stats(); s.Stale != 0 || s.Services != 5000 || r.pub.published() > 10 {
			t.Errorf("%+v, %d publications", s, r.pub.published())
		}
	})
}

// TestRandomRestarts: random histories as TestRandomHistories, through restarts.
func TestRandomRestarts(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	if s := os.Getenv("FEDNS_SEED"); s != "" {
		seed, _ = strconv.ParseUint(s, 10, 64)
	}
	t.Logf("FEDNS_SEED=%d", seed)
	histories := 40
	if testing.Short() {
		histories = 10
	}
	for i := range histories {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				d := newDrawer()
				m := &model{Rand: rand.New(rand.NewPCG(seed, uint64(i))), fed: fed, clusters: map[cluster.ID]*modelCluster{}, hosts: map[string][]netip.Addr{}}
				for life := range 4 {
					m.res = newFakeResolver()
					m.r = newRig(t, Config{Resolver: m.res, Batch: 2, Keeper: d, Federation: m.fed})
					for _, c := range m.clusters {
						c.source = newSource()
					}
					m.setMembers()
					for _, c := range m.clusters {
						c.began()
					}
					for range 25 {
						m.step()
						synctest.Wait()
						m.forget()
					}
					m.r.pub.mu.Lock()
					m.r.pub.refuse = nil
					m.r.pub.mu.Unlock()
					time.Sleep(2 * time.Minute)
					m.r.want(fmt.Sprintf("seed %d, history %d, life %d", seed, i, life), m.want())
					if err := d.Flush(t.Context()); err != nil {
						t.Fatal(err)
					}
				}
			})
		})
	}
}
