package join

import (
	"fmt"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/fedns/fedns/discovery/cluster"
)

func lossService(name string, notReady bool) Service {
	return FromService(&corev1.Service{
		ObjectMeta: metav1.ObjectMeta{Namespace: "a", Name: name, Annotations: map[string]string{AnnotationExport: "true"}},
		Spec:       corev1.ServiceSpec{ClusterIP: "None", PublishNotReadyAddresses: notReady},
	})
}

func lossSlice(name, of string, addr string, ready bool) Slice {
	return FromSlice(&discoveryv1.EndpointSlice{
		ObjectMeta:  metav1.ObjectMeta{Namespace: "a", Name: name, Labels: map[string]string{discoveryv1.LabelServiceName: of}},
		AddressType: discoveryv1.AddressTypeIPv4,
		Endpoints:   []discoveryv1.Endpoint{{Addresses: []string{addr}, Conditions: discoveryv1.EndpointConditions{Ready: &ready}}},
	})
}

func keyOf(name string) cluster.ServiceKey { return cluster.ServiceKey{Namespace: "a", Name: name} }

// losses are the Groups told, by name, withdrawn or with so many endpoints, and their Loss.
func losses(j *Join) string {
	words := map[cluster.Loss]string{cluster.NoLoss: "none", cluster.Deleted: "deleted", cluster.Missing: "missing", cluster.Doubtful: "doubtful"}
	var out []string
	groups, _ := j.Take(500, true)
	for _, g := range groups {
		held := fmt.Sprint(len(g.Endpoints))
		if g.Withdrawn {
			held = "withdrawn"
		}
		out = append(out, g.Service.Name+" "+held+" "+words[g.Loss])
	}
	return strings.Join(out, ", ")
}

func TestLoss(t *testing.T) {
	for _, c := range []struct {
		name string
		do   func(j *Join)
		want string
	}{
		{"the Service is deleted", func(j *Join) { j.DeleteService(keyOf("s")) }, "s withdrawn deleted"},
		{"a list lacks the Service", func(j *Join) { j.ReplaceServices(nil, cluster.Missing) }, "s withdrawn missing"},
		{"a list of a store that went back lacks it", func(j *Join) { j.ReplaceServices(nil, cluster.Doubtful) }, "s withdrawn doubtful"},
		{"a slice is deleted", func(j *Join) { j.DeleteSlice(keyOf("s-1")) }, "s 2 deleted"},
		{"the weakest counts, whatever comes last", func(j *Join) {
			j.ReplaceSlices([]Slice{lossSlice("s-2", "s", "10.1.0.2", true)}, cluster.Missing)
			j.DeleteSlice(keyOf("s-2"))
		}, "s 0 missing"},
		{"one slice of two is missing", func(j *Join) {
			j.ReplaceSlices([]Slice{lossSlice("s-1", "s", "10.1.0.1", true), lossSlice("s-3", "s", "10.1.0.3", false)}, cluster.Doubtful)
		}, "s 2 doubtful"},
		{"a slice without ready endpoints is no loss", func(j *Join) { j.DeleteSlice(keyOf("s-3")) }, "s 2 none"},
		{"what came back is no loss", func(j *Join) {
			j.ReplaceSlices(nil, cluster.Doubtful)
			j.ReplaceServices(nil, cluster.Doubtful)
			j.PutService(lossService("s", false))
			j.PutSlice(lossSlice("s-1", "s", "10.1.0.1", true))
			j.PutSlice(lossSlice("s-2", "s", "10.1.0.9", true))
		}, "s 2 none"},
		{"nor is it when only some came back", func(j *Join) {
			j.ReplaceSlices(nil, cluster.Doubtful)
			j.PutSlice(lossSlice("s-1", "s", "10.1.0.1", true))
		}, "s 1 doubtful"},
		{"without a difference nothing is told, and the loss is forgotten", func(j *Join) {
			j.PutSlice(lossSlice("s-4", "s", "10.1.0.1", true))
			losses(j)
			j.ReplaceSlices([]Slice{lossSlice("s-1", "s", "10.1.0.1", true), lossSlice("s-2", "s", "10.1.0.2", true), lossSlice("s-3", "s", "10.1.0.3", false)}, cluster.Doubtful)
			if got := losses(j); got != "" {
				t.Errorf("told %s", got)
			}
			j.DeleteSlice(keyOf("s-1"))
		}, "s 2 deleted"},
		{"it is told once", func(j *Join) {
			j.ReplaceSlices(nil, cluster.Doubtful)
			losses(j)
			j.PutSlice(lossSlice("s-1", "s", "10.1.0.1", true))
		}, "s 1 none"},
		{"a slice that goes to another Service was taken away", func(j *Join) {
			j.PutSlice(lossSlice("s-1", "t", "10.1.0.1", true))
		}, "s 2 deleted"},
		{"a ServiceExport that is not the last reason", func(j *Join) { j.ReplaceExports(nil, cluster.Missing) }, "s 3 missing"},
		{"an annotation that goes is the Service's own word", func(j *Join) {
			j.DeleteExport(keyOf("s"), cluster.Deleted)
			losses(j)
			s := lossService("s", false)
			s.optIn = false
			j.PutService(s)
		}, "s withdrawn none"},
	} {
		t.Run(c.name, func(t *testing.T) {
			j := New(Config{Cluster: "c"})
			j.PutService(lossService("s", false))
			j.PutExport(Export{Key: keyOf("s")})
			j.PutSlice(lossSlice("s-1", "s", "10.1.0.1", true))
			j.PutSlice(lossSlice("s-2", "s", "10.1.0.2", true))
			j.PutSlice(lossSlice("s-3", "s", "10.1.0.3", false))
			if got := losses(j); got != "s 3 none" {
				t.Fatalf("told first %s", got)
			}
			c.do(j)
			if got := losses(j); got != c.want {
				t.Errorf("told %q, want %q", got, c.want)
			}
			if e := j.services[keyOf("s")]; e != nil && len(e.lost) > 0 {
				t.Error("a loss is kept")
			}
		})
	}
}

