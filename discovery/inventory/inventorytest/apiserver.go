package inventorytest

import (
	"encoding/json"
	"fmt"
	"maps"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"k8s.io/apimachinery/pkg/labels"
	"sigs.k8s.io/yaml"
)

// APIServer is a small API server over real HTTP that serves what is put into it:
// list and watch with label selectors, in JSON, and discovery. Everybody may
// everything. Its methods may be called from any goroutine.
type APIServer struct {
	t    testing.TB
	addr string
	http *http.Server

	mu       sync.Mutex
	changed  chan struct{} // closed at each change
	version  int
	oldest   int               // watches from an older version are expired
	served   map[string]string // resource.group → version
	objects  map[string]object // by path
	log      []event
	refused  map[string]int // by resource: status
	watchers int            // counts up to end all watches
}

type object = map[string]any

type event struct {
	typ, path string
	version   int
	object    object
}

// NewAPIServer starts one that serves Secrets and resources, RESOURCE.GROUP/VERSION
// each. It ends with the test.
func NewAPIServer(t testing.TB, resources ...string) *APIServer {
	s := &APIServer{t: t, version: 1, changed: make(chan struct{}), served: map[string]string{}, objects: map[string]object{}, refused: map[string]int{}}
	for _, r := range resources {
		s.Serve(r)
	}
	s.Start()
	t.Cleanup(s.Stop)
	return s
}

// Serve begins to serve a resource.
func (s *APIServer) Serve(resource string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	name, version, _ := strings.Cut(resource, "/")
	s.served[name] = version
}

// Start listens, at the address of the first start.
func (s *APIServer) Start() {
	s.t.Helper()
	if s.addr == "" {
		s.addr = "127.0.0.1:0"
	}
	l, err := (&net.ListenConfig{}).Listen(s.t.Context(), "tcp", s.addr)
	if err != nil {
		s.t.Fatal(err)
	}
	s.addr = l.Addr().String()
	s.http = &http.Server{Handler: http.HandlerFunc(s.serve)} //nolint:gosec // G112: for tests
	go func(h *http.Server) { _ = h.Serve(l) }(s.http)
}

// Stop breaks every connection; new ones are refused.
func (s *APIServer) Stop() { _ = s.http.Close() }

// URL is where it listens.
func (s *APIServer) URL() string { return "http://" + s.addr }

// Kubeconfig is one that leads to it.
func (s *APIServer) Kubeconfig() string {
	return `{apiVersion: v1, kind: Config, current-context: c, contexts: [{name: c, context: {cluster: c}}], clusters: [{name: c, cluster: {server: "` + s.URL() + `"}}]}`
}

// Put creates or updates the objects of a YAML text.
func (s *APIServer) Put(text string) {
	s.t.Helper()
	s.each(text, func(path string, o object) {
		typ := "MODIFIED"
		if s.objects[path] == nil {
			typ = "ADDED"
		}
		s.version++
		o["metadata"].(object)["resourceVersion"] = strconv.Itoa(s.version)
		s.objects[path] = o
		s.log = append(s.log, event{typ, path, s.version, o})
	})
}

// Delete deletes the objects of a YAML text; watches hear of it.
func (s *APIServer) Delete(text string) {
	s.t.Helper()
	s.each(text, func(path string, _ object) {
		o := maps.Clone(s.objects[path])
		m := maps.Clone(o["metadata"].(object))
		s.version++
		m["resourceVersion"] = strconv.Itoa(s.version)
		o["metadata"] = m
		delete(s.objects, path)
		s.log = append(s.log, event{"DELETED", path, s.version, o})
	})
}

// Forget has the objects of a YAML text never have been there: lists lack them, no
// event tells, and every watch has to begin with a list.
func (s *APIServer) Forget(text string) {
	s.t.Helper()
	s.each(text, func(path string, _ object) { delete(s.objects, path) })
	s.mu.Lock()
	defer s.mu.Unlock()
	s.version++
	s.oldest = s.version
	s.watchers++
	s.wake()
}

// Refuse answers lists and watches of a resource with a status; 0: no more.
func (s *APIServer) Refuse(resource string, status int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.refused[resource] = status
	s.watchers++
	s.wake()
}

func (s *APIServer) wake() {
	close(s.changed)
	s.changed = make(chan struct{})
}

