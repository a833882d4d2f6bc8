package kubernetes

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/fedns/fedns/discovery/cluster"
	"github.com/fedns/fedns/discovery/guarantee"
	"github.com/fedns/fedns/discovery/guarantee/guaranteetest"
)

// some are a few Services that are exported.
func some(p *guaranteetest.Proof) string {
	var all strings.Builder
	for i := range 2 + p.IntN(5) {
		all.WriteString(service(fmt.Sprint("s", i), annotated))
	}
	return all.String()
}

// gone says that something was withdrawn; v.mu is held.
func (v *view) gone() bool { return slices.ContainsFunc(v.updates, withdrawn) }

// within says whether is came to hold in time; is may read v's fields.
func (v *view) within(d time.Duration, is func() bool) bool {
	deadline := time.After(d)
	for {
		v.mu.Lock()
		ok, changed := is(), v.changed
		v.mu.Unlock()
		if ok {
			return true
		}
		select {
		case <-changed:
		case <-time.After(20 * time.Millisecond): // is may look at other things too
		case <-deadline:
			return false
		}
	}
}

// followed is a Source that is Live with some Services, of a server that streams lists or does not.
func followed(t *testing.T, p *guaranteetest.Proof, streams bool) (*apiServer, *view) {
	server := newAPIServer(t, some(p))
	server.set(func() { server.streams = streams })
	v := observe(t, server, nil)
	v.awaitPhase(cluster.Live)
	return server, v
}

// TestGuaranteeListsHaveVersions: a list of another kind comes out of the decoder as an empty one.
func TestGuaranteeListsHaveVersions(t *testing.T) {
	p := guaranteetest.Prove(t, guarantee.ListsHaveVersions)
	r := &resource[string]{part: &part{name: "services"}, pack: func(runtime.Object) (string, bool) { return "", true }}
	list := &corev1.ServiceList{Items: make([]corev1.Service, p.IntN(3))}
	if _, err := r.packPage(list, ""); err == nil {
		p.Broken("a list of %d without a version is believed", len(list.Items))
	}
	list.ResourceVersion = fmt.Sprint(1 + p.IntN(1000))
	if _, err := r.packPage(list, ""); err != nil {
		t.Errorf("a list with a version: %v", err)
	}
}

// TestGuaranteeListsAreNewest: what an API server's cache has not heard of yet is not gone.
func TestGuaranteeListsAreNewest(t *testing.T) {
	p := guaranteetest.Prove(t, guarantee.ListsAreNewest)
	server, _ := followed(t, p, false)
	server.mu.Lock()
	defer server.mu.Unlock()
	for _, r := range server.requests {
		if strings.HasPrefix(r, "list ") && strings.Contains(r, "resourceVersion=0") {
			p.Broken("%s", r)
		}
	}
}

