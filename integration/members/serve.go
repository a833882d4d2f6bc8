package members

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// call is a request that was understood.
type call struct {
	verb       string
	apiVersion string
	at         id // without a name: the collection
	partial    bool
	selector   string
}

// mostOctets of a request are read.
const mostOctets = 4 << 20

func (m *Member) serve(w http.ResponseWriter, q *http.Request, path string) {
	if !m.reach(q) {
		panic(http.ErrAbortHandler)
	}
	parts := strings.Split(path, "/")
	switch {
	case path == "version":
		answer(w, http.StatusOK, "{}")
		return
	case path == "healthz", path == "livez", path == "readyz":
		_, _ = io.WriteString(w, "ok")
		return
	case path == "apis/"+exportGroup:
		m.count("discover")
		document(w, exportVersions())
		return
	case parts[0] == "api" && len(parts) > 1:
		parts = parts[1:]
	case parts[0] == "apis" && len(parts) > 2:
		parts = append([]string{parts[1] + "/" + parts[2]}, parts[3:]...)
	default:
		refuse(w, http.StatusNotFound, metav1.StatusReasonNotFound, "the server could not find the requested resource", "")
		return
	}
	c := call{apiVersion: parts[0], partial: strings.Contains(q.Header.Get("Accept"), "as=PartialObjectMetadata"), selector: q.URL.Query().Get("labelSelector")}
	if parts = parts[1:]; len(parts) == 0 {
		m.discover(w, c.apiVersion)
		return
	}
	if parts[0] == "namespaces" && len(parts) > 2 {
		c.at.namespace, parts = parts[1], parts[2:]
	}
	c.at.resource = parts[0]
	if len(parts) > 1 {
		c.at.name = parts[1]
	}
	c.verb = verbOf(q, c.at.name)
	m.count(c.verb)
	if len(parts) > 2 || kindOf(c.apiVersion, c.at.resource) == "" || c.verb == "" {
		refuse(w, http.StatusNotFound, metav1.StatusReasonNotFound, "the server could not find the requested resource", "")
		return
	}
	m.do(w, q, c)
}

// reach awaits that the member answers; false: it does not.
func (m *Member) reach(q *http.Request) bool {
	for {
		m.mu.Lock()
		fault, other := m.fault, m.other
		m.mu.Unlock()
		switch fault {
		case Gone:
			return false
		case Hangs:
			select {
			case <-other:
				continue
			case <-q.Context().Done():
				return false
			}
		}
		return true
	}
}

func (m *Member) count(verb string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.counts[verb]++
}

func verbOf(q *http.Request, name string) string {
	switch q.Method {
	case http.MethodPost:
		return "create"
	case http.MethodDelete:
		return "delete"
	case http.MethodPatch:
		if strings.HasPrefix(q.Header.Get("Content-Type"), "application/apply-patch") {
			return "apply"
		}
		return "patch"
	case http.MethodGet:
		if name != "" {
			return "get"
		}
		if v := q.URL.Query().Get("watch"); v == "true" || v == "1" {
			return "watch"
		}
		return "list"
	}
	return ""
}

func (m *Member) do(w http.ResponseWriter, q *http.Request, c call) {
	switch c.verb {
	case "watch":
		m.watch(w, q, c)
		return
	case "list":
		m.list(w, c)
		return
	case "get":
		m.mu.Lock()
		o := m.objects[c.at]
		m.mu.Unlock()
		if o == nil {
			notFound(w, c.at.resource, c.at.name)
			return
		}
		m.answer(w, http.StatusOK, o, c)
		return
	}
	text, err := io.ReadAll(io.LimitReader(q.Body, mostOctets))
	if err != nil {
		panic(http.ErrAbortHandler) // the client went away
	}
	m.mu.Lock()
	rejects := m.fault == Rejects
	m.mu.Unlock()
	if rejects {
		refuse(w, http.StatusForbidden, metav1.StatusReasonForbidden, "refused on purpose", "")
		return
	}
	m.write(w, q, c, text)
}

func (m *Member) discover(w http.ResponseWriter, apiVersion string) {
	m.count("discover")
	if served[apiVersion] == nil {
		refuse(w, http.StatusNotFound, metav1.StatusReasonNotFound, "the server could not find the requested resource", "")
		return
	}
	document(w, metav1.APIResourceList{TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "APIResourceList"}, GroupVersion: apiVersion, APIResources: served[apiVersion]})
}

func (m *Member) answer(w http.ResponseWriter, code int, o *object, c call) {
	var b strings.Builder
	o.write(&b, m, c.apiVersion, c.partial)
	answer(w, code, b.String())
}

func answer(w http.ResponseWriter, code int, text string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	_, _ = io.WriteString(w, text) // a client that went away
}

func document(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(v) // a client that went away
}

// refuse answers with a Status. of is the resource that it is about, empty: none.
func refuse(w http.ResponseWriter, code int, reason metav1.StatusReason, message, of string) {
	s := metav1.Status{TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "Status"}, Status: metav1.StatusFailure, Code: int32(code), Reason: reason, Message: message}
	if resource, name, ok := strings.Cut(of, "/"); ok {
		s.Details = &metav1.StatusDetails{Kind: resource, Name: name}
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	_ = json.NewEncoder(w).Encode(s) // a client that went away
}

func notFound(w http.ResponseWriter, resource, name string) {
	refuse(w, http.StatusNotFound, metav1.StatusReasonNotFound, resource+" \""+name+"\" not found", resource+"/"+name)
}

func conflict(w http.ResponseWriter, message string) {
	refuse(w, http.StatusConflict, metav1.StatusReasonConflict, message, "")
}
