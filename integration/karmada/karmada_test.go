package karmada

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
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
	"github.com/fedns/fedns/federation/karmada"
	"github.com/fedns/fedns/federation/override"
	"github.com/fedns/fedns/federation/placement"
	"github.com/fedns/fedns/federation/work"
	"github.com/fedns/fedns/integration/harness"
)

// sink keeps the last order of each template.
type sink struct {
	mu     sync.Mutex
	orders map[work.Key]work.Order
	told   int
	synced bool
}

func (s *sink) Order(o work.Order) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.orders == nil {
		s.orders = map[work.Key]work.Order{}
	}
	s.orders[o.Key] = o
	s.told++
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
	dialect *karmada.Dialect
	stop    func()
}

var (
	nginx   = work.Key{Kind: schema.GroupVersionKind{Group: "apps", Version: "v1", Kind: "Deployment"}, Namespace: "default", Name: "nginx"}
	web     = work.Key{Kind: schema.GroupVersionKind{Version: "v1", Kind: "Service"}, Namespace: "default", Name: "web"}
	redis   = work.Key{Kind: schema.GroupVersionKind{Group: "director.kubedirector.io", Version: "v1", Kind: "KubeDirectorApp"}, Namespace: "default", Name: "redis-app"}
	bound   = schema.GroupVersionKind{Group: "work.karmada.io", Version: "v1alpha2", Kind: "ResourceBinding"}
	worked  = schema.GroupVersionKind{Group: "work.karmada.io", Version: "v1alpha1", Kind: "Work"}
	members = map[string]*cluster.Cluster{"member1": {Name: "member1"}, "member2": {Name: "member2"}}
)

const deployment = `
apiVersion: apps/v1
kind: Deployment
metadata: {name: nginx, labels: {app: nginx}}
spec:
  replicas: 2
  selector: {matchLabels: {app: nginx}}
  template:
    metadata: {labels: {app: nginx}}
    spec: {containers: [{name: nginx, image: nginx}]}
`

