package daemon

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	coordinationv1 "k8s.io/api/coordination/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/dynamic"
	coordination "k8s.io/client-go/kubernetes/typed/coordination/v1"
	"k8s.io/client-go/metadata"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/fedns/fedns/cmd/fedns/config"
	"github.com/fedns/fedns/cmd/fedns/federate"
	"github.com/fedns/fedns/discovery/cluster"
	"github.com/fedns/fedns/discovery/kubernetes"
	"github.com/fedns/fedns/discovery/quorum"
	"github.com/fedns/fedns/federation/host"
)

// TestCredentialsStayHome: whatever client is made of what the daemon reads of the host
// and of members, none follows a redirect to another server.
func TestCredentialsStayHome(t *testing.T) {
	var others, asked atomic.Int32
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { others.Add(1) }))
	defer other.Close()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		asked.Add(1)
		http.Redirect(w, q, other.URL+q.URL.Path, http.StatusTemporaryRedirect)
	}))
	defer s.Close()
	path := filepath.Join(t.TempDir(), "kubeconfig")
	if err := os.WriteFile(path, []byte(`{apiVersion: v1, kind: Config, current-context: c, contexts: [{name: c, context: {cluster: c, user: u}}],
clusters: [{name: c, cluster: {server: "`+s.URL+`"}}], users: [{name: u, user: {token: secret}}]}`), 0o600); err != nil {
		t.Fatal(err)
	}
	rc, err := hostAccess(config.Host{Kubeconfig: path})
	if err != nil {
		t.Fatal(err)
	}
	f := &fleet{reach: map[cluster.ID]reachable{"a": {Config: kubernetes.Config{Kubeconfig: path}}}}
	member, err := f.access("a")
	if err != nil {
		t.Fatal(err)
	}
	for name, call := range map[string]func(context.Context) error{
		"agreement of the replicas": func(ctx context.Context) error {
			own, err := hostAccess(config.Host{Kubeconfig: path})
			if err != nil {
				return err
			}
			leases, err := quorum.Connect(own, "fedns")
			if err == nil {
				_, err = leases.Create(ctx, &coordinationv1.Lease{}, metav1.CreateOptions{})
			}
			return err
		},
		"election": func(ctx context.Context) error {
			c, err := coordination.NewForConfig(rc)
			if err == nil {
				_, err = c.Leases("fedns").Get(ctx, "fedns-providers", metav1.GetOptions{})
			}
			return err
		},
		"templates and policies": func(ctx context.Context) error {
			h, err := host.New(host.Config{REST: rc, Log: slog.New(slog.DiscardHandler)})
			if err != nil {
				return err
			}
			o := &unstructured.Unstructured{Object: map[string]any{"apiVersion": "v1", "kind": "Service"}}
			return h.Client().Get(ctx, client.ObjectKey{Namespace: "shop", Name: "web"}, o)
		},
		"Bindings": func(ctx context.Context) error {
			b, err := federate.NewBindings(rc, "fedns", nil, nil, slog.New(slog.DiscardHandler))
			if err == nil {
				_, err = b.List(ctx)
			}
			return err
		},
		"a member's objects": func(ctx context.Context) error {
			c, err := dynamic.NewForConfig(member)
			if err == nil {
				_, err = c.Resource(coordinationv1.SchemeGroupVersion.WithResource("leases")).Watch(ctx, metav1.ListOptions{})
			}
			return err
		},
		"a member's definitions": func(ctx context.Context) error {
			c, err := metadata.NewForConfig(member)
			if err == nil {
				_, err = c.Resource(coordinationv1.SchemeGroupVersion.WithResource("leases")).List(ctx, metav1.ListOptions{})
			}
			return err
		},
	} {
		before := asked.Load()
		if err := call(t.Context()); err == nil || !strings.Contains(err.Error(), "which is not to have the credentials") || asked.Load() == before {
			t.Errorf("%s: got %v", name, err)
		}
	}
	if n := others.Load(); n > 0 {
		t.Errorf("the other server was asked %d times", n)
	}
}
