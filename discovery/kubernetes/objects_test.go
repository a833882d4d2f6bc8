package kubernetes

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/fedns/fedns/discovery/cluster"
)

// kept is a Handler that keeps what it is told.
type kept struct {
	mu      sync.Mutex
	names   map[string]bool
	deleted []string
	absent  bool
	state   cluster.State
	lacks   cluster.Loss  // the last list
	changed chan struct{} // holds one
}

// unlock tells whoever waits for a change.
func (k *kept) unlock() {
	select {
	case k.changed <- struct{}{}:
	default:
	}
	k.mu.Unlock()
}

func (k *kept) Replace(all []*unstructured.Unstructured, how cluster.Loss) {
	k.mu.Lock()
	defer k.unlock()
	k.lacks = how
	k.names, k.absent = map[string]bool{}, false
	for _, o := range all {
		k.names[o.GetNamespace()+"/"+o.GetName()] = true
	}
}

func (k *kept) Put(o *unstructured.Unstructured) {
	k.mu.Lock()
	defer k.unlock()
	k.names[o.GetNamespace()+"/"+o.GetName()] = true
}

func (k *kept) Delete(namespace, name string, _ cluster.Loss) {
	k.mu.Lock()
	defer k.unlock()
	delete(k.names, namespace+"/"+name)
	k.deleted = append(k.deleted, namespace+"/"+name)
}

func (k *kept) Absent() {
	k.mu.Lock()
	defer k.unlock()
	k.absent = true
}

func (k *kept) tell(s cluster.State) {
	k.mu.Lock()
	defer k.unlock()
	k.state = s
}

// until waits until a condition holds; mu is held while it is looked at.
func (k *kept) until(t *testing.T, what string, holds func() bool) {
	t.Helper()
	deadline := time.After(30 * time.Second)
	for {
		k.mu.Lock()
		ok := holds()
		k.mu.Unlock()
		if ok {
			return
		}
		select {
		case <-k.changed:
		case <-deadline:
			t.Fatalf("not seen: %s; have %v, %+v", what, k.names, k.state)
		}
	}
}

// await waits until the names and the phase are these.
func (k *kept) await(t *testing.T, phase cluster.Phase, names ...string) {
	t.Helper()
	k.until(t, fmt.Sprint(names, " ", phase), func() bool {
		return slices.Equal(slices.Sorted(maps.Keys(k.names)), names) && k.state.Phase == phase
	})
}

func follow(t *testing.T, server *apiServer, o Objects) *kept {
	t.Helper()
	k := &kept{changed: make(chan struct{}, 1)}
	o.Handler = k
	f, err := NewFollower(Config{Kubeconfig: kubeconfig(t, "", server, ""), Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	f.source.timing = quick
	ctx, cancel := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() { f.Run(ctx, []Objects{o}, k.tell) })
	t.Cleanup(func() {
		cancel()
		running.Wait()
	})
	return k
}

// TestObjectsOfAStoreThatEbbs: what a list lacks of a store that has gone back is in doubt.
func TestObjectsOfAStoreThatEbbs(t *testing.T) {
	server := newAPIServer(t, service("s", "")+service("t", ""))
	server.set(func() { server.version = 500 })
	k := follow(t, server, Objects{Versions: []string{"v1"}, Resource: "services"})
	k.await(t, cluster.Live, "a/s", "a/t")
	bookmarked := server.sent("BOOKMARK")
	k.until(t, "a bookmark", func() bool { return server.sent("BOOKMARK") > bookmarked+1 })
	server.set(func() {
		delete(server.objects["services"], "a/t")
		server.log, server.version = nil, 3
		server.watches++
	})
	k.await(t, cluster.Live, "a/s")
	if k.mu.Lock(); k.lacks != cluster.Doubtful {
		t.Errorf("what it lacks is evidence %d", k.lacks)
	}
	k.mu.Unlock()
}

// TestFollowsObjects: objects of any kind, by list and watch, through an outage.
func TestFollowsObjects(t *testing.T) {
	for _, streams := range []bool{true, false} {
		server := newAPIServer(t, service("s", "")+service("t", ""))
		server.streams = streams
		k := follow(t, server, Objects{Versions: []string{"v1"}, Resource: "services", Namespace: "a", Labels: "x=y", Fields: "f=g"})
		k.await(t, cluster.Live, "a/s", "a/t")
		if server.asked("/api/v1/namespaces/a/services?") == 0 || server.asked("labelSelector=x%3Dy") == 0 || server.asked("fieldSelector=f%3Dg") == 0 {
			t.Errorf("asked for %q", server.requests)
		}
		server.put(service("u", ""))
		k.await(t, cluster.Live, "a/s", "a/t", "a/u")
		server.delete("services", "a/t", false)
		k.await(t, cluster.Live, "a/s", "a/u")
		server.stop()
		k.await(t, cluster.Unreachable, "a/s", "a/u")
		server.delete("services", "a/s", true)
		server.set(func() { server.compact = server.version })
		server.start()
		k.await(t, cluster.Live, "a/u")
		if !slices.Equal(k.deleted, []string{"a/t"}) {
			t.Errorf("events of deletion: %q", k.deleted)
		}
	}
}

// TestAbsentKindIsNoFault: a CRD that is not there is looked for again, and one
// that goes takes nothing with it that was not seen deleted.
func TestAbsentKindIsNoFault(t *testing.T) {
	server := newAPIServer(t, export("s"))
	server.versions = nil
	k := follow(t, server, Objects{Group: "multicluster.x-k8s.io", Versions: []string{"v1beta1", "v1alpha1"}, Resource: "serviceexports"})
	k.await(t, cluster.Live)
	k.mu.Lock()
	if !k.absent {
		t.Error("not told that it is absent")
	}
	k.mu.Unlock()
	server.set(func() { server.versions = []string{"v1alpha1"} })
	k.await(t, cluster.Live, "a/s")
	server.set(func() { server.versions = nil; server.watches++ })
	k.until(t, "that the CRD went", func() bool { return k.absent })
	k.await(t, cluster.Live, "a/s")
	server.set(func() { server.versions, server.refuse["list multicluster.x-k8s.io"] = []string{"v1alpha1"}, 500 })
	k.await(t, cluster.Unreachable, "a/s")
	k.mu.Lock()
	if reason := k.state.Reason; !strings.Contains(reason, "discover serviceexports: ") {
		t.Errorf("reason is %q", reason)
	}
	k.mu.Unlock()
}
