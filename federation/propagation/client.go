package propagation

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/transport"
)

// How soon a peer that went silent is noticed.
const (
	dialTimeout   = 5 * time.Second
	headerTimeout = 30 * time.Second // a watch's first octet
	pingAfter     = 10 * time.Second // of silence on a connection
	pingTimeout   = 5 * time.Second
	probeTimeout  = 3 * time.Second
)

// onlyMetadata asks for metadata in the place of whole objects.
const onlyMetadata = ";g=meta.k8s.io;v=v1"

// client speaks to one member with one set of credentials. It retries nothing and
// holds back nothing: the member's queue does both. It is safe for concurrent use.
type client struct {
	rest      *rest.RESTClient
	transport *http.Transport
}

// newClient makes a client; it connects to nothing. It takes rc over. Watches yield
// what is known of an object in its place.
func newClient(rc *rest.Config, known func(head) *found) (*client, error) {
	rc.UserAgent = "fedns"
	rc.QPS = -1
	rc.WarningHandler = rest.NoWarnings{} // "v1 X is deprecated" is not for whoever runs fedns
	tc, err := rc.TransportConfig()
	if err != nil {
		return nil, err
	}
	tlsConfig, err := transport.TLSConfigFor(tc)
	if err != nil {
		return nil, err
	}
	dial := tc.DialHolder
	dialer := (&net.Dialer{Timeout: dialTimeout, KeepAlive: pingAfter}).DialContext
	if dial != nil && dial.Dial != nil {
		dialer = dial.Dial
	}
	proxy := http.ProxyFromEnvironment
	if tc.Proxy != nil {
		proxy = tc.Proxy
	}
	c := &client{transport: &http.Transport{
		Proxy: proxy, DialContext: dialer, TLSClientConfig: tlsConfig, TLSHandshakeTimeout: dialTimeout,
		ResponseHeaderTimeout: headerTimeout, DisableCompression: tc.DisableCompression, ForceAttemptHTTP2: true,
		HTTP2:               &http.HTTP2Config{SendPingTimeout: pingAfter, PingTimeout: pingTimeout},
		MaxIdleConnsPerHost: 16, IdleConnTimeout: 90 * time.Second,
	}}
	rt, err := transport.HTTPWrappersForConfig(tc, c.transport)
	if err != nil {
		return nil, err
	}
	// dynamic.Client would do, but for its retries and its copies.
	one := dynamic.ConfigFor(rc)
	one.GroupVersion, one.APIPath = &schema.GroupVersion{}, "/apis"
	one.NegotiatedSerializer = events{one.NegotiatedSerializer, known}
	c.rest, err = rest.RESTClientForConfigAndClient(one, &http.Client{Transport: tattler{rt}})
	return c, err
}

// close lets go of connections that carry nothing.
func (c *client) close() { c.transport.CloseIdleConnections() }

// path is an object's; without a name, its collection's.
func (k *kind) path(namespace, name string) []string {
	path := []string{"/apis", k.resource.Group, k.resource.Version}
	if k.resource.Group == "" {
		path = []string{"/api", k.resource.Version}
	}
	if k.namespaced && namespace != "" {
		path = append(path, "namespaces", namespace)
	}
	path = append(path, k.resource.Resource)
	if name != "" {
		path = append(path, name)
	}
	return path
}

func (c *client) get(ctx context.Context, path []string) (*unstructured.Unstructured, error) {
	return decode(c.rest.Get().AbsPath(path...).MaxRetries(0).Do(ctx))
}

// create yields the answer's text. A field that the member's schema does not know is
// an error, as it is when an object is applied: left out, the object would be told
// to be as it is to be.
func (c *client) create(ctx context.Context, path []string, text []byte) ([]byte, error) {
	return answer(c.rest.Post().AbsPath(path...).Param("fieldManager", Manager).Param("fieldValidation", metav1.FieldValidationStrict).
		SetHeader("Content-Type", runtime.ContentTypeJSON).Body(text).MaxRetries(0).Do(ctx))
}

