package kubernetes

import (
	"crypto/tls"
	"encoding/json"
	"fmt"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"sigs.k8s.io/yaml"
)

// apiServer is a small API server over real HTTP: list with pages, watch from
// a resource version, initial events and bookmarks, in JSON. Its knobs break it.
type apiServer struct {
	t    *testing.T
	addr string
	tls  bool // set before start
	http *http.Server

	mu       sync.Mutex
	changed  chan struct{} // closed at each change
	version  int
	objects  map[string]map[string]object // by resource, by namespace/name
	log      []event
	requests []string
	events   []string // types of those sent by watches

	streams  bool                     // supports initial events over a watch (KEP-3157)
	versions []string                 // of ServiceExport; none: the CRD is not installed
	gateways bool                     // the Gateway API's CRDs are installed
	ending   bool                     // all CRDs are on their way out
	refuse   map[string]int           // "list services" or "watch services": status
	hold     map[string]chan struct{} // "list services": answers when closed
	cut      map[string]bool          // "list services": the connection breaks in mid-answer
	stuck    bool                     // every page is the first one
	misfit   bool                     // initial events are Secrets
	token    string                   // required when set
	watches  int                      // counts up to end all open watches
	compact  int                      // watches from an older version are expired
	mute     map[string]bool          // "services": watches open and carry nothing
}

// hangUp as a status closes the connection instead of answering.
const hangUp = -1

type object = map[string]any

type event struct {
	resource, typ string
	version       int
	object        object
}

func newAPIServer(t *testing.T, stream string) *apiServer {
	s := unstarted(t, stream)
	s.start()
	return s
}

// unstarted is for those that set what start looks at.
func unstarted(t *testing.T, stream string) *apiServer {
	s := &apiServer{
		t: t, version: 1, changed: make(chan struct{}), streams: true, versions: []string{"v1beta1", "v1alpha1"},
		objects: map[string]map[string]object{}, refuse: map[string]int{}, hold: map[string]chan struct{}{}, cut: map[string]bool{}, mute: map[string]bool{},
	}
	s.put(stream)
	t.Cleanup(s.stop)
	return s
}

// start listens, at the address of the first start.
func (s *apiServer) start() {
	s.t.Helper()
	addr := s.addr
	if addr == "" {
		addr = "127.0.0.1:0"
	}
	l, err := net.Listen("tcp", addr)
	if err != nil {
		s.t.Fatal(err)
	}
	s.addr = l.Addr().String()
	s.http = &http.Server{Handler: http.HandlerFunc(s.serve)}
	if !s.tls {
		go s.http.Serve(l)
		return
	}
	borrowed := httptest.NewTLSServer(nil)
	borrowed.Close()
	s.http.TLSConfig = &tls.Config{Certificates: borrowed.TLS.Certificates}
	go s.http.ServeTLS(l, "", "") // HTTP/2 too
}

// stop breaks every connection; new ones are refused.
func (s *apiServer) stop() {
	if s.http != nil {
		s.http.Close()
	}
}

// set changes knobs under the lock and wakes watches.
func (s *apiServer) set(change func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change()
	close(s.changed)
	s.changed = make(chan struct{})
}

var resources = map[string]string{"Service": "services", "EndpointSlice": "endpointslices", "Node": "nodes", "ServiceExport": "serviceexports", "Lease": "leases",
	"Ingress": "ingresses", "Gateway": "gateways", "HTTPRoute": "httproutes"}

// gatewayPath is where the Gateway API is served.
const gatewayPath = "/apis/gateway.networking.k8s.io"

func (s *apiServer) each(stream string, do func(resource, key string, o object)) {
	s.t.Helper()
	for doc := range strings.SplitSeq(stream, "---\n") {
		var o object
		if err := yaml.Unmarshal([]byte(doc), &o); err != nil {
			s.t.Fatalf("%v in\n%s", err, doc)
		}
		if len(o) == 0 {
			continue
		}
		m := o["metadata"].(object)
		resource := resources[o["kind"].(string)]
		if resource == "serviceexports" {
			o["apiVersion"], o["kind"] = "meta.k8s.io/v1", "PartialObjectMetadata"
		}
		do(resource, fmt.Sprint(m["namespace"], "/", m["name"]), o)
	}
}

// put creates or updates objects; watches hear of it.
func (s *apiServer) put(stream string) {
	s.t.Helper()
	s.set(func() {
		s.each(stream, func(resource, key string, o object) {
			typ := "MODIFIED"
			if s.objects[resource][key] == nil {
				typ = "ADDED"
			}
			if s.objects[resource] == nil {
				s.objects[resource] = map[string]object{}
			}
			s.version++
			o["metadata"].(object)["resourceVersion"] = strconv.Itoa(s.version)
			s.objects[resource][key] = o
			s.log = append(s.log, event{resource, typ, s.version, o})
		})
	})
}

