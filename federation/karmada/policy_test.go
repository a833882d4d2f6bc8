package karmada

import (
	"fmt"
	"strings"
	"testing"

	"github.com/fedns/fedns/federation/work"
	"github.com/fedns/fedns/federation/work/worktest"
)

const nginx = `
apiVersion: apps/v1
kind: Deployment
metadata: {name: nginx, labels: {app: nginx}}
spec: {replicas: 3}`

// pp is a policy of the namespace default that sends to a cluster of its own name.
func pp(name, spec string) string { return policyText("PropagationPolicy", name, spec) }

// cpp is one without a namespace.
func cpp(name, spec string) string { return policyText("ClusterPropagationPolicy", name, spec) }

func policyText(kind, name, spec string) string {
	if !strings.Contains(spec, "resourceSelectors") {
		spec += ", resourceSelectors: [{apiVersion: apps/v1, kind: Deployment}]"
	}
	if !strings.Contains(spec, "placement") {
		spec += ", placement: {clusterAffinity: {clusterNames: [" + name + "]}}"
	}
	return fmt.Sprintf("\n---\napiVersion: policy.karmada.io/v1alpha1\nkind: %s\nmetadata: {name: %s}\nspec: {%s}\n---\n", kind, name, strings.TrimPrefix(spec, ", "))
}

const (
	byNameOnly  = "resourceSelectors: [{apiVersion: apps/v1, kind: Deployment, name: nginx}]"
	byLabelOnly = "resourceSelectors: [{apiVersion: apps/v1, kind: Deployment, labelSelector: {matchLabels: {app: nginx}}}]"
)

// told is where the orders now go, and what they complain of.
func (s *stage) told() string {
	var all []string
	for _, o := range s.orders() {
		switch {
		case o.Template == nil:
			all = append(all, "back")
		case o.Err != nil:
			all = append(all, o.Err.Error())
		default:
			all = append(all, selected(o.Placement.Affinities[0]))
		}
	}
	return strings.Join(all, "; ")
}

func (s *stage) want(want string) {
	s.t.Helper()
	if got := s.told(); got != want {
		s.t.Fatalf("told %q, want %q", got, want)
	}
}

// TestPrecedence: which of several policies counts for a template that nobody claimed.
func TestPrecedence(t *testing.T) {
	for _, tt := range []struct{ name, text, want string }{
		{"explicit priority (user guide)", pp("high", byNameOnly+", priority: 10") + pp("low", byNameOnly+", priority: 5"), "high"},
		{"priority before exactness", pp("a", byNameOnly) + pp("b", "priority: 1"), "b"},
		{"negative priority", pp("a", "priority: -1") + pp("b", ""), "b"},
		{"name before label (user guide)", pp("label", byLabelOnly) + pp("name", byNameOnly), "name"},
		{"label before kind", pp("a", "") + pp("label", byLabelOnly), "label"},
		{"the alphabet", pp("foo", "") + pp("bar", ""), "bar"},
		{"namespaced before cluster-wide, whatever the priority", pp("a", "") + cpp("b", byNameOnly+", priority: 10"), "a"},
		{"cluster-wide", cpp("b", ""), "b"},
		{"a name beats labels of the same selector", pp("a", "resourceSelectors: [{apiVersion: apps/v1, kind: Deployment, name: nginx, labelSelector: {matchLabels: {app: other}}}]"), "a"},
		{"another version", pp("a", "resourceSelectors: [{apiVersion: apps/v1beta1, kind: Deployment}]"), ""},
		{"another name", pp("a", "resourceSelectors: [{apiVersion: apps/v1, kind: Deployment, name: apache}]"), ""},
		{"other labels", pp("a", "resourceSelectors: [{apiVersion: apps/v1, kind: Deployment, labelSelector: {matchLabels: {app: apache}}}]"), ""},
		{"a namespace", cpp("a", "resourceSelectors: [{apiVersion: apps/v1, kind: Deployment, namespace: default}]"), "a"},
		{"another namespace", cpp("a", "resourceSelectors: [{apiVersion: apps/v1, kind: Deployment, namespace: shop}]"), ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := newStage(t, false)
			s.put(tt.text + nginx)
			s.want(tt.want)
		})
	}
}

