package simulator

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"sync"
	"time"
)

// The resources there are.
const (
	services       = "services"
	endpointSlices = "endpointslices"
	exports        = "serviceexports"
	nodes          = "nodes"
	leases         = "leases"
)

// Cluster is one simulated API server. Its methods may be called from many
// goroutines at once.
type Cluster struct {
	options   Options
	encodings encodings

	mu        sync.Mutex
	model     *model
	version   uint64 // of the last change
	compacted uint64 // pages from before are gone
	epoch     int    // counts Resets: what was begun before one ends
	history   map[string]*history
	faults    faults
	conns     map[net.Conn]struct{}

	serving sync.Mutex // of what follows
	addr    string     // host:port; empty before the first Start
	server  *http.Server
	done    chan struct{} // the server's goroutine ended
}

// firstVersion is high enough that a store that begins anew is behind it.
const firstVersion = 1000

// New makes a Cluster that does not listen yet.
func New(o Options) (*Cluster, error) {
	o = o.complete()
	if o.Number < 0 || o.Number >= 1<<(24-rangeBits) {
		return nil, fmt.Errorf("cluster %s: number %d: want 0 to %d", o.Name, o.Number, 1<<(24-rangeBits)-1)
	}
	e, err := newEncodings()
	if err != nil {
		return nil, fmt.Errorf("cluster %s: %w", o.Name, err)
	}
	if o.JSON {
		e.only = e.json
	}
	c := &Cluster{options: o, encodings: e, version: firstVersion, faults: newFaults(), conns: map[net.Conn]struct{}{}}
	c.model = newModel(o, c.version)
	c.history = map[string]*history{}
	for _, resource := range []string{services, endpointSlices, exports, nodes, leases} {
		c.history[resource] = newHistory(c.version)
	}
	return c, nil
}

// Start listens: at a port of 127.0.0.1 that is free, and after Stop at the same again.
func (c *Cluster) Start(ctx context.Context) error {
	c.serving.Lock()
	defer c.serving.Unlock()
	if c.server != nil {
		return nil
	}
	at := c.addr
	if at == "" {
		at = "127.0.0.1:0"
	}
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", at)
	if err != nil {
		return fmt.Errorf("cluster %s: %w", c.options.Name, err)
	}
	c.addr = l.Addr().String()
	server, done := &http.Server{Handler: c.handler(), ReadHeaderTimeout: 10 * time.Second, ConnState: c.track}, make(chan struct{})
	c.server, c.done = server, done
	go func() {
		defer close(done)
		_ = server.Serve(l) // ends with Stop
	}()
	return nil
}

// Stop breaks every connection and refuses new ones, as when the server's
// process has died. What it holds stays.
func (c *Cluster) Stop() {
	c.serving.Lock()
	defer c.serving.Unlock()
	if c.server == nil {
		return
	}
	c.server.Close()
	<-c.done
	c.server = nil
}

func (c *Cluster) track(conn net.Conn, s http.ConnState) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch s {
	case http.StateNew:
		c.conns[conn] = struct{}{}
	case http.StateClosed, http.StateHijacked:
		delete(c.conns, conn)
	}
}

// Name is the cluster's.
func (c *Cluster) Name() string { return c.options.Name }

// Connections counts those that are open.
func (c *Cluster) Connections() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.conns)
}

// Kubeconfig writes a kubeconfig into dir, with the cluster's name as its
// context, and returns the file. It is for after the first Start.
func (c *Cluster) Kubeconfig(dir string) (file string, err error) {
	c.serving.Lock()
	at := c.addr
	c.serving.Unlock()
	if at == "" {
		return "", fmt.Errorf("cluster %s: it was never started", c.options.Name)
	}
	file = filepath.Join(dir, c.options.Name+".kubeconfig")
	text := fmt.Sprintf("{apiVersion: v1, kind: Config, current-context: %[1]s, contexts: [{name: %[1]s, context: {cluster: c, user: u}}],\nclusters: [{name: c, cluster: {server: \"http://%[2]s\"}}], users: [{name: u, user: {}}]}\n", c.options.Name, at)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		return "", fmt.Errorf("cluster %s: %w", c.options.Name, err)
	}
	return file, nil
}

// Service is what a cluster holds of one Service.
type Service struct {
	Namespace, Name string
	ClusterIP       netip.Addr   // invalid: headless
	Ready           []netip.Addr // of its endpoints, in the order of its slices
}

// Service tells of the Service at a place; false: it is not there.
func (c *Cluster) Service(i int) (Service, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.absent(i) {
		return Service{}, false
	}
	s := Service{Namespace: c.model.namespace(i), Name: c.model.name(i)}
	if !c.options.Headless {
		s.ClusterIP = c.model.clusterIP(i)
	}
	for _, one := range c.model.services[i].slices {
		for _, e := range one.endpoints {
			if !e.unready {
				s.Ready = append(s.Ready, addr(e.address))
			}
		}
	}
	return s, true
}

// Places is how many Services there ever were: Service takes 0 to Places-1.
func (c *Cluster) Places() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.model.services)
}
