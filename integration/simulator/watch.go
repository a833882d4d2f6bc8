package simulator

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"strconv"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/watch"
)

// stream is one open watch.
type stream struct {
	c        *Cluster
	resource string
	e        *encoding
	w        http.ResponseWriter
	buffer   bytes.Buffer
	version  uint64 // told so far
	epoch    int
}

// longest is how long a watch lasts that did not ask for less.
const longest = 30 * time.Minute

// watch answers a watch: what is, if that was asked for, then what changes.
func (c *Cluster) watch(w http.ResponseWriter, q *http.Request, resource string) {
	v := q.URL.Query()
	initial := v.Get("sendInitialEvents") == "true"
	if initial && c.options.Lists {
		status(w, metav1.Status{Code: http.StatusUnprocessableEntity, Reason: metav1.StatusReasonInvalid, Message: "sendInitialEvents is forbidden for watch unless the WatchList feature gate is enabled"})
		return
	}
	life := longest
	if s, err := strconv.Atoi(v.Get("timeoutSeconds")); err == nil && s > 0 {
		life = time.Duration(s) * time.Second
	}
	ctx, cancel := context.WithTimeout(q.Context(), life)
	defer cancel()
	asked, _ := strconv.ParseUint(v.Get("resourceVersion"), 10, 64)
	s := &stream{c: c, resource: resource, e: c.encodings.negotiate(q), w: w, version: asked}
	c.mu.Lock()
	newest := c.version
	s.epoch = c.epoch
	c.mu.Unlock()
	if asked > newest {
		status(w, tooLarge(asked, newest))
		return
	}
	w.Header().Set("Content-Type", s.e.stream)
	w.WriteHeader(http.StatusOK)
	err := s.flush()
	if err == nil && (initial || asked == 0) {
		err = s.all(initial)
	}
	if err == nil {
		s.follow(ctx, v.Get("allowWatchBookmarks") == "true")
	}
}

// all sends every object there is, and says that these were all when asked to.
func (s *stream) all(bookmark bool) error {
	s.c.mu.Lock()
	s.version = s.c.version
	var err error
	for _, at := range s.c.faults.omitted(s.resource, s.c.model.places(s.resource)) {
		var octets []byte
		if octets, err = s.e.encode(s.c.model.object(s.resource, at)); err == nil {
			err = s.e.event(&s.buffer, string(watch.Added), octets)
		}
		if err != nil {
			break
		}
	}
	s.c.mu.Unlock()
	if err == nil && s.c.cut(s.resource) {
		s.buffer.Truncate(s.buffer.Len() / 2)
		_ = s.flush() // it breaks anyhow
		panic(http.ErrAbortHandler)
	}
	if err == nil && bookmark {
		err = s.bookmark(map[string]string{metav1.InitialEventsAnnotationKey: "true"})
	}
	if err != nil {
		return err
	}
	defer func() { s.buffer = bytes.Buffer{} }() // the largest it ever is
	return s.flush()
}

// follow sends what changes until the watch ends.
func (s *stream) follow(ctx context.Context, bookmarks bool) {
	ticker := time.NewTicker(s.c.options.Bookmarks)
	defer ticker.Stop()
	due := false
	for ctx.Err() == nil {
		events, changed, hanging, over := s.next()
		if over {
			_ = s.flush() // it ends anyhow
			return
		}
		if !hanging && (len(events) > 0 || due && bookmarks) {
			if s.send(events, due && bookmarks) != nil {
				return
			}
			due = false
			continue
		}
		select {
		case <-ctx.Done():
		case <-changed:
		case <-ticker.C:
			due = true
		}
	}
}

// next is what happened since; over: the watch is, and why waits to be sent.
func (s *stream) next() (events []event, changed <-chan struct{}, hanging, over bool) {
	s.c.mu.Lock()
	defer s.c.mu.Unlock()
	if s.epoch != s.c.epoch {
		return nil, nil, false, true
	}
	h := s.c.history[s.resource]
	if s.c.faults.hanging {
		return nil, h.changed, true, false
	}
	events, kept := h.since(s.version)
	if !kept {
		s.gone(h.oldest)
		return nil, nil, false, true
	}
	if len(events) > 0 {
		s.version = events[len(events)-1].version
	} else {
		s.version = s.c.version
	}
	return events, h.changed, false, false
}

// gone ends the watch as API servers do: by an event.
func (s *stream) gone(oldest uint64) {
	refusal := typed(expired(fmt.Sprintf("too old resource version: %d (%d)", s.version, oldest)))
	octets, err := s.e.encode(&refusal)
	if err == nil {
		err = s.e.event(&s.buffer, string(watch.Error), octets)
	}
	if err != nil {
		panic("simulator: " + err.Error()) // a type of Kubernetes' own
	}
}

func (s *stream) send(events []event, bookmark bool) error {
	for _, ev := range events {
		octets, err := s.c.encodings.transcode(s.e, ev.object)
		if err == nil {
			err = s.e.event(&s.buffer, ev.typ, octets)
		}
		if err != nil {
			return err
		}
	}
	if bookmark {
		if err := s.bookmark(nil); err != nil {
			return err
		}
	}
	return s.flush()
}

// bookmark says up to which version all was told.
func (s *stream) bookmark(annotations map[string]string) error {
	o := emptyObject(s.resource)
	o.SetResourceVersion(strconv.FormatUint(s.version, 10))
	o.SetAnnotations(annotations)
	octets, err := s.e.encode(o.(runtime.Object))
	if err != nil {
		return err
	}
	return s.e.event(&s.buffer, string(watch.Bookmark), octets)
}

func (s *stream) flush() error {
	if s.buffer.Len() > 0 {
		if _, err := s.w.Write(s.buffer.Bytes()); err != nil {
			return err
		}
		s.buffer.Reset()
	}
	return http.NewResponseController(s.w).Flush()
}
