package karmada

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/fedns/fedns/federation/placement"
	"github.com/fedns/fedns/federation/work"
	"github.com/fedns/fedns/federation/work/worktest"
)

// BenchmarkOrders: 1,000 templates, each with a policy and an override of its own,
// from nothing.
func BenchmarkOrders(b *testing.B) {
	var text strings.Builder
	for i := range 1000 {
		name := fmt.Sprintf("web-%d", i)
		selector := fmt.Sprintf("resourceSelectors: [{apiVersion: apps/v1, kind: Deployment, name: %s}]", name)
		text.WriteString(pp(name, selector))
		fmt.Fprintf(&text, "apiVersion: policy.karmada.io/v1alpha1\nkind: OverridePolicy\nmetadata: {name: %s}\nspec: {%s, overrideRules: [{overriders: {labelsOverrider: [{operator: add, value: {a: b}}]}}]}\n---\n", name, selector)
		text.WriteString(strings.ReplaceAll(nginx, "name: nginx", "name: "+name))
	}
	t := &testing.T{}
	all := worktest.Objects(b, text.String())
	b.ResetTimer()
	for b.Loop() {
		s := newStage(t, false)
		for _, o := range all {
			switch o.GetKind() {
			case propagationPolicy.Kind:
				s.putPolicy(o)
			case overridePolicy.Kind:
				s.putOverrider(o)
			default:
				s.putTemplate(o)
			}
		}
		s.synced(keyOf(all[2]).Kind, false)
		if n := len(s.orders()); n != 1000 {
			b.Fatalf("%d orders", n)
		}
	}
}

// taking takes everything that is written.
type taking struct {
	quiet
	writes int
}

func (q *taking) Client() client.Client { return q }

func (q *taking) RESTMapper() meta.RESTMapper { return meta.NewDefaultRESTMapper(nil) }

func (q *taking) Status() client.SubResourceWriter { return part{of: q} }

func (q *taking) Create(context.Context, client.Object, ...client.CreateOption) error { return nil }

func (q *taking) Apply(context.Context, runtime.ApplyConfiguration, ...client.ApplyOption) error {
	q.writes++
	return nil
}

func (q *taking) Patch(context.Context, client.Object, client.Patch, ...client.PatchOption) error {
	q.writes++
	return nil
}

// part is its status.
type part struct {
	client.SubResourceWriter
	of *taking
}

func (p part) Apply(context.Context, runtime.ApplyConfiguration, ...client.SubResourceApplyOption) error {
	p.of.writes++
	return nil
}

func (p part) Patch(context.Context, client.Object, client.Patch, ...client.SubResourcePatchOption) error {
	p.of.writes++
	return nil
}

// BenchmarkReport: one of 100 clusters changes.
func BenchmarkReport(b *testing.B) {
	q := &taking{}
	d, err := New(Config{Host: q, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		b.Fatal(err)
	}
	s := newStage(&testing.T{}, false)
	s.put(pp("a", "") + nginx)
	order := s.orders()[0]
	d.desk = s.desk
	if d.book, _, err = open(b.Context(), d.cfg); err != nil {
		b.Fatal(err)
	}
	r := work.Report{Order: order}
	for i := range 100 {
		cluster := fmt.Sprintf("member%d", i)
		r.Decision.Targets = append(r.Decision.Targets, placement.Target{Cluster: cluster, Replicas: 3})
		r.Outcomes = append(r.Outcomes, work.Outcome{Cluster: cluster, Key: order.Key, Phase: work.Applied, Health: work.Healthy, Status: []byte(`{"availableReplicas":3,"observedGeneration":1,"readyReplicas":3,"replicas":3,"updatedReplicas":3}`)})
	}
	n := 0
	for b.Loop() {
		n++
		r.Outcomes[n%100].Message = fmt.Sprint(n)
		r.Outcomes[n%100].Phase = []work.Phase{work.Applied, work.Failed}[n/100%2]
		if err := d.Report(b.Context(), r); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(q.writes)/float64(n), "writes/op")
}