// TestClaim: a claimed template stays with its policy, unless it is preempted.
func TestClaim(t *testing.T) {
	for _, tt := range []struct{ name, first, then, want string }{
		{"more priority", pp("a", ""), pp("b", "priority: 1"), ""},
		{"more priority, preempting", pp("a", ""), pp("b", "priority: 1, preemption: Always"), "b"},
		{"the same priority, preempting", pp("a", ""), pp("b", byNameOnly+", preemption: Always"), ""},
		{"namespaced takes from cluster-wide", cpp("a", "priority: 9"), pp("b", "preemption: Always"), "b"},
		{"namespaced does not take without preempting", cpp("a", ""), pp("b", "priority: 9"), ""},
		{"cluster-wide takes from cluster-wide", cpp("a", ""), cpp("b", "priority: 1, preemption: Always"), "b"},
		{"cluster-wide never takes from namespaced", pp("a", ""), cpp("b", "priority: 9, preemption: Always"), ""},
		{"the policy changes", pp("a", ""), pp("a", "placement: {clusterAffinity: {clusterNames: [x]}}"), "x"},
		{"the policy is as it was", pp("a", ""), pp("a", ""), ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := newStage(t, false)
			s.put(tt.first + nginx)
			s.want("a")
			s.put(tt.then)
			s.want(tt.want)
		})
	}
	t.Run("written on the template", func(t *testing.T) {
		s := newStage(t, false)
		s.put(pp("a", "") + pp("b", "") + `
apiVersion: apps/v1
kind: Deployment
metadata: {name: nginx, annotations: {propagationpolicy.karmada.io/namespace: default, propagationpolicy.karmada.io/name: b}}
spec: {replicas: 3}`)
		s.want("b")
	})
	t.Run("by a policy that is gone", func(t *testing.T) {
		s := newStage(t, false)
		s.put(pp("a", "") + `
apiVersion: apps/v1
kind: Deployment
metadata: {name: nginx, annotations: {clusterpropagationpolicy.karmada.io/name: b}}
spec: {replicas: 3}`)
		s.want("a")
	})
}

// TestDeletion: what becomes of templates without their policy.
func TestDeletion(t *testing.T) {
	t.Run("kept, as Karmada does", func(t *testing.T) {
		s := newStage(t, false)
		s.put(pp("a", "") + nginx)
		s.want("a")
		s.remove(pp("a", ""))
		s.want("") // what was placed is not told again
		s.put(strings.Replace(nginx, "3", "5", 1))
		s.want("a")
		s.put(pp("b", ""))
		s.want("b")
		s.remove(nginx)
		s.want("back")
	})
	t.Run("withdrawn", func(t *testing.T) {
		s := newStage(t, true)
		s.put(pp("a", "preserveResourcesOnDeletion: true") + nginx)
		s.want("a")
		s.remove(pp("a", ""))
		all := s.orders()
		if len(all) != 1 || all[0].Template != nil || !all[0].Options.Orphan {
			t.Fatalf("told %+v, want the order taken back, and the objects orphaned", all)
		}
		s.remove(nginx)
		s.want("")
	})
	t.Run("another policy is there", func(t *testing.T) {
		s := newStage(t, true)
		s.put(pp("a", "") + pp("b", "") + nginx)
		s.want("a")
		s.remove(pp("a", ""))
		s.want("b")
	})
	t.Run("selected no more", func(t *testing.T) {
		s := newStage(t, true)
		s.put(pp("a", byLabelOnly) + nginx)
		s.want("a")
		s.put(strings.Replace(nginx, "app: nginx", "app: other", 1))
		s.want("back")
	})
	t.Run("a template that is being deleted", func(t *testing.T) {
		s := newStage(t, false)
		s.put(pp("a", "") + nginx)
		s.want("a")
		s.put(strings.Replace(nginx, "name: nginx,", `name: nginx, deletionTimestamp: "2026-01-01T00:00:00Z",`, 1))
		s.want("back")
	})
	t.Run("the policy cannot be read after a restart", func(t *testing.T) {
		s := newStage(t, true)
		key := keyOf(worktest.Objects(t, nginx)[0])
		read, _ := readPolicy(worktest.Objects(t, pp("a", ""))[0], nil)
		s.standing[key] = &standing{policy: read.reference, terms: read.terms}
		s.put(pp("a", "priority: high") + nginx)
		s.synced(key.Kind, false)
		if got := s.told(); !strings.Contains(got, "PropagationPolicy default/a: spec.priority: got string") {
			t.Errorf("told %q, want an error, and nothing taken back", got)
		}
	})
	t.Run("a kind that is not told yet", func(t *testing.T) {
		s := newStage(t, false)
		for _, o := range worktest.Objects(t, pp("a", "")) {
			s.putPolicy(o)
		}
		key := keyOf(worktest.Objects(t, nginx)[0])
		s.standing[key] = &standing{policy: reference{propagationPolicy.Kind, "default", "a"}, terms: s.policies[reference{propagationPolicy.Kind, "default", "a"}].terms}
		s.dirty[key] = true
		s.want("") // it stood when fedns ran last, and is not seen yet: that is not gone
		s.synced(key.Kind, true)
		s.want("") // nor does a definition that is missing delete anything
		s.synced(key.Kind, false)
		s.want("back")
	})
}

