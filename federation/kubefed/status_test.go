package kubefed

import (
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"sigs.k8s.io/yaml"

	typesv1beta1 "github.com/fedns/fedns/federation/api/kubefed/types/v1beta1"
	"github.com/fedns/fedns/federation/override"
	"github.com/fedns/fedns/federation/placement"
	"github.com/fedns/fedns/federation/work"
	"github.com/fedns/fedns/federation/work/worktest"
)

// TestStatus: what came of the manifest, in KubeFed's words.
func TestStatus(t *testing.T) {
	s := newStage(t)
	s.put(worktest.Read(t, "testdata/kubefed-federateddeployment.yaml"))
	order := s.orders()[0]
	order.Source.Generation = 3
	targets := func(names ...string) (d placement.Decision) {
		for _, name := range names {
			d.Targets = append(d.Targets, placement.Target{Cluster: name})
		}
		return d
	}
	outcome := func(cluster string, p work.Phase, reason string) work.Outcome {
		return work.Outcome{Cluster: cluster, Key: order.Key, Phase: p, Reason: reason, Health: work.Unknown}
	}
	there := func(o work.Outcome) work.Outcome {
		o.There, o.Health, o.Status = true, work.Healthy, []byte(`{"replicas":3}`)
		return o
	}
	bad := order
	bad.Overrides = append(bad.Overrides[:0:0], bad.Overrides...)
	bad.Overrides[0].Changes = []override.Change{{Patch: &override.Patch{Op: override.Remove, Path: "no-pointer"}}}
	_, failure := override.Apply(bad.Template, nil, nil)
	if failure != nil {
		t.Fatal(failure)
	}
	failure = errors.Join(errors.New("cluster cluster1: not applied"), &override.Error{Origin: "o", Err: errors.New("no")})
	wrong := order
	wrong.Err = errors.New("malformed")
	taken := order
	taken.Template = nil
	all := []string{"applied", "none", "every way to fail", "leaving", "placement", "malformed", "overrides", "taken back", "not told yet"}
	reports := map[string]work.Report{
		"applied": {Order: order, Decision: targets("cluster1", "cluster2"), Outcomes: []work.Outcome{there(outcome("cluster2", work.Applied, "")), outcome("cluster1", work.Applied, "")}},
		"none":    {Order: order},
		"every way to fail": {Order: order, Decision: targets("a", "b", "c", "d", "e", "f", "g", "h", "i", "j"), Outcomes: []work.Outcome{
			outcome("a", work.Failed, "Unreachable"), outcome("b", work.Failed, "Forbidden"), there(outcome("c", work.Failed, "Invalid")), outcome("d", work.Failed, "Conflict"),
			outcome("e", work.Failed, "Timeout"), there(outcome("f", work.Failed, "Timeout")), outcome("g", work.Waiting, "NamespaceMissing"), outcome("h", work.Pending, ""),
			outcome("i", work.Failed, "Unreadable"), outcome("j", work.Abandoned, ""),
		}},
		"leaving": {Order: order, Decision: targets("cluster1"), Outcomes: []work.Outcome{
			outcome("cluster1", work.Applied, ""), outcome("b", work.Removing, "Finalizers"), outcome("c", work.Removed, ""), outcome("d", work.Abandoned, ""),
			outcome("e", work.Failed, "Forbidden"), outcome("f", work.Failed, "Unreachable"), there(outcome("g", work.Applied, "")), outcome("h", work.Failed, "Timeout"),
		}},
		"placement":    {Order: order, Err: errors.New("no cluster fits")},
		"malformed":    {Order: wrong, Outcomes: []work.Outcome{outcome("cluster1", work.Applied, "")}, Decision: targets("cluster1")},
		"overrides":    {Order: bad, Decision: targets("cluster1", "cluster2"), Err: failure, Outcomes: []work.Outcome{outcome("cluster1", work.Applied, ""), outcome("cluster2", work.Applied, "")}},
		"taken back":   {Order: taken, Decision: targets("cluster1"), Outcomes: []work.Outcome{outcome("cluster1", work.Removing, ""), outcome("cluster2", work.Removed, "")}},
		"not told yet": {Order: order, Decision: targets("cluster1")},
	}
	synctest.Test(t, func(t *testing.T) {
		var b strings.Builder
		for _, name := range all {
			r := reports[name]
			for _, collect := range []bool{false, true} {
				if collect && name != "applied" {
					continue
				}
				status, changed := statusOf(&r, collect, typesv1beta1.FederatedStatus{})
				text, err := yaml.Marshal(status)
				if err != nil || !changed {
					t.Fatal(err, changed)
				}
				b.WriteString("# " + name + "\n" + string(text))
			}
		}
		worktest.Golden(t, "testdata/status.txt", b.String())
	})
}

// TestTimes: times are those of the last change.
func TestTimes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		key := work.Key{Name: "a"}
		report := func(phase work.Phase, collected string) *work.Report {
			r := &work.Report{Decision: placement.Decision{Targets: []placement.Target{{Cluster: "a"}}}}
			s := newStage(t)
			s.put(bar)
			r.Order.Key, r.Order.Template = key, s.objects[referenceTo(worktest.Objects(t, bar)[0])].object
			r.Outcomes = []work.Outcome{{Cluster: "a", Key: key, Phase: phase, Status: []byte(collected)}}
			return r
		}
		times := func(s typesv1beta1.FederatedStatus) string {
			at := func(text string) string {
				when, err := time.Parse(time.RFC3339, text)
				if err != nil {
					t.Fatal(err)
				}
				return when.Format("15:04")
			}
			return at(s.Conditions[0].LastTransitionTime) + " " + at(s.Conditions[0].LastUpdateTime)
		}
		begin := time.Now().UTC()
		var s typesv1beta1.FederatedStatus
		for i, tt := range []struct {
			phase           work.Phase
			collected       string
			changed         bool
			transit, update time.Duration
		}{
			{work.Waiting, "", true, 0, 0},
			{work.Waiting, "", false, 0, 0},
			{work.Applied, `{"a":1}`, true, 2 * time.Minute, 2 * time.Minute},
			{work.Applied, `{ "a": 1 }`, false, 2 * time.Minute, 2 * time.Minute},
			{work.Applied, `{"a":2}`, true, 2 * time.Minute, 4 * time.Minute},
		} {
			now, changed := statusOf(report(tt.phase, tt.collected), true, s)
			s = now
			want := begin.Add(tt.transit).Format("15:04") + " " + begin.Add(tt.update).Format("15:04")
			if got := times(s); got != want || changed != tt.changed {
				t.Errorf("step %d: %s, changed %v, want %s, %v", i, got, changed, want, tt.changed)
			}
			time.Sleep(time.Minute)
		}
	})
}
