package faults

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/fedns/fedns/integration/harness"
)

// service is one Service with an address of its own and one ready endpoint, by
// objects that no controller touches.
const service = `
apiVersion: v1
kind: Service
metadata: {name: %[1]s, namespace: shop, annotations: {fedns.io/export: "true", fedns.io/addresses: "%[2]s"}}
spec: {ports: [{name: http, port: 80}]}
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {name: %[1]s-1, namespace: shop, labels: {kubernetes.io/service-name: %[1]s}}
addressType: IPv4
ports: [{name: http, port: 80, protocol: TCP}]
endpoints: [{addresses: ["10.9.9.9"], conditions: {ready: true}}]
---
`

// What both clusters have, and what only the first has.
const (
	webEU, webUS = "198.51.100.1", "198.51.100.2"
	both         = webEU + " " + webUS
	onlyEU       = "198.51.100.11"
)

// world is two clusters, the first behind a proxy, and a daemon.
type world struct {
	t      *testing.T
	fleet  *harness.Fleet
	eu, us *harness.Cluster
	proxy  *proxy
	daemon *harness.Daemon
	file   string // the first one's kubeconfig, that the daemon reads
}

const config = `apiVersion: fedns.io/v1alpha1
kind: Config
listen: {dns: ["{{.DNS}}"], http: "{{.HTTP}}"}
federation: {name: prod}
evidence: {unprobedAfter: 2s, behindAfter: 1s}
clusters:
- {name: eu, kubeconfig: %s}
- {name: us, kubeconfig: %s}
`

func newWorld(t *testing.T) *world {
	t.Helper()
	harness.NeedRoot(t)
	f := harness.Start(t, harness.Options{Network: true, Clusters: []harness.Spec{{Name: "eu", OwnEtcd: true, Nodes: 1}, {Name: "us", Nodes: 1}}})
	w := &world{t: t, fleet: f, eu: f.Cluster("eu"), us: f.Cluster("us"), file: filepath.Join(t.TempDir(), "eu.kubeconfig")}
	w.fill()
	if err := w.us.Apply(t.Context(), namespace+fmt.Sprintf(service, "web", webUS)); err != nil {
		t.Fatal(err)
	}
	w.proxy = newProxy(t, w.eu)
	w.use(w.proxy.kubeconfig)
	w.daemon = harness.Fedns(t, f, harness.DaemonSpec{Config: fmt.Sprintf(config, w.file, w.us.Kubeconfig)})
	w.answers("at first", "web", both)
	w.answers("at first", "only", onlyEU)
	return w
}

const namespace = "apiVersion: v1\nkind: Namespace\nmetadata: {name: shop}\n---\n"

// fill makes the first cluster's objects.
func (w *world) fill() {
	w.t.Helper()
	text := namespace + fmt.Sprintf(service, "web", webEU) + fmt.Sprintf(service, "only", onlyEU)
	for i := range 3 {
		text += fmt.Sprintf(service, fmt.Sprintf("more-%d", i), fmt.Sprintf("198.51.100.%d", 20+i))
	}
	if err := w.eu.Apply(w.t.Context(), text); err != nil {
		w.t.Fatal(err)
	}
}

// use gives the daemon a kubeconfig for the first cluster.
func (w *world) use(file string) {
	w.t.Helper()
	text, err := os.ReadFile(file)
	if err == nil {
		err = os.WriteFile(w.file+".part", text, 0o600)
	}
	if err == nil {
		err = os.Rename(w.file+".part", w.file)
	}
	if err != nil {
		w.t.Fatal(err)
	}
}

// cluster is what the tests look at of /api/v1/clusters.
type cluster struct {
	ID, Phase, Standing, Why, Reason string
	Held                             bool
	Conditions                       []struct{ Type, Message string }
}

// becomes waits until the first cluster is as it should be.
func (w *world) becomes(what string, ok func(cluster) bool) {
	w.t.Helper()
	harness.Eventually(w.t, time.Minute, func(ctx context.Context) error {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+w.daemon.HTTPAddr+"/api/v1/clusters", nil)
		if err != nil {
			return err
		}
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			return err
		}
		defer resp.Body.Close()
		var list struct{ Clusters []cluster }
		if err := json.NewDecoder(resp.Body).Decode(&list); err != nil {
			return err
		}
		if !ok(list.Clusters[0]) {
			return fmt.Errorf("%s: %+v", what, list.Clusters[0])
		}
		return nil
	})
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// lost asserts what the first cluster's loss does, and what it does not: the other
// answers, and what only the lost one has stands, marked.
func (w *world) lost(what string) {
	w.t.Helper()
	w.answers(what, "web", webUS)
	w.answers(what, "only", "stale "+onlyEU)
	w.becomes(what, func(c cluster) bool { return c.Phase == "unreachable" && c.Standing == "behind" && c.Why != "" })
}

