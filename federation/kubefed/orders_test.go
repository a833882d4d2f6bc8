package kubefed

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/fedns/fedns/federation/cluster"
	"github.com/fedns/fedns/federation/override"
	"github.com/fedns/fedns/federation/placement"
	"github.com/fedns/fedns/federation/work"
	"github.com/fedns/fedns/federation/work/worktest"
)

// TestOrders: testdata/orders/NAME.yaml is what is in the host, NAME.txt the orders
// and findings that follow from it.
func TestOrders(t *testing.T) {
	files, err := filepath.Glob("testdata/orders/*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatalf("no cases: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".yaml"), func(t *testing.T) {
			s := newStage(t)
			s.put(worktest.Read(t, file))
			var got strings.Builder
			for _, o := range s.orders() {
				got.WriteString(show(o))
			}
			for _, f := range s.lines() {
				got.WriteString("finding " + f + "\n")
			}
			worktest.Golden(t, strings.TrimSuffix(file, ".yaml")+".txt", got.String())
		})
	}
}

// TestManifest: what KubeFed's users have been told of this manifest holds.
func TestManifest(t *testing.T) {
	s := newStage(t)
	s.put(worktest.Read(t, "testdata/kubefed-federateddeployment.yaml"))
	o := s.orders()[0]
	for _, tt := range []struct{ cluster, want string }{
		{"cluster1", `replicas 5, image "nginx:1.17.0-alpine", args [-q -v], annotations map[]`},
		{"cluster2", `replicas 3, image "nginx", args [-v], annotations map[]`},
	} {
		copied, err := override.Apply(o.Template, &cluster.Cluster{Name: tt.cluster}, o.Overrides)
		if err != nil {
			t.Fatal(err)
		}
		containers, _, _ := unstructured.NestedSlice(copied.Object, "spec", "template", "spec", "containers")
		c := containers[0].(map[string]any)
		n, _, _ := unstructured.NestedInt64(copied.Object, "spec", "replicas")
		if got := fmt.Sprintf("replicas %d, image %q, args %v, annotations %v", n, c["image"], c["args"], copied.GetAnnotations()); got != tt.want {
			t.Errorf("in %s: got %s, want %s", tt.cluster, got, tt.want)
		}
		if copied.GetLabels()[managedLabel] != "true" {
			t.Errorf("in %s: labels %v", tt.cluster, copied.GetLabels())
		}
	}
}