// patch changes an object by a patch of a type, as our field manager. It yields the
// answer's text.
func (c *client) patch(ctx context.Context, path []string, how types.PatchType, text []byte) ([]byte, error) {
	q := c.rest.Patch(how).AbsPath(path...).Param("fieldManager", Manager)
	if how == types.ApplyPatchType {
		q = q.Param("force", "true")
	}
	return answer(q.Body(text).MaxRetries(0).Do(ctx))
}

// delete returns the object as it is while it is being deleted, nil if it is gone.
func (c *client) delete(ctx context.Context, path []string, o metav1.DeleteOptions) (*unstructured.Unstructured, error) {
	text, err := json.Marshal(o)
	if err != nil {
		return nil, err
	}
	left, err := decode(c.rest.Delete().AbsPath(path...).SetHeader("Content-Type", runtime.ContentTypeJSON).Body(text).MaxRetries(0).Do(ctx))
	if err != nil || left.GetDeletionTimestamp() == nil {
		return nil, err // a Status, or the object as it was last
	}
	if grace := left.GetDeletionGracePeriodSeconds(); grace != nil && *grace == 0 && len(left.GetFinalizers()) == 0 {
		return nil, nil
	}
	return left, nil
}

func answer(r rest.Result) ([]byte, error) {
	if err := r.Error(); err != nil { // in the API server's own words, which Raw does not read
		return nil, err
	}
	return r.Raw()
}

func decode(r rest.Result) (*unstructured.Unstructured, error) {
	text, err := answer(r)
	if err != nil {
		return nil, err
	}
	return answered(text)
}

func answered(text []byte) (*unstructured.Unstructured, error) {
	o, err := readObject(text)
	if err != nil {
		return nil, fmt.Errorf("read answer: %w", err)
	}
	return o, nil
}

func (c *client) list(ctx context.Context, path []string, o metav1.ListOptions, accept string) (runtime.Object, error) {
	ctx, cancel := context.WithTimeout(ctx, listTimeout)
	defer cancel()
	return c.read(path, o, accept).Do(ctx).Get()
}

// watch opens a watch. client-go turns a connection that timed out or was closed
// before there was an answer into an empty watch without an error; that would look
// like a member that is well.
func (c *client) watch(ctx context.Context, path []string, o metav1.ListOptions, accept string) (watch.Interface, error) {
	o.Watch = true
	f := &failure{}
	w, err := c.read(path, o, accept).Watch(context.WithValue(ctx, failureKey{}, f))
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

func (c *client) read(path []string, o metav1.ListOptions, accept string) *rest.Request {
	q := c.rest.Get().AbsPath(path...).SpecificallyVersionedParams(&o, metav1.ParameterCodec, metav1.SchemeGroupVersion).MaxRetries(0)
	if accept != "" {
		q = q.SetHeader("Accept", accept)
	}
	return q
}

// resources are those of a group and version; nil without an error: there is no
// such group or version.
func (c *client) resources(ctx context.Context, gv schema.GroupVersion) ([]metav1.APIResource, error) {
	path := []string{"/apis", gv.Group, gv.Version}
	if gv.Group == "" {
		path = []string{"/api", gv.Version}
	}
	answer := c.rest.Get().AbsPath(path...).SetHeader("Accept", runtime.ContentTypeJSON).MaxRetries(0).Do(ctx)
	text, err := answer.Raw()
	if err != nil {
		return nil, answer.Error()
	}
	list := metav1.APIResourceList{}
	if err := json.Unmarshal(text, &list); err != nil {
		return nil, fmt.Errorf("read resources of %s: %w", gv, err)
	}
	return list.APIResources, nil
}

// version asks for what every API server tells everybody.
func (c *client) version(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, probeTimeout)
	defer cancel()
	return c.rest.Get().AbsPath("/version").MaxRetries(0).Do(ctx).Error()
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
