package hosted

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/fedns/fedns/integration/harness"
)

// static are records of a zone file, of types that Services do not have.
const static = `$TTL 60
www    CNAME web.shop.prod.svc
mail2  MX    10 mail
text   TXT   "two" "strings; with a semicolon"
info   CAA   0 issue "ca.example.net"
*.wild A     192.0.2.99
`

// service is a Service of ready endpoints, exported by annotation.
func service(name, kind, fields string) string {
	return fmt.Sprintf(`
apiVersion: v1
kind: Service
metadata: {name: %[1]s, namespace: shop, annotations: {fedns.io/export: "true"}}
spec:
  %[3]s
  selector: {app: %[1]s}
  ports: [{name: http, port: 80}]
---
apiVersion: apps/v1
kind: %[2]s
metadata: {name: %[1]s, namespace: shop}
spec:
  replicas: 2
  selector: {matchLabels: {app: %[1]s}}
  template:
    metadata: {labels: {app: %[1]s}}
    spec: {containers: [{name: c, image: c}]}
---
`, name, kind, fields)
}

const shop = "apiVersion: v1\nkind: Namespace\nmetadata: {name: shop}\n---\n"

// headless are a StatefulSet's fields beside a headless Service's.
func headless(name string) string {
	text := service(name, "StatefulSet", "clusterIP: None")
	return strings.Replace(text, "  replicas:", "  serviceName: "+name+"\n  podManagementPolicy: Parallel\n  replicas:", 1)
}

// tour is the state that the steps of churn share.
type tour struct {
	*testing.T
	fleet  *harness.Fleet
	eu, us *harness.Cluster
	bind   *bind
	fedns  *harness.Daemon
	last   point
}

// churn holds that BIND has what fedns answers, whatever happens to clusters, and that
// nothing is written while nothing changes.
func churn(t *testing.T, f *harness.Fleet) {
	w := &tour{T: t, fleet: f, eu: f.Cluster("eu-1"), us: f.Cluster("us-1"), bind: hosting(t)}
	must(t, w.eu.Apply(t.Context(), shop+service("web", "Deployment", "")+service("taken", "Deployment", "")+headless("db")))
	must(t, w.us.Apply(t.Context(), shop+service("web", "Deployment", "")+service("balanced", "Deployment", "type: LoadBalancer")))
	must(t, w.us.SetIngress(t.Context(), "shop", "balanced", "192.0.2.1"))
	// Audits are what could write without need: they come often here.
	w.fedns = daemon(t, f, configuration(f, "zones: [{name: example.com, files: ["+file(t, "static", static)+"]}]\n"+
		toBIND(w.bind, "  audit: 1s\n  withdrawals: {window: 3s}\n  rates: [{action: AXFR, burst: 100, perSecond: 100}]\n"), "eu-1", "us-1"))

	w.step("begin", func() {}, has("web.shop.prod. A", 2), has("db.shop.prod. A", 2), has("balanced.shop.prod. A", 1), has("taken.shop.prod. A", 1), has("*.wild.example.com. A", 1))
	w.refused("taken.shop.prod. A")
	w.quiet()
	w.step("scale", func() {
		must(t, w.eu.Scale(t.Context(), "shop", "web", 0))
		w.scaleSet("db", 5)
	}, has("web.shop.prod. A", 1), has("db.shop.prod. A", 5))
	w.step("scale back", func() {
		must(t, w.eu.Scale(t.Context(), "shop", "web", 3))
		w.scaleSet("db", 1)
	}, has("web.shop.prod. A", 2), has("db.shop.prod. A", 1))
	w.step("delete", func() {
		// Both at once: together they are more than may be lost within the window.
		var both errgroup.Group
		both.Go(func() error { return w.us.Delete(t.Context(), service("balanced", "Deployment", "")) })
		both.Go(func() error { return w.eu.Delete(t.Context(), headless("db")) })
		must(t, both.Wait())
		w.release("example.com.") // more than half of it
	}, has("balanced.shop.prod. A", 0), has("db.shop.prod. A", 0))
	w.step("create", func() {
		must(t, w.eu.Apply(t.Context(), headless("db")))
		must(t, w.us.Apply(t.Context(), headless("db")+service("late", "Deployment", "")))
	}, has("db.shop.prod. A", 4), has("late.shop.prod. A", 1))
	w.weights()
	w.labels()
	w.quiet() // for longer than the guard's window, or what labels took away would count with what is lost
	w.lost()
	w.quiet()
}