// TestGuide: the user guide's preferences have the results that it documents.
func TestGuide(t *testing.T) {
	const target = "apiVersion: types.kubefed.io/v1beta1\nkind: FederatedDeployment\nmetadata: {name: a}\nspec: {template: {spec: {replicas: 1}}}\n"
	for _, tt := range []struct{ name, spec, want string }{
		{"evenly", "totalReplicas: 9", "A=3 B=3 C=3"},
		{"weights", `totalReplicas: 9, clusters: {A: {weight: 1}, B: {weight: 2}}`, "A=3 B=6"},
		{"least and most", `totalReplicas: 20, clusters: {A: {minReplicas: 4, maxReplicas: 6, weight: 1}, B: {minReplicas: 4, maxReplicas: 8, weight: 2}}`, "A=6 B=8"},
		{"alike, but for C", `totalReplicas: 50, clusters: {"*": {weight: 1}, C: {maxReplicas: 10, weight: 1}}`, "A=20 B=20 C=10"},
		{"none but A", `totalReplicas: 50, clusters: {A: {weight: 1}}`, "A=50"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := newStage(t)
			s.put(target + "---\napiVersion: scheduling.kubefed.io/v1alpha1\nkind: ReplicaSchedulingPreference\nmetadata: {name: a}\nspec: {targetKind: FederatedDeployment, " + tt.spec + "}")
			o := s.orders()[0]
			d, err := placement.Planner{}.Place(o.Placement, []*cluster.Cluster{{Name: "A"}, {Name: "B"}, {Name: "C"}})
			if err != nil || o.Err != nil {
				t.Fatal(err, o.Err)
			}
			var got []string
			for _, target := range d.Targets {
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

// stage is a desk whose host is YAML.
type stage struct {
	*desk
	t *testing.T
}

func newStage(t *testing.T) *stage {
	s := &stage{desk: newDesk([]Zone{{"prod", "example.com"}}), t: t}
	s.synced(typeConfigKind, false)
	s.synced(preferenceKind, true)
	s.synced(federatedNamespace, false)
	for _, kind := range []schema.GroupVersionKind{domainKind, serviceRecordKind, ingressRecordKind} {
		s.synced(kind, true)
	}
	return s
}

// put has objects come or change.
func (s *stage) put(text string) { s.each(text, false, s.putConfig, s.putPreference, s.putObject) }

// remove has objects go.
func (s *stage) remove(text string) {
	s.each(text, true, s.deleteConfig, s.deletePreference, s.deleteObject)
}

// name has a Domain or a record come, change or go.
func (s *stage) name(o *unstructured.Unstructured, remove bool) {
	switch {
	case o.GroupVersionKind() == domainKind && remove:
		s.deleteDomain(o)
	case o.GroupVersionKind() == domainKind:
		s.putDomain(o)
	case remove:
		s.deleteRecord(o)
	default:
		s.putRecord(o)
	}
}

func (s *stage) each(text string, remove bool, config, preference, object func(*unstructured.Unstructured)) {
	s.t.Helper()
	for _, o := range worktest.Objects(s.t, text) {
		switch o.GroupVersionKind() {
		case typeConfigKind:
			config(o)
		case preferenceKind:
			preference(o)
		case domainKind, serviceRecordKind, ingressRecordKind:
			s.name(o, remove)
		default:
			object(o)
		}
	}
}

// orders are those that are told now, by key.
func (s *stage) orders() (all []work.Order) {
	for some, ok := s.next(); ok; some, ok = s.next() {
		all = append(all, some...)
	}
	slices.SortStableFunc(all, func(a, b work.Order) int { return strings.Compare(a.Key.String(), b.Key.String()) })
	return all
}

// lines are the findings, sorted.
func (s *stage) lines() (all []string) {
	for _, f := range s.found() {
		all = append(all, f.String())
	}
	slices.Sort(all)
	return all
}

// show is an order as golden files have it.
func show(o work.Order) string {
	var b strings.Builder
	if o.Template == nil {
		fmt.Fprintf(&b, "take back %s%s\n", o.Key, options(o.Options))
		return b.String()
	}
	fmt.Fprintf(&b, "order %s%s\n", o.Key, options(o.Options))
	if o.Err != nil {
		fmt.Fprintf(&b, "  error %v\n", o.Err)
	}
	for _, a := range o.Placement.Affinities {
		fmt.Fprintf(&b, "  to %s\n", selected(a))
	}
	for _, t := range o.Placement.Tolerations {
		fmt.Fprintf(&b, "  tolerates %s", t.Key)
		if t.TolerationSeconds != nil {
			fmt.Fprintf(&b, " %s for %ds", t.Effect, *t.TolerationSeconds)
		}
		b.WriteString("\n")
	}
	if o.Placement.Replicas != nil {
		s := o.Placement.Scheduling
		limits, _ := json.Marshal(s.Limits)
		fmt.Fprintf(&b, "  %d replicas %s %s", *o.Placement.Replicas, s.Mode, limits)
		if s.Rebalance {
			b.WriteString(" rebalanced")
		}
		b.WriteString("\n")
	}
	for _, r := range o.Overrides {
		fmt.Fprintf(&b, "  override in %s by %s\n", selected(r.Target), r.Origin)
		for _, c := range r.Changes {
			switch {
			case c.Patch != nil:
				fmt.Fprintf(&b, "    %s %s %s\n", c.Patch.Op, c.Patch.Path, c.Patch.Value)
			case c.Labels != nil:
				fmt.Fprintf(&b, "    labels %s %v\n", c.Labels.Op, c.Labels.Values)
			case c.Annots != nil:
				fmt.Fprintf(&b, "    annotations %s %v\n", c.Annots.Op, c.Annots.Values)
			}
		}
	}
	text, _ := json.Marshal(o.Template.Object)
	fmt.Fprintf(&b, "  template %s\n", text)
	return b.String()
}

func options(o work.Options) string {
	all := []string{string(o.Existing)}
	if o.Orphan {
		all = append(all, "orphan")
	}
	if len(o.Suspend) > 0 {
		all = append(all, "suspended:"+strings.Join(o.Suspend, ","))
	}
	if o.RetainReplicas {
		all = append(all, "retain-replicas")
	}
	if text := strings.TrimSpace(strings.Join(all, " ")); text != "" {
		return " (" + text + ")"
	}
	return ""
}

func selected(a placement.Affinity) string {
	var all []string
	if a.None {
		all = append(all, "none")
	}
	if len(a.Clusters) > 0 {
		all = append(all, strings.Join(a.Clusters, ","))
	}
	if a.Labels != nil {
		all = append(all, "["+metav1.FormatLabelSelector(a.Labels)+"]")
	}
	if len(all) == 0 {
		return "all"
	}
	return strings.Join(all, " ")
}
