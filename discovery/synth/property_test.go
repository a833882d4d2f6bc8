package synth

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"net/netip"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/fedns/fedns/discovery/cluster"
	"github.com/fedns/fedns/dnsserver/dnsname"
	"github.com/fedns/fedns/dnsserver/zone"
)

func addrFromDashed(label string) netip.Addr {
	if strings.Count(label, "-") == 3 && !strings.Contains(label, "--") {
		if a, err := netip.ParseAddr(strings.ReplaceAll(label, "-", ".")); err == nil {
			return a
		}
	}
	a, _ := netip.ParseAddr(strings.ReplaceAll(label, "-", ":"))
	return a
}

// checkWhole: no RRset twice, no CNAME beside another type, none that dangles, no empty or over-long name, no SRV
// whose target has no address.
func checkWhole(t *testing.T, rs Records) {
	t.Helper()
	have := map[zone.Key]zone.RRset{}
	owners := map[dnsname.Name]int{}
	for _, r := range rs.Sets {
		if _, twice := have[r.Key()]; twice {
			t.Errorf("%s is there twice", r)
		}
		have[r.Key()] = r
		owners[r.Owner]++
		if again, n, err := dnsname.FromWire([]byte(r.Owner.Wire())); err != nil || n != len(r.Owner.Wire()) || again != r.Owner {
			t.Errorf("owner %q is no name: %v", r.Owner.Wire(), err)
		}
		if r.IsEmpty() || r.TTL == 0 {
			t.Errorf("%s: empty, or without a TTL", r)
		}
	}
	for _, r := range rs.Sets {
		switch r.Type {
		case zone.TypeCNAME:
			if owners[r.Owner] != 1 || r.Len() != 1 {
				t.Errorf("%s has company", r)
			}
			to, _, _ := dnsname.FromWire([]byte(r.First()))
			if owners[to] == 0 {
				t.Errorf("%s dangles", r)
			}
		case zone.TypeSRV:
			for d := range r.RDATA() {
				to, _, _ := dnsname.FromWire([]byte(d[6:]))
				_, v4 := have[zone.Key{Owner: to, Type: zone.TypeA}]
				_, v6 := have[zone.Key{Owner: to, Type: zone.TypeAAAA}]
				if !v4 && !v6 {
					t.Errorf("%s: target without an address", r)
				}
			}
		}
	}
}

// world makes random Groups and places from one seed.
type world struct{ *rand.Rand }

func pick[T any](w world, from ...T) T { return from[w.IntN(len(from))] }

func (w world) addr() netip.Addr {
	if w.IntN(3) == 0 {
		return netip.MustParseAddr(fmt.Sprintf("2001:db8::%x", w.IntN(20)))
	}
	return netip.AddrFrom4([4]byte{10, 96, 0, byte(w.IntN(20))})
}

func (w world) addrs(limit int) (out []netip.Addr) {
	for range w.IntN(limit + 1) {
		out = append(out, w.addr())
	}
	return out
}

func (w world) ports() (out []cluster.Port) {
	for _, name := range []string{"", "http", "HTTPS", "metrics", "bad_"} {
		if w.IntN(3) == 0 {
			out = append(out, cluster.Port{Name: name, Protocol: pick(w, "tcp", "udp"), Number: uint16(w.IntN(4))})
		}
	}
	return out
}

func (w world) group(id cluster.ID) cluster.Group {
	g := cluster.Group{
		Cluster: id, Service: web, Withdrawn: w.IntN(10) == 0, Created: day(1).Add(time.Duration(w.IntN(3)) * time.Hour),
		Type: cluster.ServiceType(w.IntN(3)), ClusterIPs: w.addrs(2), Ports: w.ports(), PublishNotReady: w.IntN(5) == 0, WithoutEndpoints: w.IntN(9) == 0,
		TTL: uint32(w.IntN(3)),
	}
	if w.IntN(6) == 0 {
		g.Addresses = w.addrs(2)
	}
	for range w.IntN(3) {
		g.Ingress = append(g.Ingress, pick(w, cluster.Ingress{Hostname: "lb.cloud.test"}, cluster.Ingress{Addr: w.addr()}))
	}
	for range w.IntN(6) {
		e := cluster.Endpoint{Addr: w.addr(), Hostname: pick(w, "", "", "db-0", "db-1", "no_label"), Ports: w.ports(), Ready: w.IntN(2) == 0}
		if !e.Ready {
			e.Serving, e.Terminating = w.IntN(2) == 0, w.IntN(2) == 0
		}
		g.Endpoints = append(g.Endpoints, e)
	}
	return g
}

func (w world) groups() (out []cluster.Group) {
	for _, id := range []cluster.ID{"a", "b", "c", "d"} {
		if w.IntN(4) != 0 {
			out = append(out, w.group(id))
		}
	}
	return out
}

func (w world) places() map[cluster.ID]Place {
	out := map[cluster.ID]Place{}
	for _, id := range []cluster.ID{"a", "b", "c", "e"} {
		out[id] = Place{pick(w, "", "eu", "us", "bad_"), pick(w, nil, []string{"z1"}, []string{"z1", "z2"}, []string{"", "Z3", "x_"})}
	}
	return out
}

