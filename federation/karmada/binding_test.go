package karmada

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/yaml"

	workv1alpha2 "github.com/fedns/fedns/federation/api/karmada/work/v1alpha2"
	"github.com/fedns/fedns/federation/placement"
	"github.com/fedns/fedns/federation/work"
	"github.com/fedns/fedns/federation/work/worktest"
)

// TestNames: as Karmada has them. nginx-687f7fb96f is from its user guide.
func TestNames(t *testing.T) {
	deployment := schema.GroupVersionKind{Group: "apps", Version: "v1", Kind: "Deployment"}
	role := schema.GroupVersionKind{Group: "rbac.authorization.k8s.io", Version: "v1", Kind: "ClusterRole"}
	for _, tt := range []struct {
		key             work.Key
		binding, worked string
	}{
		{work.Key{Kind: deployment, Namespace: "default", Name: "nginx"}, "nginx-deployment", "nginx-687f7fb96f"},
		{work.Key{Kind: role, Name: "system:reader"}, "system.reader-clusterrole", "system.reader-"},
	} {
		if got := bindingName(tt.key); got != tt.binding {
			t.Errorf("%s: binding %s, want %s", tt.key, got, tt.binding)
		}
		if got := workName(tt.key); !strings.HasPrefix(got, tt.worked) {
			t.Errorf("%s: work %s, want %s", tt.key, got, tt.worked)
		}
	}
}

// reported is a Report on the template nginx, in three clusters, and what it stands on.
func reported(t *testing.T) (*work.Report, *standing) {
	s := newStage(t, false)
	s.put(pp("a", "propagateDeps: true, placement: {replicaScheduling: {replicaDivisionPreference: Weighted}}") + strings.Replace(nginx, "name: nginx,", "name: nginx, uid: 5f2b,", 1))
	all := s.orders()
	if len(all) != 1 {
		t.Fatalf("told %d orders", len(all))
	}
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	key := all[0].Key
	return &work.Report{
		Order:    all[0],
		Decision: placement.Decision{Targets: []placement.Target{{Cluster: "member1", Replicas: 1}, {Cluster: "member2", Replicas: 2}}},
		Outcomes: []work.Outcome{
			{Cluster: "member2", Key: key, Phase: work.Failed, Reason: "Forbidden", Message: "deployments.apps is forbidden", Since: at, Health: work.Unknown},
			{Cluster: "member1", Key: key, Phase: work.Applied, Since: at, Health: work.Healthy, Status: json.RawMessage(`{"readyReplicas":1,"replicas":1}`), Replicas: 1, Ready: 1},
			{Cluster: "member3", Key: key, Phase: work.Applied, Since: at, Health: work.Healthy},
			{Cluster: "member4", Key: key, Phase: work.Removed, Since: at},
			{Cluster: "member1", Key: work.Key{Kind: key.Kind, Name: "a-dependency"}, Phase: work.Failed},
		},
		Leaving: []work.Leaving{{Cluster: "member3", Why: "taint cluster.karmada.io/unreachable:NoExecute", Since: at, Until: at.Add(10 * time.Minute)}},
	}, s.standing[key]
}

func TestBinding(t *testing.T) {
	r, st := reported(t)
	b := binding(r, st, nil)
	for i := range b.Status.Conditions { // the rest is what the report says
		b.Status.Conditions[i].LastTransitionTime = metav1.Time{}
	}
	object, status, err := plain(b)
	if err != nil {
		t.Fatal(err)
	}
	object.Object["status"] = status.Object["status"]
	text, err := yaml.Marshal(object.Object)
	if err != nil {
		t.Fatal(err)
	}
	worktest.Golden(t, "testdata/binding.txt", string(text))
}