// delete deletes an object; watches hear of it unless silent.
func (s *apiServer) delete(resource, key string, silent bool) {
	s.set(func() {
		o := maps.Clone(s.objects[resource][key])
		delete(s.objects[resource], key)
		s.version++
		if !silent {
			m := maps.Clone(o["metadata"].(object))
			m["resourceVersion"] = strconv.Itoa(s.version)
			o["metadata"] = m
			s.log = append(s.log, event{resource, "DELETED", s.version, o})
		}
	})
}

// asked counts requests whose line, which ends with an exclamation mark, contains text.
func (s *apiServer) asked(text string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := 0
	for _, r := range s.requests {
		if strings.Contains(r, text) {
			n++
		}
	}
	return n
}

// sent counts events of a type that watches carried.
func (s *apiServer) sent(typ string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := 0
	for _, e := range s.events {
		if e == typ {
			n++
		}
	}
	return n
}

func (s *apiServer) serve(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	resource := r.URL.Path[strings.LastIndexByte(r.URL.Path, '/')+1:]
	verb := "list"
	if q.Get("watch") != "" && q.Get("watch") != "0" && q.Get("watch") != "false" {
		verb = "watch"
	}
	s.mu.Lock()
	s.requests = append(s.requests, verb+" "+r.URL.String()+"!")
	status, hold, cut := s.refuse[verb+" "+resource], s.hold[verb+" "+resource], s.cut[verb+" "+resource]
	if s.token != "" && r.Header.Get("Authorization") != "Bearer "+s.token {
		status = http.StatusUnauthorized
	}
	if strings.HasPrefix(r.URL.Path, "/apis/multicluster.x-k8s.io") && !s.serves(r.URL.Path) {
		status = http.StatusNotFound
	}
	if strings.HasPrefix(r.URL.Path, gatewayPath) && !s.gateways {
		status = http.StatusNotFound
	}
	streams := s.streams
	s.mu.Unlock()
	if hold != nil {
		select {
		case <-hold:
		case <-r.Context().Done():
			return
		}
	}
	w.Header().Set("Content-Type", "application/json")
	switch {
	case status == hangUp:
		if conn, _, err := http.NewResponseController(w).Hijack(); err == nil {
			conn.Close()
		}
	case status != 0:
		fail(w, status, verb+" "+resource+" is refused")
	case verb == "list" && strings.HasPrefix(r.URL.Path, "/apis/multicluster.x-k8s.io") && resource != "serviceexports":
		s.discovery(w, resource)
	case r.URL.Path == gatewayPath:
		json.NewEncoder(w).Encode(object{"apiVersion": "v1", "kind": "APIGroup", "name": "gateway.networking.k8s.io",
			"versions": []object{{"groupVersion": "gateway.networking.k8s.io/v1", "version": "v1"}}})
	case r.URL.Path == gatewayPath+"/v1":
		json.NewEncoder(w).Encode(object{"apiVersion": "v1", "kind": "APIResourceList", "groupVersion": "gateway.networking.k8s.io/v1",
			"resources": []object{{"name": "gateways", "kind": "Gateway", "namespaced": true, "verbs": s.verbs()}, {"name": "httproutes", "kind": "HTTPRoute", "namespaced": true, "verbs": s.verbs()}}})
	case verb == "list":
		s.list(w, resource, q.Get("limit"), q.Get("continue"), cut)
	case q.Get("sendInitialEvents") == "true" && !streams:
		fail(w, http.StatusUnprocessableEntity, "sendInitialEvents is forbidden for watch unless the WatchList feature gate is enabled")
	default:
		s.watch(w, r, resource, q.Get("resourceVersion"), q.Get("sendInitialEvents") == "true")
	}
}

// serves says whether the multicluster path exists; mu is held.
func (s *apiServer) serves(path string) bool {
	rest := strings.TrimPrefix(path, "/apis/multicluster.x-k8s.io")
	if rest == "" {
		return len(s.versions) > 0
	}
	return slices.Contains(s.versions, strings.Split(rest, "/")[1])
}

func fail(w http.ResponseWriter, status int, message string) {
	reasons := map[int]string{403: "Forbidden", 404: "NotFound", 410: "Expired", 401: "Unauthorized", 422: "Invalid", 500: "InternalError", 503: "ServiceUnavailable"}
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(object{"apiVersion": "v1", "kind": "Status", "status": "Failure", "code": status, "reason": reasons[status], "message": message})
}

// verbs are those of custom resources.
func (s *apiServer) verbs() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.verbsNow()
}

// verbsNow is verbs; mu is held.
func (s *apiServer) verbsNow() []string {
	if s.ending {
		return []string{"delete", "deletecollection", "get", "list", "watch"}
	}
	return []string{"delete", "deletecollection", "get", "list", "patch", "create", "update", "watch"}
}

