package kubefed

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/fedns/fedns/federation/cluster"
	"github.com/fedns/fedns/federation/host"
	"github.com/fedns/fedns/federation/kubefed"
	"github.com/fedns/fedns/federation/override"
	"github.com/fedns/fedns/federation/placement"
	"github.com/fedns/fedns/federation/work"
	"github.com/fedns/fedns/integration/harness"
)

// sink keeps the last order of each template.
type sink struct {
	mu     sync.Mutex
	orders map[work.Key]work.Order
	synced bool
}

func (s *sink) Order(o work.Order) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.orders == nil {
		s.orders = map[work.Key]work.Order{}
	}
	s.orders[o.Key] = o
}

func (s *sink) Synced(string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.synced = true
}

// trial is the state that the steps of TestDialect share.
type trial struct {
	t       *testing.T
	whole   context.Context // of all steps
	host    *harness.Cluster
	objects *host.Host
	sink    *sink
	dialect *kubefed.Dialect
	stop    func()
}

var (
	deployment = work.Key{Kind: schema.GroupVersionKind{Group: "apps", Version: "v1", Kind: "Deployment"}, Namespace: "test-namespace", Name: "test-deployment"}
	bar        = work.Key{Kind: schema.GroupVersionKind{Group: "example.io", Version: "v1", Kind: "Bar"}, Namespace: "test-namespace", Name: "first"}
	federated  = schema.GroupVersionKind{Group: "types.kubefed.io", Version: "v1beta1", Kind: "FederatedDeployment"}
	configKind = schema.GroupVersionKind{Group: "core.kubefed.io", Version: "v1beta1", Kind: "FederatedTypeConfig"}
)

func TestDialect(t *testing.T) {
	f := harness.Start(t, harness.Options{Clusters: []harness.Spec{{Name: "host"}}})
	w := &trial{t: t, whole: t.Context(), host: f.Cluster("host")}
	w.apply(definitions(t))
	w.apply("apiVersion: v1\nkind: Namespace\nmetadata: {name: test-namespace}")
	var err error
	if w.objects, err = host.New(host.Config{REST: w.host.RESTConfig(), Retry: time.Second}); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() { _ = w.objects.Run(ctx) })
	defer running.Wait()
	defer cancel()
	w.start()
	defer func() { w.stop() }()
	w.await("an empty host to be synced", func() bool { return w.sink.synced })
	t.Run("the manifest as it stands", w.manifest)
	t.Run("what the API server refuses", w.refused)
	t.Run("what is written back", w.written)
	t.Run("the same again writes nothing", w.again)
	t.Run("a preference", w.preference)
	t.Run("a kind that comes later", w.later)
	t.Run("the object is deleted", w.deleted)
	t.Run("records are kept as they are written", w.records)
	t.Run("annotations of Federation v1", w.annotations)
}

// definitions are KubeFed's, as they are shipped.
func definitions(t *testing.T) string {
	files, err := filepath.Glob("../../deploy/crds/kubefed/*.yaml")
	if err != nil || len(files) < 20 {
		t.Fatalf("%d definitions, %v", len(files), err)
	}
	var all []string
	for _, f := range files {
		all = append(all, file(t, f))
	}
	return strings.Join(all, "\n---\n")
}