// TestConditions: what the placement and the clusters say, in Karmada's words.
func TestConditions(t *testing.T) {
	for _, tt := range []struct {
		name   string
		change func(*work.Report)
		want   string
	}{
		{"a cluster lacks it", func(*work.Report) {}, "Scheduled=True/Success FullyApplied=False/FullyAppliedFailed"},
		{"all have it", func(r *work.Report) { r.Outcomes[0].Phase = work.Applied }, "Scheduled=True/Success FullyApplied=True/FullyAppliedSuccess"},
		{"a cluster is not heard of yet", func(r *work.Report) { r.Outcomes = r.Outcomes[1:] }, "Scheduled=True/Success FullyApplied=False/FullyAppliedFailed"},
		{"a bad policy", func(r *work.Report) { r.Order.Err = errors.New("bad") }, "Scheduled=False/SchedulerError FullyApplied=False/FullyAppliedFailed"},
		{"no placement", func(r *work.Report) { r.Err, r.Decision.Targets = errors.New("too few regions"), nil }, "Scheduled=False/NoClusterFit FullyApplied=False/FullyAppliedFailed"},
		{"no cluster", func(r *work.Report) { r.Decision.Targets = nil }, "Scheduled=False/NoClusterFit FullyApplied=False/FullyAppliedFailed"},
		{"replicas without a place", func(r *work.Report) { r.Decision.Unplaced = 2 }, "Scheduled=False/Unschedulable FullyApplied=False/FullyAppliedFailed"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r, st := reported(t)
			tt.change(r)
			var got []string
			for _, c := range binding(r, st, nil).Status.Conditions {
				got = append(got, c.Type+"="+string(c.Status)+"/"+c.Reason)
			}
			if got := strings.Join(got, " "); got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
	r, st := reported(t)
	first := binding(r, st, nil)
	first.Status.Conditions[0].LastTransitionTime = metav1.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)
	if again := binding(r, st, first); entryOf(again).status != entryOf(first).status {
		t.Errorf("the same report makes another status:\n%+v\n%+v", again.Status, first.Status)
	}
}

// TestAltered: what a cluster made something else of is applied, and told.
func TestAltered(t *testing.T) {
	r, st := reported(t)
	r.Outcomes[1].Reason, r.Outcomes[1].Message = "Altered", "something else of spec.replicas"
	for _, item := range binding(r, st, nil).Status.AggregatedStatus {
		if item.ClusterName == "member1" && (!item.Applied || item.AppliedMessage != "Altered: something else of spec.replicas") {
			t.Errorf("member1 is %+v", item)
		}
	}
	if c := applied(&r.Outcomes[1]); c.Status != metav1.ConditionTrue || c.Message != "Altered: something else of spec.replicas" {
		t.Errorf("the Work's condition is %+v", c)
	}
}

// TestLost: what is told of a cluster that is lost is told to be old.
func TestLost(t *testing.T) {
	r, st := reported(t)
	r.Lost, r.LostSince = []string{"member1"}, map[string]time.Time{"member1": time.Date(2026, 1, 2, 4, 0, 0, 0, time.UTC)}
	for _, item := range binding(r, st, nil).Status.AggregatedStatus {
		told := strings.Contains(item.AppliedMessage, "lost since 2026-01-02T04:00:00Z")
		switch item.ClusterName {
		case "member1":
			if !told || item.Health != string(work.Unknown) || !item.Applied || item.Status == nil {
				t.Errorf("of the lost one it says %+v", item)
			}
		default:
			if told {
				t.Errorf("%s is not lost, and it says %+v", item.ClusterName, item)
			}
		}
	}
	d := &Dialect{cfg: Config{Host: &taking{}}}
	w, err := d.work(r, &r.Outcomes[1], "deployments")
	if err != nil {
		t.Fatal(err)
	}
	c := w.Status.Conditions[0]
	if c.Status != metav1.ConditionUnknown || !strings.Contains(c.Message, "lost since 2026-01-02T04:00:00Z") || !c.LastTransitionTime.Equal(&metav1.Time{Time: r.LostSince["member1"]}) {
		t.Errorf("its Work has %+v", c)
	}
	if h := w.Status.ManifestStatuses[0].Health; h != string(work.Unknown) {
		t.Errorf("its Work's health is %s", h)
	}
}

// TestRecall: what a binding says is what the order stood on.
func TestRecall(t *testing.T) {
	r, st := reported(t)
	object, status, err := plain(binding(r, st, nil))
	if err != nil {
		t.Fatal(err)
	}
	object.Object["status"] = status.Object["status"]
	b := &book{bindings: map[work.Key]*entry{}}
	key, again, err := b.recall(object)
	if err != nil || key != r.Order.Key {
		t.Fatalf("recalled %s, %v", key, err)
	}
	if again.policy != st.policy || again.id != st.id || again.template != st.template || work.Digest(again.terms.request) != work.Digest(st.terms.request) || !again.terms.deps {
		t.Errorf("recalled %+v, want %+v", again, st)
	}
	now := entryOf(binding(r, again, &workv1alpha2.ResourceBinding{Status: workv1alpha2.ResourceBindingStatus{Conditions: b.bindings[key].conditions}}))
	if was := b.bindings[key]; now.spec != was.spec || now.status != was.status {
		t.Error("after a restart the same binding is written again")
	}
}

func TestDifference(t *testing.T) {
	for _, tt := range []struct{ name, have, want, patch string }{
		{"new", `{}`, `{"replicas":3,"readyReplicas":2}`, `{"readyReplicas":2,"replicas":3}`},
		{"the same", `{"replicas":3,"conditions":[{"type":"Available"}]}`, `{"replicas":3}`, `{}`},
		{"a count that is none now", `{"replicas":3,"readyReplicas":2,"observedGeneration":4}`, `{"replicas":3}`, `{"readyReplicas":null}`},
		{"addresses", `{"loadBalancer":{"ingress":[{"ip":"192.0.2.1"}]}}`, `{"loadBalancer":{}}`, `{"loadBalancer":{"ingress":null}}`},
		{"no addresses", `{"loadBalancer":{}}`, `{"loadBalancer":{}}`, `{}`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var have, want map[string]any
			_ = json.Unmarshal([]byte(tt.have), &have)
			_ = json.Unmarshal([]byte(tt.want), &want)
			if got, _ := json.Marshal(difference(have, want)); string(got) != tt.patch {
				t.Errorf("got %s, want %s", got, tt.patch)
			}
		})
	}
}
