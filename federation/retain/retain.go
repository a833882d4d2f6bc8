package retain

import (
	"maps"
	"slices"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/fedns/fedns/federation/workload"
)

// Options say what else the cluster has a say in.
type Options struct {
	// Replicas are the cluster's: an autoscaler there changes them.
	Replicas bool
}

// Retain is desired with what belongs to the cluster taken from live. live may be
// nil: the cluster does not have the object yet, and then what only it can give is
// left out. Neither argument is changed; without anything to keep, desired itself
// is returned.
func Retain(desired, live *unstructured.Unstructured, opts Options) *unstructured.Unstructured {
	k := &keeper{desired: desired, live: live, out: desired}
	kind := desired.GroupVersionKind().GroupKind().String()
	for _, path := range fields[kind] {
		k.take(false, path...)
	}
	switch kind {
	case "Service":
		k.nodePorts()
	case "Job.batch":
		k.job()
	}
	if path := workload.Replicas(desired.GroupVersionKind().GroupKind()); opts.Replicas && live != nil && path != nil {
		k.take(true, path...)
	}
	return k.out
}

// Shares says that a cluster may have a say in an object of desired's kind: that
// Retain has to see it as it is there.
func Shares(desired *unstructured.Unstructured, opts Options) bool {
	kind := desired.GroupVersionKind().GroupKind()
	switch name := kind.String(); name {
	case "Service", "Job.batch":
		return true
	default:
		return fields[name] != nil || opts.Replicas && workload.Replicas(kind) != nil
	}
}

// fields are the cluster's, by group and kind.
var fields = map[string][][]string{
	"Service": {
		{"spec", "clusterIP"}, {"spec", "clusterIPs"}, // given by the cluster's own range (KubeFed and Karmada keep both)
		{"spec", "healthCheckNodePort"},
	},
	"ServiceAccount":        {{"secrets"}},            // old clusters make a token's Secret
	"PersistentVolumeClaim": {{"spec", "volumeName"}}, // bound there
	"PersistentVolume":      {{"spec", "claimRef"}},
	"Pod":                   {{"spec", "nodeName"}},
}

// keeper makes a copy when the first thing is to be kept.
type keeper struct {
	desired, live, out *unstructured.Unstructured
}

// take has a field as live has it, or not at all; one that is not stated only if
// told always. A headless Service says so with
// a clusterIP of its own, which stays.
func (k *keeper) take(always bool, path ...string) {
	stated, isStated, _ := unstructured.NestedFieldNoCopy(k.desired.Object, path...)
	if stated == "None" || isNone(stated) {
		return
	}
	var there any
	var isThere bool
	if k.live != nil {
		there, isThere, _ = unstructured.NestedFieldNoCopy(k.live.Object, path...)
	}
	if !isStated && (!isThere || !always) {
		return // what is not stated is not touched
	}
	if !isThere {
		unstructured.RemoveNestedField(k.copy().Object, path...)
		return
	}
	parent := path[:len(path)-1]
	out := k.copy().Object
	if len(parent) > 0 {
		m, ok, err := unstructured.NestedMap(out, parent...)
		if err != nil {
			return // malformed: the cluster's API server tells better what is wrong
		}
		if !ok {
			m = map[string]any{}
		}
		m[path[len(path)-1]] = there
		_ = unstructured.SetNestedMap(out, m, parent...)
		return
	}
	out[path[0]] = there
}

// isNone says that clusterIPs state a headless Service.
func isNone(v any) bool {
	list, ok := v.([]any)
	return ok && len(list) > 0 && list[0] == "None"
}

// copy is what is returned, apart from desired.
func (k *keeper) copy() *unstructured.Unstructured {
	if k.out == k.desired {
		k.out = k.desired.DeepCopy()
	}
	return k.out
}

// nodePorts has each port's nodePort as the cluster has given it; by the port's
// name, or else its number and protocol.
func (k *keeper) nodePorts() {
	ports, _, _ := unstructured.NestedSlice(k.desired.Object, "spec", "ports")
	if !slices.ContainsFunc(ports, func(p any) bool {
		m, ok := p.(map[string]any)
		return ok && m["nodePort"] != nil
	}) {
		return
	}
	var there []any
	if k.live != nil {
		there, _, _ = unstructured.NestedSlice(k.live.Object, "spec", "ports")
	}
	for i, p := range ports {
		port, ok := p.(map[string]any)
		if !ok {
			continue
		}
		port = maps.Clone(port)
		delete(port, "nodePort")
		for _, other := range there {
			if m, ok := other.(map[string]any); ok && samePort(port, m) && m["nodePort"] != nil {
				port["nodePort"] = m["nodePort"]
			}
		}
		ports[i] = port
	}
	_ = unstructured.SetNestedSlice(k.copy().Object, ports, "spec", "ports")
}

// samePort says that two ports of a Service are one.
func samePort(a, b map[string]any) bool {
	if a["name"] != nil && b["name"] != nil {
		return a["name"] == b["name"]
	}
	return a["port"] == b["port"] && protocol(a) == protocol(b)
}

// protocol of a port; TCP is the default.
func protocol(port map[string]any) string {
	if p, ok := port["protocol"].(string); ok {
		return p
	}
	return "TCP"
}

// job leaves the selector and the labels by which a Job knows its Pods to the
// cluster, unless a person chose them (spec.manualSelector).
func (k *keeper) job() {
	if manual, _, _ := unstructured.NestedBool(k.desired.Object, "spec", "manualSelector"); manual {
		return
	}
	k.take(false, "spec", "selector")
	given, _, _ := unstructured.NestedStringMap(k.desired.Object, "spec", "template", "metadata", "labels")
	theirs := map[string]string{}
	if k.live != nil {
		theirs, _, _ = unstructured.NestedStringMap(k.live.Object, "spec", "template", "metadata", "labels")
	}
	for _, label := range []string{"controller-uid", "batch.kubernetes.io/controller-uid", "job-name", "batch.kubernetes.io/job-name"} {
		if _, ok := given[label]; !ok {
			continue
		}
		at := []string{"spec", "template", "metadata", "labels", label}
		if value, ok := theirs[label]; ok {
			_ = unstructured.SetNestedField(k.copy().Object, value, at...)
		} else {
			unstructured.RemoveNestedField(k.copy().Object, at...)
		}
	}
}