func (s *apiServer) discovery(w http.ResponseWriter, last string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if last != "multicluster.x-k8s.io" {
		json.NewEncoder(w).Encode(object{"apiVersion": "v1", "kind": "APIResourceList", "groupVersion": "multicluster.x-k8s.io/" + last,
			"resources": []object{{"name": "serviceimports", "kind": "ServiceImport"}, {"name": "serviceexports", "kind": "ServiceExport", "namespaced": true, "verbs": s.verbsNow()}}})
		return
	}
	var served []object
	for _, v := range s.versions {
		served = append(served, object{"groupVersion": "multicluster.x-k8s.io/" + v, "version": v})
	}
	json.NewEncoder(w).Encode(object{"apiVersion": "v1", "kind": "APIGroup", "name": "multicluster.x-k8s.io", "versions": served})
}

func (s *apiServer) list(w http.ResponseWriter, resource, limit, from string, cut bool) {
	s.mu.Lock()
	keys := slices.Sorted(maps.Keys(s.objects[resource]))
	m := object{"resourceVersion": strconv.Itoa(s.version)}
	start, _ := strconv.Atoi(from)
	if s.stuck {
		start = 0
	}
	keys = keys[min(start, len(keys)):]
	if n, _ := strconv.Atoi(limit); n > 0 && n < len(keys) {
		keys = keys[:n]
		m["continue"] = strconv.Itoa(start + n)
	}
	items := []object{}
	for _, k := range keys {
		items = append(items, s.objects[resource][k])
	}
	s.mu.Unlock()
	kinds := map[string][2]string{
		"services": {"v1", "ServiceList"}, "nodes": {"v1", "NodeList"}, "endpointslices": {"discovery.k8s.io/v1", "EndpointSliceList"},
		"leases":         {"coordination.k8s.io/v1", "LeaseList"},
		"serviceexports": {"meta.k8s.io/v1", "PartialObjectMetadataList"}, "ingresses": {"networking.k8s.io/v1", "IngressList"},
		"gateways": {"gateway.networking.k8s.io/v1", "GatewayList"}, "httproutes": {"gateway.networking.k8s.io/v1", "HTTPRouteList"},
	}
	raw, _ := json.Marshal(object{"apiVersion": kinds[resource][0], "kind": kinds[resource][1], "metadata": m, "items": items})
	if cut {
		w.Header().Set("Content-Length", strconv.Itoa(len(raw)))
		raw = raw[:len(raw)/2]
	}
	w.Write(raw)
}

func (s *apiServer) watch(w http.ResponseWriter, r *http.Request, resource, from string, initial bool) {
	s.mu.Lock()
	since, _ := strconv.Atoi(from)
	if from != "" && since < s.compact {
		s.mu.Unlock()
		fail(w, http.StatusGone, "too old resource version")
		return
	}
	send := func(typ string, o object) {
		s.events = append(s.events, typ)
		json.NewEncoder(w).Encode(object{"type": typ, "object": o})
	}
	if initial {
		for _, k := range slices.Sorted(maps.Keys(s.objects[resource])) {
			o := maps.Clone(s.objects[resource][k])
			if s.misfit {
				o["kind"], o["spec"] = "Secret", nil
			}
			send("ADDED", o)
		}
		since = s.version
		send("BOOKMARK", bookmark(resource, since, object{"k8s.io/initial-events-end": "true"}))
	}
	s.mu.Unlock()
	rc, opened := http.NewResponseController(w), s.opened()
	for r.Context().Err() == nil {
		s.mu.Lock()
		for _, e := range s.log {
			if e.resource == resource && e.version > since && !s.mute[resource] {
				send(e.typ, e.object)
				since = e.version
			}
		}
		changed, refused, mute := s.changed, s.refuse["watch "+resource], s.mute[resource]
		unserved := resource == "serviceexports" && !s.serves(r.URL.Path) || strings.HasPrefix(r.URL.Path, gatewayPath) && !s.gateways
		s.mu.Unlock()
		rc.Flush()
		if refused != 0 || unserved || opened != s.opened() {
			return
		}
		select {
		case <-changed:
		case <-r.Context().Done():
		case <-time.After(50 * time.Millisecond):
			s.mu.Lock()
			if !mute {
				send("BOOKMARK", bookmark(resource, since, nil))
			}
			s.mu.Unlock()
		}
	}
}

func (s *apiServer) opened() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.watches
}

func bookmark(resource string, version int, annotations object) object {
	kinds := map[string][2]string{
		"services": {"v1", "Service"}, "nodes": {"v1", "Node"}, "endpointslices": {"discovery.k8s.io/v1", "EndpointSlice"},
		"serviceexports": {"meta.k8s.io/v1", "PartialObjectMetadata"}, "ingresses": {"networking.k8s.io/v1", "Ingress"},
		"gateways": {"gateway.networking.k8s.io/v1", "Gateway"}, "httproutes": {"gateway.networking.k8s.io/v1", "HTTPRoute"},
	}
	return object{"apiVersion": kinds[resource][0], "kind": kinds[resource][1],
		"metadata": object{"resourceVersion": strconv.Itoa(version), "annotations": annotations}}
}
