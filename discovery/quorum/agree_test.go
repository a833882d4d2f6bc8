package quorum

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/fedns/fedns/discovery/cluster"
)

var signals = []cluster.Signal{cluster.Unknown, cluster.Up, cluster.Down}

// replicas are named r0, r1, … and see cluster c as letters say: u, d or ?.
func replicas(letters string) (out []Replica) {
	for i, c := range letters {
		s := map[rune]cluster.Signal{'u': cluster.Up, 'd': cluster.Down, '?': cluster.Unknown}[c]
		out = append(out, Replica{fmt.Sprint("r", i), View{"c": {Data: s, API: cluster.Signal((int(s) + 1) % 3)}}})
	}
	return out
}

func TestAgree(t *testing.T) {
	for letters, want := range map[string]cluster.Signal{
		"":  cluster.Unknown,
		"d": cluster.Down, "u": cluster.Up, "?": cluster.Unknown,
		"dd": cluster.Down, "ud": cluster.Up, "d?": cluster.Unknown, "u?": cluster.Up, "??": cluster.Unknown,
		"ddu": cluster.Down, "dd?": cluster.Down, "duu": cluster.Up, "du?": cluster.Up, "d??": cluster.Unknown,
		"dduu": cluster.Up, "ddd?": cluster.Down, "dddu": cluster.Down, "dd??": cluster.Unknown, "ddu?": cluster.Up,
		"dddu?": cluster.Down, "dd???": cluster.Unknown, "dduuu": cluster.Up,
	} {
		if got := Agree(replicas(letters), "c", Data); got.Signal != want || got.Replicas != len(letters) {
			t.Errorf("%q is %v of %d, want %v", letters, got.Signal, got.Replicas, want)
		}
		if got := Agree(replicas(letters), "other", Data); got.Signal != cluster.Unknown {
			t.Errorf("a cluster nobody knows is %v", got.Signal)
		}
	}
	if got := Agree([]Replica{{Name: "r0", View: View{"c": {API: cluster.Down}}}, {Name: "r1"}}, "c", API); got.Signal != cluster.Unknown || len(got.Down) != 1 {
		t.Errorf("one of two: %+v", got)
	}
}

func TestFinding(t *testing.T) {
	if got := Agree(replicas("ddd??"), "c", Data).finding(Data); got != "" {
		t.Errorf("without a disagreement %q", got)
	}
	const want = "replicas disagree on whether its data plane works: yes say r6, no say r0, r1, r2, r3, r4 and 1 more, of 7 it is taken for down"
	if got := Agree(replicas("ddddddu"), "c", Data).finding(Data); got != want {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}

// What holds of any views.
func TestAgreeProperties(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 0))
	for range 20_000 {
		n := 1 + r.IntN(9)
		var all []Replica
		for i := range n {
			all = append(all, Replica{fmt.Sprint("r", i), View{"c": {Data: signals[r.IntN(3)], API: signals[r.IntN(3)]}}})
		}
		verdict := Agree(all, "c", Data)
		r.Shuffle(n, func(i, j int) { all[i], all[j] = all[j], all[i] })
		if again := Agree(all, "c", Data); !reflect.DeepEqual(again, verdict) {
			t.Fatalf("in another order %+v, before %+v", again, verdict)
		}
		// Down is never against a half or more that see it up or nothing.
		if verdict.Signal == cluster.Down && 2*len(verdict.Down) <= n {
			t.Fatalf("%d of %d make %v", len(verdict.Down), n, verdict.Signal)
		}
		if n > 1 && len(verdict.Down) == 1 && verdict.Signal == cluster.Down {
			t.Fatalf("one of %d takes it down", n)
		}
		// Where three or more agree otherwise, one replica changes nothing.
		if n < 4 {
			continue
		}
		agreed := signals[1+r.IntN(2)]
		for i := range all[1:] {
			all[1+i].View = View{"c": {Data: agreed}}
		}
		if got := Agree(all, "c", Data).Signal; got != agreed {
			t.Fatalf("%d see it %v, one %v: %v", n-1, agreed, all[0].View["c"].Data, got)
		}
	}
}

func TestView(t *testing.T) {
	v := View{"eu-1": {cluster.Up, cluster.Unknown}, "us-1": {cluster.Down, cluster.Up}, "none": {}}
	text, err := v.encode()
	if err != nil || text != `{"eu-1":{"data":"up","api":"unknown"},"us-1":{"data":"down","api":"up"}}` {
		t.Errorf("%s, %v", text, err)
	}
	back, err := decode(text)
	delete(v, "none")
	if err != nil || !reflect.DeepEqual(back, v) {
		t.Errorf("%v, %v", back, err)
	}
	if got, err := decode(`{"a":{"data":"sideways","more":1},"b":{}}`); err != nil || got["a"] != (Opinion{}) || len(got) != 2 {
		t.Errorf("of a later version: %v, %v", got, err)
	}
	for _, bad := range []string{"", "[]", `{"a":"up"}`, `{"a":{"data":1}}`, strings.Repeat("x", maxView+1)} {
		if got, err := decode(bad); err == nil {
			t.Errorf("%.20q is %v", bad, got)
		}
	}
	big := View{}
	for i := range 10_000 {
		big[cluster.ID(fmt.Sprintf("cluster-%d", i))] = Opinion{cluster.Up, cluster.Up}
	}
	if _, err := big.encode(); err == nil {
		t.Error("a view that no object holds is written")
	}
}
