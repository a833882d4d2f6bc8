package federationv1

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/fedns/fedns/federation/cluster"
	"github.com/fedns/fedns/federation/placement"
	"github.com/fedns/fedns/federation/work"
	"github.com/fedns/fedns/federation/work/worktest"
)

// TestOrders: testdata/orders.yaml is what is in the host, orders.txt the orders and
// findings that follow from it.
func TestOrders(t *testing.T) {
	d := newDesk()
	for _, o := range worktest.Objects(t, worktest.Read(t, "testdata/orders.yaml")) {
		d.put(o)
	}
	var all []string
	for o, ok := d.next(); ok; o, ok = d.next() {
		all = append(all, show(o))
	}
	for _, f := range d.found() {
		all = append(all, "finding "+f.String()+"\n")
	}
	slices.Sort(all)
	worktest.Golden(t, "testdata/orders.txt", strings.Join(all, ""))
}

// TestDocumented: what v1's documentation says of replicas holds.
func TestDocumented(t *testing.T) {
	for _, tt := range []struct{ name, annotation, want string }{
		{"spread equally", `federation.alpha.kubernetes.io/cluster-selector: "[]"`, "A=3 B=3 C=3"},
		{"those that are not named have none", `federation.kubernetes.io/deployment-preferences: '{"clusters": {"A": {"weight": 1}, "B": {"weight": 2}}}'`, "A=3 B=6"},
		{"as ReplicaSets have it", `federation.kubernetes.io/replica-set-preferences: '{"clusters": {"*": {"weight": 1}, "A": {"minReplicas": 5, "maxReplicas": 5}}}'`, "A=5 B=2 C=2"},
		{"selected by a number", `federation.alpha.kubernetes.io/cluster-selector: '[{"key": "load", "operator": "Lt", "values": ["10"]}]'`, "A=9"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			d := newDesk()
			d.put(worktest.Objects(t, "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: a\n  annotations: {"+tt.annotation+"}\nspec: {replicas: 9}")[0])
			o, _ := d.next()
			decided, err := placement.Planner{}.Place(o.Placement, []*cluster.Cluster{{Name: "A", Labels: map[string]string{"load": "9"}}, {Name: "B", Labels: map[string]string{"load": "10"}}, {Name: "C"}})
			if err != nil || o.Err != nil {
				t.Fatal(err, o.Err)
			}
			var got []string
			for _, target := range decided.Targets {
				if target.Replicas > 0 {
					got = append(got, fmt.Sprintf("%s=%d", target.Cluster, target.Replicas))
				}
			}
			if strings.Join(got, " ") != tt.want {
				t.Errorf("got %v, want %s", got, tt.want)
			}
		})
	}
}

const service = `
apiVersion: v1
kind: Service
metadata: {name: web, namespace: shop, uid: "u"%s}
spec: {ports: [{port: 80}]}
`

const federated = `, annotations: {federation.alpha.kubernetes.io/cluster-selector: "[]"}`

// TestDesk: what changes gives the orders that follow, and none again.
func TestDesk(t *testing.T) {
	put := func(more string) func(*desk) {
		return func(d *desk) { d.put(worktest.Objects(t, fmt.Sprintf(service, more))[0]) }
	}
	remove := func(d *desk) { d.remove(worktest.Objects(t, fmt.Sprintf(service, federated))[0]) }
	type step struct {
		do   func(*desk)
		want string
	}
	for name, steps := range map[string][]step{
		"deleted":        {{put(federated), "order"}, {put(federated), ""}, {remove, "take back"}, {remove, ""}},
		"being deleted":  {{put(federated), "order"}, {put(federated + `, deletionTimestamp: "2026-01-02T03:04:05Z"`), "take back"}, {remove, ""}},
		"unmarked":       {{put(federated), "order"}, {put(""), "take back, orphan"}, {put(federated), "order"}},
		"never marked":   {{put(""), ""}, {remove, ""}},
		"what we wrote":  {{put(federated), "order"}, {put(strings.Replace(federated, "}", `, federation.kubernetes.io/service-ingresses: "{}"}`, 1)), ""}},
		"last good":      {{put(federated), "order"}, {put(strings.Replace(federated, "[]", "[", 1)), "error"}, {put(federated), "order"}},
		"bad from start": {{put(strings.Replace(federated, "[]", "[", 1)), "error"}},
	} {
		t.Run(name, func(t *testing.T) {
			d := newDesk()
			for i, s := range steps {
				s.do(d)
				got := ""
				if o, ok := d.next(); ok {
					switch {
					case o.Err != nil:
						got = "error"
					case o.Template != nil:
						got = "order"
					case o.Options.Orphan:
						got = "take back, orphan"
					default:
						got = "take back"
					}
				}
				if got != s.want {
					t.Errorf("step %d: got %q, want %q", i, got, s.want)
				}
			}
		})
	}
}

