package karmada

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/fedns/fedns/federation/cluster"
	"github.com/fedns/fedns/federation/finding"
	"github.com/fedns/fedns/federation/host"
	"github.com/fedns/fedns/federation/karmada"
	"github.com/fedns/fedns/federation/override"
	"github.com/fedns/fedns/federation/placement"
	"github.com/fedns/fedns/federation/work"
	"github.com/fedns/fedns/federation/work/worktest"
	"github.com/fedns/fedns/integration/trial"
)

// dialect is the state that the steps of TestDialect share.
type dialect struct {
	*trial.Trial[*karmada.Dialect, finding.Finding]
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
	w := &dialect{trial.Begin(t, "karmada", 8, func(h *host.Host) (*karmada.Dialect, error) {
		return karmada.New(karmada.Config{
			Host: h, Probe: 200 * time.Millisecond, Log: slog.New(slog.DiscardHandler),
			Cluster: func(name string) *cluster.Cluster { return members[name] },
		})
	})}
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

// report reports that one cluster has a template and another does not.
func (w *dialect) report(key work.Key, status string) work.Report {
	o, _ := w.Sink.Of(key)
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

// manifests: the Deployment goes to member1 only, and there has foo=bar.
func (w *dialect) manifests(t *testing.T) {
	w.T = t
	w.Apply(deployment)
	w.Apply(worktest.Read(t, "testdata/karmada-propagationpolicy.yaml"))
	w.Apply(worktest.Read(t, "testdata/karmada-overridepolicy.yaml"))
	o := w.Order(nginx, "the order with its override", func(o work.Order) bool { return len(o.Overrides) == 1 })
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
func (w *dialect) refused(t *testing.T) {
	w.T = t
	const policy = "apiVersion: policy.karmada.io/v1alpha1\nkind: PropagationPolicy\nmetadata: {name: bad}\nspec: {resourceSelectors: [{apiVersion: v1, kind: Pod}], %s}"
	for _, tt := range []struct{ spec, want string }{
		{"conflictResolution: Ignore", "spec.conflictResolution"},
		{"preemption: Often", "spec.preemption"},
		{"placement: {spreadConstraints: [{spreadByField: planet}]}", "spec.placement.spreadConstraints[0].spreadByField"},
		{"placement: {replicaScheduling: {weightPreference: {staticWeightList: [{targetCluster: {}, weight: 0}]}}}", "weight"},
	} {
		err := w.Host.Apply(t.Context(), fmt.Sprintf(policy, tt.spec))
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: got %v, want an error that names %s", tt.spec, err, tt.want)
		}
	}
	w.Apply(fmt.Sprintf(policy, "placement: {workloadAffinity: {affinity: {groupByLabelKey: app}}}"))
	o := w.Get(schema.GroupVersionKind{Group: "policy.karmada.io", Version: "v1alpha1", Kind: "PropagationPolicy"}, "default", "bad")
	if key, _, _ := unstructured.NestedString(o.Object, "spec", "placement", "workloadAffinity", "affinity", "groupByLabelKey"); key != "app" {
		t.Errorf("what is not known is not kept: %v", o.Object["spec"])
	}
	if p, _, _ := unstructured.NestedString(o.Object, "spec", "preemption"); p != "Never" {
		t.Errorf("preemption defaults to %q", p)
	}
	w.Finding("PropagationPolicy default/bad: spec.placement.workloadAffinity: is not read, and changes nothing")
	if err := w.Host.Delete(t.Context(), fmt.Sprintf(policy, "")); err != nil {
		t.Fatal(err)
	}
}

// written: ResourceBinding, Works and the claim, as kubectl shows them.
func (w *dialect) written(t *testing.T) {
	w.T = t
	w.Tell(w.report(nginx, `{"replicas":2}`))
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
		w.Kubectl(tt.args, tt.want)
	}
	w.Await("an Event", func() bool {
		out, err := w.Host.Kubectl(t.Context(), "get", "events.events.k8s.io", "-o", "jsonpath={.items[?(@.reason==\"ScheduleBindingSucceed\")].regarding.name}")
		return err == nil && string(out) == "nginx"
	})
}

// versions are those of all that the dialect writes.
func (w *dialect) versions() string {
	b, one, two := w.Get(bound, "default", "nginx-deployment"), w.Get(worked, "karmada-es-member1", "nginx-687f7fb96f"), w.Get(worked, "karmada-es-member2", "nginx-687f7fb96f")
	return b.GetResourceVersion() + " " + one.GetResourceVersion() + " " + two.GetResourceVersion()
}

// again: what is right is not written, not even after a restart.
func (w *dialect) again(t *testing.T) {
	w.T = t
	before := w.versions()
	w.Tell(w.report(nginx, `{"replicas":2}`))
	w.Stop()
	w.Start()
	w.Order(nginx, "the order after a restart", func(o work.Order) bool { return len(o.Overrides) == 1 })
	w.Tell(w.report(nginx, `{"replicas":2}`))
	if after := w.versions(); after != before {
		t.Errorf("written again: %s, then %s", before, after)
	}
}

// statuses: of a Service nobody else writes the status; of a Deployment the host's
// own controllers do, and that is not fought over for ever.
func (w *dialect) statuses(t *testing.T) {
	w.T = t
	w.Apply("apiVersion: v1\nkind: Service\nmetadata: {name: web}\nspec: {type: LoadBalancer, ports: [{port: 80}]}\n---\n" +
		"apiVersion: policy.karmada.io/v1alpha1\nkind: ClusterPropagationPolicy\nmetadata: {name: services}\nspec: {resourceSelectors: [{apiVersion: v1, kind: Service, name: web}]}")
	o := w.Order(web, "the Service's order", func(o work.Order) bool { return o.Err == nil })
	if ip, ok, _ := unstructured.NestedString(o.Template.Object, "spec", "clusterIP"); ok {
		t.Errorf("the template has the host's clusterIP, %s", ip)
	}
	w.Tell(w.report(web, `{"loadBalancer":{"ingress":[{"ip":"192.0.2.7"}]}}`))
	if out, err := w.Host.Kubectl(t.Context(), "get", "service", "web", "-o", "jsonpath={.status.loadBalancer.ingress[0].ip} {.status.loadBalancer.ingress[0].hostname}"); err != nil || string(out) != "192.0.2.7 member1" {
		t.Errorf("the Service's status: %q, %v", out, err)
	}
	w.Await("the claim", func() bool {
		return w.Get(web.Kind, "default", "web").GetAnnotations()["clusterpropagationpolicy.karmada.io/name"] == "services"
	})
	for range 20 {
		w.Tell(w.report(nginx, `{"replicas":7}`))
	}
	w.Await("the host's controller to have its way", func() bool {
		n, _, _ := unstructured.NestedInt64(w.Get(nginx.Kind, "default", "nginx").Object, "status", "replicas")
		return n == 2
	})
}

// later: a custom resource is ordered when its kind is defined.
func (w *dialect) later(t *testing.T) {
	w.T = t
	w.Apply("apiVersion: policy.karmada.io/v1alpha1\nkind: PropagationPolicy\nmetadata: {name: apps}\nspec: {resourceSelectors: [{apiVersion: director.kubedirector.io/v1, kind: KubeDirectorApp}]}")
	w.Await("a finding", func() bool {
		return strings.Contains(fmt.Sprint(w.Dialect.Findings()), "PropagationPolicy default/apps: spec.resourceSelectors: the host does not serve director.kubedirector.io/v1, Kind=KubeDirectorApp yet")
	})
	w.Apply(`
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
	w.Apply(worktest.Read(t, "testdata/kubedirectorapp.yaml"))
	o := w.Order(redis, "the custom resource's order", func(o work.Order) bool { return o.Err == nil })
	if catalog, _, _ := unstructured.NestedString(o.Template.Object, "spec", "appCatalog"); catalog != "local" {
		t.Errorf("the template is %v", o.Template.Object)
	}
	w.Await("the finding to go", func() bool { return len(w.Dialect.Findings()) == 0 })
}

// restart: what a deleted policy placed stands, by what the binding says.
func (w *dialect) restart(t *testing.T) {
	w.T = t
	if err := w.Host.Delete(t.Context(), worktest.Read(t, "testdata/karmada-propagationpolicy.yaml")); err != nil {
		t.Fatal(err)
	}
	w.Stop()
	w.Start()
	w.Await("everything to be told", w.Synced)
	o := w.Order(nginx, "the order by the binding", func(o work.Order) bool { return o.Template != nil })
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
func (w *dialect) beside(t *testing.T) {
	w.T = t
	w.Apply(fmt.Sprintf(lease, time.Now().UTC().Format("2006-01-02T15:04:05.000000Z07:00")))
	w.Order(nginx, "the order to be suspended", func(o work.Order) bool { return fmt.Sprint(o.Options.Suspend) == "[*]" })
	w.Stop()
	w.Start()
	w.Await("a finding", func() bool { return strings.Contains(fmt.Sprint(w.Dialect.Findings()), "a Karmada runs in the host") })
	if w.Sink.Told() > 0 || w.Synced() {
		t.Errorf("%d orders, synced %t beside a Karmada", w.Sink.Told(), w.Synced())
	}
	w.Apply(fmt.Sprintf(lease, time.Now().Add(-time.Hour).UTC().Format("2006-01-02T15:04:05.000000Z07:00")))
	w.Order(nginx, "the order after the Karmada", func(o work.Order) bool { return len(o.Options.Suspend) == 0 })
}

// released: without a policy the binding is what keeps a template where it is.
func (w *dialect) released(t *testing.T) {
	w.T = t
	w.Tell(w.report(nginx, `{"replicas":2}`))
	if out, err := w.Host.Kubectl(t.Context(), "delete", "rb", "nginx-deployment"); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	w.Order(nginx, "the order to be taken back", func(o work.Order) bool { return o.Template == nil })
	w.Await("the Works to go", func() bool { return w.Get(worked, "karmada-es-member1", "nginx-687f7fb96f") == nil })
	w.Apply(worktest.Read(t, "testdata/karmada-propagationpolicy.yaml"))
	w.Order(nginx, "the order anew", func(o work.Order) bool { return o.Template != nil })
	w.Tell(w.report(nginx, `{"replicas":2}`))
	if w.Get(bound, "default", "nginx-deployment") == nil {
		t.Error("there is no binding anew")
	}
}

// deleted: the order is taken back, and what was written goes.
func (w *dialect) deleted(t *testing.T) {
	w.T = t
	if err := w.Host.Delete(t.Context(), deployment); err != nil {
		t.Fatal(err)
	}
	w.Order(nginx, "the order to be taken back", func(o work.Order) bool { return o.Template == nil })
	w.Await("the binding and its Works to go", func() bool {
		return w.Get(bound, "default", "nginx-deployment") == nil && w.Get(worked, "karmada-es-member1", "nginx-687f7fb96f") == nil && w.Get(worked, "karmada-es-member2", "nginx-687f7fb96f") == nil
	})
}
