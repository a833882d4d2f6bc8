package membercluster

import (
	"encoding/base64"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.uber.org/goleak"
	corev1 "k8s.io/api/core/v1"

	"github.com/fedns/fedns/discovery/inventory"
	"github.com/fedns/fedns/discovery/inventory/host"
	"github.com/fedns/fedns/discovery/inventory/inventorytest"
	"github.com/fedns/fedns/discovery/kubernetes"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func newSecret(name string, data map[string][]byte) *corev1.Secret {
	return &corev1.Secret{ObjectMeta: named(name), Data: data}
}

const eu1 = "{apiVersion: fedns.io/v1alpha1, kind: MemberCluster, metadata: {name: eu-1}, spec: {secretRef: {namespace: fedns, name: eu-1, key: kubeconfig}%s}}\n---\n"

func secret(token string) string {
	return fmt.Sprintf("{apiVersion: v1, kind: Secret, metadata: {name: eu-1, namespace: fedns}, data: {kubeconfig: %s}}\n---\n",
		base64.StdEncoding.EncodeToString(kubeconfig("{token: '"+token+"'}")))
}

// TestMemberClusterAndSecret: the definition comes late, the token is renewed, the
// cluster is drained, the Secret goes; only the object's deletion takes the member
// away.
func TestMemberClusterAndSecret(t *testing.T) {
	server := inventorytest.NewAPIServer(t)
	path := filepath.Join(t.TempDir(), "kubeconfig")
	if err := os.WriteFile(path, []byte(server.Kubeconfig()), 0o600); err != nil {
		t.Fatal(err)
	}
	f := inventorytest.Follow(t, New(Config{Config: host.Config{Connect: kubernetes.Config{Kubeconfig: path, Log: slog.New(slog.DiscardHandler)}, HoldShare: 0.5}}))
	if l := f.AwaitNames(); len(l.Absent) != 1 || l.Absent[0] != "memberclusters.fedns.io" || len(l.Findings) > 0 {
		t.Errorf("without the definition: %+v", l)
	}
	server.Put(fmt.Sprintf(eu1, "") + secret("first"))
	server.Serve("memberclusters.fedns.io/v1alpha1")
	f.AwaitNames("eu-1")
	with := func(token string) func(inventory.List) bool {
		return func(l inventory.List) bool {
			return len(l.Members) == 1 && strings.Contains(string(l.Members[0].Access.Kubeconfig), token)
		}
	}
	f.Await("the token", with("first"))
	server.Put(secret("second"))
	f.Await("the renewed token", with("second"))
	server.Put(fmt.Sprintf(eu1, ", drain: true"))
	f.Await("the word", func(l inventory.List) bool { return len(l.Members) == 1 && l.Members[0].Drained })
	server.Delete(secret("second"))
	f.Await("a complaint", func(l inventory.List) bool {
		return with("second")(l) && len(l.Findings) == 1 && l.Findings[0].String() == "MemberCluster eu-1: spec.secretRef: there is no Secret fedns/eu-1; the cluster eu-1 goes on as stated before"
	})
	server.Delete(fmt.Sprintf(eu1, ""))
	if l := f.AwaitNames(); len(l.Findings) > 0 {
		t.Errorf("deleted, and still %v", l.Findings)
	}
}
