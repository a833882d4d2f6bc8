package propagation

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"

	jsonpatch "github.com/evanphx/json-patch/v5"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
)

func failed(code int, reason metav1.StatusReason, message string) *metav1.Status {
	return &metav1.Status{TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "Status"}, Status: metav1.StatusFailure, Code: int32(code), Reason: reason, Message: message}
}

func notFound(kind, name string) *metav1.Status {
	s := failed(404, metav1.StatusReasonNotFound, fmt.Sprintf("%s %q not found", kind, name))
	s.Details = &metav1.StatusDetails{Kind: kind, Name: name}
	return s
}

func (s *apiServer) serve(w http.ResponseWriter, q *http.Request) {
	s.mu.Lock()
	hang := s.hang
	s.mu.Unlock()
	if hang != nil {
		select {
		case <-hang:
		case <-q.Context().Done():
			return
		}
	}
	w.Header().Set("Content-Type", "application/json")
	if q.URL.Path == "/version" {
		_, _ = io.WriteString(w, "{}")
		return
	}
	parts := strings.Split(strings.Trim(q.URL.Path, "/"), "/")
	gv, parts := parts[1], parts[2:]
	if strings.HasPrefix(q.URL.Path, "/apis/") {
		gv, parts = gv+"/"+parts[0], parts[1:]
	}
	namespace, name := "", ""
	if len(parts) > 2 && parts[0] == "namespaces" {
		namespace, parts = parts[1], parts[2:]
	}
	if len(parts) == 0 {
		s.discovery(w, gv)
		return
	}
	resource := parts[0]
	if len(parts) > 1 {
		name = parts[1]
	}
	text, _ := io.ReadAll(q.Body)
	verb := map[string]string{"GET": "get", "POST": "create", "PATCH": "patch", "DELETE": "delete"}[q.Method]
	if verb == "patch" && strings.HasPrefix(q.Header.Get("Content-Type"), "application/apply-patch") {
		verb = "apply"
	}
	if verb == "get" && name == "" {
		verb = "list"
		if q.URL.Query().Get("watch") == "true" || q.URL.Query().Get("watch") == "1" {
			verb = "watch"
		}
	}
	s.mu.Lock()
	s.calls = append(s.calls, verb+" "+resource)
	refused := s.check(verb, gv, resource)
	if s.token != "" && q.Header.Get("Authorization") != "Bearer "+s.token {
		refused = failed(401, metav1.StatusReasonUnauthorized, "Unauthorized")
	}
	s.mu.Unlock()
	if refused != nil {
		s.answer(w, nil, refused)
		return
	}
	s.mu.Lock()
	webhook := s.webhook
	s.mu.Unlock()
	if webhook != nil && verb == "create" {
		o := &unstructured.Unstructured{}
		if o.UnmarshalJSON(text) == nil {
			webhook(o)
		}
	}
	if verb == "watch" {
		s.watch(w, q, resource)
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	key := resource + "/" + namespace + "/" + name
	live := s.objects[key]
	switch verb {
	case "list":
		s.list(w, q, gv, resource)
	case "get":
		if live == nil {
			s.answer(w, nil, notFound(resource, name))
			return
		}
		s.answer(w, live, nil)
	case "create":
		o := &unstructured.Unstructured{}
		if err := o.UnmarshalJSON(text); err != nil {
			s.answer(w, nil, failed(400, metav1.StatusReasonBadRequest, err.Error()))
			return
		}
		key = resource + "/" + namespace + "/" + o.GetName()
		if s.objects[key] != nil {
			s.answer(w, nil, failed(409, metav1.StatusReasonAlreadyExists, "it exists"))
			return
		}
		if namespace != "" && s.objects["namespaces//"+namespace] == nil {
			s.answer(w, nil, notFound("namespaces", namespace))
			return
		}
		if s.admit != nil {
			s.admit(o)
		}
		o = s.own(nil, o, q.URL.Query().Get("fieldManager"))
		refused := s.store(key, nil, o)
		if late := s.late; late != nil {
			s.mu.Unlock()
			<-late
			s.mu.Lock()
		}
		s.answer(w, o, refused)
	case "apply", "patch":
		if live == nil {
			s.answer(w, nil, notFound(resource, name))
			return
		}
		o, refused := s.patched(live, text, q)
		if refused == nil {
			if s.admit != nil {
				s.admit(o)
			}
			refused = s.store(key, live, o)
		}
		s.answer(w, o, refused)
	case "delete":
		o := metav1.DeleteOptions{}
		_ = json.Unmarshal(text, &o)
		s.delete(w, key, live, o)
	}
}

// check says whether a call is refused before it is looked at; mu is held.
func (s *apiServer) check(verb, gv, resource string) *metav1.Status {
	if !slices.ContainsFunc(s.served[gv], func(r metav1.APIResource) bool { return r.Name == resource }) {
		return failed(404, metav1.StatusReasonNotFound, "the server could not find the requested resource")
	}
	if s.blinding && (verb == "list" || verb == "watch") {
		return failed(403, metav1.StatusReasonForbidden, "you may not watch")
	}
	if s.refuse != nil {
		return s.refuse(verb, resource)
	}
	return nil
}

func (s *apiServer) delete(w http.ResponseWriter, key string, live *unstructured.Unstructured, o metav1.DeleteOptions) {
	switch {
	case live == nil:
		s.answer(w, nil, notFound(key, key))
		return
	case o.Preconditions != nil && (*o.Preconditions.UID != live.GetUID() || *o.Preconditions.ResourceVersion != live.GetResourceVersion()):
		s.answer(w, nil, failed(409, metav1.StatusReasonConflict, "precondition"))
		return
	case len(o.DryRun) > 0:
		s.answer(w, live, nil)
		return
	case len(live.GetFinalizers()) > 0:
		next := live.DeepCopy()
		now := metav1.Now()
		next.SetDeletionTimestamp(&now)
		s.answer(w, next, s.store(key, live, next))
		return
	}
	_ = s.store(key, live, nil)
	_ = json.NewEncoder(w).Encode(metav1.Status{TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "Status"}, Status: metav1.StatusSuccess})
}

