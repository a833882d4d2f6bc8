package federation

import (
	"context"
	"fmt"
	"net/http"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/fedns/fedns/federation/api/v1alpha1"
	"github.com/fedns/fedns/integration/harness"
)

var federatedConfigMaps = schema.GroupVersionResource{Group: "types.kubefed.io", Version: "v1beta1", Resource: "federatedconfigmaps"}

const fedLeft = `
apiVersion: types.kubefed.io/v1beta1
kind: FederatedConfigMap
metadata: {name: federated, namespace: default}
spec:
  template: {data: {a: "%s"}}
  placement: {clusterSelector: {}}
`

// undefined: a definition is removed, and all its objects with it. What they ordered is
// held, and goes on when they are back. It runs where policies' deletion withdraws.
func (w *world) undefined() {
	member := w.members[2]
	w.apply(w.host, fmt.Sprintf(left, "defined", false)+"---"+fmt.Sprintf(fedLeft, "1"))
	w.becomes(member, configMaps, "default", "defined", data("1"))
	w.becomes(member, configMaps, "default", "federated", data("1"))
	w.undefine("propagationpolicies.policy.karmada.io")
	w.heldBack("defined")
	w.undefine("federatedconfigmaps.types.kubefed.io")
	w.heldBack("federated")
	w.becomes(member, configMaps, "default", "defined", data("1"))
	w.becomes(member, configMaps, "default", "federated", data("1"))
	// KubeFed's objects stay until members are done with them, and their definition with
	// them: they are told to go.
	w.becomes(w.host, federatedConfigMaps, "default", "federated", func(o *unstructured.Unstructured) string {
		if o.GetDeletionTimestamp() == nil {
			return "it is not being deleted"
		}
		return ""
	})
	w.release()
	w.goes(member, configMaps, "default", "federated")
	ctx, cancel := context.WithTimeout(w.t.Context(), patience)
	defer cancel()
	if err := w.host.WaitUndefined(ctx, "federatedconfigmaps.types.kubefed.io"); err != nil {
		w.t.Fatal(err)
	}
	w.goes(member, configMaps, "default", "defined")

	w.apply(w.host, definitions(w.t))
	w.apply(w.host, fmt.Sprintf(left, "defined", false)+"---"+fmt.Sprintf(fedLeft, "2"))
	w.becomes(member, configMaps, "default", "federated", data("2"))
	w.becomes(member, configMaps, "default", "defined", data("1"))
	w.undefine("propagationpolicies.policy.karmada.io")
	w.heldBack("defined")
	w.apply(w.host, definitions(w.t)+"---"+fmt.Sprintf(left, "defined", false))
	w.apply(w.host, "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: defined, namespace: default}\ndata: {a: \"3\"}")
	w.becomes(member, configMaps, "default", "defined", data("3"))
	w.remove(w.host, policyOf("defined")+"---"+fmt.Sprintf(fedLeft, "2"))
	w.goes(member, configMaps, "default", "defined")
	w.goes(member, configMaps, "default", "federated")
}

// release says that what is held is meant to go.
func (w *world) release() {
	w.t.Helper()
	req, err := http.NewRequestWithContext(w.t.Context(), http.MethodPost, "http://"+w.daemon.HTTPAddr+"/api/v1/federation/release", nil)
	if err != nil {
		w.t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		w.t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode != http.StatusOK {
		w.t.Fatalf("release: %s", resp.Status)
	}
}

// undefine removes a definition, and returns at once.
func (w *world) undefine(name string) {
	w.t.Helper()
	if err := w.host.Undefine(w.t.Context(), name); err != nil {
		w.t.Fatal(err)
	}
}

// heldBack waits until the Binding of a template says that its withdrawal is held.
func (w *world) heldBack(name string) {
	w.t.Helper()
	harness.Eventually(w.t, patience, func(ctx context.Context) error {
		all, err := w.named(ctx, name)
		if err != nil {
			return err
		}
		for _, b := range all {
			for _, c := range b.Status.Conditions {
				if c.Type == v1alpha1.ConditionScheduled && c.Reason == "WithdrawalHeld" {
					return nil
				}
			}
		}
		return fmt.Errorf("the withdrawal of %s is not held: %+v", name, all)
	})
}
