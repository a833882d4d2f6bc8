package quorum

import (
	"context"
	"fmt"

	coordinationv1 "k8s.io/api/coordination/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/rest"
)

// leases are the Leases of a namespace over a REST client. client-go's typed
// client, and its generic one, would bring the types of every group with them, or
// what fakes are made of.
type leases struct {
	rest      *rest.RESTClient
	codec     runtime.ParameterCodec
	namespace string
}

// Connect makes a client of the Leases in a namespace; it connects to nothing. It
// takes rc over.
func Connect(rc *rest.Config, namespace string) (Leases, error) {
	group := coordinationv1.SchemeGroupVersion
	scheme := runtime.NewScheme()
	if err := coordinationv1.AddToScheme(scheme); err != nil {
		return nil, fmt.Errorf("leases: %w", err)
	}
	metav1.AddToGroupVersion(scheme, schema.GroupVersion{Version: "v1"}) // Status
	rc.UserAgent = "fedns"
	rc.Timeout = callLimit
	rc.WarningHandler = rest.NoWarnings{}
	rc.GroupVersion, rc.APIPath = &group, "/apis"
	rc.ContentType = runtime.ContentTypeProtobuf
	rc.AcceptContentTypes = runtime.ContentTypeProtobuf + "," + runtime.ContentTypeJSON
	rc.NegotiatedSerializer = serializer.NewCodecFactory(scheme).WithoutConversion()
	client, err := rest.RESTClientFor(rc)
	if err != nil {
		return nil, fmt.Errorf("leases: %w", err)
	}
	return &leases{client, runtime.NewParameterCodec(scheme), namespace}, nil
}

// of begins a request, which is tried once: there is a next one in a second.
func (l *leases) of(q *rest.Request, name string) *rest.Request {
	q = q.Namespace(l.namespace).Resource("leases").MaxRetries(0)
	if name != "" {
		q = q.Name(name)
	}
	return q
}

// List implements Leases.
func (l *leases) List(ctx context.Context, o metav1.ListOptions) (*coordinationv1.LeaseList, error) {
	list := &coordinationv1.LeaseList{}
	return list, l.of(l.rest.Get(), "").VersionedParams(&o, l.codec).Do(ctx).Into(list)
}

// Create implements Leases.
func (l *leases) Create(ctx context.Context, lease *coordinationv1.Lease, o metav1.CreateOptions) (*coordinationv1.Lease, error) {
	made := &coordinationv1.Lease{}
	return made, l.of(l.rest.Post(), "").VersionedParams(&o, l.codec).Body(lease).Do(ctx).Into(made)
}

// Patch implements Leases.
func (l *leases) Patch(ctx context.Context, name string, pt types.PatchType, data []byte, o metav1.PatchOptions, subresources ...string) (*coordinationv1.Lease, error) {
	now := &coordinationv1.Lease{}
	return now, l.of(l.rest.Patch(pt), name).SubResource(subresources...).VersionedParams(&o, l.codec).Body(data).Do(ctx).Into(now)
}

// Delete implements Leases.
func (l *leases) Delete(ctx context.Context, name string, o metav1.DeleteOptions) error {
	return l.of(l.rest.Delete(), name).Body(&o).Do(ctx).Error()
}