// TestGuaranteeCutListsAreNone: an answer that breaks off proves nothing of what it did not get to.
func TestGuaranteeCutListsAreNone(t *testing.T) {
	p := guaranteetest.Prove(t, guarantee.CutListsAreNone)
	server, v := followed(t, p, false)
	server.set(func() { server.cut["list services"], server.refuse["watch services"] = true, http.StatusGone })
	before := server.asked("list /api/v1/services")
	if !v.within(10*time.Second, func() bool {
		return v.gone() || v.last.Phase == cluster.Unreachable && server.asked("list /api/v1/services") > before+3
	}) {
		t.Error("the cluster was not found unreachable")
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.gone() {
		p.Broken("withdrawn for want of an answer, %v is left", v.show())
	}
}

// TestGuaranteeMixedListsAreNone: nor does a list of other things.
func TestGuaranteeMixedListsAreNone(t *testing.T) {
	p := guaranteetest.Prove(t, guarantee.MixedListsAreNone)
	server, v := followed(t, p, true)
	server.set(func() { server.misfit = true; server.compact = server.version + 1; server.watches++ })
	if !v.within(10*time.Second, func() bool { return v.gone() || v.last.Phase == cluster.Unreachable }) {
		t.Error("the cluster was not found unreachable")
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.gone() {
		p.Broken("withdrawn by a list of Secrets, %v is left", v.show())
	}
}

// TestGuaranteeMissingCRDStands: that ServiceExport is not served any more deletes no ServiceExport,
// nor does that its CRD is removed with all of them.
func TestGuaranteeMissingCRDStands(t *testing.T) {
	p := guaranteetest.Prove(t, guarantee.MissingCRDStands)
	t.Run("it is not served", func(t *testing.T) { notServed(t, p) })
	t.Run("it is removed", func(t *testing.T) { removed(t, p) })
}

// exporting is a cluster with a few ServiceExports, which are known.
func exporting(t *testing.T, p *guaranteetest.Proof) (*apiServer, *view, int) {
	t.Helper()
	var objects strings.Builder
	n := 1 + p.IntN(5)
	for i := range n {
		objects.WriteString(service(fmt.Sprint("x", i), "") + export(fmt.Sprint("x", i)))
	}
	server := newAPIServer(t, objects.String())
	v := observe(t, server, nil)
	v.await("all Groups", func() bool { return len(v.groups) == n })
	return server, v, n
}

func notServed(t *testing.T, p *guaranteetest.Proof) {
	server, v, _ := exporting(t, p)
	server.set(func() { server.versions = nil })
	v.await("the warning", func() bool { return strings.Contains(v.logged.String(), "no longer serves ServiceExport") })
	server.put(service("later", annotated))
	v.await("what comes later", func() bool { _, ok := v.groups[cluster.ServiceKey{Namespace: "a", Name: "later"}]; return ok })
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.gone() {
		p.Broken("withdrawn with the CRD, %v is left", v.show())
	}
}

// removed is what an API server does when a CRD is deleted: its objects go first, one
// by one. Here the CRD comes back after a while, and some of them.
func removed(t *testing.T, p *guaranteetest.Proof) {
	server, v, n := exporting(t, p)
	back := p.IntN(n)
	server.set(func() { server.ending = true })
	for i := range n {
		server.delete("serviceexports", fmt.Sprint("a/x", i), false)
	}
	server.set(func() { server.versions = nil; server.watches++ })
	asked := server.asked("list /apis/multicluster.x-k8s.io")
	v.await("a look for the CRD", func() bool { return server.asked("list /apis/multicluster.x-k8s.io") > asked+2 })
	server.set(func() { server.ending, server.versions = false, []string{"v1beta1"} })
	for i := range back {
		server.put(export(fmt.Sprint("x", i)))
	}
	v.await("what is back", func() bool { return len(v.groups) == back })
	v.mu.Lock()
	defer v.mu.Unlock()
	for key, how := range v.loss {
		if _, is := v.groups[key]; !is && how != cluster.Doubtful {
			p.Broken("%s was withdrawn with the CRD", key)
		}
	}
}

// TestGuaranteeMembersAreOnlyRead: whatever asks, nothing but a GET leaves.
func TestGuaranteeMembersAreOnlyRead(t *testing.T) {
	p := guaranteetest.Prove(t, guarantee.MembersAreOnlyRead)
	var wrote atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet {
			wrote.Add(1)
		}
		http.NotFound(w, r)
	}))
	defer server.Close()
	s, err := New(Config{Cluster: "c1", Kubeconfig: kubeconfig(t, "", &apiServer{addr: strings.TrimPrefix(server.URL, "http://")}, "")})
	if err != nil {
		t.Fatal(err)
	}
	defer s.client.Load().close()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	verbs := []string{http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete}
	for _, i := range p.Perm(len(verbs)) {
		for resource, c := range s.client.Load().rest {
			err := c.Verb(verbs[i]).AbsPath("/api/v1").Resource(resource).Namespace("a").Body(&metav1.DeleteOptions{}).MaxRetries(0).Do(ctx).Error()
			if err == nil || !strings.Contains(err.Error(), "clusters are only read") {
				p.Broken("%s %s: %v", verbs[i], resource, err)
			}
		}
	}
	if n := wrote.Load(); n > 0 {
		p.Broken("%d requests that write arrived", n)
	}
}

// TestGuaranteeExecIsOff: a kubeconfig does not run commands here unless it may.
func TestGuaranteeExecIsOff(t *testing.T) {
	p := guaranteetest.Prove(t, guarantee.ExecIsOff)
	command := []string{"aws", "gke-gcloud-auth-plugin", "/bin/sh"}[p.IntN(3)]
	path := filepath.Join(t.TempDir(), "kubeconfig")
	writeFile(t, path, fmt.Sprintf(`{apiVersion: v1, kind: Config, current-context: c, contexts: [{name: c, context: {cluster: c, user: u}}],
clusters: [{name: c, cluster: {server: "https://127.0.0.1:1"}}],
users: [{name: u, user: {exec: {apiVersion: client.authentication.k8s.io/v1, command: %s, interactiveMode: Never}}}]}`, command))
	if _, err := New(Config{Cluster: "c1", Kubeconfig: path}); err == nil || !strings.Contains(err.Error(), command) {
		p.Broken("%s may run: %v", command, err)
	}
	if _, err := New(Config{Cluster: "c1", Kubeconfig: path, AllowExec: true}); err != nil {
		t.Errorf("allowed: %v", err)
	}
}

// TestGuaranteeCredentialsRotate: without a restart, of a token in the kubeconfig.
func TestGuaranteeCredentialsRotate(t *testing.T) {
	p := guaranteetest.Prove(t, guarantee.CredentialsRotate)
	server := unstarted(t, some(p)) // credentials are sent over TLS only
	server.tls, server.token = true, "old"
	server.start()
	var path string
	v := observe(t, server, func(c *Config) { path = kubeconfig(t, c.Kubeconfig, server, "old") })
	v.awaitPhase(cluster.Live)
	token := fmt.Sprint("new-", p.Uint32())
	server.set(func() { server.token = token; server.watches++ })
	v.awaitPhase(cluster.Unreachable)
	kubeconfig(t, path, server, token)
	if !v.within(5*time.Second, func() bool { return v.last.Phase == cluster.Live }) {
		p.Broken("after 5 s with the new token: %+v", v.last)
	}
}
