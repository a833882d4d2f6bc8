package kubernetes

import (
	"fmt"
	"testing"
	"time"

	"github.com/fedns/fedns/discovery/cluster"
)

// TestReceived: a Group tells when it came over a watch, and a list is none.
func TestReceived(t *testing.T) {
	for _, streams := range []bool{true, false} {
		t.Run(fmt.Sprintf("streams=%t", streams), func(t *testing.T) {
			began := time.Now()
			server := newAPIServer(t, service("s", annotated)+slice("s", "10.1.0.1"))
			server.streams = streams
			v := observe(t, server, nil)
			received := func() time.Time {
				v.mu.Lock()
				defer v.mu.Unlock()
				return v.groups[cluster.ServiceKey{Namespace: "a", Name: "s"}].Received
			}
			v.awaitPhase(cluster.Live)
			v.awaitGroups("a/s 10.1.0.1")
			if at := received(); !at.IsZero() {
				t.Errorf("of a list: received %v", at)
			}
			server.put(slice("s", "10.1.0.2"))
			v.awaitGroups("a/s 10.1.0.2")
			if at := received(); at.Before(began) || at.After(time.Now()) {
				t.Errorf("of a watch: received %v", at)
			}
		})
	}
}
