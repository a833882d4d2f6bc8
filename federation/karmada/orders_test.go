package karmada

import (
	"bytes"
	"encoding/json"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/fedns/fedns/federation/override"
	"github.com/fedns/fedns/federation/placement"
	"github.com/fedns/fedns/federation/work"
	"github.com/fedns/fedns/federation/work/worktest"
)

// TestOrders: testdata/orders/NAME.yaml is what is in the host, NAME.txt the orders
// and findings that follow from it.
func TestOrders(t *testing.T) {
	files, err := filepath.Glob("testdata/orders/*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatalf("no cases: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".yaml"), func(t *testing.T) {
			s := newStage(t, false)
			s.put(worktest.Read(t, file))
			var got strings.Builder
			for _, o := range s.orders() {
				got.WriteString(show(o))
			}
			for _, f := range s.lines() {
				got.WriteString("finding " + f + "\n")
			}
			worktest.Golden(t, strings.TrimSuffix(file, ".yaml")+".txt", got.String())
		})
	}
}

// stage is a desk whose host is YAML.
type stage struct {
	*desk
	t     *testing.T
	notes []note
}

func newStage(t *testing.T, withdraw bool) *stage {
	s := &stage{t: t}
	s.desk = newDesk(withdraw, func(n note) { s.notes = append(s.notes, n) })
	for _, kind := range []schema.GroupVersionKind{propagationPolicy, clusterPropagationPolicy, overridePolicy, clusterOverridePolicy} {
		s.synced(kind, false)
	}
	return s
}

// put has objects come or change.
func (s *stage) put(text string) {
	s.t.Helper()
	for _, o := range worktest.Objects(s.t, text) {
		switch o.GetKind() {
		case propagationPolicy.Kind, clusterPropagationPolicy.Kind:
			s.putPolicy(o)
		case overridePolicy.Kind, clusterOverridePolicy.Kind:
			s.putOverrider(o)
		default:
			s.putTemplate(o)
		}
	}
	for kind := range s.kinds() {
		if !s.read[kind] {
			s.synced(kind, false)
		}
	}
}

// remove has objects deleted.
func (s *stage) remove(text string) {
	s.t.Helper()
	for _, o := range worktest.Objects(s.t, text) {
		switch o.GetKind() {
		case propagationPolicy.Kind, clusterPropagationPolicy.Kind:
			s.deletePolicy(o)
		case overridePolicy.Kind, clusterOverridePolicy.Kind:
			s.deleteOverrider(o)
		default:
			s.deleteTemplate(o)
		}
	}
}

// orders are those that are told now, by key.
func (s *stage) orders() (all []work.Order) {
	for o, ok := s.next(); ok; o, ok = s.next() {
		all = append(all, o)
	}
	slices.SortFunc(all, func(a, b work.Order) int { return strings.Compare(a.Key.String(), b.Key.String()) })
	return all
}

// lines are the findings, sorted.
func (s *stage) lines() (all []string) {
	for _, f := range s.found() {
		all = append(all, f.String())
	}
	slices.Sort(all)
	return all
}

// show is an order as golden files have it.
func show(o work.Order) string {
	var b strings.Builder
	if o.Template == nil {
		fmt.Fprintf(&b, "take back %s%s\n", o.Key, options(o.Options))
		return b.String()
	}
	fmt.Fprintf(&b, "order %s%s\n", o.Key, options(o.Options))
	if o.Err != nil {
		fmt.Fprintf(&b, "  error %v\n", o.Err)
		return b.String()
	}
	for _, a := range o.Placement.Affinities {
		fmt.Fprintf(&b, "  to %s\n", selected(a))
	}
	for _, t := range o.Placement.Tolerations {
		fmt.Fprintf(&b, "  tolerates %s\n", toleration(t))
	}
	for _, s := range o.Placement.Spread {
		fmt.Fprintf(&b, "  spread over %d to %d of each %s\n", s.Min, s.Max, strings.TrimSuffix(string(s.Domain)+" "+s.Label, " "))
	}
	if o.Placement.Replicas != nil {
		s := o.Placement.Scheduling
		fmt.Fprintf(&b, "  %d replicas %s", *o.Placement.Replicas, s.Mode)
		for _, w := range s.Weights {
			fmt.Fprintf(&b, " %d:%s", w.Weight, selected(w.Affinity))
		}
		if s.Rebalance {
			b.WriteString(" rebalanced")
		}
		b.WriteString("\n")
	}
	for _, r := range o.Overrides {
		fmt.Fprintf(&b, "  override in %s by %s\n", selected(r.Target), r.Origin)
		for _, c := range r.Changes {
			fmt.Fprintf(&b, "    %s\n", change(c))
		}
	}
	text, _ := json.Marshal(o.Template.Object)
	fmt.Fprintf(&b, "  template %s\n", text)
	return b.String()
}

func options(o work.Options) string {
	var all []string
	add := func(yes bool, text string) {
		if yes {
			all = append(all, text)
		}
	}
	add(o.Existing != "", string(o.Existing))
	add(o.Orphan, "orphan")
	add(len(o.Suspend) > 0, "suspended:"+strings.Join(o.Suspend, ","))
	add(o.RetainReplicas, "retain-replicas")
	add(o.Dependencies, "with-dependencies")
	add(o.Failover.Purge != "", "purge:"+string(o.Failover.Purge))
	add(o.Failover.Unhealthy != 0, "unhealthy:"+o.Failover.Unhealthy.String())
	add(o.Failover.Grace != grace && o.Failover.Grace != 0, "grace:"+o.Failover.Grace.String())
	if len(all) == 0 {
		return ""
	}
	return " (" + strings.Join(all, " ") + ")"
}

func selected(a placement.Affinity) string {
	var all []string
	if a.Name != "" {
		all = append(all, a.Name+":")
	}
	if len(a.Clusters) > 0 {
		all = append(all, strings.Join(a.Clusters, ","))
	}
	if a.Labels != nil {
		all = append(all, "["+metav1.FormatLabelSelector(a.Labels)+"]")
	}
	for _, f := range a.Fields {
		all = append(all, fmt.Sprintf("{%s %s %s}", f.Key, f.Operator, strings.Join(f.Values, ",")))
	}
	if len(a.Exclude) > 0 {
		all = append(all, "not "+strings.Join(a.Exclude, ","))
	}
	if len(all) == 0 || len(all) == 1 && a.Name != "" {
		all = append(all, "all")
	}
	return strings.Join(all, " ")
}

func toleration(t corev1.Toleration) string {
	s := fmt.Sprintf("%s %s %s %s", t.Key, t.Operator, t.Value, t.Effect)
	if t.TolerationSeconds != nil {
		s += fmt.Sprintf(" for %ds", *t.TolerationSeconds)
	}
	return strings.Join(strings.Fields(s), " ")
}

func change(c override.Change) string {
	var all []string
	for _, part := range []struct {
		name string
		v    any
		some bool
	}{{"patch", c.Patch, c.Patch != nil}, {"image", c.Image, c.Image != nil}, {"command", c.Command, c.Command != nil}, {"args", c.Args, c.Args != nil},
		{"labels", c.Labels, c.Labels != nil}, {"annotations", c.Annots, c.Annots != nil}, {"field", c.Field, c.Field != nil}} {
		if part.some {
			text := &bytes.Buffer{}
			e := json.NewEncoder(text)
			_ = e.Encode(part.v)
			all = append(all, part.name+" "+strings.TrimSpace(text.String()))
		}
	}
	return strings.Join(all, " ")
}
