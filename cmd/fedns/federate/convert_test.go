package federate

import (
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/fedns/fedns/federation"
	"github.com/fedns/fedns/federation/api/v1alpha1"
	"github.com/fedns/fedns/federation/cluster"
	"github.com/fedns/fedns/federation/failover"
	"github.com/fedns/fedns/federation/work"
)

var noon = time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)

// TestBindingsComeBackAsTheyWent: what the host keeps is what was decided, or a
// restart would write anew.
func TestBindingsComeBackAsTheyWent(t *testing.T) {
	web := work.Key{Kind: schema.GroupVersionKind{Group: "apps", Version: "v1", Kind: "Deployment"}, Namespace: "shop", Name: "web"}
	s := &Bindings{namespace: "fedns-system", term: func() (int64, time.Time) { return 7, noon }}
	for _, b := range []federation.Binding{
		{Key: web, Dialect: "karmada"},
		{Key: work.Key{Kind: schema.GroupVersionKind{Version: "v1", Kind: "Namespace"}, Name: "shop"}, Dialect: "kubefed", Orphan: true, Deleted: true},
		{
			Key: web, Dialect: "kubefed", Affinity: "near",
			Source: work.Reference{Kind: schema.GroupVersionKind{Group: "types.kubefed.io", Version: "v1beta1", Kind: "FederatedDeployment"}, Namespace: "shop", Name: "web", UID: "u", Generation: 3},
			State: failover.State{
				Targets: []failover.Target{{Cluster: "a", Replicas: 2, Since: noon}, {Cluster: "b", Since: noon.Add(time.Hour)}},
				Leaving: []failover.Leaving{{Cluster: "c", Replicas: 3, Why: "taint x", Since: noon, Until: noon.Add(time.Minute)}, {Cluster: "d", Why: "for ever", Since: noon}},
				Away:    []failover.Away{{Cluster: "c", Why: "taint x", Since: noon}, {Cluster: "e", Why: "sick", Since: noon, Unhealthy: true}},
			},
			Removing:     []federation.Removal{{Cluster: "f", Since: noon}},
			Dependencies: []federation.Dependency{{Key: work.Key{Kind: schema.GroupVersionKind{Version: "v1", Kind: "Secret"}, Namespace: "shop", Name: "key"}, Clusters: []string{"a", "b"}}},
		},
	} {
		o := s.object(b)
		got, err := fromObject(o)
		if err != nil || !got.Equal(b) {
			t.Errorf("went %+v, came %+v, %v", b, got, err)
		}
		if want := b.Key.Namespace; want == "" && o.Namespace != "fedns-system" || want != "" && o.Namespace != want || o.Annotations[annotationTerm] != "7" {
			t.Errorf("metadata %+v", o.ObjectMeta)
		}
	}
}

func TestBrokenBindings(t *testing.T) {
	for want, change := range map[string]func(*v1alpha1.BindingSpec){
		"spec.template: apiVersion":        func(s *v1alpha1.BindingSpec) { s.Template.APIVersion = "a/b/c" },
		"spec.source: apiVersion":          func(s *v1alpha1.BindingSpec) { s.Source = &v1alpha1.Source{APIVersion: "a/b/c"} },
		"spec.dependencies[0]: apiVersion": func(s *v1alpha1.BindingSpec) { s.Dependencies = []v1alpha1.Dependency{{APIVersion: "a/b/c"}} },
	} {
		o := &v1alpha1.Binding{Spec: v1alpha1.BindingSpec{Template: v1alpha1.Template{APIVersion: "v1", Kind: "Service", Name: "web"}}}
		change(&o.Spec)
		if _, err := fromObject(o); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}

// TestDetails: what people say of a cluster is added to what was seen of it, and a
// taint keeps the time at which it was seen first.
func TestDetails(t *testing.T) {
	d := newDetails(nil)
	m := Member{Name: "eu-1", Region: "eu", Labels: map[string]string{"env": "prod"}, Taints: []string{"k=v:NoExecute", "broken"}, Standing: cluster.Unreachable, Since: noon}
	plain := d.cluster(m)
	if plain.Region != "eu" || len(plain.Taints) != 3 || plain.Taints[2].Key != "k" || plain.Taints[2].TimeAdded == nil {
		t.Errorf("got %+v", plain)
	}
	if !equal(plain, d.cluster(m)) {
		t.Error("asked again, it is another")
	}
	d.all["eu-1"] = &v1alpha1.MemberCluster{
		ObjectMeta: metav1.ObjectMeta{Name: "eu-1", Labels: map[string]string{"tier": "one"}},
		Spec:       v1alpha1.MemberClusterSpec{Provider: "aws", Taints: []v1alpha1.Taint{{Key: "k", Effect: "NoSchedule"}}},
		Status:     v1alpha1.MemberClusterStatus{Standing: "live"},
	}
	more := d.cluster(m)
	if more.Provider != "aws" || more.Region != "eu" || more.Labels["env"] != "prod" || more.Labels["tier"] != "one" {
		t.Errorf("got %+v", more)
	}
	lost := false
	for _, taint := range more.Taints {
		lost = lost || taint.Key == cluster.TaintUnreachable && taint.TimeAdded != nil && taint.TimeAdded.Time.Equal(noon)
	}
	if !lost {
		t.Errorf("taints %v: what was seen here is to count before the status that somebody wrote", more.Taints)
	}
}
