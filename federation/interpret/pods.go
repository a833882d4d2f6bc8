package interpret

import (
	"fmt"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/fedns/fedns/federation/workload"
)

// podSpec is the spec of a workload's Pods; nil: the kind has none.
func podSpec(o *unstructured.Unstructured) (*corev1.PodSpec, error) {
	path := workload.PodSpec(o.GroupVersionKind().GroupKind())
	if path == nil {
		return nil, nil
	}
	fields, ok, err := unstructured.NestedMap(o.Object, path...)
	if err != nil || !ok {
		return nil, err
	}
	spec := &corev1.PodSpec{}
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(fields, spec); err != nil {
		return nil, fmt.Errorf("the spec of its Pods: %w", err)
	}
	return spec, nil
}

// Replicas is how many replicas a template wants, and what each requests, in
// thousandths. nil: its kind has no replicas to tell out. A template that leaves
// the number out wants one, as its API server would fill in.
func Replicas(o *unstructured.Unstructured) (*int32, map[corev1.ResourceName]int64, error) {
	path := workload.Replicas(o.GroupVersionKind().GroupKind())
	if path == nil {
		return nil, nil, nil
	}
	n, stated, err := unstructured.NestedInt64(o.Object, path...)
	switch {
	case err != nil:
		return nil, nil, err
	case !stated:
		n = 1
	case n < 0 || n > 1<<31-1:
		return nil, nil, fmt.Errorf("%v: %d replicas cannot be", path, n)
	}
	spec, err := podSpec(o)
	if err != nil {
		return nil, nil, err
	}
	wanted := int32(n)
	return &wanted, requests(spec), nil
}

// SetReplicas has an object, whose kind has replicas, want n. The object is changed.
func SetReplicas(o *unstructured.Unstructured, n int32) error {
	path := workload.Replicas(o.GroupVersionKind().GroupKind())
	if path == nil {
		return nil
	}
	return unstructured.SetNestedField(o.Object, int64(n), path...)
}

// requests is what a Pod requests: all its containers together, or the greatest of
// those that run before them, and one Pod (KEP-753 for those that stay).
func requests(spec *corev1.PodSpec) map[corev1.ResourceName]int64 {
	sum := map[corev1.ResourceName]int64{corev1.ResourcePods: 1000}
	if spec == nil {
		return sum
	}
	for _, c := range spec.Containers {
		for name, q := range c.Resources.Requests {
			sum[name] += thousandths(q)
		}
	}
	stay := map[corev1.ResourceName]int64{}
	greatest := map[corev1.ResourceName]int64{}
	for _, c := range spec.InitContainers {
		stays := c.RestartPolicy != nil && *c.RestartPolicy == corev1.ContainerRestartPolicyAlways
		for name, q := range c.Resources.Requests {
			if stays {
				stay[name] += thousandths(q)
				greatest[name] = max(greatest[name], stay[name])
			} else {
				greatest[name] = max(greatest[name], stay[name]+thousandths(q))
			}
		}
	}
	for name, n := range stay {
		sum[name] += n
	}
	for name, n := range greatest {
		sum[name] = max(sum[name], n)
	}
	for name, q := range spec.Overhead {
		sum[name] += thousandths(q)
	}
	return sum
}

// thousandths of a quantity; more than fits is the most there is.
func thousandths(q resource.Quantity) int64 { return q.MilliValue() }

// Requests is what a Pod requests, in thousandths of each resource's unit, one Pod
// among them.
func Requests(spec *corev1.PodSpec) map[corev1.ResourceName]int64 { return requests(spec) }