func (w *tour) scaleSet(name string, n int) {
	_, err := w.eu.Client().AppsV1().StatefulSets("shop").Patch(w.Context(), name, types.MergePatchType, fmt.Appendf(nil, `{"spec":{"replicas":%d}}`, n), metav1.PatchOptions{})
	must(w.T, err)
}

// weights changes a weight, which a name server knows nothing of. A TTL that is none,
// beside it, is told as a finding: then the weight was heard, too.
func (w *tour) weights() {
	w.step("weights", func() {
		_, err := w.us.Client().CoreV1().Services("shop").Patch(w.Context(), "web", types.MergePatchType,
			[]byte(`{"metadata":{"annotations":{"fedns.io/weight":"7","fedns.io/ttl":"none"}}}`), metav1.PatchOptions{})
		must(w.T, err)
		harness.Eventually(w, 10*time.Second, func(ctx context.Context) error {
			text, err := get(ctx, w.fedns, "/api/v1/services")
			if err == nil && !strings.Contains(string(text), "fedns.io/ttl") {
				err = fmt.Errorf("nothing is said of it: %s", text)
			}
			return err
		})
	})
	w.quiet()
}

// labels changes where a cluster's nodes are, and what a Service selects.
func (w *tour) labels() {
	const before, after = "web.shop.prod.svc.us-east-1a.us-east.example.com. A", "web.shop.prod.svc.us-east-1b.us-east.example.com. A"
	if err := has(before, 1)(w.last.published["example.com."]); err != nil {
		w.Fatal(err)
	}
	w.step("labels", func() {
		nodes, err := w.us.Client().CoreV1().Nodes().List(w.Context(), metav1.ListOptions{})
		must(w.T, err)
		for _, n := range nodes.Items {
			_, err := w.us.Client().CoreV1().Nodes().Patch(w.Context(), n.Name, types.MergePatchType, []byte(`{"metadata":{"labels":{"topology.kubernetes.io/zone":"us-east-1b"}}}`), metav1.PatchOptions{})
			must(w.T, err)
		}
		_, err = w.us.Client().CoreV1().Services("shop").Patch(w.Context(), "late", types.MergePatchType, []byte(`{"spec":{"selector":{"app":"nobody"}}}`), metav1.PatchOptions{})
		must(w.T, err)
	}, has(after, 1), has(before, 0), has("late.shop.prod. A", 0))
	w.step("and back", func() {
		_, err := w.us.Client().CoreV1().Services("shop").Patch(w.Context(), "late", types.MergePatchType, []byte(`{"spec":{"selector":{"app":"late"}}}`), metav1.PatchOptions{})
		must(w.T, err)
	}, has("late.shop.prod. A", 1))
}

// lost takes a cluster away: it steps behind the other, and what it alone has stands.
func (w *tour) lost() {
	w.step("lost", func() { must(w.T, w.us.StopAPIServer()) }, has("web.shop.prod. A", 1), has("late.shop.prod. A", 1), has("db.shop.prod. A", 2))
	w.step("lost, churn", func() { w.scaleSet("db", 3) }, has("web.shop.prod. A", 1), has("late.shop.prod. A", 1), has("db.shop.prod. A", 3))
	w.step("back", func() { must(w.T, w.us.StartAPIServer(w.Context())) }, has("web.shop.prod. A", 2), has("late.shop.prod. A", 1), has("db.shop.prod. A", 5))
}
