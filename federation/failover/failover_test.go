package failover

import (
	"slices"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/fedns/fedns/federation/cluster"
	"github.com/fedns/fedns/federation/placement"
	"github.com/fedns/fedns/federation/work"
)

var noon = time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)

func lostFor(name string, d time.Duration) *cluster.Cluster {
	return &cluster.Cluster{Name: name, Taints: cluster.TaintsOf(cluster.Unreachable, noon.Add(-d))}
}

func with(name string, taints ...corev1.Taint) *cluster.Cluster {
	return &cluster.Cluster{Name: name, Taints: taints}
}

func tolerate(key string, seconds int64) corev1.Toleration {
	t := corev1.Toleration{Key: key, Operator: corev1.TolerationOpExists}
	if seconds >= 0 {
		t.TolerationSeconds = &seconds
	}
	return t
}

func on(names ...string) (s State) {
	for _, n := range names {
		s.Targets = append(s.Targets, Target{Cluster: n, Replicas: 1, Since: noon.Add(-time.Hour)})
	}
	return s
}

func TestEvict(t *testing.T) {
	stated := corev1.Taint{Key: "maintenance", Effect: corev1.TaintEffectNoExecute, TimeAdded: &metav1.Time{Time: noon.Add(-time.Minute)}}
	for _, test := range []struct {
		name    string
		state   State
		tol     []corev1.Toleration
		options work.Failover
		members []*cluster.Cluster
		seen    map[string]Seen
		evicted []string
		held    []string
		next    time.Duration // from noon; 0: never
	}{
		{name: "a live cluster keeps it", state: on("a"), members: []*cluster.Cluster{with("a")}},
		{name: "a loss is tolerated for five minutes", state: on("a"), members: []*cluster.Cluster{lostFor("a", 299*time.Second)}, next: time.Second},
		{name: "and then evicts", state: on("a"), members: []*cluster.Cluster{lostFor("a", 300*time.Second)}, evicted: []string{"a"}},
		{name: "the order's toleration counts before the default", state: on("a"), tol: []corev1.Toleration{tolerate(cluster.TaintUnreachable, 30)},
			members: []*cluster.Cluster{lostFor("a", 31*time.Second)}, evicted: []string{"a"}},
		{name: "of several the shortest", state: on("a"), tol: []corev1.Toleration{tolerate("", 600), tolerate(cluster.TaintUnreachable, 60)},
			members: []*cluster.Cluster{lostFor("a", 30*time.Second)}, next: 30 * time.Second},
		{name: "for ever", state: on("a"), tol: []corev1.Toleration{tolerate("", -1)}, members: []*cluster.Cluster{lostFor("a", time.Hour)}},
		{name: "never", state: on("a"), options: work.Failover{Never: true}, members: []*cluster.Cluster{lostFor("a", time.Hour)}},
		{name: "an operator's word evicts at once, whatever the failover", state: on("a"), options: work.Failover{Never: true},
			members: []*cluster.Cluster{{Name: "a", Taints: cluster.TaintsOf(cluster.Drained, noon)}}, evicted: []string{"a"}},
		{name: "a stated taint that is not tolerated evicts at once", state: on("a"), members: []*cluster.Cluster{with("a", stated)}, evicted: []string{"a"}},
		{name: "and one that is, when its time is over", state: on("a"), tol: []corev1.Toleration{tolerate("maintenance", 90)}, members: []*cluster.Cluster{with("a", stated)}, next: 30 * time.Second},
		{name: "NoSchedule evicts nothing", state: on("a"), members: []*cluster.Cluster{with("a", corev1.Taint{Key: "x", Effect: corev1.TaintEffectNoSchedule})}},
		{name: "a degraded cluster keeps what it has", state: on("a"), members: []*cluster.Cluster{{Name: "a", Taints: cluster.TaintsOf(cluster.Degraded, noon.Add(-time.Hour))}}},
		{name: "two of three lost at once are held", state: on("a", "b", "c"),
			members: []*cluster.Cluster{lostFor("a", 400*time.Second), lostFor("b", 390*time.Second), with("c")}, held: []string{"a", "b"}},
		{name: "one of three is not", state: on("a", "b", "c"), members: []*cluster.Cluster{lostFor("a", 400*time.Second), with("b"), with("c")}, evicted: []string{"a"}},
		{name: "two of three lost hours apart are not", state: on("a", "b", "c"),
			members: []*cluster.Cluster{lostFor("a", 4*time.Hour), lostFor("b", 390*time.Second), with("c")}, evicted: []string{"a", "b"}},
		{name: "nor both of two, of which nobody can tell", state: on("a", "b"), members: []*cluster.Cluster{lostFor("a", time.Hour), lostFor("b", time.Hour)}, evicted: []string{"a", "b"}},
		{name: "an operator's word counts among the lost as well", state: on("a", "b", "c"),
			members: []*cluster.Cluster{lostFor("a", 400*time.Second), {Name: "b", Taints: slices.Concat(lostFor("b", 390*time.Second).Taints, cluster.TaintsOf(cluster.Evicted, noon))}, with("c")},
			held:    []string{"a"}, evicted: []string{"b"}},
		{name: "where it is sick for too long it leaves", state: on("a", "b"), options: work.Failover{Unhealthy: time.Minute}, members: []*cluster.Cluster{with("a"), with("b")},
			seen: map[string]Seen{"a": {Applied: true, Sick: noon.Add(-time.Minute)}, "b": {Applied: true, Sick: noon.Add(-50 * time.Second)}}, evicted: []string{"a"}, next: 10 * time.Second},
		{name: "but not without such a policy", state: on("a"), members: []*cluster.Cluster{with("a")}, seen: map[string]Seen{"a": {Sick: noon.Add(-time.Hour)}}},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := Case{State: test.state, Tolerations: test.tol, Options: test.options, Divided: true, Seen: func(n string) Seen { return test.seen[n] }}
			e := Evict(c, test.members, Lost(test.members, Config{}), Config{}, noon)
			for _, m := range test.members {
				if got, want := e.By[m.Name] != "", slices.Contains(test.evicted, m.Name); got != want {
					t.Errorf("%s is evicted: %v (%q), want %v", m.Name, got, e.By[m.Name], want)
				}
				if got, want := e.Held[m.Name] != "" && e.By[m.Name] == "", slices.Contains(test.held, m.Name); got != want {
					t.Errorf("%s is held: %v, want %v", m.Name, got, want)
				}
			}
			if want := noon.Add(test.next); test.next == 0 && !e.Next.IsZero() || test.next != 0 && !e.Next.Equal(want) {
				t.Errorf("looks again at %v, want in %v", e.Next, test.next)
			}
		})
	}
}

