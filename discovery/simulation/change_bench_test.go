//go:build unix

package simulation

import (
	"context"
	"encoding/binary"
	"fmt"
	"log/slog"
	"net/netip"
	"runtime"
	"sync"
	"syscall"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/fedns/fedns/discovery"
	"github.com/fedns/fedns/discovery/cluster"
	"github.com/fedns/fedns/discovery/evidence"
	"github.com/fedns/fedns/discovery/join"
	"github.com/fedns/fedns/discovery/synth"
	"github.com/fedns/fedns/dnsserver"
	"github.com/fedns/fedns/dnsserver/dnsname"
)

// The fleet of BenchmarkChange.
const (
	benchClusters = 100
	benchEach     = 10 // endpoints of a Service
)

// BenchmarkChange is the way of one endpoint that is replaced in a headless
// Service of ten with hostnames, from the octets of a watch event until it can be
// answered, in zones with A, SRV and PTR: all that a daemon does of it but for
// HTTP. One change is under way at a time.
func BenchmarkChange(b *testing.B) {
	for _, endpoints := range []int{10_000, 1_000_000} {
		b.Run(fmt.Sprintf("endpoints=%d", endpoints), func(b *testing.B) {
			services := endpoints / benchEach
			f := newBenchFleet(b, services)
			kept := heapObjects()
			const spread = 1 << 14 // over so many Services, which no cache holds
			events := make([][]byte, 2*spread)
			for i := range events {
				place := i % spread * 7919 % services
				events[i] = benchEvent(b, place, i%benchEach, uint32(i+1))
			}
			b.ReportAllocs()
			n, before := 0, processorTime(b)
			for b.Loop() {
				f.take(b, events[n%len(events)])
				n++
			}
			// Beside other work the clock tells little; of this, collecting garbage is part.
			b.ReportMetric(float64(processorTime(b)-before)/float64(n), "cpu-ns/op")
			b.ReportMetric(float64(f.server.Snapshot(benchZone).Records()), "records")
			b.ReportMetric(float64(kept)/float64(services), "objects/service")
		})
	}
}

// heapObjects is how many objects a collection visits.
func heapObjects() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapObjects
}

// BenchmarkLoad is what a start costs but for HTTP: a fleet's objects are joined, and
// all of it published.
func BenchmarkLoad(b *testing.B) {
	const endpoints = 300_000
	b.ReportAllocs()
	n, before := 0, processorTime(b)
	for b.Loop() {
		_, stop := startFleet(b, endpoints/benchEach)
		stop()
		n++
	}
	b.ReportMetric(float64(processorTime(b)-before)/float64(n), "cpu-ns/op")
}

// TestChangeAllocates: what BenchmarkChange measures stays about as little as it
// is. With all records of the Service made before and after, it would be 700.
func TestChangeAllocates(t *testing.T) {
	const runs, most = 100, 470
	f := newBenchFleet(t, 1000)
	var events [][]byte
	for i := range runs + 1 {
		events = append(events, benchEvent(t, i, i%benchEach, uint32(i+1)))
	}
	got := testing.AllocsPerRun(runs, func() {
		f.take(t, events[0])
		events = events[1:]
	})
	if got > most {
		t.Errorf("%.0f allocations, want at most %d", got, most)
	}
	t.Logf("%.0f allocations", got)
}

var benchZone = dnsname.MustParse("clusterset.local.")

// benchFleet is an Engine before a name server, and a Join for each cluster.
type benchFleet struct {
	server *dnsserver.Server
	joins  []*join.Join
	ups    []chan<- cluster.Update
	done   chan cluster.ServiceKey
}

// benchSource hands its channel out.
type benchSource struct{ up chan chan<- cluster.Update }

func (s benchSource) Run(ctx context.Context, up chan<- cluster.Update) error {
	s.up <- up
	<-ctx.Done()
	return nil
}

// Held and Answerable make it a discovery.Journey.
func (f *benchFleet) Held(cluster.ID, cluster.ServiceKey, time.Time) {}

func (f *benchFleet) Answerable(_ cluster.ID, key cluster.ServiceKey, _ time.Time) { f.done <- key }

func newBenchFleet(b testing.TB, services int) *benchFleet {
	f, stop := startFleet(b, services)
	b.Cleanup(stop)
	return f
}

// startFleet makes a fleet and waits until all of it is published.
func startFleet(b testing.TB, services int) (f *benchFleet, stop func()) {
	reverse := dnsname.MustParse("10.in-addr.arpa.")
	f = &benchFleet{server: dnsserver.New(dnsserver.Config{}), done: make(chan cluster.ServiceKey, 1)}
	if err := f.server.SetZones([]dnsserver.ZoneSpec{{Apex: benchZone, Filled: true}, {Apex: reverse, Filled: true}}); err != nil {
		b.Fatal(err)
	}
	var reading sync.WaitGroup
	reading.Add(benchClusters)
	engine := discovery.New(discovery.Config{
		Seen:       func(cluster.ID, cluster.Liveness) { reading.Done() }, // when all of it is published
		Federation: synth.Federation{ClusterSet: benchZone, Reverse: []dnsname.Name{reverse}}, Journey: f,
		Withdrawals: evidence.Limits{Share: 1}, Log: slog.New(slog.DiscardHandler),
	}, f.server)
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() { defer close(ended); engine.Run(ctx) }()
	stop = func() { cancel(); <-ended }
	var members []discovery.Member
	sources := make([]benchSource, benchClusters)
	for i := range sources {
		sources[i].up = make(chan chan<- cluster.Update, 1)
		id := cluster.ID(fmt.Sprintf("c%d", i))
		members = append(members, discovery.Member{ID: id, Source: sources[i]})
		f.joins = append(f.joins, join.New(join.Config{Cluster: id}))
	}
	engine.SetMembers(members)
	for _, s := range sources {
		f.ups = append(f.ups, <-s.up)
	}
	for place := range services {
		j := f.joins[place%benchClusters]
		j.PutService(join.FromService(benchService(place)))
		j.PutSlice(join.FromSlice(benchSlice(place, benchEach, 0)))
	}
	for i, j := range f.joins {
		for more := true; more; {
			var groups []cluster.Group
			groups, more = j.Take(128, true)
			f.ups[i] <- cluster.Update{Groups: groups}
		}
		f.ups[i] <- cluster.Update{State: &cluster.State{Phase: cluster.Live}}
	}
	reading.Wait()
	return f, stop
}