func TestDialect(t *testing.T) {
	f := harness.Start(t, harness.Options{Clusters: []harness.Spec{{Name: "host"}}})
	w := &trial{t: t, whole: t.Context(), host: f.Cluster("host")}
	w.apply(definitions(t))
	var err error
	if w.objects, err = host.New(host.Config{REST: w.host.RESTConfig()}); err != nil {
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
	t.Run("the manifests as they stand", w.manifests)
	t.Run("what the API server refuses", w.refused)
	t.Run("what is written back", w.written)
	t.Run("the same again writes nothing", w.again)
	t.Run("a status that others write", w.statuses)
	t.Run("a kind that comes later", w.later)
	t.Run("a restart without the policy", w.restart)
	t.Run("beside a Karmada", w.beside)
	t.Run("people release what a policy left", w.released)
	t.Run("the template is deleted", w.deleted)
}

// definitions are Karmada's, as they are shipped.
func definitions(t *testing.T) string {
	files, err := filepath.Glob("../../deploy/crds/karmada/*.yaml")
	if err != nil || len(files) != 8 {
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
	w.dialect, err = karmada.New(karmada.Config{
		Host: w.objects, Probe: 200 * time.Millisecond, Log: slog.New(slog.DiscardHandler),
		Cluster: func(name string) *cluster.Cluster { return members[name] },
	})
	if err != nil {
		w.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(w.whole)
	done := make(chan error, 1)
	go func(d *karmada.Dialect, s *sink) { done <- d.Run(ctx, s) }(w.dialect, w.sink)
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
			return fmt.Errorf("%s: not yet; %d orders: %v", what, len(w.sink.orders), w.dialect.Name())
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

// report reports that one cluster has a template and another does not.
func (w *trial) report(key work.Key, status string) work.Report {
	w.sink.mu.Lock()
	o := w.sink.orders[key]
	w.sink.mu.Unlock()
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	return work.Report{
		Order:    o,
		Decision: placement.Decision{Targets: []placement.Target{{Cluster: "member1", Replicas: 2}}},
		Outcomes: []work.Outcome{
			{Cluster: "member1", Key: key, Phase: work.Applied, Health: work.Healthy, Status: json.RawMessage(status), Since: at},
			{Cluster: "member2", Key: key, Phase: work.Removing, Reason: "Finalizers", Message: "example.io/hold", Health: work.Unknown, Since: at},
		},
	}
}

func (w *trial) tell(r work.Report) {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.t.Context(), 10*time.Second)
	defer cancel()
	if err := w.dialect.Report(ctx, r); err != nil {
		w.t.Fatal(err)
	}
}

// manifests: the Deployment goes to member1 only, and there has foo=bar.
func (w *trial) manifests(t *testing.T) {
	w.t = t
	w.apply(deployment)
	w.apply(file(t, "testdata/karmada-propagationpolicy.yaml"))
	w.apply(file(t, "testdata/karmada-overridepolicy.yaml"))
	o := w.order(nginx, "the order with its override", func(o work.Order) bool { return len(o.Overrides) == 1 })
	if a := o.Placement.Affinities; o.Err != nil || len(a) != 1 || !a[0].Selects(members["member1"]) || a[0].Selects(members["member2"]) {
		t.Errorf("placed by %+v, %v, want member1 only", a, o.Err)
	}
	copied, err := override.Apply(o.Template, members["member1"], o.Overrides)
	if err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprint(copied.GetAnnotations()); got != "map[foo:bar]" {
		t.Errorf("annotations in member1: %s, want foo=bar alone", got)
	}
	if o.Placement.Replicas == nil || *o.Placement.Replicas != 2 || o.Options.Existing != work.Leave {
		t.Errorf("replicas %v, %+v", o.Placement.Replicas, o.Options)
	}
	for _, field := range []string{"uid", "resourceVersion", "creationTimestamp", "generation", "managedFields"} {
		if _, ok, _ := unstructured.NestedFieldNoCopy(o.Template.Object, "metadata", field); ok {
			t.Errorf("the template has metadata.%s", field)
		}
	}
}

// refused: definitions say what is wrong before anybody reads it, and keep what
// they do not know.
func (w *trial) refused(t *testing.T) {
	w.t = t
	const policy = "apiVersion: policy.karmada.io/v1alpha1\nkind: PropagationPolicy\nmetadata: {name: bad}\nspec: {resourceSelectors: [{apiVersion: v1, kind: Pod}], %s}"
	for _, tt := range []struct{ spec, want string }{
		{"conflictResolution: Ignore", "spec.conflictResolution"},
		{"preemption: Often", "spec.preemption"},
		{"placement: {spreadConstraints: [{spreadByField: planet}]}", "spec.placement.spreadConstraints[0].spreadByField"},
		{"placement: {replicaScheduling: {weightPreference: {staticWeightList: [{targetCluster: {}, weight: 0}]}}}", "weight"},
	} {
		err := w.host.Apply(t.Context(), fmt.Sprintf(policy, tt.spec))
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: got %v, want an error that names %s", tt.spec, err, tt.want)
		}
	}
	w.apply(fmt.Sprintf(policy, "placement: {workloadAffinity: {affinity: {groupByLabelKey: app}}}"))
	o := w.get(schema.GroupVersionKind{Group: "policy.karmada.io", Version: "v1alpha1", Kind: "PropagationPolicy"}, "default", "bad")
	if key, _, _ := unstructured.NestedString(o.Object, "spec", "placement", "workloadAffinity", "affinity", "groupByLabelKey"); key != "app" {
		t.Errorf("what is not known is not kept: %v", o.Object["spec"])
	}
	if p, _, _ := unstructured.NestedString(o.Object, "spec", "preemption"); p != "Never" {
		t.Errorf("preemption defaults to %q", p)
	}
	w.await("a finding", func() bool {
		for _, f := range w.dialect.Findings() {
			if f.String() == "PropagationPolicy default/bad: spec.placement.workloadAffinity: is not read, and changes nothing" {
				return true
			}
		}
		return false
	})
	if err := w.host.Delete(t.Context(), fmt.Sprintf(policy, "")); err != nil {
		t.Fatal(err)
	}
}

// written: ResourceBinding, Works and the claim, as kubectl shows them.
func (w *trial) written(t *testing.T) {
	w.t = t
	w.tell(w.report(nginx, `{"replicas":2}`))
	for _, tt := range []struct{ args, want string }{
		{"get rb nginx-deployment --no-headers", "nginx-deployment True True"},
		{"get wk -n karmada-es-member1 --no-headers", "nginx-687f7fb96f True"},
		{"get wk -n karmada-es-member2 --no-headers", "nginx-687f7fb96f False"},
		{"get rb nginx-deployment -o jsonpath={.status.aggregatedStatus[*].clusterName}/{.status.aggregatedStatus[1].appliedMessage}", "member1 member2/Finalizers: example.io/hold"},
		{"get wk nginx-687f7fb96f -n karmada-es-member1 -o jsonpath={.spec.workload.manifests[0].metadata.annotations.foo}", "bar"},
		{"get wk nginx-687f7fb96f -n karmada-es-member1 -o jsonpath={.status.manifestStatuses[0].identifier.resource}", "deployments"},
		{"get deployment nginx -o jsonpath={.metadata.annotations.propagationpolicy\\.karmada\\.io/name}", "example-policy"},
		{"get pp --no-headers", "example-policy Abort 0"},
		{"get op -o name", "overridepolicy.policy.karmada.io/example-override"},
	} {
		out, err := w.host.Kubectl(t.Context(), strings.Fields(tt.args)...)
		if got := strings.Join(strings.Fields(string(out)), " "); err != nil || !strings.HasPrefix(got, tt.want) {
			t.Errorf("kubectl %s: %q, %v, want %q", tt.args, got, err, tt.want)
		}
	}
	w.await("an Event", func() bool {
		out, err := w.host.Kubectl(t.Context(), "get", "events.events.k8s.io", "-o", "jsonpath={.items[?(@.reason==\"ScheduleBindingSucceed\")].regarding.name}")
		return err == nil && string(out) == "nginx"
	})
}

// versions are those of all that the dialect writes.
func (w *trial) versions() string {
	b, one, two := w.get(bound, "default", "nginx-deployment"), w.get(worked, "karmada-es-member1", "nginx-687f7fb96f"), w.get(worked, "karmada-es-member2", "nginx-687f7fb96f")
	return b.GetResourceVersion() + " " + one.GetResourceVersion() + " " + two.GetResourceVersion()
}

// again: what is right is not written, not even after a restart.
func (w *trial) again(t *testing.T) {
	w.t = t
	before := w.versions()
	w.tell(w.report(nginx, `{"replicas":2}`))
	w.stop()
	w.start()
	w.order(nginx, "the order after a restart", func(o work.Order) bool { return len(o.Overrides) == 1 })
	w.tell(w.report(nginx, `{"replicas":2}`))
	if after := w.versions(); after != before {
		t.Errorf("written again: %s, then %s", before, after)
	}
}

// statuses: of a Service nobody else writes the status; of a Deployment the host's
// own controllers do, and that is not fought over for ever.
func (w *trial) statuses(t *testing.T) {
	w.t = t
	w.apply("apiVersion: v1\nkind: Service\nmetadata: {name: web}\nspec: {type: LoadBalancer, ports: [{port: 80}]}\n---\n" +
		"apiVersion: policy.karmada.io/v1alpha1\nkind: ClusterPropagationPolicy\nmetadata: {name: services}\nspec: {resourceSelectors: [{apiVersion: v1, kind: Service, name: web}]}")
	o := w.order(web, "the Service's order", func(o work.Order) bool { return o.Err == nil })
	if ip, ok, _ := unstructured.NestedString(o.Template.Object, "spec", "clusterIP"); ok {
		t.Errorf("the template has the host's clusterIP, %s", ip)
	}
	w.tell(w.report(web, `{"loadBalancer":{"ingress":[{"ip":"192.0.2.7"}]}}`))
	if out, err := w.host.Kubectl(t.Context(), "get", "service", "web", "-o", "jsonpath={.status.loadBalancer.ingress[0].ip} {.status.loadBalancer.ingress[0].hostname}"); err != nil || string(out) != "192.0.2.7 member1" {
		t.Errorf("the Service's status: %q, %v", out, err)
	}
	w.await("the claim", func() bool {
		return w.get(web.Kind, "default", "web").GetAnnotations()["clusterpropagationpolicy.karmada.io/name"] == "services"
	})
	for range 20 {
		w.tell(w.report(nginx, `{"replicas":7}`))
	}
	w.await("the host's controller to have its way", func() bool {
		n, _, _ := unstructured.NestedInt64(w.get(nginx.Kind, "default", "nginx").Object, "status", "replicas")
		return n == 2
	})
}

// later: a custom resource is ordered when its kind is defined.
func (w *trial) later(t *testing.T) {
	w.t = t
	w.apply("apiVersion: policy.karmada.io/v1alpha1\nkind: PropagationPolicy\nmetadata: {name: apps}\nspec: {resourceSelectors: [{apiVersion: director.kubedirector.io/v1, kind: KubeDirectorApp}]}")
	w.await("a finding", func() bool {
		return strings.Contains(fmt.Sprint(w.dialect.Findings()), "PropagationPolicy default/apps: spec.resourceSelectors: the host does not serve director.kubedirector.io/v1, Kind=KubeDirectorApp yet")
	})
	w.apply(`
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: kubedirectorapps.director.kubedirector.io}
spec:
  group: director.kubedirector.io
  names: {kind: KubeDirectorApp, plural: kubedirectorapps}
  scope: Namespaced
  versions:
  - {name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}}}
`)
	w.apply(file(t, "testdata/kubedirectorapp.yaml"))
	o := w.order(redis, "the custom resource's order", func(o work.Order) bool { return o.Err == nil })
	if catalog, _, _ := unstructured.NestedString(o.Template.Object, "spec", "appCatalog"); catalog != "local" {
		t.Errorf("the template is %v", o.Template.Object)
	}
	w.await("the finding to go", func() bool { return len(w.dialect.Findings()) == 0 })
}

// restart: what a deleted policy placed stands, by what the binding says.
func (w *trial) restart(t *testing.T) {
	w.t = t
	if err := w.host.Delete(t.Context(), file(t, "testdata/karmada-propagationpolicy.yaml")); err != nil {
		t.Fatal(err)
	}
	w.stop()
	w.start()
	w.await("everything to be told", func() bool { return w.sink.synced })
	o := w.order(nginx, "the order by the binding", func(o work.Order) bool { return o.Template != nil })
	if a := o.Placement.Affinities; o.Err != nil || len(a) != 1 || len(a[0].Clusters) != 1 || a[0].Clusters[0] != "member1" {
		t.Errorf("placed by %+v, %v, want as before", a, o.Err)
	}
}

const lease = `
apiVersion: v1
kind: Namespace
metadata: {name: karmada-system}
---
apiVersion: coordination.k8s.io/v1
kind: Lease
metadata: {name: karmada-controller-manager, namespace: karmada-system}
spec: {holderIdentity: a, renewTime: "%s"}
`

// beside: a Karmada that comes has propagation left to it, and whoever starts
// beside one orders nothing.
func (w *trial) beside(t *testing.T) {
	w.t = t
	w.apply(fmt.Sprintf(lease, time.Now().UTC().Format("2006-01-02T15:04:05.000000Z07:00")))
	w.order(nginx, "the order to be suspended", func(o work.Order) bool { return fmt.Sprint(o.Options.Suspend) == "[*]" })
	w.stop()
	w.start()
	w.await("a finding", func() bool { return strings.Contains(fmt.Sprint(w.dialect.Findings()), "a Karmada runs in the host") })
	if w.sink.told > 0 || w.sink.synced {
		t.Errorf("%d orders, synced %t beside a Karmada", w.sink.told, w.sink.synced)
	}
	w.apply(fmt.Sprintf(lease, time.Now().Add(-time.Hour).UTC().Format("2006-01-02T15:04:05.000000Z07:00")))
	w.order(nginx, "the order after the Karmada", func(o work.Order) bool { return len(o.Options.Suspend) == 0 })
}

// released: without a policy the binding is what keeps a template where it is.
func (w *trial) released(t *testing.T) {
	w.t = t
	w.tell(w.report(nginx, `{"replicas":2}`))
	if out, err := w.host.Kubectl(t.Context(), "delete", "rb", "nginx-deployment"); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	w.order(nginx, "the order to be taken back", func(o work.Order) bool { return o.Template == nil })
	w.await("the Works to go", func() bool { return w.get(worked, "karmada-es-member1", "nginx-687f7fb96f") == nil })
	w.apply(file(t, "testdata/karmada-propagationpolicy.yaml"))
	w.order(nginx, "the order anew", func(o work.Order) bool { return o.Template != nil })
	w.tell(w.report(nginx, `{"replicas":2}`))
	if w.get(bound, "default", "nginx-deployment") == nil {
		t.Error("there is no binding anew")
	}
}

// deleted: the order is taken back, and what was written goes.
func (w *trial) deleted(t *testing.T) {
	w.t = t
	if err := w.host.Delete(t.Context(), deployment); err != nil {
		t.Fatal(err)
	}
	w.order(nginx, "the order to be taken back", func(o work.Order) bool { return o.Template == nil })
	w.await("the binding and its Works to go", func() bool {
		return w.get(bound, "default", "nginx-deployment") == nil && w.get(worked, "karmada-es-member1", "nginx-687f7fb96f") == nil && w.get(worked, "karmada-es-member2", "nginx-687f7fb96f") == nil
	})
}
