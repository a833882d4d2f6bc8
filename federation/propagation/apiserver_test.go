package propagation

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/managedfields"
	"k8s.io/apimachinery/pkg/util/managedfields/managedfieldstest"
	"k8s.io/client-go/rest"

	"github.com/fedns/fedns/discovery/kubernetes/bound"
)

// apiServer is a small API server over real HTTP: objects of any resource it is told
// of, with versions, preconditions, finalizers, watches and, by Kubernetes' own
// code, owners of fields. Lists are atomic, for it knows no schemas.
type apiServer struct {
	http *httptest.Server

	mu       sync.Mutex
	changed  chan struct{} // closed at each change
	version  int
	uids     int
	objects  map[string]*unstructured.Unstructured // by resource/namespace/name
	events   []event
	served   map[string][]metav1.APIResource // by group/version
	calls    []string                        // verb resource
	refuse   func(verb, resource string) *metav1.Status
	hang     chan struct{}                      // nil: it answers
	late     chan struct{}                      // creations are answered when it is closed
	webhook  func(o *unstructured.Unstructured) // is called without the lock held
	admit    func(o *unstructured.Unstructured)
	token    string // required when set
	blinding bool   // watches and lists of objects are forbidden
}

type event struct {
	version  int
	resource string
	old, new *unstructured.Unstructured
}

func newAPIServer(t *testing.T) *apiServer {
	s := &apiServer{changed: make(chan struct{}), version: 100, objects: map[string]*unstructured.Unstructured{}, served: map[string][]metav1.APIResource{
		"v1":                      {{Name: "namespaces", Kind: "Namespace"}, {Name: "configmaps", Kind: "ConfigMap", Namespaced: true}, {Name: "services", Kind: "Service", Namespaced: true}},
		"apps/v1":                 {{Name: "deployments", Kind: "Deployment", Namespaced: true}, {Name: "deployments/scale", Kind: "Scale", Namespaced: true}, {Name: "replicasets", Kind: "ReplicaSet", Namespaced: true}},
		"apiextensions.k8s.io/v1": {{Name: "customresourcedefinitions", Kind: "CustomResourceDefinition"}},
	}}
	s.http = httptest.NewServer(http.HandlerFunc(s.serve))
	t.Cleanup(func() {
		s.http.CloseClientConnections()
		s.http.Close()
	})
	s.put(t, "kube", object("v1", "Namespace", "", "shop", nil))
	return s
}

func (s *apiServer) config() *rest.Config { return access(s.http.URL) }

// access is to an API server, as the daemon has it.
func access(url string) *rest.Config {
	rc := &rest.Config{Host: url}
	bound.Wrap(rc)
	return rc
}

func object(apiVersion, kind, namespace, name string, more map[string]any) *unstructured.Unstructured {
	m := map[string]any{"name": name}
	if namespace != "" {
		m["namespace"] = namespace
	}
	o := map[string]any{"apiVersion": apiVersion, "kind": kind, "metadata": m}
	maps.Copy(o, more)
	return (&unstructured.Unstructured{Object: o}).DeepCopy()
}

// put writes an object as somebody else: it is created, or replaced whole.
func (s *apiServer) put(t *testing.T, who string, o *unstructured.Unstructured) {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	key := s.resourceOf(o) + "/" + o.GetNamespace() + "/" + o.GetName()
	live := s.objects[key]
	next := o.DeepCopy()
	if live != nil {
		next.SetUID(live.GetUID())
		next.SetResourceVersion(live.GetResourceVersion())
		next.SetManagedFields(live.GetManagedFields())
	}
	if err := s.store(key, live, s.own(live, next, who)); err != nil {
		t.Fatal(err)
	}
}

// edit changes an object as somebody else.
func (s *apiServer) edit(t *testing.T, who, key string, change func(*unstructured.Unstructured)) {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	live := s.objects[key]
	if live == nil {
		t.Fatalf("there is no %s", key)
	}
	next := live.DeepCopy()
	change(next)
	if err := s.store(key, live, s.own(live, next, who)); err != nil {
		t.Fatal(err)
	}
}

