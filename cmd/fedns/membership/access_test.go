package membership

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
)

// TestTokensStayWithTheirMember: a member that redirects to another server makes neither
// its token nor a new one known there.
func TestTokensStayWithTheirMember(t *testing.T) {
	var others atomic.Int32
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { others.Add(1) }))
	defer other.Close()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		http.Redirect(w, q, other.URL+q.URL.Path, http.StatusTemporaryRedirect)
	}))
	defer server.Close()
	raw, err := kubeconfig("a", clientcmdapi.Cluster{Server: server.URL}, "old")
	if err != nil {
		t.Fatal(err)
	}
	member, err := memberAccess(&corev1.Secret{Data: map[string][]byte{"kubeconfig": raw}})
	if err != nil {
		t.Fatal(err)
	}
	const want = "which is not to have the credentials"
	if _, _, err := requestToken(t.Context(), member, "fedns", "fedns-member", time.Hour); err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("a token: %v", err)
	}
	if err := accepted(t.Context(), member, "new"); err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("the new token: %v", err)
	}
	if _, err := measure(t.Context(), member); err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("its capacity: %v", err)
	}
	if version := versionOf(t.Context(), member); version != "" {
		t.Errorf("its version: %q", version)
	}
	if n := others.Load(); n > 0 {
		t.Errorf("the other server was asked %d times", n)
	}
}
