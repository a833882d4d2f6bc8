package interpret

import (
	"encoding/json"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/fedns/fedns/federation/work"
)

// Observation is what a member's object says of itself.
type Observation struct {
	Health          work.Health
	Why             string          // it is not healthy, for people
	Status          json.RawMessage // as it stands; nil: none
	Replicas, Ready int32           // where the kind has them
}

// Observe reads a member's object. An object whose status is older than its spec
// (observedGeneration) is not healthy yet: what it says is of what was before.
func Observe(o *unstructured.Unstructured) Observation {
	var seen Observation
	status, ok := o.Object["status"].(map[string]any)
	if ok && len(status) > 0 {
		if text, err := json.Marshal(status); err == nil {
			seen.Status = text
		}
	}
	kind := o.GroupVersionKind().GroupKind().String()
	judge, known := judges[kind]
	if !known {
		judge = byConditions
	}
	if path, ok := counts[kind]; ok {
		seen.Replicas, seen.Ready = number(o, "status", path[0]), number(o, "status", path[1])
	}
	if observed, ok, _ := unstructured.NestedInt64(o.Object, "status", "observedGeneration"); ok && observed < o.GetGeneration() {
		seen.Health, seen.Why = work.Unhealthy, "its status is of an older generation"
		return seen
	}
	seen.Health, seen.Why = judge(o)
	return seen
}

// counts are the fields of status that count Pods, and those that are ready.
var counts = map[string][2]string{
	"ReplicationController": {"replicas", "readyReplicas"},
	"Deployment.apps":       {"replicas", "readyReplicas"},
	"ReplicaSet.apps":       {"replicas", "readyReplicas"},
	"StatefulSet.apps":      {"replicas", "readyReplicas"},
	"DaemonSet.apps":        {"desiredNumberScheduled", "numberReady"},
	"Job.batch":             {"active", "ready"},
}

// judges say whether an object of a kind does its work.
var judges = map[string]func(*unstructured.Unstructured) (work.Health, string){
	"Deployment.apps":       allOf("updatedReplicas", "availableReplicas"),
	"StatefulSet.apps":      allOf("readyReplicas"),
	"ReplicaSet.apps":       allOf("readyReplicas"),
	"ReplicationController": allOf("readyReplicas"),
	"DaemonSet.apps":        daemonSet,
	"Pod":                   condition("Ready"),
	"Job.batch":             job,
	"Service":               service,
	"Ingress.networking.k8s.io": func(o *unstructured.Unstructured) (work.Health, string) {
		return reached(o, "it has no address yet")
	},
	"PersistentVolumeClaim": claim,
}

// allOf says that each of these counts is at least what the spec asks for.
func allOf(fields ...string) func(*unstructured.Unstructured) (work.Health, string) {
	return func(o *unstructured.Unstructured) (work.Health, string) {
		want := int64(1)
		if n, ok, _ := unstructured.NestedInt64(o.Object, "spec", "replicas"); ok {
			want = n
		}
		if _, observed, _ := unstructured.NestedInt64(o.Object, "status", "observedGeneration"); !observed {
			return work.Unhealthy, "it was not looked at by its controller yet"
		}
		for _, f := range fields {
			if n := number(o, "status", f); int64(n) < want {
				return work.Unhealthy, fmt.Sprintf("%s is %d, and its spec asks for %d", f, n, want)
			}
		}
		return work.Healthy, ""
	}
}

func daemonSet(o *unstructured.Unstructured) (work.Health, string) {
	want := number(o, "status", "desiredNumberScheduled")
	if _, observed, _ := unstructured.NestedInt64(o.Object, "status", "observedGeneration"); !observed {
		return work.Unhealthy, "it was not looked at by its controller yet"
	}
	if number(o, "status", "updatedNumberScheduled") < want || number(o, "status", "numberAvailable") < want {
		return work.Unhealthy, "not all its Pods are available"
	}
	return work.Healthy, ""
}

func job(o *unstructured.Unstructured) (work.Health, string) {
	if c, ok := conditionOf(o, "Failed"); ok && c.status == "True" {
		return work.Unhealthy, c.message
	}
	return work.Healthy, ""
}

// service: one that is to have a load balancer does its work when it has one.
func service(o *unstructured.Unstructured) (work.Health, string) {
	if t, _, _ := unstructured.NestedString(o.Object, "spec", "type"); t != string(corev1.ServiceTypeLoadBalancer) {
		return work.Healthy, ""
	}
	return reached(o, "its load balancer has no address yet")
}

// reached says that a load balancer's address is there.
func reached(o *unstructured.Unstructured, otherwise string) (work.Health, string) {
	list, _, _ := unstructured.NestedSlice(o.Object, "status", "loadBalancer", "ingress")
	for _, item := range list {
		if m, ok := item.(map[string]any); ok && (m["ip"] != nil || m["hostname"] != nil) {
			return work.Healthy, ""
		}
	}
	return work.Unhealthy, otherwise
}

func claim(o *unstructured.Unstructured) (work.Health, string) {
	if phase, _, _ := unstructured.NestedString(o.Object, "status", "phase"); phase != string(corev1.ClaimBound) {
		return work.Unhealthy, "it is not bound"
	}
	return work.Healthy, ""
}

// byConditions judges a kind nobody knows by its condition Ready or Available, if
// it has one; those are what the API conventions propose.
func byConditions(o *unstructured.Unstructured) (work.Health, string) {
	for _, name := range []string{"Ready", "Available"} {
		if _, ok := conditionOf(o, name); ok {
			return condition(name)(o)
		}
	}
	return work.Unknown, ""
}

// condition says that a condition is true.
func condition(name string) func(*unstructured.Unstructured) (work.Health, string) {
	return func(o *unstructured.Unstructured) (work.Health, string) {
		c, ok := conditionOf(o, name)
		switch {
		case !ok || c.status == "Unknown":
			return work.Unknown, ""
		case c.status == "True":
			return work.Healthy, ""
		}
		if c.message == "" {
			c.message = name + " is " + c.status
		}
		return work.Unhealthy, c.message
	}
}

type stated struct{ status, message string }

// conditionOf is a condition of an object.
func conditionOf(o *unstructured.Unstructured, name string) (stated, bool) {
	list, _, _ := unstructured.NestedSlice(o.Object, "status", "conditions")
	for _, item := range list {
		if m, ok := item.(map[string]any); ok && m["type"] == name {
			status, _ := m["status"].(string)
			message, _ := m["message"].(string)
			return stated{status, message}, true
		}
	}
	return stated{}, false
}

// number is a count in an object; 0: it is not there.
func number(o *unstructured.Unstructured, path ...string) int32 {
	n, _, _ := unstructured.NestedInt64(o.Object, path...)
	return int32(min(max(n, 0), 1<<31-1))
}
