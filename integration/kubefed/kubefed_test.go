package kubefed

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/fedns/fedns/federation/cluster"
	"github.com/fedns/fedns/federation/finding"
	"github.com/fedns/fedns/federation/host"
	"github.com/fedns/fedns/federation/kubefed"
	"github.com/fedns/fedns/federation/override"
	"github.com/fedns/fedns/federation/placement"
	"github.com/fedns/fedns/federation/work"
	"github.com/fedns/fedns/federation/work/worktest"
	"github.com/fedns/fedns/integration/harness"
	"github.com/fedns/fedns/integration/trial"
)

// dialect is the state that the steps of TestDialect share.
type dialect struct {
	*trial.Trial[*kubefed.Dialect, finding.Finding]
}

var (
	deployment = work.Key{Kind: schema.GroupVersionKind{Group: "apps", Version: "v1", Kind: "Deployment"}, Namespace: "test-namespace", Name: "test-deployment"}
	bar        = work.Key{Kind: schema.GroupVersionKind{Group: "example.io", Version: "v1", Kind: "Bar"}, Namespace: "test-namespace", Name: "first"}
	federated  = schema.GroupVersionKind{Group: "types.kubefed.io", Version: "v1beta1", Kind: "FederatedDeployment"}
	configKind = schema.GroupVersionKind{Group: "core.kubefed.io", Version: "v1beta1", Kind: "FederatedTypeConfig"}
)

func TestDialect(t *testing.T) {
	w := &dialect{trial.Begin(t, "kubefed", 20, func(h *host.Host) (*kubefed.Dialect, error) {
		return kubefed.New(kubefed.Config{Host: h, Log: slog.New(slog.DiscardHandler)})
	})}
	w.Apply("apiVersion: v1\nkind: Namespace\nmetadata: {name: test-namespace}")
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

// federatedDeployment is the manifest's object.
func (w *dialect) federatedDeployment() *unstructured.Unstructured {
	return w.Get(federated, "test-namespace", "test-deployment")
}

// manifest: both clusters get it, and cluster1 with its changes.
func (w *dialect) manifest(t *testing.T) {
	w.T = t
	w.Apply(worktest.Read(t, "testdata/kubefed-federateddeployment.yaml"))
	o := w.Order(deployment, "the order", func(o work.Order) bool { return o.Template != nil })
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
	w.Await("the finalizer", func() bool {
		return slices.Equal(w.federatedDeployment().GetFinalizers(), []string{"kubefed.io/sync-controller"})
	})
}

// refused: definitions say what is wrong before anybody reads it, and keep what they
// do not know.
func (w *dialect) refused(t *testing.T) {
	w.T = t
	const object = "apiVersion: types.kubefed.io/v1beta1\nkind: FederatedConfigMap\nmetadata: {name: bad, namespace: test-namespace}\nspec: {%s}"
	for _, tt := range []struct{ spec, want string }{
		{"template: 1", "spec.template"},
		{"placement: {clusters: [{}]}", "spec.placement.clusters[0].name"},
		{"overrides: [{clusterName: a, clusterOverrides: [{path: /a, op: move}]}]", "spec.overrides[0].clusterOverrides[0].op"},
	} {
		if err := w.Host.Apply(t.Context(), fmt.Sprintf(object, tt.spec)); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: got %v, want an error that names %s", tt.spec, err, tt.want)
		}
	}
	w.Apply(fmt.Sprintf(object, "template: {}, placement: {planet: {}}, planet: mars"))
	o := w.Get(schema.GroupVersionKind{Group: "types.kubefed.io", Version: "v1beta1", Kind: "FederatedConfigMap"}, "test-namespace", "bad")
	if planet, _, _ := unstructured.NestedString(o.Object, "spec", "planet"); planet != "mars" {
		t.Errorf("what is not known is not kept: %v", o.Object["spec"])
	}
	w.Finding("FederatedConfigMap test-namespace/bad: spec.planet: is not read, and changes nothing")
}

