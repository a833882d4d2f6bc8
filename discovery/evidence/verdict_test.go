package evidence

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/fedns/fedns/discovery/cluster"
)

var epoch = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// seen makes Signals from the letters u(p), d(own) and ? of API, nodes and data.
// What is down has been so since the epoch.
func seen(text string) Signals {
	one := func(c byte) cluster.Liveness {
		return cluster.Liveness{Signal: map[byte]cluster.Signal{'u': cluster.Up, 'd': cluster.Down, '?': cluster.Unknown}[c], Since: epoch, Reason: "because"}
	}
	return Signals{API: one(text[0]), Nodes: one(text[1]), Data: one(text[2])}
}

// TestTruthTable walks all 27 rows, before and after each delay.
func TestTruthTable(t *testing.T) {
	want := map[string]struct {
		behind time.Duration // 0: never
		stale  bool
	}{
		"u?u": {}, "uuu": {}, "udu": {},
		"u??": {}, "uu?": {}, "ud?": {behind: time.Minute},
		"u?d": {behind: 5 * time.Second}, "uud": {behind: 5 * time.Second}, "udd": {behind: 5 * time.Second},
		"d?u": {}, "duu": {}, "ddu": {},
		"d??": {time.Minute, true}, "du?": {time.Minute, true}, "dd?": {time.Minute, true},
		"d?d": {5 * time.Second, true}, "dud": {5 * time.Second, true}, "ddd": {5 * time.Second, true},
		"??u": {}, "?uu": {}, "?du": {},
		"???": {0, true}, "?u?": {0, true}, "?d?": {time.Minute, true},
		"??d": {5 * time.Second, true}, "?ud": {5 * time.Second, true}, "?dd": {5 * time.Second, true},
	}
	if len(want) != 27 {
		t.Fatal("a row is missing")
	}
	for text, w := range want {
		for _, age := range []time.Duration{0, 5*time.Second - 1, 5 * time.Second, time.Minute - 1, time.Minute, time.Hour} {
			vs, next := Policy{}.Weigh([]Case{{ID: "a", Signals: seen(text)}}, epoch.Add(age))
			v, standing := vs[0], First
			if w.behind > 0 && age >= w.behind {
				standing = Behind
			}
			if v.Standing != standing || v.Stale != w.stale || v.Held {
				t.Errorf("%s after %v: %+v, want %v, stale %t", text, age, v, standing, w.stale)
			}
			if pending := w.behind > 0 && age < w.behind; pending != !next.IsZero() || pending && !next.Equal(epoch.Add(w.behind)) {
				t.Errorf("%s after %v: next look at %v", text, age, next)
			}
			if (v.Reason == "") != (standing == First && text[0] != 'd' || standing == First && text[2] != 'u') {
				t.Errorf("%s after %v: reason %q", text, age, v.Reason)
			}
		}
	}
}

// TestWordGoesFirst: what the operator said counts whatever is seen.
func TestWordGoesFirst(t *testing.T) {
	for word, want := range map[Word]Standing{Drain: Drained, Evict: Evicted} {
		for _, text := range []string{"uuu", "d?d", "???"} {
			vs, next := Policy{}.Weigh([]Case{{ID: "a", Signals: seen(text), Word: word}}, epoch.Add(time.Hour))
			if vs[0].Standing != want || vs[0].Reason == "" || !next.IsZero() {
				t.Errorf("%s, %s: %+v, next %v", word, text, vs[0], next)
			}
		}
	}
	if Word("gone").Valid() || !Drain.Valid() {
		t.Error("Valid does not know the words")
	}
}

// TestManyLostAtOnceAreHeld: a share of the clusters, lost together.
func TestManyLostAtOnceAreHeld(t *testing.T) {
	lose := func(after ...time.Duration) (cases []Case) {
		for i, d := range after {
			s := seen("uu?")
			if d >= 0 {
				s.API = cluster.Liveness{Signal: cluster.Down, Since: epoch.Add(d), Reason: "no answer"}
			}
			cases = append(cases, Case{ID: cluster.ID(fmt.Sprint(i)), Signals: s})
		}
		return cases
	}
	const up, s = -1, time.Second
	for _, c := range []struct {
		what  string
		cases []Case
		want  string // F(irst), B(ehind), H(eld)
	}{
		{"the only one", lose(0), "B"},
		{"one of two", lose(0, up), "BF"},
		{"both", lose(0, 20*s), "HH"},
		{"two of three", lose(0, up, 10*s), "HFH"},
		{"two of four", lose(0, up, 10*s, up), "BFBF"},
		{"three of four", lose(0, 30*s, 60*s, up), "BHHF"}, // the middle one has two others within 30 s, the last one comes after it
		{"two of three, and the third much later", lose(0, 10*s, time.Hour/2), "HHH"},
		{"all, one after the other", lose(0, 31*s, 62*s), "BBB"},
		{"the first of a storm, the others are about to be", lose(0, 29*s, 29*s), "HHH"},
	} {
		vs, _ := Policy{}.Weigh(c.cases, epoch.Add(time.Hour))
		got := ""
		for _, v := range vs {
			got += map[bool]string{true: "H", false: map[Standing]string{First: "F", Behind: "B"}[v.Standing]}[v.Held]
		}
		if got != c.want {
			t.Errorf("%s: %s, want %s", c.what, got, c.want)
		}
	}
	early, _ := Policy{Unprobed: 10 * s}.Weigh(lose(0, 12*s, up), epoch.Add(13*s))
	if !early[0].Held || early[1].Held || early[1].Standing != First {
		t.Errorf("before the second one's time is up: %+v", early)
	}
	drained := lose(0, 10*s, up)
	drained[2].Word = Drain
	if vs, _ := (Policy{}).Weigh(drained, epoch.Add(time.Hour)); !vs[0].Held || !vs[1].Held {
		t.Errorf("a drained cluster is no witness: %+v", vs)
	}
	if vs, _ := (Policy{HoldShare: 1}).Weigh(lose(0, 0), epoch.Add(time.Hour)); vs[0].Held || vs[0].Standing != Behind {
		t.Errorf("holding was switched off: %+v", vs)
	}
}

