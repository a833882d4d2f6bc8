package membership

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"

	"github.com/fedns/fedns/discovery/inventory/membercluster"
	"github.com/fedns/fedns/discovery/kubernetes/bound"
	"github.com/fedns/fedns/federation/api/v1alpha1"
)

// What marks a Secret that join made.
const (
	// MemberLabel has the cluster's name.
	MemberLabel = "fedns.io/member"
	// AccountAnnotation names the ServiceAccount in the member, as NAMESPACE/NAME, whose
	// token is in the Secret and is to be renewed.
	AccountAnnotation = "fedns.io/account"
)

// DefaultTokenLife is how long tokens are good.
const DefaultTokenLife = 24 * time.Hour

// acceptedWithin is how long an API server may take to know of a new account and
// its rights: it hears of them by watches of its own.
const acceptedWithin = 15 * time.Second

// Joining is a cluster that is to become a member. Name, Server and, but for Plan,
// Member and Host are required.
type Joining struct {
	Name   string
	Member *rest.Config         // as somebody who may make accounts and roles there
	Host   *rest.Config         // as somebody who may make Secrets and MemberClusters there
	Server clientcmdapi.Cluster // how the host reaches the member's API server
	Spec   v1alpha1.MemberClusterSpec
	Labels map[string]string // of the MemberCluster
	Rights Rights
	// Namespace of the Secret in the host. Defaults to Namespace.
	Namespace string
	// TokenLife defaults to DefaultTokenLife.
	TokenLife time.Duration
	// Force joins the cluster although the name is that of another one, or the cluster
	// is a member under another name.
	Force bool
}

// Joined is what came of a Joining. The JSON names are stable.
type Joined struct {
	Cluster      string    `json:"cluster"`
	Server       string    `json:"server"`
	Member       []string  `json:"member"` // objects that it has now
	Host         []string  `json:"host"`
	TokenExpires time.Time `json:"tokenExpires"`
	Warnings     []string  `json:"warnings,omitempty"`
}

// Plan is what Do makes. The Secret's kubeconfig has no token yet.
func (j Joining) Plan() (member, host []Object, err error) {
	host, err = j.hostObjects("TOKEN")
	return accountObjects(j.Rights), host, err
}

// Do makes the cluster a member. It may be called again, after a failure and also
// to change what was stated: what it makes is as if nothing had been there.
func (j Joining) Do(ctx context.Context) (Joined, error) {
	out := Joined{Cluster: j.Name, Server: j.Server.Server, Member: []string{}, Host: []string{}}
	member, err := dynamic.NewForConfig(j.Member)
	if err != nil {
		return out, fmt.Errorf("member: %w", err)
	}
	host, err := dynamic.NewForConfig(j.Host)
	if err != nil {
		return out, fmt.Errorf("host: %w", err)
	}
	if err := j.free(ctx, host); err != nil { // before anything is made
		return out, fmt.Errorf("host: %w", err)
	}
	if err := j.single(ctx, host); err != nil {
		return out, fmt.Errorf("host: %w", err)
	}
	for _, o := range accountObjects(j.Rights) {
		if err := o.apply(ctx, member, true); err != nil {
			return out, fmt.Errorf("member: %w", err)
		}
		out.Member = append(out.Member, o.String())
	}
	token, life, err := requestToken(ctx, j.Member, Namespace, Account, cmp.Or(j.TokenLife, DefaultTokenLife))
	if err != nil {
		return out, fmt.Errorf("member: %w", err)
	}
	out.TokenExpires = life.to
	if err := accepted(ctx, j.Member, token); err != nil {
		return out, fmt.Errorf("member: the new account cannot read Services: %w", err)
	}
	objects, err := j.hostObjects(token)
	if err != nil {
		return out, err
	}
	if err := j.ensureNamespace(ctx, host); err != nil {
		return out, fmt.Errorf("host: %w", err)
	}
	for _, o := range objects {
		// The Secret's kubeconfig has other writers, who renew its token.
		if err := o.apply(ctx, host, o.Resource == secrets || j.Force); err != nil {
			return out, fmt.Errorf("host: %w", err)
		}
		out.Host = append(out.Host, o.String())
	}
	if loopback(j.Server.Server) {
		out.Warnings = append(out.Warnings, fmt.Sprintf("%s is an address of this machine: if fedns runs elsewhere, join again with --api-server", j.Server.Server))
	}
	return out, nil
}

