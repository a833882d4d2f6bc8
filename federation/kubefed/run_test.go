package kubefed

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/fedns/fedns/federation/placement"
	"github.com/fedns/fedns/federation/work"
	"github.com/fedns/fedns/federation/work/worktest"
)

// clients has another name than the method.
type clients client.Client

// quiet is a host whose kinds are all there and empty. It is also its client, which
// notes patches; what it does not have may not be called.
type quiet struct {
	clients
	worktest.Watches
	mu      sync.Mutex
	failing error // of all patches
	patches []string
	version int // of what was patched
	live    map[reference]*unstructured.Unstructured
}

func (q *quiet) Client() client.Client { return q }

func (q *quiet) RESTMapper() meta.RESTMapper {
	m := meta.NewDefaultRESTMapper(nil)
	m.Add(schema.GroupVersionKind{Version: "v1", Kind: "ConfigMap"}, meta.RESTScopeNamespace)
	return m
}

func (q *quiet) Get(_ context.Context, key client.ObjectKey, o client.Object, _ ...client.GetOption) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	live := q.live[reference{o.GetObjectKind().GroupVersionKind(), key.Namespace, key.Name}]
	live.DeepCopyInto(o.(*unstructured.Unstructured))
	return nil
}

func (q *quiet) Patch(_ context.Context, o client.Object, p client.Patch, _ ...client.PatchOption) error {
	return q.patched(o, p, "")
}

func (q *quiet) Create(_ context.Context, o client.Object, _ ...client.CreateOption) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	body, err := json.Marshal(o)
	q.patches = append(q.patches, "create "+string(body))
	return errors.Join(err, q.failing)
}

func (q *quiet) Status() client.SubResourceWriter { return &statusWriter{q: q} }

type statusWriter struct {
	client.SubResourceWriter
	q *quiet
}

func (w *statusWriter) Patch(_ context.Context, o client.Object, p client.Patch, _ ...client.SubResourcePatchOption) error {
	return w.q.patched(o, p, " status")
}

func (q *quiet) patched(o client.Object, p client.Patch, sub string) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	body, err := p.Data(o)
	if err != nil || p.Type() != types.MergePatchType {
		return fmt.Errorf("patch %s: %w", p.Type(), err)
	}
	q.patches = append(q.patches, o.GetObjectKind().GroupVersionKind().Kind+" "+o.GetName()+sub+" "+string(body))
	live := q.live[reference{o.GetObjectKind().GroupVersionKind(), o.GetNamespace(), o.GetName()}]
	if q.failing != nil || live == nil || sub == "" {
		return q.failing
	}
	var patch map[string]any
	if err := json.Unmarshal(body, &patch); err != nil {
		return err
	}
	q.version++
	live = live.DeepCopy()
	live.Object["status"] = patch["status"]
	live.SetResourceVersion(fmt.Sprint(100 + q.version))
	live.DeepCopyInto(o.(*unstructured.Unstructured))
	return nil
}

// put has the host hold objects, and the watches of their kinds tell of them.
func (q *quiet) put(t *testing.T, text string) {
	t.Helper()
	for _, o := range worktest.Objects(t, text) {
		q.mu.Lock()
		if q.live == nil {
			q.live = map[reference]*unstructured.Unstructured{}
		}
		q.live[referenceTo(o)] = o
		q.mu.Unlock()
		q.Put(t, o)
	}
}

// taken are the patches since it was asked last.
func (q *quiet) taken() string {
	q.mu.Lock()
	defer q.mu.Unlock()
	all := q.patches
	q.patches = nil
	slices.Sort(all)
	return strings.Join(all, "\n")
}

// running runs a dialect in a bubble.
func running(t *testing.T, q *quiet, do func(*testing.T, *Dialect, *worktest.Sink)) {
	t.Helper()
	runningWith(t, q, nil, do)
}