// TestLastGood: what cannot be read names the object and the field, and changes nothing.
func TestLastGood(t *testing.T) {
	for _, tt := range []struct{ name, text, want string }{
		{"no selector", pp("a", "resourceSelectors: []"), "PropagationPolicy default/a: spec.resourceSelectors: missing"},
		{"another namespace", pp("a", "resourceSelectors: [{apiVersion: v1, kind: Pod, namespace: shop}]"), "PropagationPolicy default/a: spec.resourceSelectors[0].namespace: got shop"},
		{"a version", pp("a", "resourceSelectors: [{apiVersion: a/b/c, kind: Pod}]"), "PropagationPolicy default/a: spec.resourceSelectors[0].apiVersion: "},
		{"labels", pp("a", "resourceSelectors: [{apiVersion: apps/v1, kind: Deployment, labelSelector: {matchExpressions: [{key: a, operator: Like}]}}]"), "spec.resourceSelectors[0].labelSelector: "},
		{"a type", pp("a", "priority: high"), "PropagationPolicy default/a: spec.priority: got string"},
		{"preemption", pp("a", "preemption: Often"), "spec.preemption: got \"Often\""},
		{"both affinities", pp("a", "placement: {clusterAffinity: {}, clusterAffinities: [{affinityName: x}]}"), "spec.placement.clusterAffinities: not together"},
		{"the same group twice", pp("a", "placement: {clusterAffinities: [{affinityName: x}, {affinityName: x}]}"), "spec.placement.clusterAffinities[1].affinityName: x is there twice"},
		{"a field", pp("a", "placement: {clusterAffinity: {fieldSelector: {matchExpressions: [{key: colour, operator: In, values: [a]}]}}}"), "spec.placement.clusterAffinity.fieldSelector.matchExpressions[0].key: got \"colour\""},
		{"an operator", pp("a", "placement: {clusterAffinity: {fieldSelector: {matchExpressions: [{key: zone, operator: Gt, values: [a]}]}}}"), "matchExpressions[0].operator: got \"Gt\""},
		{"clusters' labels", pp("a", "placement: {clusterAffinities: [{affinityName: x, labelSelector: {matchLabels: {a: '!'}}}]}"), "spec.placement.clusterAffinities[0].labelSelector: "},
		{"spread twice", pp("a", "placement: {spreadConstraints: [{spreadByField: zone, spreadByLabel: x}]}"), "spec.placement.spreadConstraints[0].spreadByLabel: not together"},
		{"spread of nothing", pp("a", "placement: {spreadConstraints: [{minGroups: 3, maxGroups: 2}]}"), "spec.placement.spreadConstraints[0].maxGroups: got 2, less than minGroups, 3"},
		{"spread over planets", pp("a", "placement: {spreadConstraints: [{spreadByField: planet}]}"), "spreadConstraints[0].spreadByField: got \"planet\""},
		{"weight", pp("a", "placement: {replicaScheduling: {replicaDivisionPreference: Weighted, weightPreference: {staticWeightList: [{targetCluster: {}, weight: 0}]}}}"), "spec.placement.replicaScheduling.weightPreference.staticWeightList[0].weight: got 0"},
		{"dynamic weight", pp("a", "placement: {replicaScheduling: {weightPreference: {dynamicWeight: Luck}}}"), "weightPreference.dynamicWeight: got \"Luck\""},
		{"division", pp("a", "placement: {replicaScheduling: {replicaDivisionPreference: Fair}}"), "replicaScheduling.replicaDivisionPreference: got \"Fair\""},
		{"scheduling", pp("a", "placement: {replicaScheduling: {replicaSchedulingType: Lazy}}"), "replicaScheduling.replicaSchedulingType: got \"Lazy\""},
		{"suspension", pp("a", "suspension: {dispatching: true, dispatchingOnClusters: {clusterNames: [x]}}"), "spec.suspension.dispatchingOnClusters: not together"},
		{"conflicts", pp("a", "conflictResolution: Ignore"), "spec.conflictResolution: got \"Ignore\""},
		{"grace", pp("a", "failover: {application: {decisionConditions: {}, gracePeriodSeconds: 0}}"), "spec.failover.application.gracePeriodSeconds: got 0"},
		{"purge", pp("a", "failover: {cluster: {purgeMode: Maybe}}"), "spec.failover.cluster.purgeMode: got \"Maybe\""},
		{"an override's path", override1("plaintext: [{path: spec, operator: add}]"), "OverridePolicy default/o: spec.overrideRules[0].overriders.plaintext[0].path: got \"spec\""},
		{"an override's operator", override1("argsOverrider: [{containerName: a, operator: replace}]"), "spec.overrideRules[0].overriders.argsOverrider[0].operator: got \"replace\""},
		{"an override's container", override1("commandOverrider: [{operator: add}]"), "commandOverrider[0].containerName: missing"},
		{"an override's image", override1("imageOverrider: [{component: Name, operator: add, value: a}]"), "imageOverrider[0].component: got \"Name\""},
		{"an override's value", override1("imageOverrider: [{component: Tag, operator: add}]"), "imageOverrider[0].value: missing"},
		{"an override's labels", override1("labelsOverrider: [{operator: copy}]"), "labelsOverrider[0].operator: got \"copy\""},
		{"an override's document", override1("fieldOverrider: [{fieldPath: /a, json: [{subPath: /b, operator: add}], yaml: [{subPath: /b, operator: add}]}]"), "fieldOverrider[0].yaml: not together"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := newStage(t, false)
			s.put(pp("a", "preserveResourcesOnDeletion: true") + nginx)
			s.want("a")
			s.put(tt.text)
			all := s.orders()
			if len(all) != 1 || all[0].Err == nil || !strings.Contains(all[0].Err.Error(), tt.want) {
				t.Fatalf("told %+v, want one order with %q", all, tt.want)
			}
			if all[0].Template == nil || !all[0].Options.Orphan {
				t.Errorf("the order is %+v, want what was good before", all[0])
			}
			if lines := s.lines(); len(lines) != 1 || !strings.Contains(lines[0], tt.want) {
				t.Errorf("findings %q, want one with %q", lines, tt.want)
			}
			if len(s.notes) != 1 || !s.notes[0].warning {
				t.Errorf("Events %+v, want one warning", s.notes)
			}
			if strings.Contains(tt.text, "OverridePolicy") {
				s.remove(tt.text)
			} else {
				s.put(pp("a", "preserveResourcesOnDeletion: true"))
			}
			s.want("a")
			if lines := s.lines(); len(lines) > 0 {
				t.Errorf("mended, and still %q", lines)
			}
		})
	}
}

