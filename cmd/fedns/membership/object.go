package membership

import (
	"context"
	"fmt"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic"

	"github.com/fedns/fedns/federation/api/v1alpha1"
)

// fieldManager is whom server-side apply takes join for.
const fieldManager = "fedns-join"

var (
	rbac                = schema.GroupVersion{Group: "rbac.authorization.k8s.io", Version: "v1"}
	core                = schema.GroupVersion{Version: "v1"}
	namespaces          = core.WithResource("namespaces")
	serviceAccounts     = core.WithResource("serviceaccounts")
	secrets             = core.WithResource("secrets")
	services            = core.WithResource("services")
	roles               = rbac.WithResource("roles")
	roleBindings        = rbac.WithResource("rolebindings")
	clusterRoles        = rbac.WithResource("clusterroles")
	clusterRoleBindings = rbac.WithResource("clusterrolebindings")
)

// Object is an object and where an API server keeps it.
type Object struct {
	Resource schema.GroupVersionResource
	*unstructured.Unstructured
}

// object makes one of a typed object, of which nothing that is empty is stated.
func object(version, kind string, resource schema.GroupVersionResource, typed any) Object {
	content, err := runtime.DefaultUnstructuredConverter.ToUnstructured(typed)
	if err != nil {
		panic(fmt.Sprintf("%s: %v", kind, err)) // of types that are all known here
	}
	o := &unstructured.Unstructured{Object: content}
	o.SetAPIVersion(version)
	o.SetKind(kind)
	unstructured.RemoveNestedField(content, "status")
	unstructured.RemoveNestedField(content, "metadata", "creationTimestamp")
	if kind == "Namespace" {
		unstructured.RemoveNestedField(content, "spec")
	}
	return Object{resource, o}
}

// String is the object for people: Role fedns/fedns-member-token.
func (o Object) String() string {
	if o.GetNamespace() != "" {
		return o.GetKind() + " " + o.GetNamespace() + "/" + o.GetName()
	}
	return o.GetKind() + " " + o.GetName()
}

func (o Object) in(client dynamic.Interface) dynamic.ResourceInterface {
	if o.GetNamespace() == "" {
		return client.Resource(o.Resource)
	}
	return client.Resource(o.Resource).Namespace(o.GetNamespace())
}

// apply has an API server hold o. With force it takes over fields that others have
// written.
func (o Object) apply(ctx context.Context, client dynamic.Interface, force bool) error {
	if _, err := o.in(client).Apply(ctx, o.GetName(), o.Unstructured, metav1.ApplyOptions{FieldManager: fieldManager, Force: force}); err != nil {
		return fmt.Errorf("%s: %w", o, err)
	}
	return nil
}

// remove deletes o. was says that it was there.
func (o Object) remove(ctx context.Context, client dynamic.Interface) (was bool, err error) {
	background := metav1.DeletePropagationBackground
	err = o.in(client).Delete(ctx, o.GetName(), metav1.DeleteOptions{PropagationPolicy: &background})
	if apierrors.IsNotFound(err) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("%s: %w", o, err)
	}
	return true, nil
}

// notServed says that an API server does not serve a resource at all: it has no
// Status to answer with then.
func notServed(err error) bool {
	return apierrors.IsNotFound(err) && apierrors.HasStatusCause(err, metav1.CauseTypeUnexpectedServerResponse)
}

// errNotServed says what to do where the host lacks a definition.
func errNotServed(resource schema.GroupVersionResource) error {
	return fmt.Errorf("the host does not serve %s: apply deploy/crds there first", resource.GroupResource())
}

// memberClusterOf and secretOf are how a member's objects in the host are named.
func memberClusterOf(name string, spec v1alpha1.MemberClusterSpec, labels map[string]string) Object {
	m := &v1alpha1.MemberCluster{ObjectMeta: metav1.ObjectMeta{Name: name, Labels: labels}, Spec: spec}
	return object(v1alpha1.GroupVersion.String(), "MemberCluster", v1alpha1.MemberClusters, m)
}

// SecretName is the name of a member's Secret in the host.
func SecretName(cluster string) string { return "member-" + cluster }