// remove deletes an object as somebody else.
func (s *apiServer) remove(key string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if live := s.objects[key]; live != nil {
		_ = s.store(key, live, nil)
	}
}

// get is an object as it stands, nil: it is not there.
func (s *apiServer) get(key string) *unstructured.Unstructured {
	s.mu.Lock()
	defer s.mu.Unlock()
	if o := s.objects[key]; o != nil {
		return o.DeepCopy()
	}
	return nil
}

func (s *apiServer) set(change func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change()
	s.wake()
}

func (s *apiServer) wake() {
	close(s.changed)
	s.changed = make(chan struct{})
}

// writes are the calls that would change something, in order.
func (s *apiServer) writes() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(s.calls), func(c string) bool {
		return strings.HasPrefix(c, "get ") || strings.HasPrefix(c, "list ") || strings.HasPrefix(c, "watch ")
	})
}

func (s *apiServer) resourceOf(o *unstructured.Unstructured) string {
	for _, r := range s.served[o.GetAPIVersion()] {
		if r.Kind == o.GetKind() {
			return r.Name
		}
	}
	return ""
}

// own has the owners of fields follow a change; mu is held.
func (s *apiServer) own(live, next *unstructured.Unstructured, who string) *unstructured.Unstructured {
	if live == nil {
		live = &unstructured.Unstructured{Object: map[string]any{"apiVersion": next.GetAPIVersion(), "kind": next.GetKind()}}
	}
	out, err := managerOf(next).Update(live, next, who)
	if err != nil {
		panic(err)
	}
	return out.(*unstructured.Unstructured)
}

func managerOf(o *unstructured.Unstructured) *managedfields.FieldManager {
	return managedfieldstest.NewFakeFieldManager(managedfields.NewDeducedTypeConverter(), o.GroupVersionKind())
}

// store keeps an object, nil: none; mu is held. What changes nothing has no version.
func (s *apiServer) store(key string, live, next *unstructured.Unstructured) *metav1.Status {
	if next != nil && live != nil {
		a, b := live.DeepCopy(), next.DeepCopy()
		for _, o := range []*unstructured.Unstructured{a, b} {
			entries := o.GetManagedFields()
			for i := range entries {
				entries[i].Time = nil
			}
			o.SetManagedFields(entries)
		}
		x, _ := json.Marshal(a)
		y, _ := json.Marshal(b)
		if string(x) == string(y) {
			next.Object = live.DeepCopy().Object
			return nil
		}
	}
	s.version++
	resource, _, _ := strings.Cut(key, "/")
	switch {
	case next == nil:
		last := live.DeepCopy()
		last.SetResourceVersion(strconv.Itoa(s.version))
		delete(s.objects, key)
		s.events = append(s.events, event{s.version, resource, last, nil})
	default:
		if live == nil {
			s.uids++
			next.SetUID(types.UID(fmt.Sprintf("uid-%d", s.uids)))
		}
		next.SetResourceVersion(strconv.Itoa(s.version))
		if next.GetDeletionTimestamp() != nil && len(next.GetFinalizers()) == 0 {
			delete(s.objects, key)
			s.events = append(s.events, event{s.version, resource, next.DeepCopy(), nil})
			break
		}
		s.objects[key] = next.DeepCopy()
		s.events = append(s.events, event{s.version, resource, live, next.DeepCopy()})
	}
	s.wake()
	return nil
}

// eventually waits for a condition, and fails the test with what it said last.
func eventually(t *testing.T, condition func() error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	for {
		err := condition()
		if err == nil {
			return
		}
		select {
		case <-ctx.Done():
			t.Fatalf("not in time: %v", err)
		case <-time.After(2 * time.Millisecond):
		}
	}
}