// override1 is an OverridePolicy for all templates.
func override1(overriders string) string {
	return "\n---\napiVersion: policy.karmada.io/v1alpha1\nkind: OverridePolicy\nmetadata: {name: o}\nspec: {overrideRules: [{overriders: {" + overriders + "}}]}\n---\n"
}

// TestChange: what has an order told again, and what does not.
func TestChange(t *testing.T) {
	s := newStage(t, false)
	s.put(pp("a", "") + nginx)
	s.want("a")
	s.put(strings.Replace(nginx, "name: nginx,", `name: nginx, resourceVersion: "7", annotations: {kubectl.kubernetes.io/last-applied-configuration: x}, `, 1) + "\nstatus: {replicas: 3}")
	s.want("") // an API server's doing
	s.put(override1("labelsOverrider: [{operator: add, value: {a: b}}]"))
	s.want("a")
	s.put(strings.Replace(override1("labelsOverrider: [{operator: add, value: {c: d}}]"), "name: o", "name: o, namespace: other", 1))
	s.want("")
	s.yield(true)
	all := s.orders()
	if len(all) != 1 || fmt.Sprint(all[0].Options.Suspend) != "[*]" {
		t.Fatalf("beside a Karmada told %+v, want it suspended", all)
	}
	s.yield(false)
	s.want("a")
}

