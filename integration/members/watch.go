package members

import (
	"context"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/watch"
)

const (
	// longest is how long a watch lasts that did not ask for less.
	longest = 30 * time.Minute
	// marks is how often one is told up to which version it was told everything.
	marks = time.Minute
)

// there are the objects of a call's collection by name, and of which version; mu is held.
func (m *Member) there(c call) (all []*object, version uint64) {
	byID := map[id]*object{}
	for at, o := range m.objects {
		if at.resource == c.at.resource && (c.at.namespace == "" || at.namespace == c.at.namespace) && o.selected(c.selector) {
			byID[at] = o
		}
	}
	for _, at := range slices.SortedFunc(maps.Keys(byID), func(a, b id) int {
		return strings.Compare(a.namespace+"/"+a.name, b.namespace+"/"+b.name)
	}) {
		all = append(all, byID[at])
	}
	return all, m.version
}

// list answers all at once, whatever limit was asked for.
func (m *Member) list(w http.ResponseWriter, c call) {
	m.mu.Lock()
	all, version := m.there(c)
	m.mu.Unlock()
	apiVersion, kind := c.apiVersion, kindOf(c.apiVersion, c.at.resource)
	if c.partial {
		apiVersion, kind = "meta.k8s.io/v1", "PartialObjectMetadata"
	}
	var b strings.Builder
	fmt.Fprintf(&b, `{"apiVersion":%q,"kind":"%sList","metadata":{"resourceVersion":"%d"},"items":[`, apiVersion, kind, version)
	for i, o := range all {
		if i > 0 {
			b.WriteByte(',')
		}
		o.write(&b, m, c.apiVersion, c.partial)
	}
	b.WriteString("]}")
	answer(w, http.StatusOK, b.String())
}

// stream is one open watch.
type stream struct {
	call
	m       *Member
	w       http.ResponseWriter
	text    strings.Builder
	version uint64 // told so far
}

func (m *Member) watch(w http.ResponseWriter, q *http.Request, c call) {
	v := q.URL.Query()
	life := longest
	if s, err := strconv.Atoi(v.Get("timeoutSeconds")); err == nil && s > 0 {
		life = time.Duration(s) * time.Second
	}
	ctx, cancel := context.WithTimeout(q.Context(), life)
	defer cancel()
	s := &stream{call: c, m: m, w: w}
	s.version, _ = strconv.ParseUint(v.Get("resourceVersion"), 10, 64)
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusOK)
	if initial := v.Get("sendInitialEvents") == "true"; initial || s.version == 0 {
		m.mu.Lock()
		all, version := m.there(c)
		m.mu.Unlock()
		for _, o := range all {
			s.event(watch.Added, o)
		}
		if s.version = version; initial {
			s.bookmark(fmt.Sprintf(`,"annotations":{%q:"true"}`, metav1.InitialEventsAnnotationKey))
		}
	}
	s.follow(ctx, v.Get("allowWatchBookmarks") == "true")
}

// follow sends what changes until the watch ends.
func (s *stream) follow(ctx context.Context, bookmarks bool) {
	ticker := time.NewTicker(marks)
	defer ticker.Stop()
	for {
		if s.flush() != nil {
			return
		}
		s.m.mu.Lock()
		fault, other := s.m.fault, s.m.other
		j := s.m.journal(s.at.resource)
		news, changes, lost := j.news, []change(nil), s.version < j.oldest
		if fault == None || fault == Rejects {
			i, _ := slices.BinarySearchFunc(j.changes, s.version+1, func(c change, v uint64) int { return int(c.version) - int(v) })
			changes = j.changes[i:]
			s.version = max(s.version, s.m.version)
		}
		s.m.mu.Unlock()
		switch {
		case fault == Gone:
			panic(http.ErrAbortHandler)
		case fault == Hangs:
			select {
			case <-other:
				continue
			case <-ctx.Done():
				return
			}
		case lost:
			s.text.WriteString(`{"type":"ERROR","object":{"kind":"Status","apiVersion":"v1","status":"Failure","code":410,"reason":"Expired","message":"too old resource version"}}` + "\n")
			_ = s.flush() // it ends anyhow
			return
		}
		for _, c := range changes {
			s.change(c)
		}
		if s.text.Len() > 0 {
			continue
		}
		select {
		case <-ctx.Done():
			return
		case <-news:
		case <-other:
		case <-ticker.C:
			if bookmarks {
				s.bookmark("")
			}
		}
	}
}

func (s *stream) change(c change) {
	if o := c.now; o != nil && s.at.namespace != "" && o.form.namespace != s.at.namespace {
		return
	}
	switch before, after := c.old.selected(s.selector), c.now.selected(s.selector); {
	case before && after:
		s.event(watch.Modified, c.now)
	case after:
		s.event(watch.Added, c.now)
	case before:
		s.event(watch.Deleted, c.old)
	}
}

func (s *stream) event(typ watch.EventType, o *object) {
	fmt.Fprintf(&s.text, `{"type":%q,"object":`, typ)
	o.write(&s.text, s.m, s.apiVersion, s.partial)
	s.text.WriteString("}\n")
}

// bookmark says up to which version all was told.
func (s *stream) bookmark(more string) {
	apiVersion, kind := s.apiVersion, kindOf(s.apiVersion, s.at.resource)
	if s.partial {
		apiVersion, kind = "meta.k8s.io/v1", "PartialObjectMetadata"
	}
	fmt.Fprintf(&s.text, `{"type":%q,"object":{"apiVersion":%q,"kind":%q,"metadata":{"resourceVersion":"%d"%s}}}`+"\n", watch.Bookmark, apiVersion, kind, s.version, more)
}

func (s *stream) flush() error {
	if s.text.Len() > 0 {
		if _, err := io.WriteString(s.w, s.text.String()); err != nil {
			return err
		}
		s.text.Reset()
	}
	return http.NewResponseController(s.w).Flush()
}
