package hosted

import (
	"context"
	"fmt"
	"maps"
	"os/exec"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/fedns/fedns/integration/harness"
	"github.com/fedns/fedns/providers"
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
		must(t, w.us.Delete(t.Context(), service("balanced", "Deployment", "")))
		must(t, w.eu.Delete(t.Context(), headless("db")))
		w.release("example.com.") // more than half of it
	}, has("balanced.shop.prod. A", 0), has("db.shop.prod. A", 0))
	w.step("create", func() {
		must(t, w.eu.Apply(t.Context(), headless("db")))
		must(t, w.us.Apply(t.Context(), headless("db")+service("late", "Deployment", "")))
	}, has("db.shop.prod. A", 4), has("late.shop.prod. A", 1))
	w.weights()
	w.labels()
	w.lost()
	w.quiet()
}

// wish is what has to be so in fedns for a step to have happened.
type wish func(map[question][]string) error

// has wishes for so many records.
func has(q question, n int) wish {
	return func(c map[question][]string) error {
		if len(c[q]) != n {
			return fmt.Errorf("%s: %q, want %d records", q, c[q], n)
		}
		return nil
	}
}

// step does something, waits until fedns answers as wished and BIND agrees, and holds
// that each zone's SOA moved if, and only if, the zone did.
func (w *tour) step(name string, do func(), wishes ...wish) {
	w.Helper()
	began := time.Now()
	do()
	var now point
	harness.Eventually(w, 40*time.Second, func(ctx context.Context) error {
		p, err := agrees(ctx, w.bind, w.fedns)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		all := map[question][]string{}
		for _, c := range p.published {
			maps.Copy(all, c)
		}
		for _, wish := range wishes {
			if err := wish(all); err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
		}
		now = p
		return w.idle(ctx)
	})
	for _, apex := range apexes {
		moved, changed := now.serials[apex] != w.last.serials[apex], !reflect.DeepEqual(now.published[apex], w.last.published[apex])
		if moved != changed {
			w.Errorf("%s: the SOA of %s moved: %t (%d to %d), and what is published there changed: %t", name, apex, moved, w.last.serials[apex], now.serials[apex], changed)
		}
	}
	w.strangers(now)
	w.last = now
	w.Logf("%-12s %d names and types agree after %v, serials %v", name, now.names, time.Since(began).Round(time.Millisecond), now.serials)
}

// strangers holds that none of the updates since the last point touched what is not
// fedns's.
func (w *tour) strangers(now point) {
	w.Helper()
	for apex, since := range w.last.serials {
		theirs, err := foreign(apex)
		must(w.T, err)
		all, err := w.bind.updates(w.Context(), apex, since)
		must(w.T, err)
		if n := now.serials[apex] - since; uint32(len(all)) < n {
			w.Errorf("%s: the journal has %d updates since %d, want %d", apex, len(all), since, n)
		}
		for _, u := range all {
			for _, rr := range slices.Concat(u.deleted, u.additions) {
				if theirs[questionOf(rr)] != nil {
					w.Errorf("update to %s, serial %d, touches %s", apex, u.serial, rr)
				}
			}
		}
	}
}

// idle is an error while there is something to write.
func (w *tour) idle(ctx context.Context) error {
	all, err := status(ctx, w.fedns)
	if err != nil {
		return err
	}
	for _, apex := range apexes {
		if s := all[apex]; s.Phase != providers.PhaseInSync || s.Backlog > 0 || s.Held > 0 {
			return fmt.Errorf("%s is %s, %d wait, %d are held: %s", apex, s.Phase, s.Backlog, s.Held, s.Error)
		}
	}
	return nil
}

// quiet holds that audits write nothing.
func (w *tour) quiet() {
	w.Helper()
	before, err := status(w.Context(), w.fedns)
	must(w.T, err)
	w.step("quiet", func() {
		harness.Eventually(w, 20*time.Second, func(ctx context.Context) error {
			now, err := status(ctx, w.fedns)
			if err != nil {
				return err
			}
			for _, apex := range apexes {
				if n := now[apex].Calls.Lists - before[apex].Calls.Lists; n < 3 {
					return fmt.Errorf("%s was listed %d times since", apex, n)
				}
			}
			return nil
		})
	})
	after, err := status(w.Context(), w.fedns)
	must(w.T, err)
	for _, apex := range apexes {
		if b, a := before[apex].Calls, after[apex].Calls; b.Applied != a.Applied || a.Drifted != 0 || a.Conflicts != 0 {
			w.Errorf("%s: calls were %+v, and are %+v", apex, b, a)
		}
	}
}

// refused waits until it is told that a record cannot be written.
func (w *tour) refused(record string) {
	w.Helper()
	harness.Eventually(w, 10*time.Second, func(ctx context.Context) error {
		all, err := status(ctx, w.fedns)
		if err != nil {
			return err
		}
		for _, s := range all {
			for _, r := range s.Refused {
				if r.Record == record && slices.ContainsFunc(r.Objects, func(o string) bool { return strings.Contains(o, "Service/shop/") }) {
					return nil
				}
			}
		}
		return fmt.Errorf("nobody says that %s is refused: %+v", record, all)
	})
}

// release waits until losses are held in a zone, and then gives the word.
func (w *tour) release(apex string) {
	w.Helper()
	harness.Eventually(w, 10*time.Second, func(ctx context.Context) error {
		all, err := status(ctx, w.fedns)
		if err != nil {
			return err
		}
		if s := all[apex]; s.Held == 0 || s.Phase != providers.PhaseHeld {
			return fmt.Errorf("%s is %s, %d are held", apex, s.Phase, s.Held)
		}
		got, _, err := holds(ctx, w.bind.addr, apex, true)
		if err == nil {
			maps.DeleteFunc(got, func(q question, _ []string) bool { return w.last.published[apex][q] == nil })
			if len(got) < len(w.last.published[apex])/2 {
				w.Errorf("%s: of %d names %d are left while losses are held", apex, len(w.last.published[apex]), len(got))
			}
		}
		return err
	})
	program := filepath.Join(w.fleet.Dir, "fedns")
	harness.Eventually(w, 20*time.Second, func(ctx context.Context) error { // what comes later is held once more
		out, err := exec.CommandContext(ctx, program, "release", "--provider", "bind", "--server", "http://"+w.fedns.HTTPAddr).CombinedOutput()
		if err != nil {
			w.Fatalf("fedns release: %v\n%s", err, out)
		}
		all, err := status(ctx, w.fedns)
		if err == nil && all[apex].Held > 0 {
			err = fmt.Errorf("%s holds %d still", apex, all[apex].Held)
		}
		return err
	})
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
