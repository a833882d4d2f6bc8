package federation

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/miekg/dns"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/fedns/fedns/integration/harness"
)

// dialects are those that the daemon speaks here.
const dialects = "karmada, kubefed, federation-v1"

// patience is how long anything may take on a machine that does much else.
const patience = 45 * time.Second

const config = `apiVersion: fedns.io/v1alpha1
kind: Config
listen: {dns: ["{{.DNS}}"], http: "{{.HTTP}}"}
federation: {name: prod, clusterSet: clusterset.local}
exports: [ServiceExport, Annotated, Ingress, Gateway]
zones: [{name: example.com}]
host: {kubeconfig: %s, namespace: default}
evidence: {behindAfter: 1s, unprobedAfter: 2s}
clusters:%s
propagation:
  dialects: [%s]
  karmada: {propagation: on, policyDeleted: %s}
  failover: {toleration: 2s, grace: 60s, holdWindow: 2s}
`

// world is the fleet, and the daemon that its host has.
type world struct {
	t       *testing.T // of the step that runs
	whole   *testing.T
	fleet   *harness.Fleet
	host    *harness.Cluster
	members []*harness.Cluster // cluster1, cluster2, member1
	paths   map[string]*path   // to each member
	daemon  *harness.Daemon
	within  time.Duration // how long becomes waits
	probers []*prober     // of the cluster that is killed
}

// path is how fedns gets to a member: as a user of its own, and with a data path as
// far as probes go.
type path struct {
	kubeconfig string
	address    string
	listener   net.Listener
}

func newWorld(t *testing.T) *world {
	t.Helper()
	specs := []harness.Spec{{Name: "host"}, {Name: "cluster1"}, {Name: "cluster2"}, {Name: "member1"}}
	w := &world{t: t, whole: t, within: patience, paths: map[string]*path{}}
	w.fleet = harness.Start(t, harness.Options{Clusters: specs})
	w.host = w.fleet.Cluster("host")
	for _, s := range specs[1:] {
		w.members = append(w.members, w.fleet.Cluster(s.Name))
		w.paths[s.Name] = &path{address: "127.0.0.1:0"}
		user, err := w.fleet.Cluster(s.Name).UserKubeconfig("fedns", "system:masters")
		if err != nil {
			t.Fatal(err)
		}
		w.paths[s.Name].kubeconfig = user
		w.paths[s.Name].open(t)
	}
	t.Cleanup(func() {
		for _, p := range w.paths {
			_ = p.listener.Close() // it may be closed
		}
	})
	w.apply(w.host, definitions(t))
	w.daemon = harness.Fedns(t, w.fleet, harness.DaemonSpec{Config: w.config("Keep")})
	return w
}

// open has probes get through, and is how a data path comes back, too.
func (p *path) open(t *testing.T) {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", p.address)
	if err != nil {
		t.Fatal(err)
	}
	p.listener, p.address = l, l.Addr().String()
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return // it was closed
			}
			_ = c.Close()
		}
	}()
}

// config is the daemon's, with what becomes of templates whose policy is deleted.
func (w *world) config(deleted string) string {
	var clusters strings.Builder
	for _, m := range w.members {
		fmt.Fprintf(&clusters, "\n- {name: %s, kubeconfig: %s, probes: [{tcp: %q}], probe: {interval: 500ms, timeout: 200ms, failures: 2}}", m.Name, w.paths[m.Name].kubeconfig, w.paths[m.Name].address)
	}
	return fmt.Sprintf(config, w.host.Kubeconfig, clusters.String(), dialects, deleted)
}

// definitions are all there are of the host.
func definitions(t *testing.T) string {
	t.Helper()
	var text strings.Builder
	for _, pattern := range []string{"*.yaml", "*/*.yaml"} {
		files, err := filepath.Glob(filepath.Join("..", "..", "deploy", "crds", pattern))
		if err != nil || len(files) == 0 {
			t.Fatalf("no definitions: %v", err)
		}
		for _, name := range files {
			text.WriteString("---\n" + file(t, name) + "\n")
		}
	}
	return text.String()
}