// runningWith runs a dialect that is told what is answered.
func runningWith(t *testing.T, q *quiet, names Names, do func(*testing.T, *Dialect, *worktest.Sink)) {
	t.Helper()
	worktest.Run(t, func() (*Dialect, error) {
		return New(Config{Host: q, Names: names, Zones: []Zone{{"prod", "example.com"}}, Log: slog.New(slog.DiscardHandler)})
	}, do)
}

// TestDeletion: an object has the finalizer as soon as it is ordered, and loses it
// when all is done, not before.
func TestDeletion(t *testing.T) {
	q := &quiet{}
	running(t, q, func(t *testing.T, d *Dialect, e *worktest.Sink) {
		if _, synced := e.Last(); synced != 1 {
			t.Fatalf("an empty host: synced %d times", synced)
		}
		q.put(t, fmt.Sprintf(configMap, "u", 1, `, resourceVersion: "7", finalizers: [other]`))
		if got, want := q.taken(), `FederatedConfigMap a {"metadata":{"finalizers":["other","kubefed.io/sync-controller"],"resourceVersion":"7","uid":"u"}}`; got != want {
			t.Fatalf("got  %s\nwant %s", got, want)
		}
		q.put(t, fmt.Sprintf(configMap, "u", 2, leaving+`, resourceVersion: "8"`))
		o, _ := e.Last()
		if o.Template != nil || o.Source.UID != "u" {
			t.Fatalf("got %+v", o)
		}
		report := work.Report{Order: o, Outcomes: []work.Outcome{{Cluster: "cluster1", Key: o.Key, Phase: work.Removing}}}
		if err := d.Report(t.Context(), report); err != nil {
			t.Fatal(err)
		}
		if got := q.taken(); !strings.Contains(got, `"clusters":[{"name":"cluster1","status":"WaitingForRemoval"}]`) || strings.Contains(got, "finalizers") {
			t.Errorf("while it is being removed: %s", got)
		}
		report.Done = true
		if err := d.Report(t.Context(), report); err != nil {
			t.Fatal(err)
		}
		if got, want := q.taken(), `FederatedConfigMap a {"metadata":{"finalizers":[],"resourceVersion":"8","uid":"u"}}`; got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
		q.put(t, fmt.Sprintf(configMap, "v", 1, `, resourceVersion: "9", finalizers: [kubefed.io/sync-controller]`))
		if err := d.Report(t.Context(), report); err != nil {
			t.Fatal(err)
		}
		if got := q.taken(); got != "" {
			t.Errorf("of one that was made anew since: %s", got)
		}
	})
}

// TestLag: a report is held against what was written last, even if no watch has told
// of that yet.
func TestLag(t *testing.T) {
	q := &quiet{}
	running(t, q, func(t *testing.T, d *Dialect, e *worktest.Sink) {
		q.put(t, fmt.Sprintf(configMap, "u", 1, `, resourceVersion: "7"`))
		q.taken()
		o, _ := e.Last()
		for i, step := range []struct {
			phase   work.Phase
			written bool
		}{{work.Waiting, true}, {work.Waiting, false}, {work.Applied, true}, {work.Waiting, true}, {work.Waiting, false}} {
			r := work.Report{Order: o, Outcomes: []work.Outcome{{Cluster: "cluster1", Key: o.Key, Phase: step.phase}}}
			r.Decision.Targets = []placement.Target{{Cluster: "cluster1"}}
			if err := d.Report(t.Context(), r); err != nil {
				t.Fatal(err)
			}
			if got := q.taken(); (got != "") != step.written {
				t.Errorf("step %d: written %q", i, got)
			}
		}
		q.put(t, fmt.Sprintf(configMap, "u", 1, `, resourceVersion: "200"`)) // somebody took the status away
		q.taken()
		r := work.Report{Order: o}
		if err := d.Report(t.Context(), r); err != nil || q.taken() == "" {
			t.Errorf("not written over what somebody else wrote: %v", err)
		}
	})
}

