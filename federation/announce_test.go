package federation

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/fedns/fedns/federation/api/v1alpha1"
	"github.com/fedns/fedns/federation/cluster"
	"github.com/fedns/fedns/federation/placement"
	"github.com/fedns/fedns/federation/work"
)

// told are the Events of an Engine.
type told struct {
	mu  sync.Mutex
	all []string
}

func (x *told) tell(of work.Reference, warning bool, reason, message string) {
	x.mu.Lock()
	defer x.mu.Unlock()
	kind := "Normal"
	if warning {
		kind = "Warning"
	}
	x.all = append(x.all, fmt.Sprintf("%s %s/%s %s: %s", kind, of.Kind.Kind, of.Name, reason, message))
}

// taken are those since it was asked last.
func (x *told) taken() []string {
	x.mu.Lock()
	defer x.mu.Unlock()
	all := x.all
	x.all = nil
	return all
}

// want holds what was told to what it is to begin with, line by line.
func (x *told) want(t *testing.T, when string, want ...string) {
	t.Helper()
	got := x.taken()
	if !slices.EqualFunc(got, want, strings.HasPrefix) {
		t.Errorf("%s: told\n%s\nwant\n%s", when, strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// TestEventsOfMoves: people hear on their object that a cluster is lost, that the
// template leaves it, has left, is placed there again and that the cluster is back.
func TestEventsOfMoves(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x, f := &told{}, newFleet(t, "a", "b", "c")
		h := begin(t, newMemory(), f, func(c *Config) { c.Tell = x.tell }, &people{name: "people", orders: []work.Order{deployment("web", 6)}})
		defer h.stop()
		after(30 * time.Second)
		x.want(t, "when all goes well")
		f.set("a", cluster.Unreachable)
		after(time.Second)
		x.want(t, "when the cluster is lost", "Warning Deployment/web ClusterLost: Deployment.apps shop/web in cluster a: ")
		after(304 * time.Second)
		x.want(t, "after its toleration", "Warning Deployment/web Leaving: Deployment.apps shop/web leaves cluster a: ")
		after(podTime + 5*time.Second)
		x.want(t, "with others ready", "Normal Deployment/web Moved: Deployment.apps shop/web has left cluster a: it is in b, c")
		f.set("a", cluster.Live)
		after(time.Minute)
		x.want(t, "with the cluster back")
	})
}

// TestEventsOfReturn: a cluster that is back before anything has left it is told as
// such, and so is a template that goes back.
func TestEventsOfReturn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x, f := &told{}, newFleet(t, "a", "b")
		h := begin(t, newMemory(), f, func(c *Config) { c.Tell = x.tell }, &people{name: "people", orders: []work.Order{deployment("web", 2)}})
		defer h.stop()
		after(30 * time.Second)
		f.set("a", cluster.Unreachable)
		after(time.Minute)
		f.set("a", cluster.Live)
		after(time.Minute)
		x.want(t, "after a short loss", "Warning Deployment/web ClusterLost", "Normal Deployment/web ClusterBack: Deployment.apps shop/web in cluster a: ")
		h.people.order(service("api")) // which is everywhere
		after(time.Second)
		f.set("a", cluster.Drained)
		after(time.Minute)
		x.taken()
		f.set("a", cluster.Live)
		after(time.Minute)
		if got := x.taken(); !slices.Contains(got, "Normal Service/api Returned: Service shop/api is placed in cluster a again") {
			t.Errorf("of a cluster that is not drained any more: %v", got)
		}
	})
}

