package federation

import (
	"context"
	"fmt"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/fedns/fedns/integration/harness"
)

const job = `
apiVersion: v1
kind: Namespace
metadata: {name: jobs}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: job, namespace: jobs}
spec:
  replicas: 1
  selector: {matchLabels: {app: job}}
  template:
    metadata: {labels: {app: job}}
    spec: {containers: [{name: job, image: "job:%s"}]}
`

// fedJob is a job of KubeFed's users.
const fedJob = `
apiVersion: types.kubefed.io/v1beta1
kind: FederatedConfigMap
metadata: {name: settings, namespace: jobs}
spec:
  template: {data: {a: "%s"}}
  placement: {clusterSelector: {}}
`

const jobTerms = `
apiVersion: policy.karmada.io/v1alpha1
kind: PropagationPolicy
metadata: {name: job, namespace: jobs}
spec: {resourceSelectors: [{apiVersion: apps/v1, kind: Deployment, name: job}]}
`

// refusal has a member refuse whatever fedns writes.
const refusal = `
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicy
metadata: {name: nothing}
spec:
  failurePolicy: Fail
  matchConstraints:
    resourceRules: [{apiGroups: ["*"], apiVersions: ["*"], operations: [CREATE, UPDATE], resources: ["*"]}]
  validations: [{expression: "request.userInfo.username != 'fedns'", message: "nothing is let in here"}]
---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicyBinding
metadata: {name: nothing}
spec: {policyName: nothing, validationActions: [Deny]}
`

// usual is how long a change takes to a member that is well, at most, on a machine
// with much else to do: however many others are not.
const usual = 5 * time.Second

// bad: a member that hangs and one that refuses delay nobody, and are told of; a
// deletion completes where it can while one is gone, whose part is recorded until
// it is made up for.
func (w *world) bad() {
	hangs, refuses, well := w.members[0], w.members[1], w.members[2]
	w.apply(w.host, fmt.Sprintf(job, "1")+"---"+jobTerms+"---"+fmt.Sprintf(fedJob, "1"))
	w.everywhere("jobs", "job", 1)
	for _, m := range w.members {
		w.becomes(m, configMaps, "jobs", "settings", data("1"))
	}

	w.refuse(refuses)
	if err := hangs.Pause(); err != nil {
		w.t.Fatal(err)
	}
	began := time.Now()
	w.apply(w.host, fmt.Sprintf(job, "2")+"---"+fmt.Sprintf(fedJob, "2"))
	w.becomes(well, deployments, "jobs", "job", image("job:2"))
	w.becomes(well, configMaps, "jobs", "settings", data("2"))
	if took := time.Since(began); took > usual {
		w.t.Errorf("the member that is well had the change after %v, want %v at most", took, usual)
	}
	w.status("job", "cluster2", "Failed", "nothing is let in here")
	w.status("job", "cluster1", "Failed", "")
	w.becomes(w.host, bound, "jobs", "job-deployment", func(o *unstructured.Unstructured) string {
		items, _, _ := unstructured.NestedSlice(o.Object, "status", "aggregatedStatus")
		said := map[string]string{}
		for _, item := range items {
			c, _ := item.(map[string]any)
			said[fmt.Sprint(c["clusterName"])] = fmt.Sprint(c["applied"], " ", c["appliedMessage"])
		}
		if !strings.HasPrefix(said["member1"], "true") || !strings.HasPrefix(said["cluster1"], "<nil> ") && !strings.HasPrefix(said["cluster1"], "false ") ||
			!strings.Contains(said["cluster2"], "nothing is let in here") {
			return fmt.Sprintf("status.aggregatedStatus says %v", said)
		}
		return ""
	})

	w.becomes(w.host, federatedMaps, "jobs", "settings", told(map[string]string{"cluster1": "ClusterNotReady", "cluster2": "UpdateFailed", "member1": ""}, "False", "CheckClusters"))

	w.kill(hangs)
	w.standing("cluster1", "behind")
	began = time.Now()
	w.remove(w.host, fmt.Sprintf(fedJob, "2")+"---"+fmt.Sprintf(job, "2"))
	for _, m := range []*harness.Cluster{well, refuses} {
		w.goes(m, deployments, "jobs", "job")
		w.goes(m, configMaps, "jobs", "settings")
	}
	if took := time.Since(began); took > 2*usual {
		w.t.Errorf("the others had the deletion after %v, want %v at most", took, 2*usual)
	}
	w.goes(w.host, bound, "jobs", "job-deployment")
	w.goes(w.host, federatedMaps, "jobs", "settings") // its finalizer waits for nobody who is gone
	w.abandoned("job", "cluster1")
	w.abandoned("settings", "cluster1")

	w.remove(refuses, refusal)
	w.revive(hangs)
	w.goes(hangs, deployments, "jobs", "job")
	w.goes(hangs, configMaps, "jobs", "settings")
	w.unbound("job")
	w.unbound("settings")
}

