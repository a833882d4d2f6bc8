package kubernetes

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fedns/fedns/discovery/cluster"
)

// A watch that carries nothing is a fault, though the API server answers each
// time it is opened; what it was to carry is not lost.
func TestSilentWatch(t *testing.T) {
	server := newAPIServer(t, service("s", annotated))
	v := observe(t, server, nil)
	v.awaitPhase(cluster.Live)
	v.await("bookmarks", func() bool { return server.sent("BOOKMARK") > 16 })
	opened := server.asked("watch /api/v1/services")
	server.set(func() { server.mute["services"] = true })
	v.awaitPhase(cluster.Unreachable)
	if v.mu.Lock(); v.last.Reason != "watch services: silent for 2s" {
		t.Errorf("because %q", v.last.Reason)
	}
	v.mu.Unlock()
	v.await("the watch to be opened anew", func() bool { return server.asked("watch /api/v1/services") > opened })
	server.put(service("t", annotated))
	before := v.count()
	v.await("another try", func() bool { return server.asked("watch /api/v1/services") > opened+1 })
	v.never("live while silent", before, func(u cluster.Update) bool { return u.State != nil && u.State.Phase == cluster.Live })
	server.set(func() { clear(server.mute) })
	v.awaitPhase(cluster.Live)
	v.awaitGroups("a/s", "a/t")
	v.never("something withdrawn", 0, withdrawn)
}

func TestSilence(t *testing.T) {
	const limit = 3 * time.Minute
	for _, c := range []struct {
		name string
		do   func(h *health, p *part)
		want string // the reason; empty: none
	}{
		{"bookmarks, then nothing", func(h *health, p *part) { h.bookmark(p); time.Sleep(limit + time.Minute) }, "watch services: silent for 3m0s"},
		{"not long enough", func(h *health, p *part) { h.bookmark(p); time.Sleep(limit - time.Second) }, ""},
		{"an event in between", func(h *health, p *part) {
			h.bookmark(p)
			time.Sleep(2 * time.Minute)
			h.evidence(p)
			time.Sleep(2 * time.Minute)
		}, ""},
		{"a server that never sent a bookmark", func(h *health, p *part) { h.evidence(p); time.Sleep(time.Hour) }, ""},
		{"watches that end by themselves do not begin it anew", func(h *health, p *part) {
			h.bookmark(p)
			for range 3 {
				time.Sleep(2 * time.Minute)
				h.mended(p, verbWatch)
			}
		}, "watch services: silent for 3m0s"},
		{"a watch that could not be opened was not silent", func(h *health, p *part) {
			h.bookmark(p)
			h.fault(p, verbWatch, errTest)
			time.Sleep(time.Hour)
			h.mended(p, verbWatch)
			time.Sleep(2 * time.Minute)
		}, ""},
		{"a list tells what was missed", func(h *health, p *part) {
			h.bookmark(p)
			time.Sleep(2 * time.Minute)
			h.listed(p)
			time.Sleep(2 * time.Minute)
		}, ""},
		{"but it does not mend the watch", func(h *health, p *part) {
			h.bookmark(p)
			time.Sleep(limit + time.Minute)
			h.listed(p)
			h.mended(p, verbWatch)
		}, "watch services: silent for 3m0s"},
		{"a bookmark does", func(h *health, p *part) { h.bookmark(p); time.Sleep(time.Hour); h.bookmark(p) }, ""},
		{"a CRD that went is not expected to be heard", func(h *health, p *part) { h.bookmark(p); h.absent(p); time.Sleep(time.Hour) }, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := newHealth()
				p, other := h.add("services", false), h.add("nodes", true)
				go h.listen(t.Context(), limit)
				for _, p := range []*part{p, other} {
					h.listed(p)
					h.mended(p, verbWatch)
				}
				h.bookmark(other) // an optional one, for good
				cuts := 0
				h.opened(p, func() { cuts++ })
				c.do(h, p)
				synctest.Wait()
				s, _ := h.now()
				if s.Reason != c.want {
					t.Errorf("%v, because %q, want %q", s.Phase, s.Reason, c.want)
				}
				if silent := strings.Contains(c.want, "silent"); silent && cuts == 0 {
					t.Error("the watch was not ended")
				}
			})
		})
	}
}
