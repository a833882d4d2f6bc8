package daemon

import (
	"testing"
	"time"

	"github.com/fedns/fedns/discovery"
	federated "github.com/fedns/fedns/federation/cluster"
)

func TestStanding(t *testing.T) {
	now := time.Now()
	for _, test := range []struct {
		name            string
		standing, state string
		api, data       string
		held, synced    bool
		want            federated.Standing
	}{
		{"all is well", "first", "live", "up", "up", false, true, federated.Live},
		{"nobody probes", "first", "live", "up", "unknown", false, true, federated.Live},
		{"not read yet", "first", "syncing", "unknown", "unknown", false, false, federated.Syncing},
		{"both are down", "behind", "unreachable", "down", "down", false, true, federated.Unreachable},
		{"its API server is down for long, and nobody probes", "behind", "unreachable", "down", "unknown", false, true, federated.Unreachable},
		{"its API server has just gone down", "first", "unreachable", "down", "unknown", false, true, federated.Degraded},
		{"its data path works", "first", "unreachable", "down", "up", false, true, federated.Degraded},
		{"its data path is down, its API server says that Pods run", "behind", "live", "up", "down", false, true, federated.Degraded},
		{"too many are lost at once", "first", "unreachable", "down", "down", true, true, federated.Degraded},
		{"the operator drains it", "drained", "drained", "up", "up", false, true, federated.Drained},
		{"the operator gives it up", "evicted", "evicted", "down", "down", false, true, federated.Evicted},
	} {
		s := discovery.ClusterStatus{Standing: test.standing, State: test.state, Held: test.held, Synced: test.synced, StandingSince: now, Signals: discovery.Signals{API: test.api, Data: test.data}}
		if got, _ := standing(s); got != test.want {
			t.Errorf("%s: it is %s, want %s", test.name, got, test.want)
		}
	}
}