// TestWeighIsPure: the order of the clusters, and how often one looks, change nothing;
// and until the time that was announced, neither does time.
func TestWeighIsPure(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	rnd := rand.New(rand.NewPCG(seed, 0))
	signal := func() cluster.Liveness {
		return cluster.Liveness{Signal: cluster.Signal(rnd.IntN(3)), Since: epoch.Add(time.Duration(rnd.IntN(120)) * time.Second)}
	}
	for range 20_000 {
		var cases []Case
		for i := range 1 + rnd.IntN(6) {
			c := Case{ID: cluster.ID(fmt.Sprint(i)), Signals: Signals{signal(), signal(), signal()}}
			if rnd.IntN(6) == 0 {
				c.Word = []Word{Drain, Evict}[rnd.IntN(2)]
			}
			cases = append(cases, c)
		}
		now := epoch.Add(2*time.Minute + time.Duration(rnd.IntN(120))*time.Second)
		want, next := Policy{}.Weigh(cases, now)
		order := rnd.Perm(len(cases))
		turned := make([]Case, len(cases))
		for i, j := range order {
			turned[i] = cases[j]
		}
		got, _ := Policy{}.Weigh(turned, now)
		for i, j := range order {
			if got[i] != want[j] {
				t.Fatalf("%+v: %+v in one order, %+v in another", cases[j], want[j], got[i])
			}
		}
		later := now.Add(24 * time.Hour)
		if !next.IsZero() {
			later = next.Add(-1)
		}
		for i, v := range func() []Verdict { vs, _ := Policy{}.Weigh(cases, later); return vs }() {
			if v != want[i] {
				t.Fatalf("%+v: %+v at %v, %+v at %v, though nothing was to change before %v", cases[i], want[i], now, v, later, next)
			}
		}
	}
}

// TestGuard: what passes, and what is held.
func TestGuard(t *testing.T) {
	type loss struct {
		after   time.Duration
		n, left int
		by      cluster.Loss
		held    bool
	}
	const s = time.Second
	for what, losses := range map[string][]loss{
		"a few of many":                  {{0, 5, 100, cluster.Deleted, false}, {s, 5, 95, cluster.Deleted, false}},
		"all of a few, seen deleted":     {{0, 20, 20, cluster.Deleted, false}},
		"all of some, seen deleted":      {{0, 21, 21, cluster.Deleted, true}},
		"many, but a small part":         {{0, 500, 1000, cluster.Deleted, false}},
		"many and a large part":          {{0, 501, 1000, cluster.Deleted, true}},
		"little by little":               {{0, 300, 1000, cluster.Deleted, false}, {s, 150, 700, cluster.Deleted, false}, {2 * s, 51, 550, cluster.Deleted, true}},
		"little by little, more slowly":  {{0, 300, 1000, cluster.Deleted, false}, {60 * s, 300, 700, cluster.Deleted, false}},
		"one that is missing":            {{0, 1, 1, cluster.Missing, false}},
		"both are missing":               {{0, 2, 2, cluster.Missing, true}},
		"one after the other is missing": {{0, 1, 2, cluster.Missing, false}, {s, 1, 1, cluster.Missing, true}},
		"half are missing":               {{0, 5, 10, cluster.Missing, false}},
		"doubtful":                       {{0, 1, 1000, cluster.Doubtful, true}},
		"nothing":                        {{0, 0, 0, cluster.Doubtful, false}},
		"what was held does not count":   {{0, 600, 1000, cluster.Deleted, true}, {s, 100, 1000, cluster.Deleted, false}},
	} {
		var g Guard
		for i, l := range losses {
			if err := g.Admit(Limits{}, epoch.Add(l.after), l.n, func(enough int) int { return min(l.left, enough) }, l.by); (err != nil) != l.held {
				t.Errorf("%s: step %d: %v, want held %t", what, i, err, l.held)
			}
		}
	}
	var g Guard
	if err := g.Admit(Limits{Share: 1}, epoch, 1000, func(int) int { return 1000 }, cluster.Missing); err != nil {
		t.Errorf("switched off: %v", err)
	}
}