// TestIndex: what policies said before is not looked for any more.
func TestIndex(t *testing.T) {
	s := newStage(t, false)
	overriding := override1("labelsOverrider: [{operator: add, value: {a: b}}]")
	s.put(pp("a", "") + cpp("b", byNameOnly) + overriding + nginx)
	s.put(pp("a", byNameOnly) + cpp("b", "") + strings.Replace(overriding, "overrideRules", byLabelOnly+", overrideRules", 1))
	s.want("a")
	if len(s.selected) != 2 || len(s.overridden) != 1 {
		t.Errorf("found by %v and %v", s.selected, s.overridden)
	}
	s.remove(pp("a", "") + cpp("b", "") + overriding)
	if len(s.selected)+len(s.overridden)+len(s.policies)+len(s.overriders) > 0 {
		t.Errorf("left over: %v, %v", s.selected, s.overridden)
	}
}

// TestConflicts: the template's word counts before the policy's.
func TestConflicts(t *testing.T) {
	for _, tt := range []struct {
		policy, template string
		want             work.Existing
	}{
		{"", "", work.Leave}, {"Overwrite", "", work.Adopt}, {"Abort", "overwrite", work.Adopt},
		{"Overwrite", "abort", work.Leave}, {"Overwrite", "whatever", work.Adopt},
	} {
		s := newStage(t, false)
		s.put(pp("a", "conflictResolution: '"+tt.policy+"'") + strings.Replace(nginx, "name: nginx,", "name: nginx, annotations: {work.karmada.io/conflict-resolution: '"+tt.template+"'},", 1))
		if all := s.orders(); len(all) != 1 || all[0].Err != nil || all[0].Options.Existing != tt.want {
			t.Errorf("policy %q, template %q: %+v, want %s", tt.policy, tt.template, all, tt.want)
		}
	}
}

// TestLazy: a policy's change waits for the template's.
func TestLazy(t *testing.T) {
	const lazy = "activationPreference: Lazy"
	s := newStage(t, false)
	s.put(pp("a", lazy) + nginx)
	s.want("a")
	s.put(pp("a", lazy+", placement: {clusterAffinity: {clusterNames: [x]}}"))
	s.want("")
	s.put(nginx + "\nstatus: {replicas: 3}")
	s.want("")
	s.put(strings.Replace(nginx, "3", "5", 1))
	s.want("x")
}

// TestUninformed: without all policies nothing is told, for another might count.
func TestUninformed(t *testing.T) {
	s := &stage{t: t}
	s.desk = newDesk(false, func(note) {})
	s.put(pp("a", "") + nginx)
	s.want("")
	s.synced(propagationPolicy, false)
	s.synced(clusterPropagationPolicy, true) // not served
	s.synced(overridePolicy, false)
	s.want("")
	if s.complete(s.kinds()) {
		t.Error("complete without ClusterOverridePolicies")
	}
	s.synced(clusterOverridePolicy, false)
	s.want("a")
	if !s.complete(s.kinds()) {
		t.Error("not complete with all there is")
	}
}
