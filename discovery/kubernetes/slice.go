package kubernetes

import (
	"fmt"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/fedns/fedns/discovery/join"
)

// slimSlice is an EndpointSlice of which, where it comes in protobuf, no more is
// decoded than join.FromSlice and reflectors look at. Most of its octets are of
// who owns and manages it, and of which Pod on which node each endpoint is; and
// slices are by far the most of what clusters tell.
type slimSlice struct{ discoveryv1.EndpointSlice }

// DeepCopyObject implements runtime.Object.
func (s *slimSlice) DeepCopyObject() runtime.Object {
	c := &slimSlice{}
	s.DeepCopyInto(&c.EndpointSlice)
	return c
}

// addSlices makes a scheme decode EndpointSlices so. In lists they are whole.
func addSlices(scheme *runtime.Scheme) {
	scheme.AddKnownTypeWithName(discoveryv1.SchemeGroupVersion.WithKind("EndpointSlice"), &slimSlice{})
	scheme.AddKnownTypes(discoveryv1.SchemeGroupVersion, &discoveryv1.EndpointSliceList{})
	metav1.AddToGroupVersion(scheme, discoveryv1.SchemeGroupVersion)
}

// packSlice is the packer of endpointslices.
func packSlice(o runtime.Object) (join.Slice, bool) {
	switch o := o.(type) {
	case *slimSlice:
		return join.FromSlice(&o.EndpointSlice), true
	case *discoveryv1.EndpointSlice:
		return join.FromSlice(o), true
	}
	return join.Slice{}, false
}

// The labels and annotations that are kept.
var (
	sliceLabels      = []string{discoveryv1.LabelServiceName, join.LabelSourceCluster}
	sliceAnnotations = []string{corev1.EndpointsLastChangeTriggerTime, metav1.InitialEventsAnnotationKey}
)

// Unmarshal reads protobuf; the numbers are those of k8s.io/api/discovery/v1 and
// apimachinery's meta/v1, generated.proto. It keeps nothing of data.
func (s *slimSlice) Unmarshal(data []byte) error {
	endpoints := 0
	_ = eachField(data, func(n protowire.Number, _ []byte) error { // what is wrong is told below
		if n == 2 {
			endpoints++
		}
		return nil
	})
	s.Endpoints = make([]discoveryv1.Endpoint, 0, endpoints)
	return eachField(data, func(n protowire.Number, v []byte) error {
		switch n {
		case 1:
			return unmarshalMeta(&s.ObjectMeta, v)
		case 2:
			s.Endpoints = append(s.Endpoints, discoveryv1.Endpoint{})
			return unmarshalEndpoint(&s.Endpoints[len(s.Endpoints)-1], v)
		case 3:
			s.Ports = append(s.Ports, discoveryv1.EndpointPort{})
			return s.Ports[len(s.Ports)-1].Unmarshal(v)
		case 4:
			s.AddressType = discoveryv1.AddressType(v)
		}
		return nil
	})
}

func unmarshalMeta(m *metav1.ObjectMeta, data []byte) error {
	return eachField(data, func(n protowire.Number, v []byte) error {
		switch n {
		case 1:
			m.Name = string(v)
		case 3:
			m.Namespace = string(v)
		case 6:
			m.ResourceVersion = string(v)
		case 11:
			return unmarshalEntry(&m.Labels, v, sliceLabels)
		case 12:
			return unmarshalEntry(&m.Annotations, v, sliceAnnotations)
		}
		return nil
	})
}

// unmarshalEntry puts an entry of a map into it if its key is wanted.
func unmarshalEntry(into *map[string]string, data []byte, wanted []string) error {
	var key, value []byte
	err := eachField(data, func(n protowire.Number, v []byte) error {
		switch n {
		case 1:
			key = v
		case 2:
			value = v
		}
		return nil
	})
	for _, w := range wanted {
		if err == nil && w == string(key) {
			if *into == nil {
				*into = map[string]string{}
			}
			(*into)[w] = string(value)
		}
	}
	return err
}

func unmarshalEndpoint(e *discoveryv1.Endpoint, data []byte) error {
	return eachField(data, func(n protowire.Number, v []byte) error {
		switch n {
		case 1:
			e.Addresses = append(e.Addresses, string(v))
		case 2:
			return e.Conditions.Unmarshal(v)
		case 3:
			e.Hostname = new(string(v))
		case 7:
			e.Zone = new(string(v))
		}
		return nil
	})
}

// eachField gives the fields of a message that are octets, as all are that are
// looked at here, and skips others.
func eachField(data []byte, field func(n protowire.Number, v []byte) error) error {
	for len(data) > 0 {
		number, typ, n := protowire.ConsumeTag(data)
		if n < 0 {
			return fmt.Errorf("EndpointSlice: %w", protowire.ParseError(n))
		}
		data = data[n:]
		var v []byte
		if typ == protowire.BytesType {
			v, n = protowire.ConsumeBytes(data)
		} else {
			n = protowire.ConsumeFieldValue(number, typ, data)
		}
		if n < 0 {
			return fmt.Errorf("EndpointSlice: field %d: %w", number, protowire.ParseError(n))
		}
		data = data[n:]
		if typ != protowire.BytesType {
			continue
		}
		if err := field(number, v); err != nil {
			return err
		}
	}
	return nil
}
