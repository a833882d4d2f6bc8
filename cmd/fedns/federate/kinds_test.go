package federate

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strconv"
	"sync"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/rest"

	"github.com/fedns/fedns/discovery/kubernetes/bound"
)

// apiServer serves discovery as old API servers do, and a watch of definitions.
type apiServer struct {
	mu      sync.Mutex
	groups  map[string][]metav1.APIResource // nil: it does not know itself
	version int                             // of the definitions
	change  chan struct{}                   // closed when a definition changes
}

func (a *apiServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	say := func(o any) {
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(o)
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	switch path := r.URL.Path; path {
	case "/api":
		say(metav1.APIVersions{TypeMeta: metav1.TypeMeta{Kind: "APIVersions"}, Versions: []string{"v1"}})
	case "/api/v1":
		say(metav1.APIResourceList{GroupVersion: "v1", APIResources: []metav1.APIResource{{Name: "services", Kind: "Service"}, {Name: "serviceaccounts/token", Kind: "TokenRequest"}}})
	case "/apis":
		list := metav1.APIGroupList{TypeMeta: metav1.TypeMeta{Kind: "APIGroupList", APIVersion: "v1"}}
		for group := range a.groups {
			v := metav1.GroupVersionForDiscovery{GroupVersion: group + "/v1", Version: "v1"}
			list.Groups = append(list.Groups, metav1.APIGroup{Name: group, Versions: []metav1.GroupVersionForDiscovery{v}, PreferredVersion: v})
		}
		say(list)
	case "/apis/" + definitions.Group + "/v1/" + definitions.Resource:
		if r.URL.Query().Get("watch") == "" {
			say(metav1.PartialObjectMetadataList{TypeMeta: metav1.TypeMeta{Kind: "PartialObjectMetadataList", APIVersion: "meta.k8s.io/v1"}, ListMeta: metav1.ListMeta{ResourceVersion: strconv.Itoa(a.version)}})
			return
		}
		if since, err := strconv.Atoi(r.URL.Query().Get("resourceVersion")); err != nil || since != a.version {
			return // there is a change already
		}
		change := a.change
		w.(http.Flusher).Flush()
		a.mu.Unlock()
		defer a.mu.Lock()
		select {
		case <-change:
		case <-r.Context().Done():
		}
	default:
		for group, resources := range a.groups {
			if path == "/apis/"+group+"/v1" && resources != nil {
				say(metav1.APIResourceList{GroupVersion: group + "/v1", APIResources: resources})
				return
			}
		}
		http.Error(w, "no", http.StatusServiceUnavailable)
	}
}

// have gives it another group, and says so.
func (a *apiServer) have(group string, resources []metav1.APIResource) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.groups[group] = resources
	a.version++
	close(a.change)
	a.change = make(chan struct{})
}

func TestKindsThatMembersServe(t *testing.T) {
	a := &apiServer{groups: map[string][]metav1.APIResource{"apps": {{Name: "deployments", Kind: "Deployment"}}}, version: 5, change: make(chan struct{})}
	server := httptest.NewServer(a)
	defer server.Close()
	defer server.CloseClientConnections() // its watches would outlive a test that failed
	k := newKinds(func(name string) (*rest.Config, error) {
		if name == "away" {
			return nil, errors.New("there is no kubeconfig")
		}
		rc := &rest.Config{Host: server.URL}
		bound.Wrap(rc)
		return rc, nil
	}, slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelDebug})))
	members := []Member{{Name: "a"}, {Name: "b"}, {Name: "away"}}
	k.of(members) // it has not begun
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() { ended <- k.run(ctx) }()
	await := func(what string, holds func() bool) {
		t.Helper()
		for until := time.Now().Add(time.Minute); !holds(); time.Sleep(5 * time.Millisecond) {
			if k.of(members); time.Now().After(until) {
				t.Fatalf("%s: a serves %v, b %v", what, k.served("a"), k.served("b"))
			}
		}
	}
	serves := func(name, group, kind string) bool {
		return k.served(name)[schema.GroupVersionKind{Group: group, Version: "v1", Kind: kind}]
	}
	await("at first", func() bool { return serves("a", "apps", "Deployment") && serves("b", "", "Service") })
	if serves("a", "", "TokenRequest") || len(k.served("a")) != 2 {
		t.Errorf("a serves %v", k.served("a"))
	}
	if k.served("away") != nil || k.served("c") != nil {
		t.Error("of a member that was not asked something is known")
	}
	k.mu.Lock()
	if len(k.same) != 1 {
		t.Errorf("%d sets are kept of members that serve the same", len(k.same))
	}
	k.mu.Unlock()
	a.have("example.com", []metav1.APIResource{{Name: "widgets", Kind: "Widget"}})
	await("with a definition", func() bool { return serves("a", "example.com", "Widget") && serves("b", "example.com", "Widget") })
	a.have("metrics.k8s.io", nil)
	await("with a group that does not answer", func() bool { return k.served("a") == nil && k.served("b") == nil })
	members = members[:1]
	await("with a member less", func() bool { k.mu.Lock(); defer k.mu.Unlock(); return len(k.all) == 1 })
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}
