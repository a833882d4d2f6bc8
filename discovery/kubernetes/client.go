package kubernetes

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	networkingv1 "k8s.io/api/networking/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/metadata"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/transport"
	"k8s.io/client-go/util/connrotation"
)

// How soon a peer that went silent is noticed. Together 15 s with HTTP/2 and
// 20 s without; client-go's own defaults add up to 45 s.
const (
	dialTimeout   = 5 * time.Second
	headerTimeout = 30 * time.Second // a list's first octet comes when etcd has answered
	pingAfter     = 10 * time.Second // of silence on a connection
	pingTimeout   = 5 * time.Second
	keepAliveIdle = 8 * time.Second
	keepAliveStep = 3 * time.Second
	keepAliveN    = 4
)

// Requests a second and at once. Four watches and three polls need a fraction of
// one; the rest is room for a list's pages.
const (
	requestsPerSecond = 20
	requestBurst      = 40
)

// exportGroup is the API group of ServiceExport.
const exportGroup = "multicluster.x-k8s.io"

// exportVersions are those this package reads, best first. They are versions
// of one CRD, which shows every object in each of them, so one is enough.
var exportVersions = [...]string{"v1beta1", "v1alpha1"}

// anyObject is the client's key for what is read as it comes, of any resource.
const anyObject = "*"

// client speaks to one API server with one set of credentials. It is safe for
// concurrent use.
type client struct {
	rest      map[string]*rest.RESTClient // by resource
	transport *http.Transport
	conns     *connrotation.ConnectionTracker
}

// newClient makes a client; it connects to nothing. It takes rc over.
func newClient(rc *rest.Config) (*client, error) {
	rc.UserAgent = "fedns"
	rc.QPS, rc.Burst = requestsPerSecond, requestBurst
	rc.WarningHandler = rest.NoWarnings{} // "v1 X is deprecated" is not for whoever runs fedns
	c := &client{conns: connrotation.NewConnectionTracker(), rest: map[string]*rest.RESTClient{}}
	hc, err := c.httpClient(rc)
	if err != nil {
		return nil, err
	}
	scheme := runtime.NewScheme()
	addSlices(scheme)
	if err := errors.Join(corev1.AddToScheme(scheme), coordinationv1.AddToScheme(scheme), networkingv1.AddToScheme(scheme)); err != nil {
		return nil, err
	}
	for resource, gv := range map[string]schema.GroupVersion{
		"services": corev1.SchemeGroupVersion, "nodes": corev1.SchemeGroupVersion, "endpointslices": discoveryv1.SchemeGroupVersion,
		"leases": coordinationv1.SchemeGroupVersion, "ingresses": networkingv1.SchemeGroupVersion,
	} {
		one := rest.CopyConfig(rc)
		one.GroupVersion = &gv
		one.APIPath = "/apis"
		if gv.Group == "" {
			one.APIPath = "/api"
		}
		one.ContentType = runtime.ContentTypeProtobuf
		one.AcceptContentTypes = runtime.ContentTypeProtobuf + "," + runtime.ContentTypeJSON
		one.NegotiatedSerializer = serializer.NewCodecFactory(scheme).WithoutConversion()
		if c.rest[resource], err = rest.RESTClientForConfigAndClient(one, hc); err != nil {
			return nil, err
		}
	}
	// metadata.Client would do, but for its retries.
	one := metadata.ConfigFor(rc)
	one.GroupVersion, one.APIPath = &schema.GroupVersion{}, "/apis"
	if c.rest["serviceexports"], err = rest.RESTClientForConfigAndClient(one, hc); err != nil {
		return nil, err
	}
	// So would dynamic.Client.
	one = dynamic.ConfigFor(rc)
	one.GroupVersion, one.APIPath = &schema.GroupVersion{}, "/apis"
	c.rest[anyObject], err = rest.RESTClientForConfigAndClient(one, hc)
	return c, err
}

// httpClient is client-go's own transport but for the deadlines, which its
// rest.Config cannot express, and for connections that can be closed at will.
func (c *client) httpClient(rc *rest.Config) (*http.Client, error) {
	tc, err := rc.TransportConfig()
	if err != nil {
		return nil, err
	}
	tlsConfig, err := transport.TLSConfigFor(tc)
	if err != nil {
		return nil, err
	}
	dialer := &net.Dialer{
		Timeout:         dialTimeout,
		KeepAliveConfig: net.KeepAliveConfig{Enable: true, Idle: keepAliveIdle, Interval: keepAliveStep, Count: keepAliveN},
	}
	proxy := http.ProxyFromEnvironment
	if tc.Proxy != nil {
		proxy = tc.Proxy
	}
	c.transport = &http.Transport{
		Proxy:                 proxy,
		DialContext:           connrotation.NewDialerWithTracker(dialer.DialContext, c.conns).DialContext,
		TLSClientConfig:       tlsConfig,
		TLSHandshakeTimeout:   dialTimeout,
		ResponseHeaderTimeout: headerTimeout,
		DisableCompression:    tc.DisableCompression,
		ForceAttemptHTTP2:     true,
		HTTP2:                 &http.HTTP2Config{SendPingTimeout: pingAfter, PingTimeout: pingTimeout},
		MaxIdleConnsPerHost:   4,
		IdleConnTimeout:       90 * time.Second,
	}
	rt, err := transport.HTTPWrappersForConfig(tc, c.transport)
	if err != nil {
		return nil, err
	}
	return &http.Client{Transport: tattler{reader{rt}}}, nil
}

// tattler tells why a request failed to whoever put a failure into its context.
type tattler struct{ http.RoundTripper }

type failureKey struct{}

