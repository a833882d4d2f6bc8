package store

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/fedns/fedns/discovery/cluster"
)

func endpoints(n int) []cluster.Endpoint {
	var out []cluster.Endpoint
	for i := range n {
		out = append(out, cluster.Endpoint{
			Addr: netip.AddrFrom4([4]byte{10, 1, byte(i >> 8), byte(i)}), Ready: true, Serving: true, Zone: fmt.Sprintf("eu-west-1%c", 'a'+i%3),
			Hostname: fmt.Sprintf("database-%d", i), Ports: []cluster.Port{{Name: "http", Protocol: "tcp", Number: 8080}},
		})
	}
	return out
}

var samples = []cluster.Group{
	{},
	{
		Export: cluster.ByAnnotation | cluster.ByServiceExport, Created: time.Date(2024, 5, 6, 7, 8, 9, 10, time.UTC), Type: cluster.LoadBalancer,
		ClusterIPs: []netip.Addr{netip.MustParseAddr("10.0.0.1"), netip.MustParseAddr("2001:db8::1")},
		Ingress:    []cluster.Ingress{{Addr: netip.MustParseAddr("::ffff:1.2.3.4")}, {Hostname: "lb.cloud.test"}},
		Ports:      []cluster.Port{{Name: "http", Protocol: "tcp", Number: 80}, {Protocol: "udp", Number: 65535}},
		TTL:        1<<32 - 1, Weight: 7, Policy: "Nearest", Addresses: []netip.Addr{{}, netip.MustParseAddr("192.0.2.1")},
		PublishNotReady: true, WithoutEndpoints: true, Findings: []string{"Service a/b: spec.clusterIP: want something else", ""},
	},
	{Created: time.Date(1901, 1, 1, 0, 0, 0, 0, time.UTC), Type: cluster.Headless, Endpoints: endpoints(5)},
	{Endpoints: []cluster.Endpoint{{}, {Addr: netip.MustParseAddr("2001:db8::2"), Terminating: true}, {Ports: []cluster.Port{{Number: 1}}}, {Zone: "z"}}},
}

func TestCodec(t *testing.T) {
	for i, g := range samples {
		packed := Append(nil, &g)
		got, err := Decode(string(packed))
		if err != nil || !reflect.DeepEqual(got, g) {
			t.Errorf("sample %d: %v\n got %+v\nwant %+v", i, err, got, g)
		}
		for cut := range packed {
			if _, err := Decode(string(packed[:cut])); err == nil {
				t.Errorf("sample %d cut to %d octets decodes", i, cut)
			}
		}
		if _, err := Decode(string(packed) + "\x00"); err == nil {
			t.Errorf("sample %d with an octet behind it decodes", i)
		}
	}
}

// TestSize: what a million endpoints cost.
func TestSize(t *testing.T) {
	const n, limit = 1000, 40
	g := cluster.Group{Type: cluster.Headless, Endpoints: endpoints(n)}
	if size := len(Append(nil, &g)); size > n*limit {
		t.Errorf("%d octets for %d endpoints, want at most %d each", size, n, limit)
	} else {
		t.Logf("%.1f octets an endpoint", float64(size)/n)
	}
}

func FuzzDecode(f *testing.F) {
	for _, g := range samples {
		f.Add(string(Append(nil, &g)))
	}
	f.Fuzz(func(t *testing.T, packed string) {
		g, err := Decode(packed)
		if err != nil {
			return
		}
		again, err := Decode(string(Append(nil, &g)))
		if err != nil || !reflect.DeepEqual(again, g) {
			t.Errorf("%v\n got %+v\nwant %+v", err, again, g)
		}
	})
}

func TestStore(t *testing.T) {
	s := New()
	key := cluster.ServiceKey{Namespace: "shop", Name: "web"}
	other := cluster.ServiceKey{Namespace: "shop", Name: "db"}
	put := func(id cluster.ID, key cluster.ServiceKey, n int, run uint32) bool {
		return s.Put(&cluster.Group{Cluster: id, Service: key, Endpoints: endpoints(n)}, run)
	}
	if !put("b", key, 2, 1) || !put("a", key, 1, 1) || !put("b", other, 3, 1) {
		t.Error("a new group is no change")
	}
	if put("b", key, 2, 2) {
		t.Error("the same group is a change")
	}
	if got := s.NotOf("b", 2); !slices.Equal(got, []cluster.ServiceKey{other}) {
		t.Errorf("not of run 2: %v", got)
	}
	if got := s.Count("b"); got != (Count{2, 5}) {
		t.Errorf("count %+v", got)
	}
	groups := s.Groups(nil, key)
	if len(groups) != 2 || groups[0].Cluster != "a" || groups[1].Service != key || len(groups[1].Endpoints) != 2 {
		t.Errorf("groups %+v", groups)
	}
	if got := s.Keys(); !slices.Equal(got, []cluster.ServiceKey{other, key}) || s.Len() != 2 {
		t.Errorf("keys %v", got)
	}
	if s.Remove(key, "c") || !s.Remove(key, "a") || !s.Remove(key, "b") || !s.Remove(other, "b") {
		t.Error("remove")
	}
	if s.Len() != 0 || s.Bytes() != 0 || s.Count("b") != (Count{}) {
		t.Errorf("left: %d services, %d octets, %+v", s.Len(), s.Bytes(), s.Count("b"))
	}
}

// TestNotOfByChance: what a cluster did not report in its latest run is found, by
// whichever way the Groups came and went.
func TestNotOfByChance(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	s := New()
	reported := map[cluster.ServiceKey]map[cluster.ID]uint32{} // in which run
	runs := map[cluster.ID]uint32{}
	for range 20_000 {
		key := cluster.ServiceKey{Namespace: "ns", Name: fmt.Sprint(random.IntN(5))}
		id := cluster.ID(fmt.Sprint(random.IntN(3)))
		if reported[key] == nil {
			reported[key] = map[cluster.ID]uint32{}
		}
		switch random.IntN(10) {
		case 0:
			runs[id]++
		case 1, 2:
			s.Remove(key, id)
			delete(reported[key], id)
		case 3:
			if _, err := s.Restore(key, id, string(Append(nil, &cluster.Group{}))); err != nil {
				t.Fatal(err)
			}
			reported[key][id] = 0
		default:
			s.Put(&cluster.Group{Cluster: id, Service: key, Endpoints: endpoints(random.IntN(3))}, runs[id])
			reported[key][id] = runs[id]
		}
		var want []cluster.ServiceKey
		for key, by := range reported {
			if run, held := by[id]; held && run != runs[id] {
				want = append(want, key)
			}
		}
		got := s.NotOf(id, runs[id])
		slices.SortFunc(want, cluster.ServiceKey.Compare)
		slices.SortFunc(got, cluster.ServiceKey.Compare)
		if !slices.Equal(got, want) {
			t.Fatalf("run %d of %s: got %v, want %v", runs[id], id, got, want)
		}
	}
}