// take is what a Source does with one event, and waits until it can be answered.
func (f *benchFleet) take(b testing.TB, event []byte) {
	var slice discoveryv1.EndpointSlice
	if err := slice.Unmarshal(event); err != nil {
		b.Fatal(err)
	}
	packed := join.FromSlice(&slice)
	packed.Received = time.Now()
	place := int(binary.BigEndian.Uint32([]byte(slice.UID)))
	at := place % benchClusters
	f.joins[at].PutSlice(packed)
	groups, _ := f.joins[at].Take(128, true)
	if len(groups) != 1 {
		b.Fatalf("%d Groups differ", len(groups))
	}
	f.ups[at] <- cluster.Update{Groups: groups}
	<-f.done
}

// processorTime is what this process has used of processors.
func processorTime(b testing.TB) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func benchEvent(b testing.TB, place, endpoint int, version uint32) []byte {
	octets, err := benchSlice(place, endpoint, version).Marshal()
	if err != nil {
		b.Fatal(err)
	}
	return octets
}

func benchName(place int) (namespace, name string) {
	return fmt.Sprintf("ns-%d", place%50), fmt.Sprintf("svc-%d", place)
}

func benchService(place int) *corev1.Service {
	namespace, name := benchName(place)
	return &corev1.Service{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name, Annotations: map[string]string{"fedns.io/export": "true"}},
		Spec:       corev1.ServiceSpec{ClusterIP: corev1.ClusterIPNone, Ports: []corev1.ServicePort{{Name: "http", Port: 80}}},
	}
}

// benchSlice has another address at one endpoint than the slice of version 0.
func benchSlice(place, endpoint int, version uint32) *discoveryv1.EndpointSlice {
	namespace, name := benchName(place)
	controlled := true
	s := &discoveryv1.EndpointSlice{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: namespace, Name: name + "-x7k2p", UID: types.UID(binary.BigEndian.AppendUint32(nil, uint32(place))), GenerateName: name + "-", ResourceVersion: fmt.Sprint(1000 + version),
			Labels: map[string]string{
				discoveryv1.LabelServiceName: name, discoveryv1.LabelManagedBy: "endpointslice-controller.k8s.io",
			},
			OwnerReferences: []metav1.OwnerReference{{APIVersion: "v1", Kind: "Service", Name: name, UID: "35d8bd2c-34ba-4fd8-a1f6-0c9a8d0d1f77", Controller: &controlled}},
			ManagedFields: []metav1.ManagedFieldsEntry{{
				Manager: "kube-controller-manager", Operation: metav1.ManagedFieldsOperationUpdate, APIVersion: "discovery.k8s.io/v1", FieldsType: "FieldsV1",
				FieldsV1: metav1.NewFieldsV1(`{"f:addressType":{},"f:endpoints":{},"f:metadata":{"f:generateName":{},"f:labels":{".":{},"f:endpointslice.kubernetes.io/managed-by":{},"f:kubernetes.io/service-name":{}},"f:ownerReferences":{".":{},"k:{\"uid\":\"35d8bd2c-34ba-4fd8-a1f6-0c9a8d0d1f77\"}":{}}},"f:ports":{}}`),
			}},
		},
		AddressType: discoveryv1.AddressTypeIPv4,
		Ports:       []discoveryv1.EndpointPort{{Name: new("http"), Port: new(int32(80)), Protocol: new(corev1.ProtocolTCP)}},
	}
	for k := range benchEach {
		n := uint32(place*benchEach + k)
		addr := netip.AddrFrom4([4]byte{10, byte(n >> 16), byte(n >> 8), byte(n)})
		if version > 0 && k == endpoint {
			addr = netip.AddrFrom4([4]byte{10, 128 | byte(version>>16), byte(version >> 8), byte(version)})
		}
		s.Endpoints = append(s.Endpoints, discoveryv1.Endpoint{
			Addresses: []string{addr.String()}, Hostname: new(fmt.Sprintf("pod-%d", k)), Zone: new("eu-1a"), NodeName: new(fmt.Sprintf("node-%d", n%100)),
			Conditions: discoveryv1.EndpointConditions{Ready: new(true), Serving: new(true), Terminating: new(false)},
			TargetRef:  &corev1.ObjectReference{Kind: "Pod", Namespace: namespace, Name: fmt.Sprintf("%s-%d", name, k), UID: "35d8bd2c-34ba-4fd8-a1f6-0c9a8d0d1f77"},
		})
	}
	return s
}