// back asserts that all is as it was.
func (w *world) back(what string) {
	w.t.Helper()
	w.answers(what, "web", both)
	w.answers(what, "only", onlyEU)
	w.becomes(what, func(c cluster) bool { return c.Phase == "live" && c.Standing == "first" && len(c.Conditions) == 0 })
}

// held asserts that withdrawals are held.
func (w *world) held(what, why string) {
	w.t.Helper()
	w.becomes(what, func(c cluster) bool {
		return len(c.Conditions) == 1 && c.Conditions[0].Type == "WithdrawalsHeld" && strings.Contains(c.Conditions[0].Message, why)
	})
}

// TestFaults takes one cluster through all that happens to clusters.
func TestFaults(t *testing.T) {
	w := newWorld(t)
	// The other cluster works all the time, and what only the first has is nowhere else.
	x := w.watch(map[string]string{"web": webUS, "only": onlyEU, "more-0": "198.51.100.20", "more-2": "198.51.100.22"})
	for _, fault := range []struct {
		name string
		do   func(t *testing.T)
	}{
		{"killed", func(*testing.T) {
			w.must(w.eu.Kill())
			w.lost("killed")
			w.must(w.eu.Start(t.Context()))
			w.back("started again")
		}},
		{"halted", func(*testing.T) {
			w.use(w.eu.Kubeconfig) // a proxy would answer in its place
			w.back("without the proxy")
			w.must(w.eu.Pause())
			w.lost("halted")
			w.must(w.eu.Resume())
			w.back("goes on")
			w.use(w.proxy.kubeconfig)
			w.back("with the proxy")
		}},
		{"cut off", func(*testing.T) {
			gateway := w.fleet.HostIP().String()
			w.proxy.cut(t, gateway)
			w.lost("cut off")
			w.proxy.mend(t, gateway)
			w.back("mended")
		}},
		{"lists nothing, by error", func(*testing.T) {
			w.proxy.empty.Store(true)
			w.proxy.expire()
			w.held("empty lists", "missing from its lists")
			w.answers("empty lists", "web", both)
			w.proxy.empty.Store(false)
			w.proxy.expire()
			w.back("full lists")
		}},
		{"loses its data, and has it restored", func(*testing.T) {
			// A cluster that is rebuilt is far behind what was seen: its API server opens
			// watches from there, and says nothing.
			for i := range 500 {
				w.must(w.eu.Apply(t.Context(), fmt.Sprintf(`{apiVersion: v1, kind: ConfigMap, metadata: {name: ahead, namespace: shop}, data: {n: "%d"}}`, i)))
			}
			w.must(w.eu.Apply(t.Context(), fmt.Sprintf(service, "ahead", "198.51.100.30"))) // so that it is seen
			w.answers("far ahead", "ahead", "198.51.100.30")
			was, err := w.eu.ReplaceData(t.Context(), "")
			w.must(err)
			w.held("no data", "gone from a store that has gone back in time")
			w.answers("no data", "web", both)
			_, err = w.eu.ReplaceData(t.Context(), was)
			w.must(err)
			w.back("restored")
		}},
		{"credentials expire and are renewed", func(*testing.T) {
			good, err := clientcmd.LoadFromFile(w.eu.Kubeconfig)
			w.must(err)
			for _, u := range good.AuthInfos {
				u.ClientCertificateData, u.ClientKeyData, u.Token = nil, nil, "a.b.c"
			}
			bad := filepath.Join(t.TempDir(), "expired")
			w.must(clientcmd.WriteToFile(*good, bad))
			w.use(bad)
			w.lost("not let in any more")
			w.use(w.eu.Kubeconfig)
			w.back("renewed")
			// Nothing needs the proxy any more: to change over to it now would have what
			// comes next seen by a list.
		}},
		{"a namespace is deleted", func(*testing.T) {
			for _, name := range []string{"only", "more-0", "more-2"} {
				x.need(name, "")
			}
			w.must(w.eu.Client().CoreV1().Namespaces().Delete(t.Context(), "shop", metav1.DeleteOptions{}))
			w.answers("deleted", "web", webUS)
			w.answers("deleted", "only", "NXDOMAIN")
			w.becomes("deleted", func(c cluster) bool { return c.Phase == "live" && len(c.Conditions) == 0 })
			harness.Eventually(t, time.Minute, func(ctx context.Context) error {
				_, err := w.eu.Client().CoreV1().Namespaces().Get(ctx, "shop", metav1.GetOptions{})
				if !apierrors.IsNotFound(err) {
					return fmt.Errorf("still there: %w", err)
				}
				return nil
			})
			w.fill()
			w.back("made again")
		}},
	} {
		if !t.Run(fault.name, func(t *testing.T) {
			outer := w.t
			w.t = t
			defer func() { w.t = outer }()
			fault.do(t)
		}) {
			return // what follows would start from another state
		}
	}
}