// patched is live after a patch; mu is held.
func (s *apiServer) patched(live *unstructured.Unstructured, text []byte, q *http.Request) (*unstructured.Unstructured, *metav1.Status) {
	manager := q.URL.Query().Get("fieldManager")
	whole, err := json.Marshal(live)
	if err != nil {
		panic(err)
	}
	next := &unstructured.Unstructured{}
	switch kind := q.Header.Get("Content-Type"); kind {
	case string(types.ApplyPatchType):
		if err := next.UnmarshalJSON(text); err != nil {
			return nil, failed(400, metav1.StatusReasonBadRequest, err.Error())
		}
		if v := next.GetResourceVersion(); v != "" && v != live.GetResourceVersion() || next.GetUID() != "" && next.GetUID() != live.GetUID() {
			return nil, failed(409, metav1.StatusReasonConflict, "precondition")
		}
		out, err := managerOf(live).Apply(live, next, manager, q.URL.Query().Get("force") == "true")
		if err != nil {
			return nil, failed(409, metav1.StatusReasonConflict, err.Error())
		}
		o := out.(*unstructured.Unstructured).DeepCopy()
		o.SetResourceVersion(live.GetResourceVersion())
		return o, nil
	case string(types.JSONPatchType):
		p, err := jsonpatch.DecodePatch(text)
		if err == nil {
			whole, err = p.Apply(whole)
		}
		if err != nil {
			return nil, failed(422, metav1.StatusReasonInvalid, err.Error())
		}
	case string(types.MergePatchType):
		if whole, err = jsonpatch.MergePatch(whole, text); err != nil {
			return nil, failed(422, metav1.StatusReasonInvalid, err.Error())
		}
	default:
		return nil, failed(415, metav1.StatusReasonUnsupportedMediaType, kind)
	}
	if err := next.UnmarshalJSON(whole); err != nil {
		return nil, failed(422, metav1.StatusReasonInvalid, err.Error())
	}
	if next.GetResourceVersion() != live.GetResourceVersion() || next.GetUID() != live.GetUID() {
		return nil, failed(409, metav1.StatusReasonConflict, "precondition")
	}
	entries := next.GetManagedFields()
	if len(entries) == 1 && entries[0].Manager == "" {
		next.SetManagedFields(nil)
		return next, nil
	}
	return s.own(live, next, manager), nil
}

func (s *apiServer) answer(w http.ResponseWriter, o *unstructured.Unstructured, refused *metav1.Status) {
	if refused != nil {
		w.WriteHeader(int(refused.Code))
		_ = json.NewEncoder(w).Encode(refused)
		return
	}
	_ = json.NewEncoder(w).Encode(o.Object)
}

func (s *apiServer) discovery(w http.ResponseWriter, gv string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.served[gv] == nil {
		w.WriteHeader(404)
		return
	}
	_ = json.NewEncoder(w).Encode(metav1.APIResourceList{TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "APIResourceList"}, GroupVersion: gv, APIResources: s.served[gv]})
}

func selects(selector string, o *unstructured.Unstructured) bool {
	key, value, ok := strings.Cut(selector, "=")
	return o != nil && (!ok || o.GetLabels()[key] == value)
}

// list answers with all objects of a resource; mu is held.
func (s *apiServer) list(w http.ResponseWriter, q *http.Request, gv, resource string) {
	kind := ""
	for _, r := range s.served[gv] {
		if r.Name == resource {
			kind = r.Kind
		}
	}
	items := []any{}
	for _, key := range slices.Sorted(maps.Keys(s.objects)) {
		if o := s.objects[key]; strings.HasPrefix(key, resource+"/") && selects(q.URL.Query().Get("labelSelector"), o) {
			items = append(items, o.Object)
		}
	}
	_ = json.NewEncoder(w).Encode(map[string]any{"apiVersion": gv, "kind": kind + "List", "metadata": map[string]any{"resourceVersion": strconv.Itoa(s.version)}, "items": items})
}

func (s *apiServer) watch(w http.ResponseWriter, q *http.Request, resource string) {
	if q.URL.Query().Get("sendInitialEvents") == "true" {
		s.answer(w, nil, failed(422, metav1.StatusReasonInvalid, "sendInitialEvents is forbidden"))
		return
	}
	since, _ := strconv.Atoi(q.URL.Query().Get("resourceVersion"))
	selector := q.URL.Query().Get("labelSelector")
	for q.Context().Err() == nil {
		s.mu.Lock()
		if s.blinding || s.hang != nil {
			s.mu.Unlock()
			return
		}
		for _, e := range s.events {
			if e.version <= since {
				continue
			}
			since = e.version
			before, after := selects(selector, e.old), selects(selector, e.new)
			if e.resource != resource || !before && !after {
				continue
			}
			typ, o := "MODIFIED", e.new
			switch {
			case !before && e.new != nil:
				typ = "ADDED"
			case e.new == nil:
				typ, o = "DELETED", e.old
			case !after:
				typ = "DELETED"
			}
			_ = json.NewEncoder(w).Encode(map[string]any{"type": typ, "object": o.Object})
		}
		changed := s.changed
		s.mu.Unlock()
		_ = http.NewResponseController(w).Flush()
		select {
		case <-changed:
		case <-q.Context().Done():
		}
	}
}
