package membership

import (
	"fmt"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/fedns/fedns/discovery"
	"github.com/fedns/fedns/federation/api/v1alpha1"
)

var (
	noon    = time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)
	live    = discovery.ClusterStatus{State: "live", Phase: "live", Synced: true, Signals: discovery.Signals{API: "up", Nodes: "up", Data: "unknown"}}
	renewed = &credentials{expires: noon.Add(time.Hour), version: "v1.36.3"}
)

func with(change func(*discovery.ClusterStatus)) *discovery.ClusterStatus {
	c := live
	change(&c)
	return &c
}

// show is a status in one line.
func show(s v1alpha1.MemberClusterStatus) string {
	parts := []string{s.Standing}
	for _, c := range s.Conditions {
		part := fmt.Sprintf("%s=%s/%s", c.Type, c.Status, c.Reason)
		if c.Message != "" {
			part += "(" + c.Message + ")"
		}
		parts = append(parts, part)
	}
	return strings.Join(parts, " ")
}

func TestStatus(t *testing.T) {
	for _, tt := range []struct {
		name  string
		known *discovery.ClusterStatus
		why   string
		cred  *credentials
		want  string
	}{
		{"live", &live, "", renewed, "live Credentials=True/Renewed DataPath=Unknown/NotProbed Reachable=True/APIServerAnswers Ready=True/Live Synced=True/Followed"},
		{"without a token of ours", &live, "", &credentials{none: "it never expires"}, "live Credentials=Unknown/NotRenewed(it never expires) DataPath=Unknown/NotProbed Reachable=True/APIServerAnswers Ready=True/Live Synced=True/Followed"},
		{"a token that cannot be renewed", &live, "", &credentials{err: "forbidden"}, "live Credentials=False/RenewalFailed(forbidden) DataPath=Unknown/NotProbed Reachable=True/APIServerAnswers Ready=True/Live Synced=True/Followed"},
		{"its data path is down", with(func(c *discovery.ClusterStatus) { c.Signals.Data, c.Why = "down", "gateways are silent" }), "", nil,
			"degraded DataPath=False/ProbesFail Reachable=True/APIServerAnswers Ready=False/Degraded(gateways are silent) Synced=True/Followed"},
		{"its API server is down", with(func(c *discovery.ClusterStatus) {
			c.State, c.Phase, c.Reason, c.Signals = "unreachable", "unreachable", "refused", discovery.Signals{API: "down", Data: "up"}
		}), "", nil, "degraded DataPath=True/ProbesAnswered Reachable=False/APIServerSilent(refused) Ready=False/Degraded(refused) Synced=False/LastKnown(what was last known stands: refused)"},
		{"both are down", with(func(c *discovery.ClusterStatus) {
			c.State, c.Phase, c.Reason, c.Signals = "unreachable", "unreachable", "refused", discovery.Signals{API: "down", Data: "down"}
		}), "", nil, "unreachable DataPath=False/ProbesFail Reachable=False/APIServerSilent(refused) Ready=False/Unreachable(refused) Synced=False/LastKnown(what was last known stands: refused)"},
		{"never read", &discovery.ClusterStatus{State: "syncing", Phase: "syncing"}, "", nil,
			"syncing DataPath=Unknown/NotProbed Reachable=Unknown/NotKnown Ready=Unknown/Syncing Synced=False/NeverRead(it is being read for the first time)"},
		{"drained", with(func(c *discovery.ClusterStatus) { c.State = "drained" }), "", nil,
			"drained DataPath=Unknown/NotProbed Reachable=True/APIServerAnswers Ready=False/Drained Synced=True/Followed"},
		{"not taken up", nil, "spec.secretRef: there is no Secret fedns/a", nil, " Ready=Unknown/NotTakenUp(spec.secretRef: there is no Secret fedns/a)"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := show(statusOf(v1alpha1.MemberClusterStatus{}, 3, tt.known, tt.why, tt.cred, noon)); got != tt.want {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
		})
	}
}

// TestStatusOverTime: what has not changed keeps its time, and others' conditions stay.
func TestStatusOverTime(t *testing.T) {
	first := statusOf(v1alpha1.MemberClusterStatus{}, 1, &live, "", renewed, noon)
	if later := statusOf(first, 1, &live, "", renewed, noon.Add(time.Hour)); !same(first, later) {
		t.Errorf("nothing changed, and it is %+v\nwas %+v", later, first)
	}
	if first.TokenExpires == nil || first.KubernetesVersion != "v1.36.3" || !first.StandingSince.Time.Equal(noon) {
		t.Errorf("got %+v", first)
	}
	others := first.DeepCopy()
	others.Conditions = append(others.Conditions, metav1.Condition{Type: "Capacity", Status: metav1.ConditionTrue})
	others.Capacity = &v1alpha1.MeasuredCapacity{Nodes: 3}
	down := with(func(c *discovery.ClusterStatus) { c.Signals.Data = "down" })
	second := statusOf(*others, 2, down, "", nil, noon.Add(time.Hour))
	times := map[string]time.Time{}
	for _, c := range second.Conditions {
		times[c.Type] = c.LastTransitionTime.Time
	}
	if !times["DataPath"].Equal(noon.Add(time.Hour)) || !times["Reachable"].Equal(noon) || second.Capacity.Nodes != 3 || !second.StandingSince.Time.Equal(noon.Add(time.Hour)) {
		t.Errorf("got %+v", second)
	}
	for _, kept := range []string{"Capacity", v1alpha1.ConditionCredentials} { // of the token nothing is known just now
		if _, ok := times[kept]; !ok {
			t.Errorf("%s is gone: %s", kept, show(second))
		}
	}
	if gone := statusOf(second, 2, nil, "", nil, noon); strings.Contains(show(gone), "Reachable") || gone.Standing != "" {
		t.Errorf("not followed, and %s", show(gone))
	}
}
