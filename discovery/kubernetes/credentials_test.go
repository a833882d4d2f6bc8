package kubernetes

import (
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"
)

// TestAccessIsBounded: no credentials that are read anywhere go to another server than
// the one that they are for.
func TestAccessIsBounded(t *testing.T) {
	var others atomic.Int32
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { others.Add(1) }))
	defer other.Close()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		http.Redirect(w, q, other.URL, http.StatusTemporaryRedirect)
	}))
	defer s.Close()
	text := `{apiVersion: v1, kind: Config, current-context: one, contexts: [{name: one, context: {cluster: c, user: u}}],
clusters: [{name: c, cluster: {server: "` + s.URL + `"}}], users: [{name: u, user: {token: t}}]}`
	path := filepath.Join(t.TempDir(), "kubeconfig")
	writeFile(t, path, text)
	const want = "which is not to have the credentials"
	for name, cfg := range map[string]Config{"file": {Kubeconfig: path}, "object": {Credentials: NewHeld("Secret fedns/one", []byte(text))}} {
		rc, err := RESTConfig(cfg)
		if err != nil {
			t.Fatal(err)
		}
		web, err := rest.HTTPClientFor(rc)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := web.Get(s.URL + "/version")
		if err == nil {
			_ = resp.Body.Close()
		}
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, %v", name, resp, err)
		}
		c, err := newClient(rc)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := c.list(t.Context(), "services", metav1.ListOptions{}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s, list: %v", name, err)
		}
		if _, err := c.watch(t.Context(), "services", metav1.ListOptions{}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s, watch: %v", name, err)
		}
		c.close()
	}
	if n := others.Load(); n > 0 {
		t.Errorf("the other server was asked %d times", n)
	}
}