// TestFailing: what cannot be written is tried again, and holds up no order.
func TestFailing(t *testing.T) {
	q := &quiet{failing: errors.New("out of order")}
	running(t, q, func(t *testing.T, d *Dialect, e *worktest.Sink) {
		q.put(t, fmt.Sprintf(configMap, "u", 1, ""))
		if o, _ := e.Last(); o.Template == nil {
			t.Error("not ordered")
		}
		q.taken()
		time.Sleep(again + time.Second)
		synctest.Wait()
		if got := q.taken(); !strings.Contains(got, "finalizers") {
			t.Errorf("not tried again: %q", got)
		}
		o, _ := e.Last()
		if err := d.Report(t.Context(), work.Report{Order: o}); err == nil || !strings.Contains(err.Error(), "FederatedConfigMap shop/a: write the status: out of order") {
			t.Errorf("got %v", err)
		}
	})
}

// TestTypeConfigStatus: a type config says what is done, and what is wrong with it.
func TestTypeConfigStatus(t *testing.T) {
	q := &quiet{}
	running(t, q, func(t *testing.T, d *Dialect, _ *worktest.Sink) {
		status := func() (s struct {
			Status map[string]any `json:"status"`
		}) {
			_, body, _ := strings.Cut(q.taken(), "status ")
			if body != "" {
				if err := json.Unmarshal([]byte(body), &s); err != nil {
					t.Fatal(err)
				}
			}
			return s
		}
		q.put(t, fmt.Sprintf(config, "configmaps", "FederatedConfigMap", "Enabled", "ConfigMap", "v1"))
		if got := fmt.Sprint(status().Status); got != "map[findings:<nil> observedGeneration:0 propagationController:Running statusController:<nil>]" {
			t.Errorf("enabled: %s", got)
		}
		q.put(t, fmt.Sprintf(config, "configmaps", "FederatedConfigMap", "Disabled", "ConfigMap", "v1")+"status: {observedGeneration: 0, propagationController: NotRunning}\n")
		if got := q.taken(); got != "" {
			t.Errorf("disabled, and said so: %s", got)
		}
		q.put(t, fmt.Sprintf(config, "bars.example.io", "FederatedBar", "Enabled", "Bar", "v1"))
		if got := fmt.Sprint(status().Status["findings"]); !strings.HasPrefix(got, "[spec.targetType: the host does not serve example.io/v1, Kind=Bar") {
			t.Errorf("not served: %s", got)
		}
		if all := d.Findings(); len(all) != 1 {
			t.Errorf("findings: %v", all)
		}
		if !q.Watched()[schema.GroupVersionKind{Group: "types.kubefed.io", Version: "v1beta1", Kind: "FederatedBar"}] {
			t.Error("a kind that a type config names is not watched")
		}
	})
}

func TestConfig(t *testing.T) {
	if _, err := New(Config{}); err == nil || !strings.Contains(err.Error(), "no host cluster") {
		t.Errorf("got %v", err)
	}
}

func TestConvert(t *testing.T) {
	for _, tt := range []struct{ text, want string }{
		{`{apiVersion: core.kubefed.io/v1beta1, kind: KubeFedCluster, metadata: {name: eu-1, labels: {env: prod}}, spec: {apiEndpoint: a, secretRef: {name: s}}, status: {region: eu-west, zones: [a, b, a]}}`, "eu-1 map[env:prod] eu-west [a b]"},
		{`{apiVersion: core.kubefed.io/v1beta1, kind: KubeFedCluster, metadata: {name: bare}}`, "bare map[]  []"},
		{`{apiVersion: core.kubefed.io/v1beta1, kind: KubeFedCluster, metadata: {name: odd}, status: {zones: a}}`, "KubeFedCluster odd: status.zones: got string, which it cannot hold"},
	} {
		c, err := Convert(worktest.Objects(t, tt.text)[0])
		got := fmt.Sprint(err)
		if err == nil {
			got = fmt.Sprintf("%s %v %s %v", c.Name, c.Labels, c.Region, c.Zones)
		}
		if got != tt.want {
			t.Errorf("got %s, want %s", got, tt.want)
		}
	}
}
