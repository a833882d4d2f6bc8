package kubernetes

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/fedns/fedns/discovery/cluster"
)

// lease is one renewed at a second that means nothing to the clock here.
func lease(node string, second int) string {
	return fmt.Sprintf("{apiVersion: coordination.k8s.io/v1, kind: Lease, metadata: {namespace: kube-node-lease, name: %s}, spec: {renewTime: \"2001-01-01T%02d:%02d:%02d.000000Z\"}}\n---\n",
		node, second/3600, second/60%60, second%60)
}

// beat renews the Leases of nodes until the test or stop ends it.
func beat(t *testing.T, server *apiServer, nodes ...string) (stop func()) {
	done, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		for second := 1; ; second++ {
			for _, n := range nodes {
				server.put(lease(n, second))
			}
			select {
			case <-done:
				return
			case <-time.After(20 * time.Millisecond):
			}
		}
	}()
	stopped := false
	stop = func() {
		if !stopped {
			stopped = true
			close(done)
			<-ended
		}
	}
	t.Cleanup(stop)
	return stop
}

func (v *view) awaitNodes(s cluster.Signal) {
	v.t.Helper()
	v.await("nodes "+s.String(), func() bool { return v.nodes.Signal == s && !v.nodes.Since.IsZero() })
}

func TestNodesWorkAndStop(t *testing.T) {
	server := newAPIServer(t, service("s", annotated)+lease("n1", 0)+lease("n2", 0))
	stop := beat(t, server, "n2")
	v := observe(t, server, nil)
	v.awaitNodes(cluster.Up)
	stop()
	v.awaitNodes(cluster.Down)
	if v.mu.Lock(); !strings.HasPrefix(v.nodes.Reason, "none of 2 nodes renewed its lease for ") {
		t.Errorf("because %q", v.nodes.Reason)
	}
	v.mu.Unlock()
	stop = beat(t, server, "n1")
	v.awaitNodes(cluster.Up)
	stop()
	server.stop()
	// A look that was under way may have had no answer in time before.
	v.await("nodes Unknown, as nobody listens", func() bool {
		return v.nodes.Signal == cluster.Unknown && strings.Contains(v.nodes.Reason, "connection refused")
	})
}

// In a big cluster the only nodes that work may not be on the first page; as
// long as some there do, the others are not read.
func TestNodesOfLaterPages(t *testing.T) {
	var all strings.Builder
	for i := range 60 {
		all.WriteString(lease(fmt.Sprintf("n%03d", i), 0))
	}
	server := newAPIServer(t, all.String())
	stop := beat(t, server, "n055")
	v := observe(t, server, nil)
	v.awaitNodes(cluster.Up)
	if server.asked("limit=500") == 0 {
		t.Error("later pages were not read")
	}
	beat(t, server, "n001")
	stop()
	walked := -1
	v.await("the first page to be enough", func() bool {
		before := walked
		walked = server.asked("leases?continue")
		first := server.asked("leases?limit=50")
		v.mu.Unlock()
		v.await("another look", func() bool { return server.asked("leases?limit=50") > first+1 })
		v.mu.Lock()
		return before == walked
	})
	v.never("down", 0, func(u cluster.Update) bool { return u.Nodes != nil && u.Nodes.Signal == cluster.Down })
}

// A role without the right is no fault, and is said once.
func TestLeasesForbidden(t *testing.T) {
	server := newAPIServer(t, service("s", annotated)+lease("n1", 0))
	server.refuse["list leases"] = 403
	v := observe(t, server, nil)
	v.awaitPhase(cluster.Live)
	v.await("a second look", func() bool { return server.asked("/leases") > 1 })
	v.awaitNodes(cluster.Unknown)
	v.never("a fault", 0, unreachable)
	if n := strings.Count(v.logged.String(), "node leases are forbidden"); n != 1 {
		t.Errorf("said %d times that node leases are forbidden", n)
	}
}
