package preference

import (
	"fmt"
	"testing"

	schedulingv1alpha1 "github.com/fedns/fedns/federation/api/kubefed/scheduling/v1alpha1"
)

func TestScheduling(t *testing.T) {
	n := func(n int64) *int64 { return &n }
	for _, tt := range []struct {
		of   schedulingv1alpha1.ClusterPreferences
		want string
	}{
		{schedulingv1alpha1.ClusterPreferences{MinReplicas: 1, MaxReplicas: n(3), Weight: 2}, "1 3 2"},
		{schedulingv1alpha1.ClusterPreferences{}, "0 any 0"},
		{schedulingv1alpha1.ClusterPreferences{MinReplicas: -1}, "c[a].minReplicas: got -1, want 0 to 2147483647"},
		{schedulingv1alpha1.ClusterPreferences{MaxReplicas: n(1 << 40)}, "c[a].maxReplicas: got 1099511627776, want 0 to 2147483647"},
		{schedulingv1alpha1.ClusterPreferences{MinReplicas: 2, MaxReplicas: n(1)}, "c[a].maxReplicas: got 1, less than minReplicas, 2"},
		{schedulingv1alpha1.ClusterPreferences{Weight: -1}, "c[a].weight: got -1, want none or more"},
	} {
		s, err := Scheduling(true, map[string]schedulingv1alpha1.ClusterPreferences{"a": tt.of}, "c")
		got := fmt.Sprint(err)
		if err == nil {
			l := s.Limits["a"]
			most := "any"
			if l.Max != nil {
				most = fmt.Sprint(*l.Max)
			}
			got = fmt.Sprint(l.Min, " ", most, " ", *l.Weight)
			if all := s.Limits["*"]; all.Max == nil || *all.Max != 0 || !s.Rebalance {
				t.Errorf("those that are not named: %+v, rebalance %v", all, s.Rebalance)
			}
		}
		if got != tt.want {
			t.Errorf("got %s, want %s", got, tt.want)
		}
	}
}