func file(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func (w *trial) apply(text string) {
	w.t.Helper()
	if err := w.host.Apply(w.t.Context(), text); err != nil {
		w.t.Fatal(err)
	}
}

// start starts the dialect, as with a new process.
func (w *trial) start() {
	var err error
	w.sink = &sink{}
	if w.dialect, err = kubefed.New(kubefed.Config{Host: w.objects, Log: slog.New(slog.DiscardHandler)}); err != nil {
		w.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(w.whole)
	done := make(chan error, 1)
	go func(d *kubefed.Dialect, s *sink) { done <- d.Run(ctx, s) }(w.dialect, w.sink)
	w.stop = sync.OnceFunc(func() {
		cancel()
		select {
		case err := <-done:
			if err != nil {
				w.t.Errorf("Run: %v", err)
			}
		case <-time.After(10 * time.Second):
			w.t.Error("Run does not return")
		}
	})
}

// await waits until something is so; the sink's lock is held while it looks.
func (w *trial) await(what string, so func() bool) {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.t.Context(), 15*time.Second)
	defer cancel()
	if err := harness.Wait(ctx, func(context.Context) error {
		w.sink.mu.Lock()
		defer w.sink.mu.Unlock()
		if !so() {
			return fmt.Errorf("%s: not yet; %d orders", what, len(w.sink.orders))
		}
		return nil
	}); err != nil {
		w.t.Fatalf("%v; findings: %v", err, w.dialect.Findings())
	}
}

// order awaits an order that is as it is wanted.
func (w *trial) order(key work.Key, what string, so func(work.Order) bool) (got work.Order) {
	w.t.Helper()
	w.await(what, func() bool {
		o, ok := w.sink.orders[key]
		got = o
		return ok && so(o)
	})
	return got
}

// get is an object of the host; nil: it is not there.
func (w *trial) get(kind schema.GroupVersionKind, namespace, name string) *unstructured.Unstructured {
	w.t.Helper()
	o := &unstructured.Unstructured{}
	o.SetGroupVersionKind(kind)
	err := w.objects.Client().Get(w.t.Context(), client.ObjectKey{Namespace: namespace, Name: name}, o)
	if apierrors.IsNotFound(err) {
		return nil
	}
	if err != nil {
		w.t.Fatal(err)
	}
	return o
}

// federatedDeployment is the manifest's object.
func (w *trial) federatedDeployment() *unstructured.Unstructured {
	return w.get(federated, "test-namespace", "test-deployment")
}

func (w *trial) tell(r work.Report) {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.t.Context(), 10*time.Second)
	defer cancel()
	if err := w.dialect.Report(ctx, r); err != nil {
		w.t.Fatal(err)
	}
}

// kubectl compares what kubectl prints, words only.
func (w *trial) kubectl(args, want string) {
	w.t.Helper()
	out, err := w.host.Kubectl(w.t.Context(), strings.Fields(args)...)
	if got := strings.Join(strings.Fields(string(out)), " "); err != nil || !strings.HasPrefix(got, want) {
		w.t.Errorf("kubectl %s: %q, %v, want %q", args, got, err, want)
	}
}

// manifest: both clusters get it, and cluster1 with its changes.
func (w *trial) manifest(t *testing.T) {
	w.t = t
	w.apply(file(t, "testdata/kubefed-federateddeployment.yaml"))
	o := w.order(deployment, "the order", func(o work.Order) bool { return o.Template != nil })
	if o.Err != nil || len(o.Placement.Affinities) != 1 || !slices.Equal(o.Placement.Affinities[0].Clusters, []string{"cluster1", "cluster2"}) {
		t.Errorf("placed by %+v, %v", o.Placement.Affinities, o.Err)
	}
	for name, want := range map[string]string{"cluster1": "5 nginx:1.17.0-alpine [-q -v] map[]", "cluster2": "3 nginx [-v] map[]"} {
		copied, err := override.Apply(o.Template, &cluster.Cluster{Name: name}, o.Overrides)
		if err != nil {
			t.Fatal(err)
		}
		n, _, _ := unstructured.NestedInt64(copied.Object, "spec", "replicas")
		containers, _, _ := unstructured.NestedSlice(copied.Object, "spec", "template", "spec", "containers")
		c := containers[0].(map[string]any)
		if got := fmt.Sprint(n, " ", c["image"], " ", c["args"], " ", copied.GetAnnotations()); got != want {
			t.Errorf("in %s: %s, want %s", name, got, want)
		}
	}
	w.await("the finalizer", func() bool {
		return slices.Equal(w.federatedDeployment().GetFinalizers(), []string{"kubefed.io/sync-controller"})
	})
}