func (s *APIServer) each(text string, do func(path string, o object)) {
	s.t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	for doc := range strings.SplitSeq(text, "---\n") {
		var o object
		if err := yaml.Unmarshal([]byte(doc), &o); err != nil {
			s.t.Fatalf("%v in\n%s", err, doc)
		}
		if len(o) == 0 {
			continue
		}
		prefix := "/api/"
		if strings.Contains(o["apiVersion"].(string), "/") {
			prefix = "/apis/"
		}
		m := o["metadata"].(object)
		plural := strings.ToLower(o["kind"].(string)) + "s"
		do(prefix+o["apiVersion"].(string)+"/"+plural+"/"+fmt.Sprint(m["namespace"])+"/"+m["name"].(string), o)
	}
	s.wake()
}

func (s *APIServer) serve(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	parts := strings.Split(strings.Trim(r.URL.Path, "/"), "/")
	if parts[0] == "apis" && len(parts) <= 3 {
		s.discovery(w, parts[1:])
		return
	}
	resource := parts[len(parts)-1]
	prefix, namespace := "/"+strings.Join(parts[:len(parts)-1], "/"), ""
	if before, ns, ok := strings.Cut(prefix, "/namespaces/"); ok {
		prefix, namespace = before, ns
	}
	prefix += "/" + resource + "/"
	q := r.URL.Query()
	selector, err := labels.Parse(q.Get("labelSelector"))
	s.mu.Lock()
	status := s.refused[resource]
	s.mu.Unlock()
	match := func(path string, o object) bool {
		rest, ok := strings.CutPrefix(path, prefix)
		all := labels.Set{}
		if have, _ := o["metadata"].(object)["labels"].(object); have != nil {
			for k, v := range have {
				all[k] = fmt.Sprint(v)
			}
		}
		return ok && (namespace == "" || strings.HasPrefix(rest, namespace+"/")) && selector.Matches(all)
	}
	switch {
	case err != nil:
		fail(w, http.StatusBadRequest, err.Error())
	case status != 0:
		fail(w, status, resource+" is refused")
	case q.Get("sendInitialEvents") == "true":
		fail(w, http.StatusUnprocessableEntity, "lists are not streamed")
	case q.Get("watch") == "":
		s.list(w, match)
	default:
		s.watch(w, r, match, q.Get("resourceVersion"))
	}
}

// discovery answers for a group, or a group and version.
func (s *APIServer) discovery(w http.ResponseWriter, of []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var versions, resources []object
	for name, version := range s.served {
		resource, group, _ := strings.Cut(name, ".")
		if group == of[0] {
			versions = append(versions, object{"groupVersion": group + "/" + version, "version": version})
			resources = append(resources, object{"name": resource})
		}
	}
	switch {
	case len(versions) == 0:
		fail(w, http.StatusNotFound, "no such group")
	case len(of) == 1:
		_ = json.NewEncoder(w).Encode(object{"apiVersion": "v1", "kind": "APIGroup", "name": of[0], "versions": versions})
	default:
		_ = json.NewEncoder(w).Encode(object{"apiVersion": "v1", "kind": "APIResourceList", "groupVersion": strings.Join(of, "/"), "resources": resources})
	}
}

func (s *APIServer) list(w http.ResponseWriter, match func(string, object) bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	items := []object{}
	for _, path := range slices.Sorted(maps.Keys(s.objects)) {
		if o := s.objects[path]; match(path, o) {
			items = append(items, o)
		}
	}
	_ = json.NewEncoder(w).Encode(object{"apiVersion": "v1", "kind": "List", "metadata": object{"resourceVersion": strconv.Itoa(s.version)}, "items": items})
}

func (s *APIServer) watch(w http.ResponseWriter, r *http.Request, match func(string, object) bool, from string) {
	s.mu.Lock()
	since, _ := strconv.Atoi(from)
	opened := s.watchers
	if since < s.oldest {
		s.mu.Unlock()
		fail(w, http.StatusGone, "too old resource version")
		return
	}
	s.mu.Unlock()
	for r.Context().Err() == nil {
		s.mu.Lock()
		for _, e := range s.log {
			if e.version > since && match(e.path, e.object) {
				_ = json.NewEncoder(w).Encode(object{"type": e.typ, "object": e.object})
			}
			since = max(since, e.version)
		}
		changed, ended := s.changed, opened != s.watchers
		s.mu.Unlock()
		if http.NewResponseController(w).Flush() != nil || ended {
			return
		}
		select {
		case <-changed:
		case <-r.Context().Done():
		}
	}
}

func fail(w http.ResponseWriter, status int, message string) {
	reasons := map[int]string{403: "Forbidden", 404: "NotFound", 410: "Expired", 422: "Invalid", 400: "BadRequest"}
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(object{"apiVersion": "v1", "kind": "Status", "status": "Failure", "code": status, "reason": reasons[status], "message": message})
}
