package clouddnstest

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
)

// discovery is what of the discovery document is compared.
type discovery struct {
	BaseURL    string                                            `json:"baseUrl"`
	Parameters map[string]parameter                              `json:"parameters"`
	Resources  map[string]struct{ Methods map[string]apiMethod } `json:"resources"`
	Schemas    map[string]schemaType                             `json:"schemas"`
}

type apiMethod struct {
	ID, HTTPMethod, Path string
	Parameters           map[string]parameter
	Request, Response    *struct {
		Ref string `json:"$ref"`
	}
}

type parameter struct {
	Location string
	Required bool
}

type schemaType struct {
	Ref        string `json:"$ref"`
	Type       string
	Format     string
	Properties map[string]schemaType
	Items      *schemaType
}

// document reads the discovery document that the client module ships.
func document(t *testing.T) discovery {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "go", "list", "-m", "-f", "{{.Dir}}", "google.golang.org/api").Output()
	if err != nil {
		t.Fatalf("where the client module is: %v", err)
	}
	b, err := os.ReadFile(filepath.Join(strings.TrimSpace(string(out)), "dns", "v1", "dns-api.json"))
	if err != nil {
		t.Fatal(err)
	}
	var d discovery
	if err := json.Unmarshal(b, &d); err != nil {
		t.Fatal(err)
	}
	return d
}

// TestDiscoveryMethods: every method, path and parameter of the simulator is the
// API's, every required parameter is one that no path goes without, and bodies
// are of the same schema.
func TestDiscoveryMethods(t *testing.T) {
	d := document(t)
	real := map[string]apiMethod{}
	for _, r := range d.Resources {
		for _, m := range r.Methods {
			real[m.ID] = m
		}
	}
	for _, m := range methods {
		r, ok := real[m.id]
		if !ok {
			t.Errorf("the API has no method %s", m.id)
			continue
		}
		if r.HTTPMethod != m.verb || r.Path != m.path {
			t.Errorf("%s is %s %s, here %s %s", m.id, r.HTTPMethod, r.Path, m.verb, m.path)
		}
		for _, q := range m.query {
			if p, ok := r.Parameters[q]; !ok || p.Location != "query" {
				t.Errorf("%s has no query parameter %s", m.id, q)
			}
		}
		for name, p := range r.Parameters {
			inPath := strings.Contains(m.path, "{"+name+"}")
			if p.Required != inPath || (p.Location == "path") != inPath {
				t.Errorf("%s: parameter %s is required %v, in the path %v", m.id, name, p.Required, inPath)
			}
		}
		if (r.Request != nil) != m.body || m.body && r.Request.Ref != "Change" {
			t.Errorf("%s: takes a body: %v, here %v", m.id, r.Request != nil, m.body)
		}
	}
	for _, name := range standard {
		if _, ok := d.Parameters[name]; !ok {
			t.Errorf("the API has no standard parameter %s", name)
		}
	}
}

// TestDiscoveryFields: every field that is taken or given is one of its schema,
// of its type.
func TestDiscoveryFields(t *testing.T) {
	d := document(t)
	seen := map[reflect.Type]bool{}
	for name, v := range map[string]any{
		"Change": Change{}, "ManagedZone": ManagedZone{}, "ResourceRecordSetsListResponse": rrsetsPage{},
		"ChangesListResponse": changesPage{}, "ManagedZonesListResponse": zonesPage{},
	} {
		compare(t, d, seen, name, schemaType{Ref: name}, reflect.TypeOf(v))
	}
	if len(seen) != 14 {
		t.Errorf("%d types were compared, want 14", len(seen))
	}
}

func compare(t *testing.T, d discovery, seen map[reflect.Type]bool, where string, s schemaType, typ reflect.Type) {
	t.Helper()
	if s.Ref != "" {
		s = d.Schemas[s.Ref]
	}
	if typ.Kind() == reflect.Pointer {
		typ = typ.Elem()
	}
	want := map[reflect.Kind]string{
		reflect.Struct: "object", reflect.Slice: "array", reflect.String: "string", reflect.Bool: "boolean",
		reflect.Int64: "integer", reflect.Float64: "number", reflect.Uint64: "string", // 64 bits do not fit JSON's numbers
	}[typ.Kind()]
	if s.Type != want {
		t.Errorf("%s is %q, here %s", where, s.Type, typ)
		return
	}
	switch typ.Kind() {
	case reflect.Slice:
		compare(t, d, seen, where+"[]", *s.Items, typ.Elem())
	case reflect.Struct:
		if seen[typ] {
			return
		}
		seen[typ] = true
		for i := range typ.NumField() {
			f := typ.Field(i)
			name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
			p, ok := s.Properties[name]
			if !ok {
				t.Errorf("%s has no field %s", where, name)
				continue
			}
			compare(t, d, seen, where+"."+name, p, f.Type)
		}
	}
}

// TestRequired: a required parameter that is left out, a method, a parameter or a
// field that is not the API's, are refused.
func TestRequired(t *testing.T) {
	s := New(Config{})
	s.AddZone("z", "example.com.", "public")
	base := "/dns/v1/projects/test/managedZones"
	for _, tt := range []struct {
		verb, path, body string
		want             int
	}{
		{"GET", base + "/z/rrsets", "", 200},
		{"GET", base + "//rrsets", "", 404},
		{"GET", "/dns/v1/projects//managedZones", "", 404},
		{"GET", "/dns/v1/projects/other/managedZones", "", 403},
		{"GET", base + "/z/changes/", "", 404},
		{"GET", base + "/z/changes/1", "", 404},
		{"DELETE", base + "/z", "", 404},
		{"GET", base + "/z/rrsets?nmae=x", "", 400},
		{"GET", base + "/z/rrsets?type=A", "", 400},
		{"GET", base + "/z/rrsets?maxResults=x", "", 400},
		{"GET", base + "/z/rrsets?pageToken=none", "", 400},
		{"GET", base + "/z/changes?sortOrder=up", "", 400},
		{"POST", base + "/z/changes", "", 400},
		{"POST", base + "/z/changes", "{}", 400},
		{"POST", base + "/z/changes", `{"additions":[{"nmae":"a.example.com."}]}`, 400},
		{"POST", base + "/none/changes", `{"additions":[{"name":"a.example.com."}]}`, 404},
		{"POST", base + "/z/changes", `{"additions":[{"name":"a.example.com.","type":"A","ttl":60,"rrdatas":["192.0.2.1"]}]}`, 200},
		{"GET", base + "/z/changes/1", "", 200},
	} {
		w := httptest.NewRecorder()
		s.ServeHTTP(w, httptest.NewRequest(tt.verb, tt.path, strings.NewReader(tt.body)))
		if w.Code != tt.want {
			t.Errorf("%s %s %s: %d %s, want %d", tt.verb, tt.path, tt.body, w.Code, w.Body, tt.want)
		}
		if w.Code != http.StatusOK {
			var body struct {
				Error struct {
					Code    int
					Message string
					Errors  []struct{ Reason, Message string }
				}
			}
			if err := json.Unmarshal(w.Body.Bytes(), &body); err != nil || body.Error.Code != w.Code || len(body.Error.Errors) == 0 {
				t.Errorf("%s %s: %s is not an error as Google has them", tt.verb, tt.path, w.Body)
			}
		}
	}
	if !slices.Equal(s.RRsets("z")[2].RRDatas, []string{"192.0.2.1"}) {
		t.Errorf("there is %v", s.RRsets("z"))
	}
}
