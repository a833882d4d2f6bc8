package retain_test

import (
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"

	"github.com/fedns/fedns/federation/retain"
)

func object(t *testing.T, text string) *unstructured.Unstructured {
	t.Helper()
	if text == "" {
		return nil
	}
	o := &unstructured.Unstructured{}
	body, err := yaml.YAMLToJSON([]byte(text))
	if err == nil {
		err = o.UnmarshalJSON(body)
	}
	if err != nil {
		t.Fatal(err)
	}
	return o
}

func TestRetain(t *testing.T) {
	const service, deployment, job = "apiVersion: v1\nkind: Service\n", "apiVersion: apps/v1\nkind: Deployment\n", "apiVersion: batch/v1\nkind: Job\n"
	for _, tt := range []struct {
		name, desired, live string
		opts                retain.Options
		want                string
	}{
		{"addresses of another cluster", service + "spec: {clusterIP: 10.0.0.1, clusterIPs: [10.0.0.1], type: ClusterIP}", service + "spec: {clusterIP: 10.9.0.1, clusterIPs: [10.9.0.1]}", retain.Options{},
			service + "spec: {clusterIP: 10.9.0.1, clusterIPs: [10.9.0.1], type: ClusterIP}"},
		{"addresses of another cluster, when new", service + "spec: {clusterIP: 10.0.0.1, clusterIPs: [10.0.0.1], type: ClusterIP}", "", retain.Options{},
			service + "spec: {type: ClusterIP}"},
		{"headless", service + "spec: {clusterIP: None, clusterIPs: [None]}", service + "spec: {clusterIP: 10.9.0.1, clusterIPs: [10.9.0.1]}", retain.Options{},
			service + "spec: {clusterIP: None, clusterIPs: [None]}"},
		{"what is not stated is not touched", service + "spec: {type: ClusterIP}", service + "spec: {clusterIP: 10.9.0.1}", retain.Options{}, service + "spec: {type: ClusterIP}"},
		{"node ports", service + "spec: {ports: [{name: a, port: 1, nodePort: 30001}, {port: 2, nodePort: 30002}, {port: 2, protocol: UDP, nodePort: 30003}]}",
			service + "spec: {ports: [{name: a, port: 9, nodePort: 31001}, {port: 2, protocol: TCP, nodePort: 31002}]}", retain.Options{},
			service + "spec: {ports: [{name: a, port: 1, nodePort: 31001}, {port: 2, nodePort: 31002}, {port: 2, protocol: UDP}]}"},
		{"a health check's port", service + "spec: {healthCheckNodePort: 30001}", service + "spec: {healthCheckNodePort: 31001}", retain.Options{}, service + "spec: {healthCheckNodePort: 31001}"},
		{"replicas are the template's", deployment + "spec: {replicas: 2}", deployment + "spec: {replicas: 7}", retain.Options{}, deployment + "spec: {replicas: 2}"},
		{"replicas are an autoscaler's", deployment + "spec: {replicas: 2}", deployment + "spec: {replicas: 7}", retain.Options{Replicas: true}, deployment + "spec: {replicas: 7}"},
		{"replicas are an autoscaler's and not stated", deployment + "spec: {paused: true}", deployment + "spec: {replicas: 7}", retain.Options{Replicas: true}, deployment + "spec: {paused: true, replicas: 7}"},
		{"replicas to begin with", deployment + "spec: {replicas: 2}", "", retain.Options{Replicas: true}, deployment + "spec: {replicas: 2}"},
		{"a bound claim", "apiVersion: v1\nkind: PersistentVolumeClaim\nspec: {volumeName: host-1}", "apiVersion: v1\nkind: PersistentVolumeClaim\nspec: {volumeName: member-1}", retain.Options{},
			"apiVersion: v1\nkind: PersistentVolumeClaim\nspec: {volumeName: member-1}"},
		{"an account's tokens", "apiVersion: v1\nkind: ServiceAccount\nsecrets: [{name: host}]", "apiVersion: v1\nkind: ServiceAccount\nsecrets: [{name: member}]", retain.Options{},
			"apiVersion: v1\nkind: ServiceAccount\nsecrets: [{name: member}]"},
		{"a job's own labels", job + "spec: {selector: {matchLabels: {controller-uid: h}}, template: {metadata: {labels: {controller-uid: h, app: a}}}}",
			job + "spec: {selector: {matchLabels: {controller-uid: m}}, template: {metadata: {labels: {controller-uid: m, app: a}}}}", retain.Options{},
			job + "spec: {selector: {matchLabels: {controller-uid: m}}, template: {metadata: {labels: {controller-uid: m, app: a}}}}"},
		{"a job's own labels, when new", job + "spec: {selector: {matchLabels: {controller-uid: h}}, template: {metadata: {labels: {controller-uid: h, app: a}}}}", "", retain.Options{},
			job + "spec: {template: {metadata: {labels: {app: a}}}}"},
		{"a job with a selector of a person's", job + "spec: {manualSelector: true, selector: {matchLabels: {a: b}}}", "", retain.Options{}, job + "spec: {manualSelector: true, selector: {matchLabels: {a: b}}}"},
		{"a kind nobody knows", "apiVersion: x.io/v1\nkind: X\nspec: {clusterIP: 1}", "apiVersion: x.io/v1\nkind: X\nspec: {clusterIP: 2}", retain.Options{Replicas: true}, "apiVersion: x.io/v1\nkind: X\nspec: {clusterIP: 1}"},
		{"a kind with the same name", "apiVersion: serving.knative.dev/v1\nkind: Service\nspec: {clusterIP: 1}", "", retain.Options{}, "apiVersion: serving.knative.dev/v1\nkind: Service\nspec: {clusterIP: 1}"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			desired, live := object(t, tt.desired), object(t, tt.live)
			got := retain.Retain(desired, live, tt.opts)
			if g, w := text(t, got), text(t, object(t, tt.want)); g != w {
				t.Errorf("got\n%s\nwant\n%s", g, w)
			}
			if text(t, desired) != text(t, object(t, tt.desired)) || live != nil && text(t, live) != text(t, object(t, tt.live)) {
				t.Error("an argument was changed")
			}
		})
	}
}

func text(t *testing.T, o *unstructured.Unstructured) string {
	t.Helper()
	b, err := yaml.Marshal(o.Object)
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(b))
}