// clients has another name than the method.
type clients client.Client

// quiet is a host whose kinds are all there and empty, and its client.
type quiet struct {
	clients
	worktest.Watches
	mu      sync.Mutex
	patches []string
}

func (q *quiet) Client() client.Client { return q }

func (q *quiet) Patch(_ context.Context, o client.Object, p client.Patch, _ ...client.PatchOption) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	body, err := p.Data(o)
	q.patches = append(q.patches, o.GetName()+" "+string(body))
	return err
}

// TestRun: an object is ordered, and its addresses are written back, once.
func TestRun(t *testing.T) {
	q := &quiet{}
	made := func() (*Dialect, error) { return New(Config{Host: q, Log: slog.New(slog.DiscardHandler)}) }
	worktest.Run(t, made, func(t *testing.T, d *Dialect, e *worktest.Sink) {
		if _, synced := e.Last(); synced != 1 {
			t.Errorf("synced %d times", synced)
		}
		q.Put(t, worktest.Objects(t, fmt.Sprintf(service, federated))[0])
		o, _ := e.Last()
		if e.Told() != 1 {
			t.Fatalf("%d orders, %v", e.Told(), o)
		}
		r := work.Report{Order: o, Outcomes: []work.Outcome{
			{Cluster: "b", Key: o.Key, Phase: work.Applied, Status: json.RawMessage(`{"loadBalancer":{"ingress":[{"ip":"192.0.2.2","ipMode":"VIP"},{"hostname":"b.example.com"}]}}`)},
			{Cluster: "a", Key: o.Key, Phase: work.Applied, Status: json.RawMessage(`{"loadBalancer":{"ingress":[{"ip":"192.0.2.1"}]}}`)},
			{Cluster: "c", Key: o.Key, Phase: work.Applied, Status: json.RawMessage(`{"loadBalancer":{}}`)},
			{Cluster: "d", Key: o.Key, Phase: work.Removed, Status: json.RawMessage(`{"loadBalancer":{"ingress":[{"ip":"192.0.2.4"}]}}`)},
		}}
		if err := d.Report(t.Context(), r); err != nil {
			t.Fatal(err)
		}
		const text = `{"items":[{"cluster":"a","items":[{"ip":"192.0.2.1"}]},{"cluster":"b","items":[{"ip":"192.0.2.2"},{"hostname":"b.example.com"}]}]}`
		quoted, _ := json.Marshal(text)
		if want := `web {"metadata":{"annotations":{"federation.kubernetes.io/service-ingresses":` + string(quoted) + `},"uid":"u"}}`; len(q.patches) != 1 || q.patches[0] != want {
			t.Errorf("got  %v\nwant %s", q.patches, want)
		}
		written := worktest.Objects(t, fmt.Sprintf(service, federated))[0]
		written.SetAnnotations(map[string]string{selectorKey: "[]", ingressesKey: text})
		q.Put(t, written)
		if err := d.Report(t.Context(), r); err != nil || len(q.patches) != 1 || e.Told() != 1 {
			t.Errorf("written again: %v, %v, %d orders", err, q.patches, e.Told())
		}
	})
	if _, err := New(Config{}); err == nil {
		t.Error("made without a host")
	}
}

// show is an order as the golden file has it.
func show(o work.Order) string {
	var b strings.Builder
	fmt.Fprintf(&b, "order %s (%s)\n", o.Key, o.Options.Existing)
	if o.Err != nil {
		fmt.Fprintf(&b, "  error %v\n", o.Err)
		return b.String()
	}
	for _, t := range o.Placement.Affinities[0].Terms {
		fmt.Fprintf(&b, "  where %s %s %s\n", t.Key, t.Operator, strings.Join(t.Values, ","))
	}
	for _, t := range o.Placement.Tolerations {
		fmt.Fprintf(&b, "  tolerates %s", t.Key)
		if t.TolerationSeconds != nil {
			fmt.Fprintf(&b, " %s for %ds", t.Effect, *t.TolerationSeconds)
		}
		b.WriteString("\n")
	}
	if o.Placement.Replicas != nil {
		limits, _ := json.Marshal(o.Placement.Scheduling.Limits)
		fmt.Fprintf(&b, "  %d replicas %s %s, rebalance %v\n", *o.Placement.Replicas, o.Placement.Scheduling.Mode, limits, o.Placement.Scheduling.Rebalance)
	}
	text, _ := json.Marshal(o.Template.Object)
	fmt.Fprintf(&b, "  template %s\n", text)
	return b.String()
}