// refused: definitions say what is wrong before anybody reads it, and keep what they
// do not know.
func (w *trial) refused(t *testing.T) {
	w.t = t
	const object = "apiVersion: types.kubefed.io/v1beta1\nkind: FederatedConfigMap\nmetadata: {name: bad, namespace: test-namespace}\nspec: {%s}"
	for _, tt := range []struct{ spec, want string }{
		{"template: 1", "spec.template"},
		{"placement: {clusters: [{}]}", "spec.placement.clusters[0].name"},
		{"overrides: [{clusterName: a, clusterOverrides: [{path: /a, op: move}]}]", "spec.overrides[0].clusterOverrides[0].op"},
	} {
		if err := w.host.Apply(t.Context(), fmt.Sprintf(object, tt.spec)); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: got %v, want an error that names %s", tt.spec, err, tt.want)
		}
	}
	w.apply(fmt.Sprintf(object, "template: {}, placement: {planet: {}}, planet: mars"))
	o := w.get(schema.GroupVersionKind{Group: "types.kubefed.io", Version: "v1beta1", Kind: "FederatedConfigMap"}, "test-namespace", "bad")
	if planet, _, _ := unstructured.NestedString(o.Object, "spec", "planet"); planet != "mars" {
		t.Errorf("what is not known is not kept: %v", o.Object["spec"])
	}
	w.await("a finding", func() bool {
		for _, f := range w.dialect.Findings() {
			if f.String() == "FederatedConfigMap test-namespace/bad: spec.planet: is not read, and changes nothing" {
				return true
			}
		}
		return false
	})
}

// report is that cluster1 has it, and cluster2 cannot be reached.
func (w *trial) report() work.Report {
	w.sink.mu.Lock()
	o := w.sink.orders[deployment]
	w.sink.mu.Unlock()
	return work.Report{
		Order:    o,
		Decision: placement.Decision{Targets: []placement.Target{{Cluster: "cluster1", Replicas: 3}, {Cluster: "cluster2", Replicas: 3}}},
		Outcomes: []work.Outcome{
			{Cluster: "cluster1", Key: o.Key, Phase: work.Applied, Health: work.Healthy, Status: json.RawMessage(`{"replicas":5}`)},
			{Cluster: "cluster2", Key: o.Key, Phase: work.Failed, Reason: "Unreachable", Health: work.Unknown},
		},
	}
}

// written: the status, as kubectl shows it.
func (w *trial) written(t *testing.T) {
	w.t = t
	w.tell(w.report())
	const get = "get fdeploy test-deployment -n test-namespace -o jsonpath="
	w.kubectl(get+"{.status.conditions[?(@.type==\"Propagation\")].status}/{.status.conditions[0].reason}", "False/CheckClusters")
	w.kubectl(get+"{.status.clusters[*].name}/{.status.clusters[1].status}/{.status.observedGeneration}", "cluster1 cluster2/ClusterNotReady/1")
	r := w.report()
	r.Outcomes[1] = r.Outcomes[0]
	r.Outcomes[1].Cluster = "cluster2"
	w.tell(r)
	w.kubectl(get+"{.status.conditions[0].status}/{.status.conditions[0].reason}/{.status.clusters[1].status}", "True//")
}

// seen says that the dialect's watch has told of a status.
func (w *trial) seen(reason string) bool {
	o, ok := w.objects.Get(federated, "test-namespace", "test-deployment")
	if !ok {
		return false
	}
	conditions, _, _ := unstructured.NestedSlice(o.Object, "status", "conditions")
	if len(conditions) == 0 {
		return false
	}
	got, _ := conditions[0].(map[string]any)["reason"].(string)
	return got == reason
}

