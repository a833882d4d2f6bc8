package secrets

import (
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"github.com/fedns/fedns/discovery/cluster"
	"github.com/fedns/fedns/discovery/inventory"
	"github.com/fedns/fedns/discovery/inventory/host"
	"github.com/fedns/fedns/discovery/inventory/inventorytest"
	"github.com/fedns/fedns/discovery/kubernetes"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// follow runs an inventory of Secrets of a server's namespace fedns.
func follow(t *testing.T, server *inventorytest.APIServer) *inventorytest.Followed {
	t.Helper()
	path := filepath.Join(t.TempDir(), "kubeconfig")
	if err := os.WriteFile(path, []byte(server.Kubeconfig()), 0o600); err != nil {
		t.Fatal(err)
	}
	src, err := New(Config{
		Config:    host.Config{Connect: kubernetes.Config{Kubeconfig: path, Log: slog.New(slog.DiscardHandler)}, HoldShare: 0.5},
		Namespace: "fedns", Formats: Formats(),
	})
	if err != nil {
		t.Fatal(err)
	}
	return inventorytest.Follow(t, src)
}

// ours is a Secret of our own form, as the API has it.
func ours(t *testing.T, name, kubeconfig string) string {
	t.Helper()
	o := secret(t, "metadata: {name: "+name+", namespace: fedns, labels: {fedns.io/cluster: "+name+"}}\nstringData: {kubeconfig: "+`"`+strings.NewReplacer("\n", `\n`, `"`, `\"`).Replace(kubeconfig)+`"`+"}\n")
	raw, err := o.MarshalJSON()
	if err != nil {
		t.Fatal(err)
	}
	return string(raw) + "\n---\n"
}

func hasFinding(part string) func(inventory.List) bool {
	return func(l inventory.List) bool {
		for _, f := range l.Findings {
			if strings.Contains(f.String(), part) {
				return true
			}
		}
		return false
	}
}

// TestLife of an inventory on an API server: what comes, changes, is malformed,
// deleted, lost and not believed.
func TestLife(t *testing.T) {
	server := inventorytest.NewAPIServer(t)
	of := func(name, token string) string { return ours(t, name, kubeconfigOf(name, "token: t"+token)) }
	server.Put(of("a", "1") + of("b", "1") + strings.Replace(of("elsewhere", "1"), `"namespace":"fedns"`, `"namespace":"other"`, 1))
	f := follow(t, server)
	f.AwaitNames("a", "b")

	server.Put(of("c", "1"))
	f.AwaitNames("a", "b", "c")
	server.Put(of("a", "2"))
	l := f.Await("the other token", func(l inventory.List) bool {
		return len(l.Members) == 3 && strings.Contains(string(l.Members[0].Access.Kubeconfig), "token: t2")
	})
	if l.Members[0].Object != "Secret (fedns) fedns/a" {
		t.Errorf("object is %q", l.Members[0].Object)
	}
	server.Put(ours(t, "a", "]["))
	l = f.Await("a complaint", hasFinding("Secret (fedns) fedns/a: data.kubeconfig: want a kubeconfig"))
	if len(l.Members) != 3 || !strings.Contains(string(l.Members[0].Access.Kubeconfig), "token: t2") {
		t.Errorf("malformed, and its cluster is %+v", l.Members)
	}
	server.Put(of("a", "3"))
	f.Await("no complaint", func(l inventory.List) bool { return len(l.Findings) == 0 })

	server.Delete(of("b", ""))
	f.AwaitNames("a", "c")
	server.Stop()
	l = f.Await("unreachable", func(l inventory.List) bool { return l.State.Phase == cluster.Unreachable })
	if len(l.Members) != 2 || !strings.Contains(l.State.Reason, "secrets: ") {
		t.Errorf("out of reach: %+v", l)
	}
	server.Start()
	f.Await("live", func(l inventory.List) bool { return l.State.Phase == cluster.Live && len(l.Members) == 2 })

	server.Put(of("d", "1"))
	f.AwaitNames("a", "c", "d")
	server.Forget(of("a", "") + of("c", ""))
	l = f.Await("doubt", hasFinding("a list suddenly lacked 2 of 3 clusters (a, c)"))
	if len(l.Members) != 3 || !l.Members[0].Held || l.Members[2].Held {
		t.Errorf("held: %+v", l.Members)
	}
	server.Put(of("a", "1"))
	server.Delete(of("a", ""))
	f.AwaitNames("c", "d")
}

// TestForbidden: an inventory that may not be read is told with the reason.
func TestForbidden(t *testing.T) {
	server := inventorytest.NewAPIServer(t)
	server.Refuse("secrets", 403)
	f := follow(t, server)
	l := f.Await("unreachable", func(l inventory.List) bool { return l.State.Phase == cluster.Unreachable })
	if l.Read || !strings.Contains(l.State.Reason, "list secrets: ") {
		t.Errorf("%+v", l)
	}
	server.Refuse("secrets", 0)
	f.AwaitNames()
}