// uses makes some of the clusters less than well.
func (w world) uses(places map[cluster.ID]Place) map[cluster.ID]Use {
	uses := map[cluster.ID]Use{}
	for _, id := range slices.Sorted(maps.Keys(places)) {
		if w.IntN(3) == 0 {
			uses[id] = Use{Rank: uint8(w.IntN(3)), Never: w.IntN(6) == 0, Stale: w.IntN(2) == 0}
		}
	}
	return uses
}

// at follows aliases from name and returns the addresses there.
func at(rs Records, name string) []string {
	owner := dnsname.MustParse(name)
	for range 4 {
		var out []string
		next := dnsname.Name{}
		for _, r := range rs.Sets {
			switch {
			case r.Owner == owner && r.Type == zone.TypeCNAME:
				next, _, _ = dnsname.FromWire([]byte(r.First()))
			case r.Owner == owner && (r.Type == zone.TypeA || r.Type == zone.TypeAAAA):
				for d := range r.RDATA() {
					out = append(out, d)
				}
			}
		}
		if next.IsZero() {
			slices.Sort(out)
			return out
		}
		owner = next
	}
	return []string{"loop"}
}

// TestProperties runs random worlds; FEDNS_SEED repeats one.
func TestProperties(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	if s := os.Getenv("FEDNS_SEED"); s != "" {
		seed, _ = strconv.ParseUint(s, 10, 64)
	}
	t.Logf("FEDNS_SEED=%d", seed)
	w := world{rand.New(rand.NewPCG(seed, 0))}
	healthy := 0
	for range 3000 {
		places := w.places()
		s, _ := New(full, places)
		s = s.With(w.uses(places))
		groups := w.groups()
		old := s.Records(web, groups, resolve)
		checkWhole(t, old)
		short := at(old, "web.shop.prod.")
		for _, path := range []string{"web.shop.prod.svc.example.com.", "web.shop.svc.clusterset.local."} {
			if got := at(old, path); !slices.Equal(got, short) {
				t.Errorf("%s: %q, but %q by the short name", path, got, short)
			}
		}
		if len(short) > 0 {
			healthy++
			for i := range s.levels {
				n, _ := dnsname.FromFolded(s.levels[i].suffix.Wire()).Child("shop")
				n, _ = n.Child("web")
				if len(at(old, n.String())) == 0 {
					t.Errorf("%s answers nothing", n)
				}
			}
		}
		fed := full
		fed.TTL.Reverse = uint32(w.IntN(2))
		next, _ := New(fed, w.places())
		now := next.Records(web, w.groups(), resolve)
		checkDiff(t, old, now)
		if t.Failed() {
			t.Fatalf("groups %+v", groups)
		}
	}
	if healthy < 500 {
		t.Errorf("only %d of the worlds had anything to say", healthy)
	}
}

// checkDiff applies Diff and Replace to zones that hold old, and expects now.
func checkDiff(t *testing.T, old, now Records) {
	t.Helper()
	foreign := Records{PTR: []zone.RRset{zone.NewRRset(reverse(addr("10.96.0.1")), zone.TypePTR, 30, zone.Target(dnsname.MustParse("other.shop.prod.")))}}
	want := apply(t, nil, Diff(Records{}, foreign), Diff(Records{}, now))
	got := apply(t, nil, Diff(Records{}, foreign), Diff(Records{}, old), Diff(old, now))
	differ(t, got, want)
	if again := Diff(now, now); again != nil {
		t.Errorf("no difference gives %v", again)
	}
	differ(t, apply(t, nil, Diff(Records{}, foreign), Diff(Records{}, old), Replace(old, now)), want)
	half := Diff(old, now) // cut short
	half = half[:len(half)/2]
	differ(t, apply(t, nil, Diff(Records{}, foreign), Diff(Records{}, old), half, Replace(Union(old, now), now)), want)
}

// apply makes edits in a zone model of its own, of the simplest kind, and shows what is left.
func apply(t *testing.T, have map[zone.Key]zone.RRset, batches ...[]zone.Edit) []string {
	t.Helper()
	if have == nil {
		have = map[zone.Key]zone.RRset{}
	}
	for _, e := range slices.Concat(batches...) {
		k := e.RRset.Key()
		was, ok := have[k]
		switch e.Op {
		case zone.OpSet:
			was = e.RRset
		case zone.OpDelete:
			was = zone.RRset{}
		case zone.OpAdd:
			if !ok {
				was = zone.RRset{Owner: k.Owner, Type: k.Type}
			}
			was.TTL = e.RRset.TTL
			was = was.With(slices.Collect(e.RRset.RDATA())...)
		case zone.OpRemove:
			was = was.Without(slices.Collect(e.RRset.RDATA())...)
		}
		if have[k] = was; was.IsEmpty() {
			delete(have, k)
		}
	}
	var rs Records
	for _, r := range have {
		rs.Sets = append(rs.Sets, r)
	}
	return lines(rs)
}
