package faults

import (
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sys/unix"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"

	"github.com/fedns/fedns/integration/harness"
)

// proxy stands between the daemon and an API server, in a network namespace of
// its own, whose link can be cut, and can answer wrongly in its place.
type proxy struct {
	pod        *harness.Pod
	kubeconfig string
	empty      atomic.Bool // every list is empty
	server     *http.Server
	upstream   string
	transport  http.RoundTripper

	mu      sync.Mutex
	conns   map[net.Conn]bool
	expired map[string]bool // by path, watches that are to be told so once
}

// newProxy makes one for a cluster, with an administrator's rights.
func newProxy(t *testing.T, c *harness.Cluster) *proxy {
	t.Helper()
	config := c.RESTConfig()
	p := &proxy{pod: harness.NewPod(t, c, harness.PodSpec{Name: "gateway", DNS: "192.0.2.53"}), upstream: config.Host, conns: map[net.Conn]bool{}}
	upstream, err := url.Parse(config.Host)
	if err != nil {
		t.Fatal(err)
	}
	if p.transport, err = rest.TransportFor(config); err != nil {
		t.Fatal(err)
	}
	forward := &httputil.ReverseProxy{
		Rewrite:       func(r *httputil.ProxyRequest) { r.SetURL(upstream) },
		Transport:     p.transport,
		FlushInterval: -1,
		ErrorHandler: func(w http.ResponseWriter, _ *http.Request, err error) {
			http.Error(w, err.Error(), http.StatusBadGateway)
		},
	}
	p.server = &http.Server{ReadHeaderTimeout: time.Minute, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case p.empty.Load() && p.lie(w, r):
		case p.tooOld(r):
			status(w, http.StatusGone, "Expired")
		default:
			forward.ServeHTTP(w, r)
		}
	})}
	p.server.ConnState = func(c net.Conn, s http.ConnState) {
		p.mu.Lock()
		defer p.mu.Unlock()
		if p.conns[c] = true; s == http.StateClosed || s == http.StateHijacked {
			delete(p.conns, c)
		}
	}
	ln, err := listenIn(p.pod.Netns, net.JoinHostPort(p.pod.Addr.String(), "6443"))
	if err != nil {
		t.Fatal(err)
	}
	go func() { _ = p.server.Serve(ln) }() // ends with Close
	t.Cleanup(func() { _ = p.server.Close() })
	p.kubeconfig = filepath.Join(t.TempDir(), "gateway.kubeconfig")
	kc := clientcmdapi.Config{
		Clusters:       map[string]*clientcmdapi.Cluster{c.Name: {Server: "http://" + ln.Addr().String()}},
		AuthInfos:      map[string]*clientcmdapi.AuthInfo{"none": {}},
		Contexts:       map[string]*clientcmdapi.Context{c.Name: {Cluster: c.Name, AuthInfo: "none"}},
		CurrentContext: c.Name,
	}
	if err := clientcmd.WriteToFile(kc, p.kubeconfig); err != nil {
		t.Fatal(err)
	}
	return p
}

// lie answers a list of what the daemon follows with nothing in it.
func (p *proxy) lie(w http.ResponseWriter, r *http.Request) bool {
	kind, followed := kinds[r.URL.Path]
	q := r.URL.Query()
	switch {
	case !followed:
		return false
	case q.Get("watch") == "":
		version, err := p.version(r)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadGateway)
			return true
		}
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprintf(w, `{"kind":%q,"apiVersion":%q,"metadata":{"resourceVersion":%q},"items":[]}`, kind.kind, kind.group, version)
		return true
	case q.Get("sendInitialEvents") != "": // a list is to be asked for
		status(w, http.StatusUnprocessableEntity, "Invalid")
		return true
	}
	return false
}

// kinds are what the daemon follows, by path.
var kinds = map[string]struct{ kind, group string }{
	"/api/v1/services": {"ServiceList", "v1"}, "/api/v1/nodes": {"NodeList", "v1"},
	"/apis/discovery.k8s.io/v1/endpointslices": {"EndpointSliceList", "discovery.k8s.io/v1"},
}

// version is the resource version that the API server is at.
func (p *proxy) version(r *http.Request) (string, error) {
	req, err := http.NewRequestWithContext(r.Context(), http.MethodGet, p.upstream+r.URL.Path+"?limit=1", nil)
	if err != nil {
		return "", err
	}
	req.Header.Set("Accept", "application/json")
	resp, err := p.transport.RoundTrip(req)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	var list struct {
		Metadata struct{ ResourceVersion string }
	}
	err = json.NewDecoder(resp.Body).Decode(&list)
	return list.Metadata.ResourceVersion, err
}

func status(w http.ResponseWriter, code int, reason string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	fmt.Fprintf(w, `{"kind":"Status","apiVersion":"v1","status":"Failure","reason":%q,"code":%d,"message":"by the test"}`, reason, code)
}

// expire ends all connections and has each watch told once that its version is
// too old, so that everything is listed anew.
func (p *proxy) expire() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.expired = map[string]bool{}
	for path := range kinds {
		p.expired[path] = true
	}
	for c := range p.conns {
		_ = c.Close()
	}
}

// tooOld says that a request is a watch that is to be told so.
func (p *proxy) tooOld(r *http.Request) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	q := r.URL.Query()
	if q.Get("watch") == "" || q.Get("sendInitialEvents") != "" || !p.expired[r.URL.Path] {
		return false
	}
	delete(p.expired, r.URL.Path)
	return true
}

// cut has what the namespace sends go nowhere, as a broken link would: nobody is
// told. mend undoes it.
func (p *proxy) cut(t *testing.T, gateway string) {
	t.Helper()
	if _, err := p.pod.Run(t.Context(), "ip", "route", "replace", "blackhole", gateway+"/32"); err != nil {
		t.Fatal(err)
	}
}

func (p *proxy) mend(t *testing.T, gateway string) {
	t.Helper()
	if _, err := p.pod.Run(t.Context(), "ip", "route", "replace", gateway+"/32", "dev", "eth0"); err != nil {
		t.Fatal(err)
	}
}

// listenIn listens in a network namespace: a socket stays in the one that its thread
// was in when it was made.
func listenIn(netns, addr string) (ln net.Listener, err error) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		runtime.LockOSThread() // never unlocked: the thread ends with the goroutine
		f, oerr := os.Open("/run/netns/" + netns)
		if oerr != nil {
			err = oerr
			return
		}
		defer f.Close()
		if err = unix.Setns(int(f.Fd()), unix.CLONE_NEWNET); err != nil {
			err = errors.Join(errors.New("setns "+netns), err)
			return
		}
		ln, err = net.Listen("tcp4", addr)
	}()
	<-done
	return ln, err
}
