package synth

import (
	"math/rand/v2"
	"net/netip"
	"os"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/fedns/fedns/discovery/cluster"
	"github.com/fedns/fedns/dnsserver/zone"
)

// changed is groups with something else about one of them, mostly about its
// endpoints.
func (w world) changed(groups []cluster.Group) []cluster.Group {
	if len(groups) == 0 || w.IntN(20) == 0 {
		return w.groups()
	}
	now := slices.Clone(groups)
	g := &now[w.IntN(len(now))]
	if w.IntN(10) == 0 {
		*g = w.group(g.Cluster)
		return now
	}
	g.Endpoints = slices.Clone(g.Endpoints)
	for range 1 + w.IntN(2) {
		n := len(g.Endpoints)
		switch what := w.IntN(6); {
		case n == 0 || what == 0:
			g.Endpoints = slices.Insert(g.Endpoints, w.IntN(n+1), w.group(g.Cluster).Endpoints...)
		case what == 1:
			g.Endpoints = slices.Delete(g.Endpoints, n-1, n)
		case what == 2:
			g.Endpoints[w.IntN(n)].Addr = w.addr()
		case what == 3:
			g.Endpoints[w.IntN(n)].Hostname = pick(w, "", "db-0", "DB-1", "no_label")
		case what == 4:
			g.Endpoints[w.IntN(n)].Ports = w.ports()
		default:
			e := &g.Endpoints[w.IntN(n)]
			e.Ready = !e.Ready
		}
	}
	return now
}

// TestBetween: the short way gives what the long one does, edit by edit;
// FEDNS_SEED repeats a run.
func TestBetween(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	if s := os.Getenv("FEDNS_SEED"); s != "" {
		seed, _ = strconv.ParseUint(s, 10, 64)
	}
	t.Logf("FEDNS_SEED=%d", seed)
	w := world{rand.New(rand.NewPCG(seed, 1))}
	short := 0
	for range 6000 {
		places := w.places()
		s, _ := New(full, places)
		s = s.With(w.uses(places))
		groups := w.groups()
		if w.IntN(2) == 0 {
			for i := range groups {
				groups[i].Type, groups[i].Addresses, groups[i].Withdrawn = cluster.Headless, nil, false
			}
		}
		now := w.changed(groups)
		whole := s.Records(web, now, resolve)
		want := Diff(s.Records(web, groups, resolve), whole)
		got, found := s.Between(web, groups, now, resolve)
		if !slices.Equal(got, want) || !slices.Equal(found, whole.Findings) {
			t.Fatalf("from %+v\nto %+v\ngot  %v\nwant %v\nfound %v\nwant  %v", groups, now, got, want, found, whole.Findings)
		}
		was, _ := s.begin(web, groups, resolve)
		is, _ := s.begin(web, now, resolve)
		if len(was.shards) > 0 && len(is.shards) > 0 && narrowed(&was, &is) != nil && len(got) > 0 {
			short++
		}
	}
	if short < 300 {
		t.Errorf("only %d changes took the short way", short)
	}
}

// TestBetweenMakesLittle: what an endpoint that is replaced costs does not grow
// with the names of the others.
func TestBetweenMakesLittle(t *testing.T) {
	s, _ := New(full, nil)
	old := headless("eu-1")
	for i := range 200 {
		old.Endpoints = append(old.Endpoints, ready(netip.AddrFrom4([4]byte{10, 96, 0, byte(i)}).String(), "db-"+strconv.Itoa(i)))
	}
	now := old
	now.Endpoints = slices.Clone(old.Endpoints)
	now.Endpoints[199].Addr = netip.MustParseAddr("10.96.1.1")
	was, _ := s.begin(web, []cluster.Group{old}, nil)
	is, _ := s.begin(web, []cluster.Group{now}, nil)
	is.only = narrowed(&was, &is)
	is.finish()
	types := map[uint16]int{}
	for _, r := range slices.Concat(is.out.Sets, is.out.PTR) {
		types[r.Type]++
	}
	if want := 1 + len(s.levels) + 1 + 1; types[zone.TypeA] != want || types[zone.TypeSRV] != 0 || types[zone.TypePTR] != 1 {
		t.Errorf("got %v of %d A RRsets, want only those of the Service and of one endpoint", types, want)
	}
}
