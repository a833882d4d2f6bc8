package membership

import (
	"context"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	corev1client "k8s.io/client-go/kubernetes/typed/core/v1"
	"k8s.io/client-go/rest"

	"github.com/fedns/fedns/federation/api/v1alpha1"
	"github.com/fedns/fedns/federation/interpret"
)

const (
	// pageSize bounds what a list takes of an API server's memory and ours.
	pageSize = 500
	// running leaves out the Pods that hold nothing any more.
	running = "status.phase!=Succeeded,status.phase!=Failed"
)

// measuring sums up what a member's nodes hold, and what Pods request of it, in
// thousandths of each resource's unit.
type measuring struct {
	nodes                  map[string]bool // ready, and not cordoned
	allocatable, requested map[corev1.ResourceName]int64
}

func newMeasuring() *measuring {
	return &measuring{nodes: map[string]bool{}, allocatable: map[corev1.ResourceName]int64{}, requested: map[corev1.ResourceName]int64{}}
}

// node counts a node that takes Pods.
func (m *measuring) node(n *corev1.Node) {
	if n.Spec.Unschedulable {
		return
	}
	for _, c := range n.Status.Conditions {
		if c.Type == corev1.NodeReady && c.Status == corev1.ConditionTrue {
			m.nodes[n.Name] = true
		}
	}
	if m.nodes[n.Name] {
		for name, q := range n.Status.Allocatable {
			m.allocatable[name] += q.MilliValue()
		}
	}
}

// pod counts a Pod that is on one of the nodes, or waits for one. All nodes were
// counted before.
func (m *measuring) pod(p *corev1.Pod) {
	if p.Spec.NodeName != "" && !m.nodes[p.Spec.NodeName] {
		return
	}
	for name, n := range interpret.Requests(&p.Spec) {
		m.requested[name] += n
	}
}

// result is in the API's form; resources that no node has are left out.
func (m *measuring) result(now time.Time) *v1alpha1.MeasuredCapacity {
	c := &v1alpha1.MeasuredCapacity{Nodes: int32(len(m.nodes)), Allocatable: corev1.ResourceList{}, Requested: corev1.ResourceList{}, Measured: &metav1.Time{Time: now.Truncate(time.Second)}}
	for name, n := range m.allocatable {
		c.Allocatable[name] = quantity(name, n)
		c.Requested[name] = quantity(name, m.requested[name])
	}
	return c
}

// quantity is an amount of thousandths as people write it: memory in Ki and Mi.
func quantity(name corev1.ResourceName, n int64) resource.Quantity {
	format := resource.DecimalSI
	if name == corev1.ResourceMemory || name == corev1.ResourceEphemeralStorage {
		format = resource.BinarySI
	}
	if n%1000 == 0 {
		return *resource.NewQuantity(n/1000, format)
	}
	return *resource.NewMilliQuantity(n, format)
}

// measure asks a member, in pages.
func measure(ctx context.Context, member *rest.Config) (*v1alpha1.MeasuredCapacity, error) {
	rc := rest.CopyConfig(member)
	rc.ContentType, rc.AcceptContentTypes = runtime.ContentTypeProtobuf, runtime.ContentTypeProtobuf+","+runtime.ContentTypeJSON
	client, err := corev1client.NewForConfig(rc)
	if err != nil {
		return nil, err
	}
	m := newMeasuring()
	for next := (metav1.ListOptions{Limit: pageSize}); ; {
		page, err := client.Nodes().List(ctx, next)
		if err != nil {
			return nil, fmt.Errorf("list nodes: %w", err)
		}
		for i := range page.Items {
			m.node(&page.Items[i])
		}
		if next.Continue = page.Continue; next.Continue == "" {
			break
		}
	}
	for next := (metav1.ListOptions{Limit: pageSize, FieldSelector: running}); ; {
		page, err := client.Pods("").List(ctx, next)
		if err != nil {
			return nil, fmt.Errorf("list pods: %w", err)
		}
		for i := range page.Items {
			m.pod(&page.Items[i])
		}
		if next.Continue = page.Continue; next.Continue == "" {
			break
		}
	}
	return m.result(time.Now()), nil
}

// newer is what was measured now, or before, if that is the same but for its time: a
// status is not written for that alone.
func newer(was, now *v1alpha1.MeasuredCapacity) *v1alpha1.MeasuredCapacity {
	if now == nil {
		return was
	}
	if was != nil && was.Nodes == now.Nodes && equality.Semantic.DeepEqual(was.Allocatable, now.Allocatable) && equality.Semantic.DeepEqual(was.Requested, now.Requested) {
		return was
	}
	return now
}
