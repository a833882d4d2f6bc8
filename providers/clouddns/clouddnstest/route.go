package clouddnstest

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// method is one that the simulator has of the API.
type method struct {
	id, verb, path string   // as in the discovery document
	query          []string // parameters that it takes
	body           bool
	writes         bool
	serve          func(s *Server, r *request) (any, *failure)
}

// request is one call, read but not looked at.
type request struct {
	path   map[string]string
	query  url.Values
	change *Change
	now    time.Time
}

var methods = []method{
	{
		id: "dns.changes.create", verb: http.MethodPost, path: "dns/v1/projects/{project}/managedZones/{managedZone}/changes",
		query: []string{"clientOperationId"}, body: true, writes: true, serve: (*Server).createChange,
	},
	{
		id: "dns.changes.get", verb: http.MethodGet, path: "dns/v1/projects/{project}/managedZones/{managedZone}/changes/{changeId}",
		query: []string{"clientOperationId"}, serve: (*Server).getChange,
	},
	{
		id: "dns.changes.list", verb: http.MethodGet, path: "dns/v1/projects/{project}/managedZones/{managedZone}/changes",
		query: []string{"maxResults", "pageToken", "sortBy", "sortOrder"}, serve: (*Server).listChanges,
	},
	{
		id: "dns.resourceRecordSets.list", verb: http.MethodGet, path: "dns/v1/projects/{project}/managedZones/{managedZone}/rrsets",
		query: []string{"name", "type", "maxResults", "pageToken"}, serve: (*Server).listRRsets,
	},
	{
		id: "dns.managedZones.get", verb: http.MethodGet, path: "dns/v1/projects/{project}/managedZones/{managedZone}",
		query: []string{"clientOperationId"}, serve: (*Server).getZone,
	},
	{
		id: "dns.managedZones.list", verb: http.MethodGet, path: "dns/v1/projects/{project}/managedZones",
		query: []string{"dnsName", "maxResults", "pageToken"}, serve: (*Server).listZones,
	},
}

// standard are parameters that every method has. They change nothing here.
var standard = []string{"alt", "prettyPrint", "fields", "key", "quotaUser", "access_token", "oauth_token", "$.xgafv", "callback", "uploadType", "upload_protocol"}

// ServeHTTP answers one call.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	m, params := match(r.Method, r.URL.EscapedPath())
	if m == nil {
		fail(http.StatusNotFound, "notFound", "Not Found").write(w)
		return
	}
	req := &request{path: params, query: r.URL.Query(), now: s.cfg.Clock()}
	if failed := s.admit(m, req); failed != nil {
		failed.write(w)
		return
	}
	if m.body {
		change, failed := readChange(r)
		if failed != nil {
			failed.write(w)
			return
		}
		req.change = change
	}
	s.suffer(w, r, s.fault(m.id), func() (any, *failure) {
		s.mu.Lock()
		defer s.mu.Unlock()
		return m.serve(s, req)
	})
}

// admit counts the call, and refuses it for its quota or its parameters.
func (s *Server) admit(m *method, r *request) *failure {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls[m.id]++
	b := &s.reads
	if m.writes {
		b = &s.writes
	}
	if after, ok := b.take(r.now); !ok {
		return throttled((after + time.Second - 1).Truncate(time.Second))
	}
	for name := range r.query {
		if !slices.Contains(m.query, name) && !slices.Contains(standard, name) {
			return fail(http.StatusBadRequest, "invalid", "Invalid JSON payload received. Unknown name %q: Cannot bind query parameter. Field '%s' could not be found in request message.", name, name)
		}
	}
	if r.path["project"] != s.cfg.Project {
		return fail(http.StatusForbidden, "forbidden", "Forbidden")
	}
	return nil
}

// match finds the method of a path, and what stands in the path's parameters.
func match(verb, path string) (*method, map[string]string) {
	parts := strings.Split(strings.TrimPrefix(path, "/"), "/")
	for i := range methods {
		m := &methods[i]
		want := strings.Split(m.path, "/")
		if m.verb != verb || len(want) != len(parts) {
			continue
		}
		params, ok := map[string]string{}, true
		for j, part := range want {
			if strings.HasPrefix(part, "{") {
				value, err := url.PathUnescape(parts[j])
				ok = ok && err == nil && value != "" // every parameter in a path is required
				params[strings.Trim(part, "{}")] = value
			} else {
				ok = ok && part == parts[j]
			}
		}
		if ok {
			return m, params
		}
	}
	return nil, nil
}

// maxBody bounds a request in octets: beyond what any quota allows.
const maxBody = 8 << 20

func readChange(r *http.Request) (*Change, *failure) {
	var raw bytes.Buffer
	if _, err := raw.ReadFrom(http.MaxBytesReader(nil, r.Body, maxBody)); err != nil {
		return nil, fail(http.StatusRequestEntityTooLarge, "uploadTooLarge", "Request payload size exceeds the limit.")
	}
	c := new(Change)
	d := json.NewDecoder(&raw)
	d.DisallowUnknownFields()
	if raw.Len() == 0 {
		return nil, fail(http.StatusBadRequest, "required", "The 'entity.change' parameter is required but was missing.")
	}
	if err := d.Decode(c); err != nil {
		return nil, fail(http.StatusBadRequest, "parseError", "Invalid JSON payload received. %v", err)
	}
	return c, nil
}