// everywhere waits until each member has so many replicas of something.
func (w *world) everywhere(namespace, name string, n int64) {
	w.t.Helper()
	for _, m := range w.members {
		w.becomes(m, deployments, namespace, name, replicas(n))
	}
}

// refuse has a member refuse what refusal says, and waits until it does.
func (w *world) refuse(m *harness.Cluster) {
	w.t.Helper()
	w.apply(m, refusal)
	harness.Eventually(w.t, patience, func(ctx context.Context) error {
		_, err := m.Kubectl(ctx, "annotate", "--overwrite", "--dry-run=server", "deployment", "job", "-n", "jobs", "a=b", "--as=fedns", "--as-group=system:masters")
		if err == nil {
			return fmt.Errorf("cluster %s does not refuse anything yet", m.Name)
		}
		return nil
	})
}

// abandoned waits until the Binding of a name records what is left in a cluster.
func (w *world) abandoned(name, cluster string) {
	w.t.Helper()
	harness.Eventually(w.t, patience, func(ctx context.Context) error {
		all, err := w.named(ctx, name)
		if err != nil {
			return err
		}
		for _, b := range all {
			if b.Spec.Deleted && len(b.Status.Abandoned) == 1 && string(b.Status.Abandoned[0].Cluster) == cluster {
				return nil
			}
		}
		return fmt.Errorf("nothing is recorded of %s in %s: %+v", name, cluster, all)
	})
}

const left = `
apiVersion: v1
kind: ConfigMap
metadata: {name: %[1]s, namespace: default}
data: {a: "1"}
---
apiVersion: policy.karmada.io/v1alpha1
kind: PropagationPolicy
metadata: {name: %[1]s, namespace: default}
spec:
  resourceSelectors: [{apiVersion: v1, kind: ConfigMap, name: %[1]s}]
  placement: {clusterAffinity: {clusterNames: [member1]}}
  preserveResourcesOnDeletion: %[2]t
`

// deleted: what a deleted policy placed is withdrawn, or orphaned, where the
// configuration has policies' deletion withdraw; otherwise it stays, and is kept.
func (w *world) deleted() {
	member := w.members[2]
	w.apply(w.host, fmt.Sprintf(left, "stays", false))
	w.becomes(member, configMaps, "default", "stays", there)
	w.remove(w.host, policyOf("stays"))
	w.apply(w.host, "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: stays, namespace: default}\ndata: {a: \"2\"}")
	w.becomes(member, configMaps, "default", "stays", data("2"))

	if err := w.daemon.Stop(); err != nil {
		w.t.Fatal(err)
	}
	if err := w.daemon.Rewrite(w.config("Withdraw")); err != nil {
		w.t.Fatal(err)
	}
	if err := w.daemon.Start(w.t.Context()); err != nil {
		w.t.Fatal(err)
	}
	w.apply(w.host, fmt.Sprintf(left, "cascades", false)+"---"+fmt.Sprintf(left, "orphaned", true))
	w.becomes(member, configMaps, "default", "cascades", there)
	w.becomes(member, configMaps, "default", "orphaned", there)
	w.remove(w.host, policyOf("cascades")+"---"+policyOf("orphaned"))
	w.goes(member, configMaps, "default", "cascades")
	w.unbound("orphaned")
	w.becomes(member, configMaps, "default", "orphaned", func(o *unstructured.Unstructured) string {
		if marks := fmt.Sprint(o.GetLabels(), o.GetAnnotations()); strings.Contains(marks, "fedns") {
			return "it is marked still as fedns's: " + marks
		}
		return data("1")(o)
	})
}

// policyOf is the policy of left alone.
func policyOf(name string) string {
	_, policy, _ := strings.Cut(fmt.Sprintf(left, name, false), "---")
	return policy
}

func data(a string) func(*unstructured.Unstructured) string {
	return func(o *unstructured.Unstructured) string {
		if got := nested(o, "data", "a"); got != fmt.Sprintf("%q", a) {
			return "data.a is " + got + ", want " + a
		}
		return ""
	}
}
