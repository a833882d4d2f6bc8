package join

import (
	"fmt"
	"testing"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/fedns/fedns/discovery/guarantee"
	"github.com/fedns/fedns/discovery/guarantee/guaranteetest"
)

// TestGuaranteeBadObjectsStay: an endpoint whose address is none costs no other endpoint anything.
func TestGuaranteeBadObjectsStay(t *testing.T) {
	p := guaranteetest.Prove(t, guarantee.BadObjectsStay)
	n := 2 + p.IntN(20)
	slice := &discoveryv1.EndpointSlice{
		ObjectMeta:  metav1.ObjectMeta{Namespace: "a", Name: "s-1", Labels: map[string]string{discoveryv1.LabelServiceName: "s"}},
		AddressType: discoveryv1.AddressTypeIPv4,
	}
	for i := range n {
		slice.Endpoints = append(slice.Endpoints, discoveryv1.Endpoint{Addresses: []string{fmt.Sprintf("10.0.0.%d", i+1)}})
	}
	bad := 1 + p.IntN(n-1)
	slice.Endpoints[bad].Addresses[0] = []string{"10.0.0.300", "", "fe80::1", "::1", "no address"}[p.IntN(5)]
	j := New(Config{Cluster: "c"})
	j.PutService(FromService(&corev1.Service{
		ObjectMeta: metav1.ObjectMeta{Namespace: "a", Name: "s", Annotations: map[string]string{AnnotationExport: "true"}},
		Spec:       corev1.ServiceSpec{ClusterIP: corev1.ClusterIPNone},
	}))
	j.PutSlice(FromSlice(slice))
	groups, _ := j.Take(10, true)
	if len(groups) != 1 || len(groups[0].Endpoints) != n-1 || len(groups[0].Findings) != 1 {
		p.Broken("endpoint %d of %d is %q: %+v", bad, n, slice.Endpoints[bad].Addresses[0], groups)
	}
}
