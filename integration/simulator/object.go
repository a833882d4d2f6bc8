package simulator

import (
	"fmt"
	"strconv"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
)

// place names one object: the n-th of the i-th Service, or of the cluster.
type place struct{ i, n int }

// places lists the objects of a resource, in the order of lists.
func (m *model) places(resource string) []place {
	var all []place
	switch resource {
	case nodes, leases:
		for i := range m.options.Nodes {
			all = append(all, place{i: i})
		}
		return all
	case exports:
		if m.options.Annotated {
			return nil
		}
	}
	for i := range m.services {
		switch {
		case m.services[i].gone:
		case resource == endpointSlices:
			for n := range m.services[i].slices {
				all = append(all, place{i, n})
			}
		default:
			all = append(all, place{i: i})
		}
	}
	return all
}

// object makes the object at a place as it is now.
func (m *model) object(resource string, at place) runtime.Object {
	switch resource {
	case services:
		return m.service(at.i)
	case endpointSlices:
		return m.endpointSlice(at.i, at.n)
	case exports:
		return &metav1.PartialObjectMetadata{TypeMeta: metadataType, ObjectMeta: m.meta(at.i, m.name(at.i), m.services[at.i].version)}
	case nodes:
		return m.node(at.i)
	}
	return m.lease(at.i)
}

var (
	serviceType  = metav1.TypeMeta{APIVersion: "v1", Kind: "Service"}
	sliceType    = metav1.TypeMeta{APIVersion: "discovery.k8s.io/v1", Kind: "EndpointSlice"}
	nodeType     = metav1.TypeMeta{APIVersion: "v1", Kind: "Node"}
	leaseType    = metav1.TypeMeta{APIVersion: "coordination.k8s.io/v1", Kind: "Lease"}
	metadataType = metav1.TypeMeta{APIVersion: "meta.k8s.io/v1", Kind: "PartialObjectMetadata"}
)

func (m *model) meta(i int, name string, version uint64) metav1.ObjectMeta {
	return metav1.ObjectMeta{
		Namespace: m.namespace(i), Name: name, UID: types.UID(fmt.Sprintf("%s-%d", m.options.Name, i)),
		ResourceVersion: strconv.FormatUint(version, 10), CreationTimestamp: metav1.NewTime(m.born),
	}
}

func (m *model) service(i int) *corev1.Service {
	s := &corev1.Service{TypeMeta: serviceType, ObjectMeta: m.meta(i, m.name(i), m.services[i].version)}
	if m.options.Annotated {
		s.Annotations = map[string]string{"fedns.io/export": "true"}
	}
	s.Spec.Type = corev1.ServiceTypeClusterIP
	s.Spec.ClusterIP = corev1.ClusterIPNone
	if !m.options.Headless {
		s.Spec.ClusterIP = m.clusterIP(i).String()
	}
	s.Spec.ClusterIPs = []string{s.Spec.ClusterIP}
	s.Spec.Ports = []corev1.ServicePort{{Name: "http", Protocol: corev1.ProtocolTCP, Port: 80}}
	return s
}

func (m *model) endpointSlice(i, n int) *discoveryv1.EndpointSlice {
	from := &m.services[i].slices[n]
	o := &discoveryv1.EndpointSlice{TypeMeta: sliceType, ObjectMeta: m.meta(i, fmt.Sprintf("%s-%d", m.name(i), n), from.version), AddressType: discoveryv1.AddressTypeIPv4}
	o.Labels = map[string]string{discoveryv1.LabelServiceName: m.name(i)}
	o.Annotations = map[string]string{corev1.EndpointsLastChangeTriggerTime: from.changed.UTC().Format(time.RFC3339Nano)}
	o.Ports = []discoveryv1.EndpointPort{{Name: new("http"), Protocol: new(corev1.ProtocolTCP), Port: new(int32(8080))}}
	o.Endpoints = make([]discoveryv1.Endpoint, len(from.endpoints))
	for k, e := range from.endpoints {
		ready := !e.unready
		o.Endpoints[k] = discoveryv1.Endpoint{
			Addresses:  []string{addr(e.address).String()},
			Conditions: discoveryv1.EndpointConditions{Ready: &ready, Serving: &ready, Terminating: new(false)},
			Zone:       new(m.zone(k % m.options.Nodes)),
		}
		if e.hostname > 0 {
			o.Endpoints[k].Hostname = new(fmt.Sprintf("pod-%d", e.hostname-1))
		}
	}
	return o
}

func (m *model) zone(node int) string { return fmt.Sprintf("zone-%d", node%3) }

func (m *model) node(i int) *corev1.Node {
	return &corev1.Node{TypeMeta: nodeType, ObjectMeta: metav1.ObjectMeta{
		Name: fmt.Sprintf("node-%d", i), ResourceVersion: "1", CreationTimestamp: metav1.NewTime(m.born),
		Labels: map[string]string{corev1.LabelTopologyRegion: "region-" + strconv.Itoa(m.options.Number%4), corev1.LabelTopologyZone: m.zone(i)},
	}}
}

func (m *model) lease(i int) *coordinationv1.Lease {
	name := fmt.Sprintf("node-%d", i)
	return &coordinationv1.Lease{TypeMeta: leaseType,
		ObjectMeta: metav1.ObjectMeta{Namespace: corev1.NamespaceNodeLease, Name: name, ResourceVersion: "1", CreationTimestamp: metav1.NewTime(m.born)},
		Spec:       coordinationv1.LeaseSpec{HolderIdentity: &name, LeaseDurationSeconds: new(int32(40)), RenewTime: new(metav1.NewMicroTime(time.Now()))},
	}
}

// emptyObject is one of a resource's type, as bookmarks have it.
func emptyObject(resource string) metav1.Object {
	switch resource {
	case services:
		return &corev1.Service{TypeMeta: serviceType}
	case endpointSlices:
		return &discoveryv1.EndpointSlice{TypeMeta: sliceType}
	case exports:
		return &metav1.PartialObjectMetadata{TypeMeta: metadataType}
	case nodes:
		return &corev1.Node{TypeMeta: nodeType}
	}
	return &coordinationv1.Lease{TypeMeta: leaseType}
}