// again: a status that is there, and a restart, write nothing.
func (w *trial) again(t *testing.T) {
	w.t = t
	w.await("the status to be seen", func() bool { return w.seen("") })
	before := w.federatedDeployment().GetResourceVersion()
	r := w.report()
	r.Outcomes[1] = r.Outcomes[0]
	r.Outcomes[1].Cluster = "cluster2"
	w.tell(r)
	w.stop()
	w.start()
	w.order(deployment, "the order after a restart", func(o work.Order) bool { return o.Template != nil })
	w.tell(r)
	if after := w.federatedDeployment().GetResourceVersion(); after != before {
		t.Errorf("resourceVersion %s, then %s", before, after)
	}
}

// preference: replicas are told out as it says, and not as the overrides say.
func (w *trial) preference(t *testing.T) {
	w.t = t
	const preference = `
apiVersion: scheduling.kubefed.io/v1alpha1
kind: ReplicaSchedulingPreference
metadata: {name: test-deployment, namespace: test-namespace}
spec: {targetKind: FederatedDeployment, totalReplicas: 9, clusters: {cluster1: {weight: 1}, cluster2: {weight: 2}}}
`
	w.apply(preference)
	o := w.order(deployment, "the preference", func(o work.Order) bool { return o.Placement.Scheduling.Mode == placement.Weighted })
	d, err := placement.Planner{}.Place(o.Placement, []*cluster.Cluster{{Name: "cluster1"}, {Name: "cluster2"}, {Name: "cluster3"}})
	if err != nil || !slices.Contains(d.Targets, placement.Target{Cluster: "cluster1", Replicas: 3}) || !slices.Contains(d.Targets, placement.Target{Cluster: "cluster2", Replicas: 6}) {
		t.Errorf("placed in %+v, %v", d.Targets, err)
	}
	for _, r := range o.Overrides {
		for _, c := range r.Changes {
			if c.Patch != nil && c.Patch.Path == "/spec/replicas" {
				t.Error("an override changes the replicas")
			}
		}
	}
	if err := w.host.Delete(t.Context(), preference); err != nil {
		t.Fatal(err)
	}
	w.order(deployment, "its own placement again", func(o work.Order) bool { return o.Placement.Scheduling.Mode == placement.Duplicated })
}

// later: a kind of people's own, as kubefedctl enable makes it.
func (w *trial) later(t *testing.T) {
	w.t = t
	const typeConfig = `
apiVersion: core.kubefed.io/v1beta1
kind: FederatedTypeConfig
metadata: {name: bars.example.io, namespace: test-namespace}
spec:
  federatedType: {group: types.kubefed.io, kind: FederatedBar, pluralName: federatedbars, scope: Namespaced, version: v1beta1}
  propagation: Enabled
  targetType: {group: example.io, kind: Bar, pluralName: bars, scope: Namespaced, version: v1}
`
	w.apply(typeConfig)
	w.await("the type config's status", func() bool {
		o := w.get(configKind, "test-namespace", "bars.example.io")
		findings, _, _ := unstructured.NestedStringSlice(o.Object, "status", "findings")
		return len(findings) == 1 && strings.Contains(findings[0], "the host does not serve example.io/v1, Kind=Bar")
	})
	w.kubectl("get ftc -n test-namespace bars.example.io -o jsonpath={.status.propagationController}", "Running")
	w.apply(`
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: federatedbars.types.kubefed.io}
spec:
  group: types.kubefed.io
  names: {kind: FederatedBar, plural: federatedbars, singular: federatedbar}
  scope: Namespaced
  versions: [{name: v1beta1, served: true, storage: true, subresources: {status: {}}, schema: {openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}}}]
`)
	ctx, cancel := context.WithTimeout(t.Context(), 15*time.Second)
	defer cancel()
	if err := harness.Wait(ctx, func(ctx context.Context) error {
		return w.host.Apply(ctx, "apiVersion: types.kubefed.io/v1beta1\nkind: FederatedBar\nmetadata: {name: first, namespace: test-namespace}\nspec: {template: {spec: {size: 3}}, placement: {clusterSelector: {}}}")
	}); err != nil {
		t.Fatal(err)
	}
	w.order(bar, "a template of the new kind", func(o work.Order) bool { return o.Template != nil && o.Err == nil })
	if err := w.host.Delete(t.Context(), typeConfig); err != nil {
		t.Fatal(err)
	}
	w.order(bar, "to be let go", func(o work.Order) bool { return o.Template == nil && o.Options.Orphan })
	w.sink.mu.Lock()
	gone := w.sink.orders[bar]
	w.sink.mu.Unlock()
	w.tell(work.Report{Order: gone, Done: true})
	if o := w.get(schema.GroupVersionKind{Group: "types.kubefed.io", Version: "v1beta1", Kind: "FederatedBar"}, "test-namespace", "first"); len(o.GetFinalizers()) > 0 {
		t.Errorf("finalizers of what is federated no more: %v", o.GetFinalizers())
	}
}