// TestEventsOfTrouble: what a cluster refuses and what is somebody else's there is told
// once, and its end; that a cluster does not answer is not told for each object.
func TestEventsOfTrouble(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		web := key(deployments, "web")
		x, f := &told{}, newFleet(t, "a")
		p := &people{name: "people", orders: []work.Order{deployment("web", 1)}}
		h := begin(t, newMemory(), f, func(c *Config) { c.Tell = x.tell }, p)
		defer h.stop()
		after(30 * time.Second)
		outcome := func(phase work.Phase, reason, message string) {
			h.Outcome(work.Outcome{Cluster: "a", Key: web, Phase: phase, Reason: reason, Message: message, Since: time.Now()})
			synctest.Wait()
		}
		outcome(work.Failed, "Conflict", "placed by another")
		outcome(work.Failed, "Conflict", "placed by another, still")
		outcome(work.Failed, unreachable, "no answer")
		x.want(t, "a conflict", "Warning Deployment/web Conflict: Deployment.apps shop/web in cluster a: placed by another")
		outcome(work.Applied, "", "")
		outcome(work.Applied, "", "2 of 3 are ready")
		x.want(t, "its end", "Normal Deployment/web Applied: ")
		outcome(work.Failed, "Forbidden", "no Deployments on Fridays")
		outcome(work.Pending, "", "")
		outcome(work.Failed, "Forbidden", "no Deployments on Fridays")
		x.want(t, "a refusal", "Warning Deployment/web Refused: Deployment.apps shop/web in cluster a: Forbidden: no Deployments on Fridays")
		outcome(work.Applied, "", "")
		x.taken()
		outcome(work.Applied, altered, "something else of spec.replicas")
		outcome(work.Applied, altered, "something else of spec.replicas; 1 of 3 are ready")
		outcome(work.Pending, "", "")
		outcome(work.Applied, altered, "something else of spec.replicas")
		x.want(t, "what the cluster alters", "Warning Deployment/web Altered: Deployment.apps shop/web in cluster a: something else of spec.replicas")
		after(10 * time.Second)
		h.store.mu.Lock()
		status := h.store.reports[web]
		h.store.mu.Unlock()
		if c := status.Clusters[0]; c.Phase != "Applied" || c.Reason != altered || c.Message != "something else of spec.replicas" {
			t.Errorf("status of the cluster is %+v", c)
		}
		if c := meta.FindStatusCondition(status.Conditions, v1alpha1.ConditionPropagated); c == nil || c.Status != metav1.ConditionTrue || c.Reason != altered || c.Message != "cluster a: something else of spec.replicas" {
			t.Errorf("condition is %+v", c)
		}
		if share := h.Shares()["a"]; share.Applied != 1 || share.Altered != 1 {
			t.Errorf("the cluster has %+v", share)
		}
		outcome(work.Removed, "Host", "it stays")
		x.want(t, "what is kept", "Normal Deployment/web Kept: Deployment.apps shop/web in cluster a: it stays")

		bad := deployment("web", 1)
		bad.Err = errors.New("spec.placement: what planet?")
		p.order(bad)
		p.order(bad)
		after(time.Second)
		x.want(t, "an order that cannot be read", "Warning Deployment/web NotPlaced: spec.placement: what planet?; what was placed before stands")
		p.order(deployment("web", 1))
		after(time.Second)
		x.want(t, "one that can", "Normal Deployment/web Placed: ")
		nowhere := deployment("other", 1)
		nowhere.Placement.Affinities = []placement.Affinity{{Clusters: []string{"nowhere"}}}
		p.order(nowhere)
		after(time.Second)
		x.want(t, "no cluster", "Warning Deployment/other NotPlaced: Deployment.apps shop/other: no cluster can take it")
	})
}

// TestEventsAreBounded: a disaster of many templates is told of some.
func TestEventsAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const templates = mostAtOnce + 100
		x, f := &told{}, newFleet(t, "a", "b", "c")
		p := &people{name: "people"}
		for i := range templates {
			p.orders = append(p.orders, deployment(fmt.Sprint("web-", i), 3))
		}
		h := begin(t, newMemory(), f, func(c *Config) { c.Tell = x.tell }, p)
		defer h.stop()
		after(30 * time.Second)
		f.set("a", cluster.Unreachable)
		after(time.Second)
		if got := len(x.taken()); got != mostAtOnce {
			t.Errorf("%d were told at once, want %d", got, mostAtOnce)
		}
		after(time.Minute)
		f.set("a", cluster.Live)
		after(time.Second)
		if got := len(x.taken()); got < 60 || got > 63 {
			t.Errorf("%d were told a minute later, want one for each second", got)
		}
	})
}