func want(pairs ...any) (all []placement.Target) {
	for i := 0; i < len(pairs); i += 2 {
		all = append(all, placement.Target{Cluster: pairs[i].(string), Replicas: int32(pairs[i+1].(int))})
	}
	return all
}

func TestMove(t *testing.T) {
	up := func(ready int) Seen { return Seen{Applied: true, Healthy: true, Ready: int32(ready)} }
	old := State{Targets: []Target{{Cluster: "a", Replicas: 3, Since: noon.Add(-time.Hour)}, {Cluster: "b", Replicas: 3, Since: noon.Add(-time.Hour)}}}
	leaving := State{Targets: []Target{{Cluster: "b", Replicas: 6, Since: noon.Add(-time.Minute)}},
		Leaving: []Leaving{{Cluster: "a", Replicas: 3, Why: "taint x", Since: noon.Add(-time.Minute), Until: noon.Add(9 * time.Minute)}},
		Away:    []Away{{Cluster: "a", Why: "taint x", Since: noon.Add(-time.Minute)}}}
	for _, test := range []struct {
		name    string
		state   State
		want    []placement.Target
		by      map[string]string
		seen    map[string]Seen
		whole   bool // not divided
		options work.Failover
		blocked bool
		gone    string // no member any more
		holds   map[string]int32
		away    []string
	}{
		{name: "nothing changes", state: old, want: want("a", 3, "b", 3), holds: map[string]int32{"a": 3, "b": 3}},
		{name: "an evicted cluster keeps it until the others are ready", state: old, want: want("b", 6), by: map[string]string{"a": "taint x"},
			seen: map[string]Seen{"b": up(3)}, holds: map[string]int32{"a": 3, "b": 6}, away: []string{"a"}},
		{name: "still not", state: leaving, want: want("b", 6), by: map[string]string{"a": "taint x"}, seen: map[string]Seen{"b": up(5)}, holds: map[string]int32{"a": 3, "b": 6}, away: []string{"a"}},
		{name: "now they are", state: leaving, want: want("b", 6), by: map[string]string{"a": "taint x"}, seen: map[string]Seen{"b": up(6)}, holds: map[string]int32{"b": 6}, away: []string{"a"}},
		{name: "but others wait with it", state: leaving, want: want("b", 6), by: map[string]string{"a": "taint x"}, seen: map[string]Seen{"b": up(6)}, blocked: true,
			holds: map[string]int32{"a": 3, "b": 6}, away: []string{"a"}},
		{name: "a cluster that is no member any more keeps nothing", state: leaving, want: want("b", 6), gone: "a", holds: map[string]int32{"b": 6}},
		{name: "the cluster is back: what moved has moved, and it may come again", state: leaving, want: want("b", 6), seen: map[string]Seen{"b": up(5)}, holds: map[string]int32{"a": 3, "b": 6}},
		{name: "with Stay it may not", state: leaving, want: want("b", 6), options: work.Failover{Stay: true}, seen: map[string]Seen{"b": up(6)}, holds: map[string]int32{"b": 6}, away: []string{"a"}},
		{name: "replicas that move stay where they run until they run elsewhere", state: old, want: want("a", 1, "b", 5), seen: map[string]Seen{"a": up(3), "b": up(3)}, holds: map[string]int32{"a": 3, "b": 5}},
		{name: "fewer replicas are fewer at once", state: old, want: want("a", 2, "b", 2), seen: map[string]Seen{"a": up(3), "b": up(3)}, holds: map[string]int32{"a": 2, "b": 2}},
		{name: "what nothing replaces goes at once", state: old, want: want("b", 3), holds: map[string]int32{"b": 3}},
		{name: "but from an evicted cluster only when the rest is ready", state: old, want: want("b", 3), by: map[string]string{"a": "taint x"}, holds: map[string]int32{"a": 3, "b": 3}, away: []string{"a"}},
		{name: "unless it is to go at once", state: old, want: want("b", 6), by: map[string]string{"a": "taint x"}, options: work.Failover{Purge: work.Immediately}, holds: map[string]int32{"b": 6}, away: []string{"a"}},
		{name: "or never", state: State{Targets: leaving.Targets, Leaving: []Leaving{{Cluster: "a", Replicas: 3, Why: "taint x", Since: noon.Add(-time.Hour)}}}, want: want("b", 6), options: work.Failover{Purge: work.NeverPurged},
			seen: map[string]Seen{"b": up(6)}, holds: map[string]int32{"a": 3, "b": 6}},
		{name: "nothing is wanted any more", state: old, holds: map[string]int32{}},
		{name: "nobody else can have it: it stays", state: old, by: map[string]string{"a": "taint x"}, holds: map[string]int32{"a": 3}},
		{name: "whole objects are compared by their presence", state: old, want: want("a", 1, "b", 9), whole: true, holds: map[string]int32{"a": 1, "b": 9}},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := Case{State: test.state, Options: test.options, Divided: !test.whole, Seen: func(n string) Seen { return test.seen[n] }}
			m := Move(c, test.want, Eviction{By: test.by}, func(n string) bool { return n != test.gone }, func(string) bool { return test.blocked }, Config{}, noon)
			got := map[string]int32{}
			for _, n := range m.State.Holders() {
				got[n], _ = m.State.Has(n)
			}
			if len(got) != len(test.holds) {
				t.Fatalf("held by %v, want %v", got, test.holds)
			}
			for n, r := range test.holds {
				if got[n] != r {
					t.Errorf("held by %v, want %v", got, test.holds)
				}
			}
			var away []string
			for _, a := range m.State.Away {
				away = append(away, a.Cluster)
			}
			if !slices.Equal(away, test.away) {
				t.Errorf("away are %v, want %v", away, test.away)
			}
			if len(m.State.Leaving) > 0 && m.Next.IsZero() && test.options.Purge != work.NeverPurged {
				t.Error("something leaves and it is never looked again")
			}
		})
	}
}

func TestGraceEnds(t *testing.T) {
	c := Case{State: on("a"), Options: work.Failover{Grace: time.Minute}, Divided: true, Seen: func(string) Seen { return Seen{} }}
	e := Eviction{By: map[string]string{"a": "taint x"}}
	all := func(string) bool { return true }
	m := Move(c, want("b", 1), e, all, nil, Config{}, noon)
	if _, has := m.State.Has("a"); !has || m.Next.IsZero() || m.Next.After(noon.Add(time.Minute)) {
		t.Fatalf("state %+v, looks again at %v: want a to keep it for a minute", m.State, m.Next)
	}
	c.State = m.State
	if m = Move(c, want("b", 1), e, all, nil, Config{}, noon.Add(time.Minute)); len(m.State.Leaving) > 0 {
		t.Errorf("after its grace %+v still leaves", m.State.Leaving)
	}
}
