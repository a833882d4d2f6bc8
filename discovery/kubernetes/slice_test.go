package kubernetes

import (
	"net/netip"
	"reflect"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer/protobuf"
	"k8s.io/apimachinery/pkg/types"

	"github.com/fedns/fedns/discovery/join"
)

// fullSlice has something in every field that an API server fills.
func fullSlice() *discoveryv1.EndpointSlice {
	s := &discoveryv1.EndpointSlice{
		ObjectMeta: metav1.ObjectMeta{
			Name: "web-x7k2p", GenerateName: "web-", Namespace: "shop", UID: "35d8bd2c", ResourceVersion: "4711", Generation: 3,
			CreationTimestamp: metav1.NewTime(time.Unix(1700000000, 0)),
			Labels:            map[string]string{discoveryv1.LabelServiceName: "web", discoveryv1.LabelManagedBy: "endpointslice-controller.k8s.io", "team": "a"},
			Annotations:       map[string]string{corev1.EndpointsLastChangeTriggerTime: "2026-11-21T10:00:00Z", "note": "x", metav1.InitialEventsAnnotationKey: "true"},
			OwnerReferences:   []metav1.OwnerReference{{APIVersion: "v1", Kind: "Service", Name: "web", UID: "1", Controller: new(true)}},
			ManagedFields:     []metav1.ManagedFieldsEntry{{Manager: "kcm", FieldsV1: metav1.NewFieldsV1(`{}`)}},
		},
		AddressType: discoveryv1.AddressTypeIPv4,
		Ports:       []discoveryv1.EndpointPort{{Name: new("http"), Port: new(int32(80)), Protocol: new(corev1.ProtocolUDP), AppProtocol: new("h2c")}, {}},
	}
	for _, addr := range []string{"10.0.0.1", "10.0.0.2", "bad"} {
		s.Endpoints = append(s.Endpoints, discoveryv1.Endpoint{
			Addresses: []string{addr}, Hostname: new("Pod-1"), Zone: new("eu-1a"), NodeName: new("n1"),
			Conditions:         discoveryv1.EndpointConditions{Ready: new(false), Serving: new(true), Terminating: new(true)},
			TargetRef:          &corev1.ObjectReference{Kind: "Pod", Name: "pod-1", UID: types.UID("2")},
			DeprecatedTopology: map[string]string{"a": "b"}, Hints: &discoveryv1.EndpointHints{ForZones: []discoveryv1.ForZone{{Name: "eu-1a"}}},
		})
	}
	s.Endpoints = append(s.Endpoints, discoveryv1.Endpoint{Addresses: []string{"10.0.0.3", "10.0.0.4"}})
	return s
}

// same says that what is looked at of a slice does not depend on how it was decoded.
func same(t *testing.T, whole *discoveryv1.EndpointSlice, slim *slimSlice) {
	t.Helper()
	if got, want := join.FromSlice(&slim.EndpointSlice), join.FromSlice(whole); !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
	key := metav1.InitialEventsAnnotationKey
	if slim.Name != whole.Name || slim.Namespace != whole.Namespace || slim.ResourceVersion != whole.ResourceVersion || slim.Annotations[key] != whole.Annotations[key] {
		t.Errorf("got %+v, want %+v", slim.ObjectMeta, whole.ObjectMeta)
	}
}

func TestSlice(t *testing.T) {
	imported, fqdn := fullSlice(), fullSlice()
	imported.Labels[join.LabelSourceCluster] = "eu"
	fqdn.AddressType = discoveryv1.AddressTypeFQDN
	scheme := runtime.NewScheme()
	addSlices(scheme)
	codec := protobuf.NewSerializer(scheme, scheme)
	for _, whole := range []*discoveryv1.EndpointSlice{fullSlice(), imported, fqdn, {}} {
		octets, err := whole.Marshal()
		if err != nil {
			t.Fatal(err)
		}
		var again discoveryv1.EndpointSlice // as the long way has it
		if err := again.Unmarshal(octets); err != nil {
			t.Fatal(err)
		}
		envelope, err := (&runtime.Unknown{TypeMeta: runtime.TypeMeta{APIVersion: "discovery.k8s.io/v1", Kind: "EndpointSlice"}, Raw: octets}).Marshal()
		if err != nil {
			t.Fatal(err)
		}
		o, _, err := codec.Decode(append([]byte("k8s\x00"), envelope...), nil, nil)
		if err != nil {
			t.Fatal(err)
		}
		slim, ok := o.(*slimSlice)
		if !ok {
			t.Fatalf("decoded as %T", o)
		}
		same(t, &again, slim)
		same(t, &again, slim.DeepCopyObject().(*slimSlice))
		for _, e := range slim.Endpoints {
			if e.TargetRef != nil || e.NodeName != nil {
				t.Errorf("%+v: more was decoded than is looked at", e)
			}
		}
	}
}

// FuzzSlice: what an API server may write says the same the short way. Octets of
// no API server may be refused by one way alone: groups (wire types 3 and 4), say.
func FuzzSlice(f *testing.F) {
	octets, err := fullSlice().Marshal()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(octets)
	f.Add(octets[:100])
	f.Fuzz(func(t *testing.T, data []byte) {
		_ = new(slimSlice).Unmarshal(data) // it does not panic
		var whole discoveryv1.EndpointSlice
		if whole.Unmarshal(data) != nil {
			return
		}
		octets, err := whole.Marshal()
		if err != nil {
			t.Fatal(err)
		}
		var slim slimSlice
		if err := slim.Unmarshal(octets); err != nil {
			t.Fatal(err)
		}
		same(t, &whole, &slim)
	})
}

// BenchmarkSlice is one slice of ten endpoints, decoded and packed.
func BenchmarkSlice(b *testing.B) {
	s := fullSlice()
	s.Endpoints = nil
	for i := range 10 {
		e := fullSlice().Endpoints[0]
		e.Addresses = []string{netip.AddrFrom4([4]byte{10, 0, 0, byte(i)}).String()}
		s.Endpoints = append(s.Endpoints, e)
	}
	octets, err := s.Marshal()
	if err != nil {
		b.Fatal(err)
	}
	for name, decode := range map[string]func() (runtime.Object, error){
		"whole": func() (runtime.Object, error) { o := &discoveryv1.EndpointSlice{}; return o, o.Unmarshal(octets) },
		"slim":  func() (runtime.Object, error) { o := &slimSlice{}; return o, o.Unmarshal(octets) },
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				o, err := decode()
				if _, ok := packSlice(o); err != nil || !ok {
					b.Fatal(err)
				}
			}
		})
	}
}