// file is a file as it stands.
func file(t *testing.T, name string) string {
	t.Helper()
	raw, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

func manifest(t *testing.T, name string) string {
	t.Helper()
	return file(t, filepath.Join("testdata", name+".yaml"))
}

func (w *world) apply(c *harness.Cluster, text string) {
	w.t.Helper()
	if err := c.Apply(w.t.Context(), text); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) remove(c *harness.Cluster, text string) {
	w.t.Helper()
	if err := c.Delete(w.t.Context(), text); err != nil {
		w.t.Fatal(err)
	}
}

// Resources that the tests look at.
var (
	deployments       = schema.GroupVersionResource{Group: "apps", Version: "v1", Resource: "deployments"}
	ingresses         = schema.GroupVersionResource{Group: "networking.k8s.io", Version: "v1", Resource: "ingresses"}
	services          = schema.GroupVersionResource{Version: "v1", Resource: "services"}
	apps              = schema.GroupVersionResource{Group: "director.kubedirector.io", Version: "v1", Resource: "kubedirectorapps"}
	configMaps        = schema.GroupVersionResource{Version: "v1", Resource: "configmaps"}
	federated         = schema.GroupVersionResource{Group: "types.kubefed.io", Version: "v1beta1", Resource: "federateddeployments"}
	federatedServices = schema.GroupVersionResource{Group: "types.kubefed.io", Version: "v1beta1", Resource: "federatedservices"}
	federatedMaps     = schema.GroupVersionResource{Group: "types.kubefed.io", Version: "v1beta1", Resource: "federatedconfigmaps"}
	bindings          = schema.GroupVersionResource{Group: "fedns.io", Version: "v1alpha1", Resource: "bindings"}
	bound             = schema.GroupVersionResource{Group: "work.karmada.io", Version: "v1alpha2", Resource: "resourcebindings"}
)

// get is an object; nil: it is not there.
func get(ctx context.Context, c *harness.Cluster, r schema.GroupVersionResource, namespace, name string) (*unstructured.Unstructured, error) {
	o, err := c.Dynamic().Resource(r).Namespace(namespace).Get(ctx, name, metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("cluster %s: %w", c.Name, err)
	}
	return o, nil
}

// becomes waits until an object is as it should be. what says what it is not yet;
// empty: it is.
func (w *world) becomes(c *harness.Cluster, r schema.GroupVersionResource, namespace, name string, what func(*unstructured.Unstructured) string) {
	w.t.Helper()
	began, last := time.Now(), "it was never seen"
	harness.Eventually(w.t, w.within, func(ctx context.Context) error {
		o, err := get(ctx, c, r, namespace, name)
		switch {
		case err != nil:
			return fmt.Errorf("%w; before: %s", err, last) // which may only be that time is up
		case o == nil:
			last = "it is not there"
		default:
			last = what(o)
		}
		if last == "" {
			return nil
		}
		return fmt.Errorf("cluster %s: %s %s/%s: %s", c.Name, r.Resource, namespace, name, last)
	})
	w.t.Logf("cluster %s: %s %s/%s after %v", c.Name, r.Resource, namespace, name, time.Since(began).Round(10*time.Millisecond))
}

// goes waits until an object is not there.
func (w *world) goes(c *harness.Cluster, r schema.GroupVersionResource, namespace, name string) {
	w.t.Helper()
	harness.Eventually(w.t, patience, func(ctx context.Context) error {
		o, err := get(ctx, c, r, namespace, name)
		if err == nil && o != nil {
			err = fmt.Errorf("cluster %s still has %s %s/%s", c.Name, r.Resource, namespace, name)
		}
		return err
	})
}

// absent asserts that an object is not there, once all that was to come has come.
func (w *world) absent(c *harness.Cluster, r schema.GroupVersionResource, namespace, name string) {
	w.t.Helper()
	if o, err := get(w.t.Context(), c, r, namespace, name); err != nil || o != nil {
		w.t.Errorf("cluster %s has %s %s/%s, %v: it was not placed there", c.Name, r.Resource, namespace, name, err)
	}
}

// there is a becomes that any object is.
func there(*unstructured.Unstructured) string { return "" }

// replicas wants so many of them, as written and as they run.
func replicas(n int64) func(*unstructured.Unstructured) string {
	return func(o *unstructured.Unstructured) string {
		spec, _, _ := unstructured.NestedInt64(o.Object, "spec", "replicas")
		ready, _, _ := unstructured.NestedInt64(o.Object, "status", "readyReplicas")
		if spec != n || ready != n {
			return fmt.Sprintf("%d replicas, %d ready, want %d", spec, ready, n)
		}
		return ""
	}
}

// nested is a value of an object in JSON, by its path; empty: it is not there.
func nested(o *unstructured.Unstructured, path ...string) string {
	v, ok, err := unstructured.NestedFieldNoCopy(o.Object, path...)
	if err != nil || !ok {
		return ""
	}
	raw, _ := json.Marshal(v)
	return string(raw)
}

// containers are those of a Deployment in JSON.
func containers(o *unstructured.Unstructured) string {
	return nested(o, "spec", "template", "spec", "containers")
}

// ask is the sorted addresses of a name, or its RCODE.
func (w *world) ask(ctx context.Context, name string) ([]string, string, error) {
	q := new(dns.Msg).SetQuestion(dns.Fqdn(name), dns.TypeA)
	r, _, err := new(dns.Client).ExchangeContext(ctx, q, w.daemon.DNSAddr)
	if err != nil {
		return nil, "", err
	}
	var all []string
	for _, rr := range r.Answer {
		if a, ok := rr.(*dns.A); ok {
			all = append(all, a.A.String())
		}
	}
	slices.Sort(all)
	return all, dns.RcodeToString[r.Rcode], nil
}

// answers waits until a name has exactly these addresses.
func (w *world) answers(name string, want ...string) {
	w.t.Helper()
	slices.Sort(want)
	began := time.Now()
	harness.Eventually(w.t, patience, func(ctx context.Context) error {
		got, rcode, err := w.ask(ctx, name)
		if err == nil && !slices.Equal(got, want) {
			err = fmt.Errorf("%s: %s %v, want %v", name, rcode, got, want)
		}
		return err
	})
	w.t.Logf("%s has %d addresses after %v", name, len(want), time.Since(began).Round(10*time.Millisecond))
}

// ready are the addresses of the Pods in clusters that are ready, of a label app.
func (w *world) ready(namespace, app string, clusters ...*harness.Cluster) (all []string) {
	w.t.Helper()
	for _, c := range clusters {
		list, err := c.Client().CoreV1().Pods(namespace).List(w.t.Context(), metav1.ListOptions{LabelSelector: "app=" + app})
		if err != nil {
			w.t.Fatal(err)
		}
		for i := range list.Items {
			if readySince(&list.Items[i]) != nil {
				all = append(all, list.Items[i].Status.PodIP)
			}
		}
	}
	return all
}

// standing waits until the daemon thinks so of a member.
func (w *world) standing(name, want string) {
	w.t.Helper()
	began := time.Now()
	harness.Eventually(w.t, patience, func(ctx context.Context) error {
		var list struct {
			Clusters []struct{ ID, Phase, Standing, Why string }
		}
		if err := w.fetch(ctx, "/api/v1/clusters", &list); err != nil {
			return err
		}
		for _, c := range list.Clusters {
			if c.ID == name && c.Standing == want {
				return nil
			}
		}
		return fmt.Errorf("clusters are %+v, want %s %s", list.Clusters, name, want)
	})
	w.t.Logf("%s stands %s after %v", name, want, time.Since(began).Round(10*time.Millisecond))
}

// fetch reads JSON of the daemon.
func (w *world) fetch(ctx context.Context, path string, into any) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+w.daemon.HTTPAddr+path, nil)
	if err != nil {
		return err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	return json.NewDecoder(resp.Body).Decode(into)
}