// hostObjects are what the host has to have, in the order in which it is made.
func (j Joining) hostObjects(token string) ([]Object, error) {
	raw, err := kubeconfig(j.Name, j.Server, token)
	if err != nil {
		return nil, err
	}
	namespace := cmp.Or(j.Namespace, Namespace)
	secret := &corev1.Secret{ObjectMeta: meta(namespace, SecretName(j.Name)), Data: map[string][]byte{membercluster.DefaultKey: raw}, Type: corev1.SecretTypeOpaque}
	secret.Labels[MemberLabel] = j.Name
	secret.Annotations = map[string]string{AccountAnnotation: Namespace + "/" + Account}
	spec := j.Spec
	spec.SecretRef = &v1alpha1.SecretKey{Namespace: namespace, Name: secret.Name, Key: membercluster.DefaultKey}
	return []Object{
		object("v1", "Secret", secrets, secret),
		memberClusterOf(j.Name, spec, maps.Clone(j.Labels)),
	}, nil
}

// single says that the cluster is not another member already.
func (j Joining) single(ctx context.Context, host dynamic.Interface) error {
	if j.Force {
		return nil
	}
	other, err := sibling(ctx, host, cmp.Or(j.Namespace, Namespace), j.Name, j.Server.Server)
	if err == nil && other != "" {
		err = fmt.Errorf("%s is the member %s already: unjoin that first, or --force", j.Server.Server, other)
	}
	return err
}

// free says that the name is not another cluster's.
func (j Joining) free(ctx context.Context, host dynamic.Interface) error {
	_, err := host.Resource(v1alpha1.MemberClusters).Get(ctx, j.Name, metav1.GetOptions{})
	switch {
	case notServed(err):
		return errNotServed(v1alpha1.MemberClusters)
	case apierrors.IsNotFound(err):
		return nil
	case err != nil:
		return fmt.Errorf("MemberCluster %s: %w", j.Name, err)
	}
	namespace := cmp.Or(j.Namespace, Namespace)
	secret, err := host.Resource(secrets).Namespace(namespace).Get(ctx, SecretName(j.Name), metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("the Secret %s/%s: %w", namespace, SecretName(j.Name), err)
	}
	if server := serverIn(secret); server != "" && server != j.Server.Server && !j.Force {
		return fmt.Errorf("the member %s is %s, and not %s: take another name, or --force if the cluster has moved", j.Name, server, j.Server.Server)
	}
	return nil
}

// serverIn is the API server's address in a member's Secret; empty: it has none.
func serverIn(secret *unstructured.Unstructured) string {
	var typed corev1.Secret
	if runtime.DefaultUnstructuredConverter.FromUnstructured(secret.Object, &typed) != nil {
		return ""
	}
	k, err := clientcmd.Load(typed.Data[membercluster.DefaultKey])
	if err != nil {
		return ""
	}
	if c := k.Contexts[k.CurrentContext]; c != nil && k.Clusters[c.Cluster] != nil {
		return k.Clusters[c.Cluster].Server
	}
	return ""
}

// ensureNamespace makes the Secret's namespace; one that is there stays as it is.
func (j Joining) ensureNamespace(ctx context.Context, host dynamic.Interface) error {
	o := object("v1", "Namespace", namespaces, &corev1.Namespace{ObjectMeta: meta("", cmp.Or(j.Namespace, Namespace))})
	_, err := o.in(host).Get(ctx, o.GetName(), metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		return o.apply(ctx, host, false)
	}
	if err != nil && !apierrors.IsForbidden(err) { // whoever may not look may still write into it
		return fmt.Errorf("%s: %w", o, err)
	}
	return nil
}

// accepted waits until a member takes a token for what DNS is made of.
func accepted(ctx context.Context, member *rest.Config, token string) error {
	ctx, cancel := context.WithTimeout(ctx, acceptedWithin)
	defer cancel()
	rc := bound.Anonymous(member)
	rc.BearerToken = token
	client, err := dynamic.NewForConfig(rc)
	if err != nil {
		return err
	}
	const again = 200 * time.Millisecond
	for {
		_, err := client.Resource(services).List(ctx, metav1.ListOptions{Limit: 1})
		if err == nil || !apierrors.IsForbidden(err) && !apierrors.IsUnauthorized(err) {
			return err
		}
		select {
		case <-ctx.Done():
			return errors.Join(err, ctx.Err())
		case <-time.After(again):
		}
	}
}
