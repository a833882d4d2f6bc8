package batch

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/fedns/fedns/dnsserver/dnsname"
	"github.com/fedns/fedns/dnsserver/zone"
	"github.com/fedns/fedns/providers/hosted"
)

// create is a Change that brings n records of so many octets.
func create(i, n, octets int) hosted.Change {
	owner := dnsname.MustParse(fmt.Sprintf("n%d.example.com.", i))
	rdata := make([]string, n)
	for j := range rdata {
		rdata[j] = zone.TXT(fmt.Sprintf("%0*d", octets, j))
	}
	return hosted.Change{New: hosted.Simple(zone.NewRRset(owner, zone.TypeTXT, 60, rdata...))}
}

func records(e hosted.Entry) (n, octets int) {
	for _, s := range e.Sets {
		n += s.Records.Len()
		for d := range s.Records.RDATA() {
			octets += len(d)
		}
	}
	return n, octets
}

var dims = []hosted.Dimension{
	{Name: "records", Max: 1000, Cost: func(c hosted.Change) int {
		n, _ := records(c.Old)
		m, _ := records(c.New)
		return n + m
	}},
	{Name: "octets", Max: 32000, Cost: func(c hosted.Change) int {
		_, n := records(c.Old)
		_, m := records(c.New)
		return n + m
	}},
}

func TestPack(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	rnd := rand.New(rand.NewPCG(seed, 0))
	reserve := hosted.Change{Old: create(0, 1, 90).New, New: create(0, 1, 91).New}
	for _, n := range []int{1, 10, 1000, 20000} {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			items := make([]Item, n)
			for i := range items {
				items[i] = Item{Changes: []hosted.Change{create(i, 1+rnd.IntN(4), 1+rnd.IntN(120))}, Urgent: rnd.IntN(10) == 0}
				if rnd.IntN(3) == 0 {
					items[i].Changes = append(items[i].Changes, create(i, 1, 80))
				}
			}
			bins, tooLarge := Pack(items, dims, reserve)
			if len(tooLarge) > 0 {
				t.Fatalf("%d items too large, want none", len(tooLarge))
			}
			checkBins(t, items, bins, reserve)
			if least := LowerBound(items, dims, reserve); float64(len(bins)) > 1.02*float64(least)+1 {
				t.Errorf("%d bins, want at most 1.02 of %d and one", len(bins), least)
			}
		})
	}
}

// checkBins: each item once, no bin over a limit, no urgent item in a bin behind
// one that has none.
func checkBins(t *testing.T, items []Item, bins [][]int, reserve hosted.Change) {
	t.Helper()
	seen := make([]int, len(items))
	calm := false
	for b, bin := range bins {
		all := []hosted.Change{reserve}
		urgent := false
		for _, i := range bin {
			seen[i]++
			all = append(all, items[i].Changes...)
			urgent = urgent || items[i].Urgent
		}
		if urgent && calm {
			t.Errorf("bin %d has urgent items, one before it has none", b)
		}
		calm = calm || !urgent
		for d, n := range costs(all, dims) {
			if n > dims[d].Max {
				t.Errorf("bin %d holds %d %s, want at most %d", b, n, dims[d].Name, dims[d].Max)
			}
		}
	}
	if i := slices.IndexFunc(seen, func(n int) bool { return n != 1 }); i >= 0 {
		t.Errorf("item %d is in %d bins, want 1", i, seen[i])
	}
}

func TestPackTooLarge(t *testing.T) {
	items := []Item{{Changes: []hosted.Change{create(1, 1, 10)}}, {Changes: []hosted.Change{create(2, 1001, 1)}}}
	bins, tooLarge := Pack(items, dims, hosted.Change{})
	if !slices.Equal(tooLarge, []int{1}) || len(bins) != 1 || !slices.Equal(bins[0], []int{0}) {
		t.Errorf("got bins %v, too large %v; want [[0]], [1]", bins, tooLarge)
	}
}

func TestPackNothing(t *testing.T) {
	if bins, tooLarge := Pack(nil, dims, hosted.Change{}); bins != nil || tooLarge != nil {
		t.Errorf("got %v, %v; want none", bins, tooLarge)
	}
	if n := LowerBound(nil, dims, hosted.Change{}); n != 0 {
		t.Errorf("lower bound %d, want 0", n)
	}
}
