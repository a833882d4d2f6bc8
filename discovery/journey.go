package discovery

import (
	"time"

	"github.com/fedns/fedns/discovery/cluster"
)

// A Journey hears how far what came over a watch has come, by when it was
// received. It is called by Run's goroutine and must return at once.
type Journey interface {
	// Held is called when the Engine holds the Group.
	Held(id cluster.ID, key cluster.ServiceKey, received time.Time)
	// Answerable is called when what the Group changes can be answered, and when
	// it changes no record. It is not called for what was refused.
	Answerable(id cluster.ID, key cluster.ServiceKey, received time.Time)
}

// traveller is a Group that is held and not published yet.
type traveller struct {
	id       cluster.ID
	key      cluster.ServiceKey
	received time.Time
}

// held takes note of a Group that came over a watch.
func (e *Engine) held(id cluster.ID, g *cluster.Group) {
	if e.cfg.Journey == nil || g.Received.IsZero() {
		return
	}
	e.cfg.Journey.Held(id, g.Service, g.Received)
	e.loop.travellers = append(e.loop.travellers, traveller{id, g.Service, g.Received})
}

// answerable tells of all that were held before the commit that is done.
func (e *Engine) answerable() {
	for _, t := range e.loop.travellers {
		if e.refused[t.key] == nil {
			e.cfg.Journey.Answerable(t.id, t.key, t.received)
		}
	}
	clear(e.loop.travellers)
	e.loop.travellers = e.loop.travellers[:0]
}
