package join

import (
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/fedns/fedns/discovery/cluster"
)

// watched is the one EndpointSlice of shop/web.
func watched(addr string, received time.Time) Slice {
	s := FromSlice(&discoveryv1.EndpointSlice{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: "shop", Name: "web-1", Labels: map[string]string{discoveryv1.LabelServiceName: "web"},
			Annotations: map[string]string{corev1.EndpointsLastChangeTriggerTime: "2026-01-02T03:04:05Z"},
		},
		AddressType: discoveryv1.AddressTypeIPv4, Endpoints: []discoveryv1.Endpoint{{Addresses: []string{addr}}},
	})
	s.Received = received
	return s
}

// TestReceived: a Group says when the first watch event came in that it tells of,
// and nothing when it tells of a list.
func TestReceived(t *testing.T) {
	changed := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	var lags []time.Duration
	j := New(Config{Cluster: "c", Arrived: func(key cluster.ServiceKey, lag time.Duration) {
		j := key.String()
		if j != "shop/web" {
			t.Errorf("arrived: %s", j)
		}
		lags = append(lags, lag)
	}})
	at := func(s int) time.Time { return changed.Add(time.Duration(s) * time.Second) }
	take := func(what string, settled bool, want ...time.Time) {
		t.Helper()
		groups, _ := j.Take(10, settled)
		if len(groups) != len(want) {
			t.Fatalf("%s: %d Groups, want %d", what, len(groups), len(want))
		}
		for i, g := range groups {
			if !g.Received.Equal(want[i]) {
				t.Errorf("%s: received %v, want %v", what, g.Received, want[i])
			}
		}
		if len(j.received) > 0 {
			t.Errorf("%s: %v stays", what, j.received)
		}
	}
	j.PutSlice(watched("10.0.0.1", at(1)))
	take("of a Service nobody exports", true)
	feed(t, j, `{apiVersion: v1, kind: Service, metadata: {namespace: shop, name: web, annotations: {fedns.io/export: "true"}}, spec: {clusterIP: None}}`, false)
	j.PutSlice(watched("10.0.0.2", at(2)))
	take("before all was listed", false)
	take("what was held back", true, time.Time{})
	j.PutSlice(watched("10.0.0.3", at(3)))
	j.PutSlice(watched("10.0.0.4", at(4)))
	take("two events", true, at(3))
	j.PutSlice(watched("10.0.0.4", at(5)))
	take("nothing new", true)
	j.ReplaceSlices([]Slice{watched("10.0.0.6", time.Time{})}, cluster.Missing)
	take("a list", true, time.Time{})
	if len(lags) != 3 || lags[0] != 2*time.Second || lags[2] != 4*time.Second {
		t.Errorf("arrived after %v", lags)
	}
}
