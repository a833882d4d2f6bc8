package members

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// write does a call that changes something.
func (m *Member) write(w http.ResponseWriter, q *http.Request, c call, text []byte) {
	manager := q.URL.Query().Get("fieldManager")
	switch c.verb {
	case "create":
		m.create(w, c, manager, text)
	case "apply":
		m.apply(w, c, manager, text)
	case "patch":
		m.own(w, q, c, text)
	case "delete":
		m.delete(w, c, text)
	}
}

func (m *Member) create(w http.ResponseWriter, c call, manager string, text []byte) {
	s, err := m.fleet.read(text)
	if err != nil {
		refuse(w, http.StatusBadRequest, metav1.StatusReasonBadRequest, err.Error(), "")
		return
	}
	c.at.name = s.name
	o := &object{form: s.form, manager: manager}
	m.mu.Lock()
	missing := c.at.namespace != "" && m.objects[id{"namespaces", "", c.at.namespace}] == nil
	exists := m.objects[c.at] != nil
	if !missing && !exists {
		m.put(c.at, o)
	}
	m.mu.Unlock()
	switch {
	case missing:
		notFound(w, "namespaces", c.at.namespace)
	case exists:
		refuse(w, http.StatusConflict, metav1.StatusReasonAlreadyExists, fmt.Sprintf("%s %q already exists", c.at.resource, s.name), c.at.resource+"/"+s.name)
	default:
		m.wrote(c.verb, c.at, o)
		m.answer(w, http.StatusCreated, o, c)
	}
}

func (m *Member) apply(w http.ResponseWriter, c call, manager string, text []byte) {
	s, err := m.fleet.read(text)
	if err != nil {
		refuse(w, http.StatusBadRequest, metav1.StatusReasonBadRequest, err.Error(), "")
		return
	}
	o := &object{form: s.form, manager: manager, applied: true}
	m.mu.Lock()
	live := m.objects[c.at]
	wrong := live != nil && (s.version != "" && s.version != version(live) || s.uid != "" && s.uid != live.uidText(m)) || live == nil && (s.version != "" || s.uid != "")
	same := live != nil && live.form == s.form && live.applied && live.manager == manager
	if !wrong && !same {
		m.put(c.at, o)
	}
	m.mu.Unlock()
	switch {
	case wrong:
		conflict(w, "the object has been modified; please apply your changes to the latest version and try again")
	case same:
		m.answer(w, http.StatusOK, live, c)
	default:
		m.wrote(c.verb, c.at, o)
		m.answer(w, http.StatusOK, o, c)
	}
}

// own does the one JSON patch that is known: that of csaupgrade, which replaces
// managedFields at a version.
func (m *Member) own(w http.ResponseWriter, q *http.Request, c call, text []byte) {
	var steps []struct {
		Op, Path string
		Value    json.RawMessage
	}
	if !strings.HasPrefix(q.Header.Get("Content-Type"), "application/json-patch") || json.Unmarshal(text, &steps) != nil {
		refuse(w, http.StatusUnsupportedMediaType, metav1.StatusReasonUnsupportedMediaType, "no patch but one of owners is known", "")
		return
	}
	at, entries := "", []metav1.ManagedFieldsEntry{}
	for _, s := range steps {
		switch s.Path {
		case "/metadata/resourceVersion":
			at = word(s.Value)
		case "/metadata/managedFields":
			_ = json.Unmarshal(s.Value, &entries) // without one it is refused below
		}
	}
	if len(entries) != 1 || entries[0].Operation != metav1.ManagedFieldsOperationApply {
		refuse(w, http.StatusUnprocessableEntity, metav1.StatusReasonInvalid, "no patch but one of owners is known", "")
		return
	}
	m.mu.Lock()
	live := m.objects[c.at]
	var o *object
	if live != nil && at == version(live) {
		o = &object{form: live.form, manager: entries[0].Manager, applied: true}
		m.put(c.at, o)
	}
	m.mu.Unlock()
	switch {
	case live == nil:
		notFound(w, c.at.resource, c.at.name)
	case o == nil:
		conflict(w, "the object has been modified")
	default:
		m.answer(w, http.StatusOK, o, c)
	}
}

func (m *Member) delete(w http.ResponseWriter, c call, text []byte) {
	var options metav1.DeleteOptions
	_ = json.Unmarshal(text, &options) // none are no error
	m.mu.Lock()
	live := m.objects[c.at]
	wrong := false
	if p := options.Preconditions; live != nil && p != nil {
		wrong = p.UID != nil && string(*p.UID) != live.uidText(m) || p.ResourceVersion != nil && *p.ResourceVersion != version(live)
	}
	if live != nil && !wrong {
		m.put(c.at, nil)
	}
	m.mu.Unlock()
	switch {
	case live == nil:
		notFound(w, c.at.resource, c.at.name)
	case wrong:
		conflict(w, "the object is not the one that was meant")
	default:
		m.wrote(c.verb, c.at, live)
		answer(w, http.StatusOK, `{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Success"}`)
	}
}

func version(o *object) string { return strconv.FormatUint(o.version, 10) }
