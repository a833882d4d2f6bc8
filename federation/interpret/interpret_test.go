package interpret_test

import (
	"fmt"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"

	"github.com/fedns/fedns/federation/interpret"
	"github.com/fedns/fedns/federation/work"
)

func object(t *testing.T, text string) *unstructured.Unstructured {
	t.Helper()
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

const (
	deployment = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web, namespace: shop, generation: 2}\n"
	service    = "apiVersion: v1\nkind: Service\nmetadata: {name: web, namespace: shop}\n"
)

func TestReplicas(t *testing.T) {
	for _, tt := range []struct{ name, text, want, err string }{
		{"stated", deployment + "spec: {replicas: 3}", "3 pods=1000", ""},
		{"left out", deployment + "spec: {}", "1 pods=1000", ""},
		{"none", deployment + "spec: {replicas: 0}", "0 pods=1000", ""},
		{"negative", deployment + "spec: {replicas: -1}", "", "cannot be"},
		{"text", deployment + "spec: {replicas: three}", "", "replicas"},
		{"a job's", "apiVersion: batch/v1\nkind: Job\nspec: {parallelism: 4}", "4 pods=1000", ""},
		{"a kind without", service, "none", ""},
		{"a kind nobody knows", "apiVersion: x.io/v1\nkind: Deployment\nspec: {replicas: 3}", "none", ""},
		{"requests", deployment + `
spec:
  replicas: 2
  template:
    spec:
      overhead: {cpu: 10m}
      containers: [{name: a, resources: {requests: {cpu: 100m, memory: 1Ki}}}, {name: b, resources: {requests: {cpu: 200m}}}]
      initContainers: [{name: i, resources: {requests: {cpu: 50m, memory: 3Ki}}}]`, "2 cpu=310 memory=3072000 pods=1000", ""},
		{"containers that stay", deployment + `
spec:
  template:
    spec:
      containers: [{name: a, resources: {requests: {cpu: 100m}}}]
      initContainers: [{name: s, restartPolicy: Always, resources: {requests: {cpu: 50m}}}, {name: i, resources: {requests: {cpu: 120m}}}]`, "1 cpu=170 pods=1000", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			n, requests, err := interpret.Replicas(object(t, tt.text))
			if tt.err != "" {
				if err == nil || !strings.Contains(err.Error(), tt.err) {
					t.Fatalf("got %v, want an error with %q", err, tt.err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			got := "none"
			if n != nil {
				got = fmt.Sprint(*n)
				for _, name := range []corev1.ResourceName{"cpu", "memory", "pods"} {
					if v, ok := requests[name]; ok {
						got += fmt.Sprintf(" %s=%d", name, v)
					}
				}
			}
			if got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
	o := object(t, deployment+"spec: {replicas: 3}")
	if err := interpret.SetReplicas(o, 7); err != nil {
		t.Fatal(err)
	}
	if n, _, err := interpret.Replicas(o); err != nil || *n != 7 {
		t.Errorf("after SetReplicas: %v, %v", n, err)
	}
}

func TestDependencies(t *testing.T) {
	for _, tt := range []struct{ name, text, want string }{
		{"all there are", deployment + `
spec:
  template:
    spec:
      serviceAccountName: app
      imagePullSecrets: [{name: pull}]
      initContainers: [{name: i, env: [{name: A, valueFrom: {configMapKeyRef: {name: init, key: a}}}]}]
      containers:
      - name: a
        env: [{name: A, valueFrom: {secretKeyRef: {name: env, key: a}}}, {name: B, value: b}]
        envFrom: [{configMapRef: {name: from}}, {secretRef: {name: pull}}]
      volumes:
      - {name: a, configMap: {name: from}}
      - {name: b, secret: {secretName: vol}}
      - {name: c, persistentVolumeClaim: {claimName: data}}
      - {name: d, projected: {sources: [{configMap: {name: kube-root-ca.crt}}, {secret: {name: proj}}]}}
      - {name: e, csi: {driver: x, nodePublishSecretRef: {name: csi}}}`,
			"ConfigMap shop/from, ConfigMap shop/init, PersistentVolumeClaim shop/data, Secret shop/csi, Secret shop/env, Secret shop/proj, Secret shop/pull, Secret shop/vol, ServiceAccount shop/app"},
		{"by themselves there", deployment + "spec: {template: {spec: {serviceAccountName: default, containers: []}}}", ""},
		{"a StatefulSet's own claims", "apiVersion: apps/v1\nkind: StatefulSet\nmetadata: {name: db, namespace: shop}\n" + `
spec:
  volumeClaimTemplates: [{metadata: {name: data}}]
  template: {spec: {volumes: [{name: data, persistentVolumeClaim: {claimName: data}}, {name: b, persistentVolumeClaim: {claimName: shared}}], containers: []}}`, "PersistentVolumeClaim shop/shared"},
		{"certificates", "apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {name: web, namespace: shop}\nspec: {tls: [{secretName: cert}, {hosts: [a]}]}", "Secret shop/cert"},
		{"none", service, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			keys, err := interpret.Dependencies(object(t, tt.text))
			if err != nil {
				t.Fatal(err)
			}
			all := make([]string, len(keys))
			for i, k := range keys {
				all[i] = k.String()
			}
			if got := strings.Join(all, ", "); got != tt.want {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
		})
	}
}

func TestObserve(t *testing.T) {
	const set = "apiVersion: apps/v1\nkind: StatefulSet\nmetadata: {generation: 1}\n"
	for _, tt := range []struct{ name, text, want string }{
		{"ready", deployment + "spec: {replicas: 2}\nstatus: {observedGeneration: 2, replicas: 2, updatedReplicas: 2, availableReplicas: 2, readyReplicas: 2}", "Healthy 2/2 "},
		{"more than asked for", deployment + "spec: {replicas: 2}\nstatus: {observedGeneration: 2, replicas: 3, updatedReplicas: 2, availableReplicas: 3, readyReplicas: 3}", "Healthy 3/3 "},
		{"rolling out", deployment + "spec: {replicas: 2}\nstatus: {observedGeneration: 2, replicas: 3, updatedReplicas: 1, availableReplicas: 2, readyReplicas: 2}", "Unhealthy 2/3 updatedReplicas is 1, and its spec asks for 2"},
		{"of the generation before", deployment + "spec: {replicas: 2}\nstatus: {observedGeneration: 1, replicas: 2, updatedReplicas: 2, availableReplicas: 2, readyReplicas: 2}", "Unhealthy 2/2 its status is of an older generation"},
		{"new", deployment + "spec: {replicas: 0}", "Unhealthy 0/0 it was not looked at by its controller yet"},
		{"one, by default", set + "spec: {}\nstatus: {observedGeneration: 1, replicas: 1}", "Unhealthy 0/1 readyReplicas is 0, and its spec asks for 1"},
		{"on each node", "apiVersion: apps/v1\nkind: DaemonSet\nstatus: {observedGeneration: 1, desiredNumberScheduled: 3, numberReady: 2, updatedNumberScheduled: 3, numberAvailable: 2}", "Unhealthy 2/3 not all its Pods are available"},
		{"a Service", service, "Healthy 0/0 "},
		{"a load balancer to come", service + "spec: {type: LoadBalancer}", "Unhealthy 0/0 its load balancer has no address yet"},
		{"a load balancer", service + "spec: {type: LoadBalancer}\nstatus: {loadBalancer: {ingress: [{hostname: a.example}]}}", "Healthy 0/0 "},
		{"a Job", "apiVersion: batch/v1\nkind: Job\nstatus: {active: 2, ready: 1}", "Healthy 1/2 "},
		{"a Job that failed", "apiVersion: batch/v1\nkind: Job\nstatus: {conditions: [{type: Failed, status: 'True', message: too often}]}", "Unhealthy 0/0 too often"},
		{"a claim", "apiVersion: v1\nkind: PersistentVolumeClaim\nstatus: {phase: Pending}", "Unhealthy 0/0 it is not bound"},
		{"a kind nobody knows", "apiVersion: x.io/v1\nkind: X\nstatus: {conditions: [{type: Ready, status: 'False', message: broken}]}", "Unhealthy 0/0 broken"},
		{"a kind that knows nothing", "apiVersion: x.io/v1\nkind: X", "Unknown 0/0 "},
		{"a kind that is not sure", "apiVersion: x.io/v1\nkind: X\nstatus: {conditions: [{type: Ready, status: Unknown}]}", "Unknown 0/0 "},
	} {
		t.Run(tt.name, func(t *testing.T) {
			seen := interpret.Observe(object(t, tt.text))
			if got := fmt.Sprintf("%s %d/%d %s", seen.Health, seen.Ready, seen.Replicas, seen.Why); got != tt.want {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
			if has := len(seen.Status) > 0; has != strings.Contains(tt.text, "status: {") || !has && seen.Status != nil {
				t.Errorf("its status is %s", seen.Status)
			}
		})
	}
}

func TestAggregate(t *testing.T) {
	for _, tt := range []struct {
		name, template string
		statuses       []string // by cluster a, b, …; a leading - says that it is removed
		want           string
	}{
		{"counts", deployment, []string{"{replicas: 2, readyReplicas: 1}", "{replicas: 3, readyReplicas: 3, unavailableReplicas: 1}"}, "observedGeneration: 2\nreadyReplicas: 4\nreplicas: 5\nunavailableReplicas: 1"},
		{"without what is removed", deployment, []string{"{replicas: 2}", "-{replicas: 3}"}, "observedGeneration: 2\nreplicas: 2"},
		{"addresses", service, []string{"{loadBalancer: {ingress: [{ip: 192.0.2.1}]}}", "{loadBalancer: {}}", "{loadBalancer: {ingress: [{hostname: c.example}]}}"},
			"loadBalancer:\n  ingress:\n  - hostname: a\n    ip: 192.0.2.1\n  - hostname: c.example"},
		{"none", service, nil, "{}"},
		{"jobs", "apiVersion: batch/v1\nkind: Job", []string{"{succeeded: 1, startTime: '2026-01-02T00:00:00Z', completionTime: '2026-01-02T01:00:00Z'}", "{succeeded: 2, startTime: '2026-01-01T00:00:00Z', completionTime: '2026-01-01T01:00:00Z'}"},
			"completionTime: \"2026-01-02T01:00:00Z\"\nstartTime: \"2026-01-01T00:00:00Z\"\nsucceeded: 3"},
		{"claims", "apiVersion: v1\nkind: PersistentVolumeClaim", []string{"{phase: Bound}", "{phase: Pending}", "{phase: Bound}"}, "phase: Pending"},
		{"a kind nobody knows", "apiVersion: x.io/v1\nkind: X", []string{"{a: 1}"}, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var outcomes []work.Outcome
			for i, s := range tt.statuses {
				o := work.Outcome{Cluster: string(rune('a' + i)), Phase: work.Applied}
				if rest, removed := strings.CutPrefix(s, "-"); removed {
					s, o.Phase = rest, work.Removed
				}
				text, err := yaml.YAMLToJSON([]byte(s))
				if err != nil {
					t.Fatal(err)
				}
				o.Status = text
				outcomes = append([]work.Outcome{o}, outcomes...)
			}
			status, ok := interpret.Aggregate(object(t, tt.template), outcomes)
			got := ""
			if ok {
				text, err := yaml.Marshal(status)
				if err != nil {
					t.Fatal(err)
				}
				got = strings.TrimSpace(string(text))
				_ = (&unstructured.Unstructured{Object: status}).DeepCopy() // panics of what an object cannot hold
			}
			if got != tt.want {
				t.Errorf("got\n%s\nwant\n%s", got, tt.want)
			}
		})
	}
}