// report is that cluster1 has it, and cluster2 cannot be reached.
func (w *dialect) report() work.Report {
	o, _ := w.Sink.Of(deployment)
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
func (w *dialect) written(t *testing.T) {
	w.T = t
	w.Tell(w.report())
	const get = "get fdeploy test-deployment -n test-namespace -o jsonpath="
	w.Kubectl(get+"{.status.conditions[?(@.type==\"Propagation\")].status}/{.status.conditions[0].reason}", "False/CheckClusters")
	w.Kubectl(get+"{.status.clusters[*].name}/{.status.clusters[1].status}/{.status.observedGeneration}", "cluster1 cluster2/ClusterNotReady/1")
	r := w.report()
	r.Outcomes[1] = r.Outcomes[0]
	r.Outcomes[1].Cluster = "cluster2"
	w.Tell(r)
	w.Kubectl(get+"{.status.conditions[0].status}/{.status.conditions[0].reason}/{.status.clusters[1].status}", "True//")
}

// seen says that the dialect's watch has told of a status.
func (w *dialect) seen(reason string) bool {
	o, ok := w.Objects.Get(federated, "test-namespace", "test-deployment")
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
func (w *dialect) again(t *testing.T) {
	w.T = t
	w.Await("the status to be seen", func() bool { return w.seen("") })
	before := w.federatedDeployment().GetResourceVersion()
	r := w.report()
	r.Outcomes[1] = r.Outcomes[0]
	r.Outcomes[1].Cluster = "cluster2"
	w.Tell(r)
	w.Stop()
	w.Start()
	w.Order(deployment, "the order after a restart", func(o work.Order) bool { return o.Template != nil })
	w.Tell(r)
	if after := w.federatedDeployment().GetResourceVersion(); after != before {
		t.Errorf("resourceVersion %s, then %s", before, after)
	}
}

// preference: replicas are told out as it says, and not as the overrides say.
func (w *dialect) preference(t *testing.T) {
	w.T = t
	const preference = `
apiVersion: scheduling.kubefed.io/v1alpha1
kind: ReplicaSchedulingPreference
metadata: {name: test-deployment, namespace: test-namespace}
spec: {targetKind: FederatedDeployment, totalReplicas: 9, clusters: {cluster1: {weight: 1}, cluster2: {weight: 2}}}
`
	w.Apply(preference)
	o := w.Order(deployment, "the preference", func(o work.Order) bool { return o.Placement.Scheduling.Mode == placement.Weighted })
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
	if err := w.Host.Delete(t.Context(), preference); err != nil {
		t.Fatal(err)
	}
	w.Order(deployment, "its own placement again", func(o work.Order) bool { return o.Placement.Scheduling.Mode == placement.Duplicated })
}

// later: a kind of people's own, as kubefedctl enable makes it.
func (w *dialect) later(t *testing.T) {
	w.T = t
	const typeConfig = `
apiVersion: core.kubefed.io/v1beta1
kind: FederatedTypeConfig
metadata: {name: bars.example.io, namespace: test-namespace}
spec:
  federatedType: {group: types.kubefed.io, kind: FederatedBar, pluralName: federatedbars, scope: Namespaced, version: v1beta1}
  propagation: Enabled
  targetType: {group: example.io, kind: Bar, pluralName: bars, scope: Namespaced, version: v1}
`
	w.Apply(typeConfig)
	w.Await("the type config's status", func() bool {
		o := w.Get(configKind, "test-namespace", "bars.example.io")
		findings, _, _ := unstructured.NestedStringSlice(o.Object, "status", "findings")
		return len(findings) == 1 && strings.Contains(findings[0], "the host does not serve example.io/v1, Kind=Bar")
	})
	w.Kubectl("get ftc -n test-namespace bars.example.io -o jsonpath={.status.propagationController}", "Running")
	w.Apply(`
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
		return w.Host.Apply(ctx, "apiVersion: types.kubefed.io/v1beta1\nkind: FederatedBar\nmetadata: {name: first, namespace: test-namespace}\nspec: {template: {spec: {size: 3}}, placement: {clusterSelector: {}}}")
	}); err != nil {
		t.Fatal(err)
	}
	w.Order(bar, "a template of the new kind", func(o work.Order) bool { return o.Template != nil && o.Err == nil })
	if err := w.Host.Delete(t.Context(), typeConfig); err != nil {
		t.Fatal(err)
	}
	w.Order(bar, "to be let go", func(o work.Order) bool { return o.Template == nil && o.Options.Orphan })
	gone, _ := w.Sink.Of(bar)
	w.Tell(work.Report{Order: gone, Done: true})
	if o := w.Get(schema.GroupVersionKind{Group: "types.kubefed.io", Version: "v1beta1", Kind: "FederatedBar"}, "test-namespace", "first"); len(o.GetFinalizers()) > 0 {
		t.Errorf("finalizers of what is federated no more: %v", o.GetFinalizers())
	}
}

// deleted: the object stays until its members are done.
func (w *dialect) deleted(t *testing.T) {
	w.T = t
	o := &unstructured.Unstructured{}
	o.SetGroupVersionKind(federated)
	o.SetNamespace("test-namespace")
	o.SetName("test-deployment")
	if err := w.Objects.Client().Delete(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	order := w.Order(deployment, "to be taken back", func(o work.Order) bool { return o.Template == nil && !o.Options.Orphan })
	w.Await("the deletion to be seen", func() bool {
		o, ok := w.Objects.Get(federated, "test-namespace", "test-deployment")
		return ok && o.GetDeletionTimestamp() != nil
	})
	r := work.Report{Order: order, Outcomes: []work.Outcome{{Cluster: "cluster1", Key: order.Key, Phase: work.Removed}, {Cluster: "cluster2", Key: order.Key, Phase: work.Removing}}}
	w.Tell(r)
	w.Kubectl("get fdeploy test-deployment -n test-namespace -o jsonpath={.status.clusters[*].name}/{.status.clusters[0].status}", "cluster2/WaitingForRemoval")
	r.Outcomes[1].Phase, r.Done = work.Removed, true
	w.Tell(r)
	w.Await("the object to be gone", func() bool { return w.federatedDeployment() == nil })
	w.Tell(r) // of what is gone, too
}

// records: the manifests of KubeFed's user guide are accepted.
func (w *dialect) records(t *testing.T) {
	w.T = t
	w.Apply(`
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
	w.Kubectl("get domains.multiclusterdns.kubefed.io -n test-namespace test-domain -o jsonpath={.domain}", "example.com")
	w.Kubectl("get servicednsrecords -n test-namespace test-service -o jsonpath={.spec.domainRef}/{.spec.recordTTL}", "test-domain/300")
	w.Kubectl("get kubefedclusters -n test-namespace", "NAME AGE READY cluster1")
}