// Where endpoints that are not ready are published, the Group rests on them too;
// and what was never told cannot be lost.
func TestLossOfWhatCounts(t *testing.T) {
	j := New(Config{Cluster: "c", Rules: cluster.ByAnnotation})
	j.PutService(lossService("s", true))
	j.PutSlice(lossSlice("s-1", "s", "10.1.0.1", false))
	j.PutSlice(lossSlice("s-2", "s", "10.1.0.2", true))
	j.ReplaceSlices([]Slice{lossSlice("s-1", "s", "10.1.0.1", false)}, cluster.Doubtful)
	if got := losses(j); got != "s 1 none" {
		t.Errorf("told first %q", got)
	}
	j.DeleteSlice(keyOf("s-1"))
	if got := losses(j); got != "s 0 deleted" {
		t.Errorf("told %q", got)
	}
	j.PutExport(Export{Key: keyOf("s")})
	j.ReplaceExports(nil, cluster.Doubtful) // a rule that is off
	j.DeleteService(keyOf("s"))
	if got := losses(j); got != "s withdrawn deleted" {
		t.Errorf("told %q", got)
	}
}

// TestLosing: with the first of many losses it is told how many there are.
func TestLosing(t *testing.T) {
	j := New(Config{Cluster: "a"})
	for i := range 30 {
		name := fmt.Sprint("s-", i)
		j.PutService(lossService(name, false))
		j.PutSlice(lossSlice(name+"-1", name, "10.1.0.1", true))
	}
	j.Take(500, true)
	j.PutSlice(lossSlice("s-0-1", "s-0", "10.1.0.2", true)) // changes, and loses nothing
	if groups, _ := j.Take(500, true); len(groups) != 1 || j.Losing(groups) != 0 {
		t.Errorf("a change: %d losses of %d", j.Losing(groups), len(groups))
	}
	for i := 30; i < 50; i++ { // nobody answers for these
		name := fmt.Sprint("s-", i)
		j.PutService(lossService(name, false))
		j.PutSlice(lossSlice(name+"-1", name, "10.1.0.1", false))
	}
	j.Take(500, true)
	var kept []Slice
	for i := range 10 {
		kept = append(kept, lossSlice(fmt.Sprintf("s-%d-1", i), fmt.Sprint("s-", i), "10.1.0.1", true))
	}
	j.ReplaceSlices(kept, cluster.Missing)
	before := 0
	for range 3 {
		groups, _ := j.Take(8, true)
		now := 0
		for _, g := range groups {
			if g.Loss != cluster.NoLoss {
				now++
			}
		}
		if got := j.Losing(groups); now == 0 || got != 20-before {
			t.Errorf("%d of 20 were told, %d are now: %d losses in sight", before, now, got)
		}
		before += now
	}
}
