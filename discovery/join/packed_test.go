package join

import (
	"fmt"
	"net/netip"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"testing"

	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/fedns/fedns/discovery/cluster"
)

// FuzzPackedRoundTrip makes endpoints out of the fuzzer's octets and wants them back.
func FuzzPackedRoundTrip(f *testing.F) {
	f.Add([]byte{1, 10, 0, 0, 1, 'h', 7, 10, 0, 0, 2, 'z'}, "http", "zone-a", false)
	f.Add(make([]byte, 400), "", "a,b,c,d,e,f,g,h,i,j,k,l,m,n,o,p,q,r", true)
	f.Fuzz(func(t *testing.T, raw []byte, port, zones string, six bool) {
		ports := []cluster.Port{{Name: port, Protocol: "udp", Number: 53}}
		names := strings.Split(zones, ",")
		var endpoints []cluster.Endpoint
		for chunk := range slices.Chunk(raw, 6) {
			if len(chunk) < 6 {
				break
			}
			e := cluster.Endpoint{
				Addr:  netip.AddrFrom4([4]byte(chunk[1:5])),
				Ready: chunk[0]&1 != 0, Serving: chunk[0]&2 != 0, Terminating: chunk[0]&4 != 0,
				Zone: names[int(chunk[0])%len(names)], Ports: ports,
			}
			if six {
				e.Addr = netip.AddrFrom16([16]byte{0x20, 1, 14: chunk[3], 15: chunk[4]})
			}
			if chunk[5] > 128 {
				e.Hostname = port + zones
			}
			endpoints = append(endpoints, e)
		}
		packed := pack("", ports, endpoints) // sorts endpoints
		want := slices.CompactFunc(endpoints, func(a, b cluster.Endpoint) bool { return compareEndpoints(a, b) == 0 })
		var names2 interned
		got, err := unpack(nil, packed, names2.intern)
		if err != nil || len(got) != len(want) || len(got) > 0 && !reflect.DeepEqual(got, want) {
			t.Fatalf("%v\ngot  %v\nwant %v", err, got, want)
		}
		if again := pack("", ports, got); again != packed {
			t.Fatalf("packed again: %q, at first %q", again, packed)
		}
	})
}

// FuzzUnpack: nonsense is an error, never a panic or a huge allocation.
func FuzzUnpack(f *testing.F) {
	f.Add(pack("", []cluster.Port{{Name: "a", Protocol: "tcp", Number: 1}}, []cluster.Endpoint{{Addr: netip.MustParseAddr("10.0.0.1"), Zone: "z", Hostname: "h"}}))
	f.Add("\x00\x00\x04\xf0\xff\xff\xff\xff\xff\xff\xff\xff\x7f")
	f.Fuzz(func(t *testing.T, packed string) {
		var names interned
		got, _ := unpack(nil, packed, names.intern)
		if len(got) > len(packed) {
			t.Fatalf("%d endpoints from %d octets", len(got), len(packed))
		}
	})
}

// The promise in memory: a large cluster's slices at no more than 40 octets an
// endpoint, everything included.
func TestMemoryOfManyEndpoints(t *testing.T) {
	const slicesN, each = 2000, 100
	j := New(Config{Cluster: "c"})
	before := heap()
	for i := range slicesN {
		o := &discoveryv1.EndpointSlice{
			ObjectMeta:  metav1.ObjectMeta{Namespace: "shop", Name: fmt.Sprintf("service-%d-abcde", i), Labels: map[string]string{discoveryv1.LabelServiceName: fmt.Sprintf("service-%d", i)}},
			AddressType: discoveryv1.AddressTypeIPv4,
			Ports:       []discoveryv1.EndpointPort{{Name: new("http"), Port: new(int32(80))}},
		}
		for k := range each {
			o.Endpoints = append(o.Endpoints, discoveryv1.Endpoint{
				Addresses: []string{fmt.Sprintf("10.%d.%d.%d", i>>8, i&255, k+1)},
				Zone:      new(fmt.Sprintf("eu-west-1%c", 'a'+k%3)),
			})
		}
		j.PutSlice(FromSlice(o))
	}
	per := float64(heap()-before) / (slicesN * each)
	t.Logf("%.1f octets an endpoint", per)
	if per > 40 {
		t.Errorf("%.1f octets an endpoint, want 40 at most", per)
	}
	runtime.KeepAlive(j)
}

func heap() uint64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}
