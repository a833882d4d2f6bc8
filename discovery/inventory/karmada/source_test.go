package karmada

import (
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"github.com/fedns/fedns/discovery/inventory"
	"github.com/fedns/fedns/discovery/inventory/host"
	"github.com/fedns/fedns/discovery/inventory/inventorytest"
	"github.com/fedns/fedns/discovery/kubernetes"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	eu1    = "{apiVersion: cluster.karmada.io/v1alpha1, kind: Cluster, metadata: {name: eu-1}, spec: {apiEndpoint: 'https://a:1', secretRef: {namespace: karmada-cluster, name: eu-1}}}\n---\n"
	token1 = "{apiVersion: v1, kind: Secret, metadata: {name: eu-1, namespace: karmada-cluster}, data: {token: MQ==}}\n---\n"
	token2 = "{apiVersion: v1, kind: Secret, metadata: {name: eu-1, namespace: karmada-cluster}, data: {token: Mg==}}\n---\n"
)

// TestClusterAndSecret: the CRD comes late, the Secret changes and goes; only the
// Cluster's deletion takes the member away.
func TestClusterAndSecret(t *testing.T) {
	server := inventorytest.NewAPIServer(t)
	path := filepath.Join(t.TempDir(), "kubeconfig")
	if err := os.WriteFile(path, []byte(server.Kubeconfig()), 0o600); err != nil {
		t.Fatal(err)
	}
	f := inventorytest.Follow(t, New(Config{Config: host.Config{Connect: kubernetes.Config{Kubeconfig: path, Log: slog.New(slog.DiscardHandler)}, HoldShare: 0.5}}))
	l := f.AwaitNames()
	if len(l.Absent) != 1 || l.Absent[0] != "clusters.cluster.karmada.io" || len(l.Findings) > 0 {
		t.Errorf("without the CRD: %+v", l)
	}
	server.Put(eu1 + token1)
	server.Serve("clusters.cluster.karmada.io/v1alpha1")
	l = f.AwaitNames("eu-1")
	if len(l.Absent) > 0 {
		t.Errorf("with the CRD: %+v", l)
	}
	with := func(token string) func(inventory.List) bool {
		return func(l inventory.List) bool {
			return len(l.Members) == 1 && strings.Contains(string(l.Members[0].Access.Kubeconfig), "token: \""+token+"\"")
		}
	}
	f.Await("the token", with("1"))
	server.Put(token2)
	f.Await("the other token", with("2"))
	server.Delete(token2)
	f.Await("a complaint", func(l inventory.List) bool {
		return with("2")(l) && len(l.Findings) == 1 && l.Findings[0].String() == "Cluster eu-1: spec.secretRef: there is no Secret karmada-cluster/eu-1; the cluster eu-1 goes on as stated before"
	})
	server.Delete(eu1)
	l = f.AwaitNames()
	if len(l.Findings) > 0 {
		t.Errorf("deleted, and still %v", l.Findings)
	}
	for _, l := range f.Ever() { // the Secrets were waited for
		if len(l.Members) == 0 && len(l.Findings) > 0 {
			t.Errorf("complained before everything was read: %v", l.Findings)
		}
	}
}
