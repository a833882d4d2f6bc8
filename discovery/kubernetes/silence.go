package kubernetes

import (
	"context"
	"fmt"
	"time"
)

// sound is what a part's watches were heard to carry. health's mu guards it.
type sound struct {
	heard  time.Time // the last event, bookmark or list; zero: nothing yet
	speaks bool      // a watch carried a bookmark once: the server sends them
	cut    func()    // ends the watch that is open, if one is
}

// evidence takes note of an event of p.
func (h *health) evidence(p *part) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.hear(p)
}

// bookmark takes note of a bookmark of p.
func (h *health) bookmark(p *part) {
	h.mu.Lock()
	defer h.mu.Unlock()
	p.speaks = true
	h.hear(p)
}

// hear ends a silence; mu is held.
func (h *health) hear(p *part) {
	h.heard = time.Now()
	p.heard = h.heard
	if p.faults[verbHear] != "" {
		delete(p.faults, verbHear)
		h.fold()
	}
}

// opened takes note of how to end the watch that p has now.
func (h *health) opened(p *part, cut func()) {
	h.mu.Lock()
	defer h.mu.Unlock()
	p.cut = cut
}

// back takes note that p succeeded at v: while it failed it could not be heard,
// so its silence counts from now. A watch that is opened after one that ended by
// itself goes on with the silence of that one.
func (p *part) back(v verb) {
	if p.faults[v] != "" || p.heard.IsZero() {
		p.heard = time.Now()
	}
}

// listen looks for watches that are open and carry nothing, until ctx is done.
func (h *health) listen(ctx context.Context, silence time.Duration) {
	ticker := time.NewTicker(silence / 12)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			for _, p := range h.parts {
				h.silent(p, silence)
			}
		}
	}
}

// silent makes it a fault of p that nothing was heard for so long, and ends its
// watch, so that the next one may fare better. What fails is not expected to be
// heard; nor is a server that never sent a bookmark: one without a watch cache
// does not, and a resource in which nothing changes is silent there for good.
func (h *health) silent(p *part, silence time.Duration) {
	h.mu.Lock()
	defer h.mu.Unlock()
	fails := p.faults[verbDiscover] != "" || p.faults[verbList] != "" || p.faults[verbWatch] != ""
	if p.optional || !p.speaks || !p.watched || fails || time.Since(p.heard) < silence {
		return
	}
	if p.faults[verbHear] == "" {
		p.faults[verbHear] = fmt.Sprintf("%s %s: silent for %v", verbWatch, p.name, silence)
		h.fold()
	}
	p.heard = time.Now() // the next watch gets as long
	if p.cut != nil {
		p.cut()
	}
}