// deleted: the object stays until its members are done.
func (w *trial) deleted(t *testing.T) {
	w.t = t
	o := &unstructured.Unstructured{}
	o.SetGroupVersionKind(federated)
	o.SetNamespace("test-namespace")
	o.SetName("test-deployment")
	if err := w.objects.Client().Delete(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	order := w.order(deployment, "to be taken back", func(o work.Order) bool { return o.Template == nil && !o.Options.Orphan })
	w.await("the deletion to be seen", func() bool {
		o, ok := w.objects.Get(federated, "test-namespace", "test-deployment")
		return ok && o.GetDeletionTimestamp() != nil
	})
	r := work.Report{Order: order, Outcomes: []work.Outcome{{Cluster: "cluster1", Key: order.Key, Phase: work.Removed}, {Cluster: "cluster2", Key: order.Key, Phase: work.Removing}}}
	w.tell(r)
	w.kubectl("get fdeploy test-deployment -n test-namespace -o jsonpath={.status.clusters[*].name}/{.status.clusters[0].status}", "cluster2/WaitingForRemoval")
	r.Outcomes[1].Phase, r.Done = work.Removed, true
	w.tell(r)
	w.await("the object to be gone", func() bool { return w.federatedDeployment() == nil })
	w.tell(r) // of what is gone, too
}

// records: the manifests of KubeFed's user guide are accepted.
func (w *trial) records(t *testing.T) {
	w.t = t
	w.apply(`
apiVersion: multiclusterdns.kubefed.io/v1alpha1
kind: Domain
metadata: {name: test-domain, namespace: test-namespace}
domain: example.com
---
apiVersion: multiclusterdns.kubefed.io/v1alpha1
kind: ServiceDNSRecord
metadata: {name: test-service, namespace: test-namespace}
spec: {domainRef: test-domain, recordTTL: 300}
---
apiVersion: multiclusterdns.kubefed.io/v1alpha1
kind: IngressDNSRecord
metadata: {name: test-ingress, namespace: test-namespace}
spec: {hosts: [ingress.example.com], recordTTL: 300}
---
apiVersion: multiclusterdns.kubefed.io/v1alpha1
kind: DNSEndpoint
metadata: {name: service-test-service, namespace: test-namespace}
spec: {endpoints: [{dnsName: test-service.example.com, recordTTL: 300, recordType: A, targets: [192.0.2.1]}]}
---
apiVersion: core.kubefed.io/v1beta1
kind: KubeFedCluster
metadata: {name: cluster1, namespace: test-namespace}
spec: {apiEndpoint: "https://192.0.2.1:6443", secretRef: {name: cluster1-token}}
`)
	w.kubectl("get domains.multiclusterdns.kubefed.io -n test-namespace test-domain -o jsonpath={.domain}", "example.com")
	w.kubectl("get servicednsrecords -n test-namespace test-service -o jsonpath={.spec.domainRef}/{.spec.recordTTL}", "test-domain/300")
	w.kubectl("get kubefedclusters -n test-namespace", "NAME AGE READY cluster1")
}
