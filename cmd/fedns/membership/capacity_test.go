package membership

import (
	"fmt"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/yaml"
)

// TestMeasure: nodes that take Pods count, and Pods that hold something of those.
func TestMeasure(t *testing.T) {
	m := newMeasuring()
	for _, text := range []string{
		"{metadata: {name: a}, status: {allocatable: {cpu: 4, memory: 8Gi, pods: 110}, conditions: [{type: Ready, status: 'True'}]}}",
		"{metadata: {name: b}, status: {allocatable: {cpu: 3500m, memory: 8Gi, pods: 110}, conditions: [{type: Ready, status: 'True'}]}}",
		"{metadata: {name: cordoned}, spec: {unschedulable: true}, status: {allocatable: {cpu: 4}, conditions: [{type: Ready, status: 'True'}]}}",
		"{metadata: {name: broken}, status: {allocatable: {cpu: 4}, conditions: [{type: Ready, status: Unknown}]}}",
		"{metadata: {name: new}, status: {allocatable: {cpu: 4}}}",
	} {
		var n corev1.Node
		if err := yaml.Unmarshal([]byte(text), &n); err != nil {
			t.Fatal(err)
		}
		m.node(&n)
	}
	for _, text := range []string{
		"{spec: {nodeName: a, containers: [{resources: {requests: {cpu: 500m, memory: 1Gi}}}, {resources: {requests: {cpu: 1}}}]}}",
		"{spec: {containers: [{resources: {requests: {cpu: 250m}}}]}}", // waits for a node
		"{spec: {nodeName: cordoned, containers: [{resources: {requests: {cpu: 1}}}]}}",
		"{spec: {nodeName: b, containers: [{resources: {requests: {example.com/gpu: 1}}}]}}", // of which no node has any
	} {
		var p corev1.Pod
		if err := yaml.Unmarshal([]byte(text), &p); err != nil {
			t.Fatal(err)
		}
		m.pod(&p)
	}
	c := m.result(noon)
	show := func(l corev1.ResourceList) string {
		return fmt.Sprintf("%s %s %s of %d", l.Cpu(), l.Memory(), l.Pods(), len(l))
	}
	if got := fmt.Sprintf("%d: %s, less %s", c.Nodes, show(c.Allocatable), show(c.Requested)); got != "2: 7500m 16Gi 220 of 3, less 1750m 1Gi 3 of 3" {
		t.Errorf("got %s", got)
	}
	later := m.result(noon.Add(time.Minute))
	if newer(c, later) != c || newer(nil, later) != later || newer(c, nil) != c {
		t.Error("the time alone counts for a change")
	}
	m.node(&corev1.Node{})
	m.requested[corev1.ResourceCPU]++
	if more := m.result(noon.Add(time.Minute)); newer(c, more) != more {
		t.Error("a change does not count")
	}
}
