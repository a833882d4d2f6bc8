package harness

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"sync"

	"k8s.io/client-go/discovery/cached/memory"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/restmapper"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"

	"github.com/fedns/fedns/integration/harness/pki"
	"github.com/fedns/fedns/integration/harness/process"
)

// Cluster is one Kubernetes cluster. Its Spec is complete: the defaults are
// filled in. Its methods may be called concurrently, except that Start, Remove
// and the faults exclude each other.
type Cluster struct {
	Spec
	// Kubeconfig is the file of an administrator's kubeconfig. Its context is
	// named as the cluster is.
	Kubeconfig string

	fleet  *Fleet
	index  int // place in the fleet, from 1; never given twice
	dir    string
	net    networks
	ca     *pki.Authority
	port   int // of kube-apiserver
	rest   *rest.Config
	client kubernetes.Interface
	dyn    dynamic.Interface
	mapper *restmapper.DeferredDiscoveryRESTMapper

	mu        sync.Mutex
	processes map[string]*process.Process // by program; CoreDNS is apart
	kubelet   int                         // KWOK's port, 0 before it has one
	coreDNS   *process.Process
	etcd      *etcd // its own; nil: the fleet's, or not started yet
	saved     int   // how often its data was put aside
	dnsAddr   string
	pods      []*Pod
}

// newCluster prepares a cluster without starting it.
func newCluster(f *Fleet, index int, spec Spec) (*Cluster, error) {
	spec, networks, err := spec.complete(index)
	if err != nil {
		return nil, err
	}
	c := &Cluster{
		Spec: spec, net: networks, fleet: f, index: index,
		dir:       filepath.Join(f.Dir, fmt.Sprintf("%d-%s", index, spec.Name)),
		processes: map[string]*process.Process{},
	}
	if err := os.Mkdir(c.dir, 0o755); err != nil {
		return nil, fmt.Errorf("cluster %s: %w", c.Name, err)
	}
	if c.port, err = f.claim.port(); err != nil {
		return nil, fmt.Errorf("cluster %s: %w", c.Name, err)
	}
	if err := c.writeCertificates(); err != nil {
		return nil, fmt.Errorf("cluster %s: %w", c.Name, err)
	}
	if err := c.connect(); err != nil {
		return nil, fmt.Errorf("cluster %s: %w", c.Name, err)
	}
	return c, nil
}

// RESTConfig is an administrator's; the caller owns it.
func (c *Cluster) RESTConfig() *rest.Config { return rest.CopyConfig(c.rest) }

// Client is an administrator's.
func (c *Cluster) Client() kubernetes.Interface { return c.client }

// Dynamic is an administrator's.
func (c *Cluster) Dynamic() dynamic.Interface { return c.dyn }

// UserKubeconfig writes a kubeconfig for a user who may do what RBAC objects
// allow that user or these groups, which is nothing at first, and returns its
// file.
func (c *Cluster) UserKubeconfig(user string, groups ...string) (string, error) {
	pair, err := c.ca.Client(user, groups...)
	if err != nil {
		return "", fmt.Errorf("cluster %s: %w", c.Name, err)
	}
	file := c.file(user + ".kubeconfig")
	config := clientcmdapi.Config{
		Clusters: map[string]*clientcmdapi.Cluster{c.Name: {
			Server:                   fmt.Sprintf("https://127.0.0.1:%d", c.port),
			CertificateAuthorityData: c.ca.Certificate(),
		}},
		AuthInfos: map[string]*clientcmdapi.AuthInfo{user: {
			ClientCertificateData: pair.Cert, ClientKeyData: pair.Key,
		}},
		Contexts:       map[string]*clientcmdapi.Context{c.Name: {Cluster: c.Name, AuthInfo: user}},
		CurrentContext: c.Name,
	}
	if err := clientcmd.WriteToFile(config, file); err != nil {
		return "", fmt.Errorf("cluster %s: write kubeconfig of %s: %w", c.Name, user, err)
	}
	return file, nil
}

// Remove ends the cluster and all that belongs to it. A cluster that is added
// later under the same name starts empty.
func (c *Cluster) Remove() error {
	c.mu.Lock()
	pods, dns := c.pods, c.coreDNS
	c.pods, c.coreDNS, c.dnsAddr = nil, nil, ""
	c.mu.Unlock()
	failed := []error{c.Kill()}
	if c.etcd != nil && c.etcd.process != nil {
		failed = append(failed, c.etcd.process.Kill())
	}
	for _, p := range pods {
		failed = append(failed, p.delete())
	}
	if dns != nil {
		failed = append(failed, dns.Kill())
	}
	c.fleet.forget(c)
	failed = append(failed, os.RemoveAll(c.dir))
	return errors.Join(failed...)
}

// file is a name in the cluster's folder.
func (c *Cluster) file(name string) string { return filepath.Join(c.dir, name) }

// writeCertificates writes what the control plane's flags name.
func (c *Cluster) writeCertificates() error {
	var err error
	if c.ca, err = pki.New(c.Name); err != nil {
		return err
	}
	names := []string{"localhost", "kubernetes", "kubernetes.default", "kubernetes.default.svc", "kubernetes.default.svc.cluster.local"}
	server, err := c.ca.Server(names, loopback, net.IP(add(c.net.services.Addr(), 1).AsSlice()))
	if err != nil {
		return err
	}
	accounts, err := pki.NewKey()
	if err != nil {
		return err
	}
	for name, text := range map[string][]byte{
		"ca.crt": c.ca.Certificate(), "server.crt": server.Cert, "server.key": server.Key, "accounts.key": accounts,
	} {
		if err := os.WriteFile(c.file(name), text, 0o600); err != nil {
			return fmt.Errorf("write certificates: %w", err)
		}
	}
	return nil
}

// connect makes the administrator's kubeconfig and clients. None of them asks
// the API server anything yet.
func (c *Cluster) connect() error {
	var err error
	if c.Kubeconfig, err = c.UserKubeconfig("admin", "system:masters"); err != nil {
		return err
	}
	if c.rest, err = clientcmd.BuildConfigFromFlags("", c.Kubeconfig); err != nil {
		return fmt.Errorf("read kubeconfig: %w", err)
	}
	c.rest.QPS, c.rest.Burst = 500, 1000 // a test should not wait for its own client
	client, err := kubernetes.NewForConfig(c.rest)
	if err != nil {
		return fmt.Errorf("make client: %w", err)
	}
	if c.dyn, err = dynamic.NewForConfig(c.rest); err != nil {
		return fmt.Errorf("make dynamic client: %w", err)
	}
	c.client = client
	c.mapper = restmapper.NewDeferredDiscoveryRESTMapper(memory.NewMemCacheClient(client.Discovery()))
	return nil
}

// ready asks the API server's own opinion.
func (c *Cluster) ready(ctx context.Context) error {
	_, err := c.client.Discovery().RESTClient().Get().AbsPath("/readyz").DoRaw(ctx)
	return err
}
