package failover

import (
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/fedns/fedns/federation/cluster"
	"github.com/fedns/fedns/federation/placement"
	"github.com/fedns/fedns/federation/work"
)

// site is a cluster of the random world.
type site struct {
	down, drained bool
	since         time.Time
	ready         int32 // replicas that run there
}

// world is a template on some sites, through random accidents.
type world struct {
	r     *rand.Rand
	now   time.Time
	sites []*site
	state State
	total int32
	fewer bool // people want fewer replicas than before
}

func (w *world) name(i int) string { return fmt.Sprintf("c%d", i) }

func (w *world) clusters() (all []*cluster.Cluster) {
	for i, s := range w.sites {
		c := &cluster.Cluster{Name: w.name(i)}
		if s.down {
			c.Taints = append(c.Taints, cluster.TaintsOf(cluster.Unreachable, s.since)...)
		}
		if s.drained {
			c.Taints = append(c.Taints, cluster.TaintsOf(cluster.Drained, s.since)...)
		}
		all = append(all, c)
	}
	return all
}

// place keeps what is where it may be, and tells out the rest by turns.
func (w *world) place(e Eviction) (all []placement.Target) {
	n := make([]int32, len(w.sites))
	var open []int
	left := w.total
	for i, s := range w.sites {
		if e.By[w.name(i)] != "" {
			continue
		}
		if t := w.state.Target(w.name(i)); t != nil {
			n[i] = min(t.Replicas, left)
			left -= n[i]
		} else if s.down || s.drained {
			continue
		}
		open = append(open, i)
	}
	for k := 0; left > 0 && len(open) > 0; k++ {
		n[open[k%len(open)]]++
		left--
	}
	for i := range n {
		if n[i] > 0 {
			all = append(all, placement.Target{Cluster: w.name(i), Replicas: n[i]})
		}
	}
	return all
}

// accident is what happens to the world without us.
func (w *world) accident() {
	w.fewer = false
	w.now = w.now.Add(time.Duration(w.r.Int64N(int64(2 * time.Minute))))
	s := w.sites[w.r.IntN(len(w.sites))]
	switch w.r.IntN(12) {
	case 0:
		if !s.down {
			s.down, s.since, s.ready = true, w.now, 0
		}
	case 1:
		s.down = false
	case 2:
		if s.drained = !s.drained; s.drained && !s.down {
			s.since = w.now
		}
	case 3:
		was := w.total
		w.total = 1 + w.r.Int32N(9)
		w.fewer = w.total < was
	case 4:
		s.ready = 0 // its pods crash
	default:
		for i, s := range w.sites {
			if has, _ := w.state.Has(w.name(i)); !s.down && s.ready < has {
				s.ready += w.r.Int32N(has - s.ready + 1)
			}
		}
	}
}

// running is how many replicas run of those that may.
func (w *world) running() (n int32) {
	for i, s := range w.sites {
		if has, _ := w.state.Has(w.name(i)); !s.down {
			n += min(s.ready, has)
		}
	}
	return n
}

func (w *world) seen(name string) Seen {
	i, _ := strconv.Atoi(name[1:])
	s := w.sites[i]
	return Seen{Applied: !s.down, Healthy: !s.down, Ready: s.ready}
}

// seed repeats a run with FEDNS_SEED.
func seed(t *testing.T) uint64 {
	n := uint64(time.Now().UnixNano())
	if s := os.Getenv("FEDNS_SEED"); s != "" {
		var err error
		if n, err = strconv.ParseUint(s, 10, 64); err != nil {
			t.Fatalf("FEDNS_SEED: %v", err)
		}
	}
	t.Logf("FEDNS_SEED=%d", n)
	return n
}

func TestNothingThatRunsIsTakenBeforeItIsReplaced(t *testing.T) {
	r := rand.New(rand.NewPCG(seed(t), 1))
	moves, evictions := 0, 0
	for range 600 {
		w := &world{r: r, now: noon, total: 1 + r.Int32N(9)}
		for range 2 + r.IntN(4) {
			w.sites = append(w.sites, &site{})
		}
		for range 40 {
			w.accident()
			m, e := w.step(t)
			moves += len(m.State.Leaving)
			evictions += len(e.By)
		}
	}
	if moves < 1000 || evictions < 1000 {
		t.Errorf("%d moves and %d evictions are too few to say anything", moves, evictions)
	}
}

// step is one look of ours, and what must hold of it.
func (w *world) step(t *testing.T) (Motion, Eviction) {
	t.Helper()
	members := w.clusters()
	lost := Lost(members, Config{})
	c := Case{State: w.state, Divided: true, Seen: w.seen, Options: work.Failover{Stay: w.r.IntN(2) == 0}}
	e := Evict(c, members, lost, Config{}, w.now)
	for i, s := range w.sites {
		name := w.name(i)
		if e.By[name] == "" || s.drained {
			continue
		}
		if w.now.Sub(s.since) < 5*time.Minute {
			t.Fatalf("%s was lost for %v and is evicted: %s", name, w.now.Sub(s.since), e.By[name])
		}
		if _, here := w.state.Has(name); here && lost[name] {
			t.Fatalf("%s is evicted, though too many are lost: %s", name, e.By[name])
		}
	}
	before := w.running()
	was := w.state
	m := Move(c, w.place(e), e, func(string) bool { return true }, nil, Config{}, w.now)
	w.state = m.State
	expired := slices.ContainsFunc(was.Leaving, func(l Leaving) bool { return !w.now.Before(l.Until) })
	if after := w.running(); after < min(before, w.total) && !expired && !w.fewer {
		t.Fatalf("%d of %d replicas ran, and %d after our doing:\nbefore %+v\nafter  %+v\nevicted %v", before, w.total, after, was, w.state, e.By)
	}
	for i, s := range w.sites {
		has, _ := w.state.Has(w.name(i))
		s.ready = min(s.ready, has)
	}
	return m, e
}

func TestNoExecuteNeedsItsTime(t *testing.T) {
	r := rand.New(rand.NewPCG(seed(t), 2))
	for range 20_000 {
		seconds := r.Int64N(600)
		for _, key := range []string{cluster.TaintUnreachable, "stated"} {
			age := time.Duration(r.Int64N(600)) * time.Second
			taint := cluster.TaintsOf(cluster.Unreachable, noon.Add(-age))[1]
			taint.Key = key
			c := Case{State: on("a"), Tolerations: []corev1.Toleration{tolerate(key, seconds)}, Seen: func(string) Seen { return Seen{} }}
			e := Evict(c, []*cluster.Cluster{with("a", taint)}, nil, Config{}, noon)
			if got, want := e.By["a"] != "", age >= time.Duration(seconds)*time.Second; got != want {
				t.Fatalf("tolerated for %d s, there for %v: evicted %v", seconds, age, got)
			}
		}
	}
}