// failure is why the last request of a context got no answer.
type failure struct{ err error }

func (t tattler) RoundTrip(q *http.Request) (*http.Response, error) {
	resp, err := t.RoundTripper.RoundTrip(q)
	if f, ok := q.Context().Value(failureKey{}).(*failure); ok {
		f.err = err
	}
	return resp, err
}

// stream opens a watch. client-go turns a connection that timed out or was
// closed before there was an answer into an empty watch without an error; that
// would look like a cluster that is well.
func stream(ctx context.Context, q *rest.Request) (watch.Interface, error) {
	f := &failure{}
	w, err := q.Watch(context.WithValue(ctx, failureKey{}, f))
	if err != nil {
		return nil, err
	}
	if _, ok := w.(*watch.StreamWatcher); ok {
		return w, nil
	}
	w.Stop()
	if f.err != nil {
		return nil, f.err
	}
	return nil, errors.New("connection closed before there was an answer")
}

// close cuts every connection, and with them every watch. The client can still
// be used: it connects anew.
func (c *client) close() {
	c.transport.CloseIdleConnections()
	c.conns.CloseAll()
}

// list reads one page of a resource of Kubernetes' own.
func (c *client) list(ctx context.Context, resource string, o metav1.ListOptions) (runtime.Object, error) {
	return c.request(resource, o).Do(ctx).Get()
}

// watch opens a watch on a resource of Kubernetes' own.
func (c *client) watch(ctx context.Context, resource string, o metav1.ListOptions) (watch.Interface, error) {
	o.Watch = true
	return stream(ctx, c.request(resource, o))
}

func (c *client) listExports(ctx context.Context, version string, o metav1.ListOptions) (runtime.Object, error) {
	return c.exportRequest(version, o).Do(ctx).Get()
}

func (c *client) watchExports(ctx context.Context, version string, o metav1.ListOptions) (watch.Interface, error) {
	o.Watch = true
	return stream(ctx, c.exportRequest(version, o))
}

// No request is retried by client-go: it would try ten times, a second apart
// and without a word, before it says that there is a fault. Reflectors retry.

func (c *client) request(resource string, o metav1.ListOptions) *rest.Request {
	q := c.rest[resource].Get()
	if resource == "leases" {
		q = q.Namespace(corev1.NamespaceNodeLease) // those of other namespaces are elections
	}
	return q.Resource(resource).VersionedParams(&o, metav1.ParameterCodec).MaxRetries(0)
}

// exportRequest asks for the objects' metadata only.
func (c *client) exportRequest(version string, o metav1.ListOptions) *rest.Request {
	as := "PartialObjectMetadataList"
	if o.Watch {
		as = "PartialObjectMetadata"
	}
	as = ";as=" + as + ";g=meta.k8s.io;v=v1"
	return c.rest["serviceexports"].Get().AbsPath("/apis", exportGroup, version, "serviceexports").
		SetHeader("Accept", runtime.ContentTypeProtobuf+as+","+runtime.ContentTypeJSON+as).
		SpecificallyVersionedParams(&o, metav1.ParameterCodec, metav1.SchemeGroupVersion).MaxRetries(0)
}

// definition is what discovery says of a resource.
type definition struct {
	version string // the best that is served; empty: none is
	create  bool   // objects may be made: of a CRD, that it is not on its way out
}

// stands says that a definition that was found so once is served still, and not on its
// way out. Of what objects could never be made it is not told.
func (was definition) stands(now definition) bool {
	return now.version != "" && (now.create || !was.create)
}

// exportDefinition is the best version the cluster serves ServiceExports in.
func (c *client) exportDefinition(ctx context.Context) (definition, error) {
	return c.served(ctx, exportGroup, exportVersions[:], "serviceexports")
}

// served is the first of versions that the cluster serves a resource in; the zero
// definition without an error: it says that it serves it in none of them.
func (c *client) served(ctx context.Context, of string, versions []string, resource string) (definition, error) {
	group := &metav1.APIGroup{}
	if err := c.get(ctx, "/apis/"+of, group); err != nil {
		return definition{}, absentIsNil(err)
	}
	for _, version := range versions {
		for _, served := range group.Versions {
			if served.Version != version {
				continue
			}
			resources := &metav1.APIResourceList{}
			if err := c.get(ctx, served.GroupVersion, resources); err != nil {
				if absentIsNil(err) == nil {
					continue
				}
				return definition{}, err
			}
			for _, r := range resources.APIResources {
				if r.Name == resource {
					return definition{version, slices.Contains(r.Verbs, "create")}, nil
				}
			}
		}
	}
	return definition{}, nil
}

// get reads a discovery document; path is absolute, or a group and version.
func (c *client) get(ctx context.Context, path string, into runtime.Object) error {
	if !strings.HasPrefix(path, "/") {
		path = "/apis/" + path
	}
	// JSON by name: the servers of extensions do not all speak protobuf here.
	return c.rest["services"].Get().AbsPath(path).SetHeader("Accept", runtime.ContentTypeJSON).MaxRetries(0).Do(ctx).Into(into)
}

// absentIsNil: 404 is an answer.
func absentIsNil(err error) error {
	if apierrors.IsNotFound(err) {
		return nil
	}
	return err
}

// reason is err on one line for the operator, without the request's URL, whose
// parameters differ at each try.
func reason(err error) string {
	var u *url.Error
	if errors.As(err, &u) {
		err = u.Err
		if errors.Is(err, context.DeadlineExceeded) {
			err = fmt.Errorf("no answer in time: %w", err)
		}
	}
	return strings.Join(strings.Fields(err.Error()), " ")
}
