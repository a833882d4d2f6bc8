package simulator

// history is the last changes of one resource, encoded in protobuf. The
// cluster's lock guards it.
type history struct {
	events  []event
	oldest  uint64        // watches may go on from this version, or later ones
	changed chan struct{} // closed at the next change
}

type event struct {
	version uint64
	typ     string
	object  []byte
}

func newHistory(version uint64) *history {
	return &history{oldest: version, changed: make(chan struct{})}
}

// add keeps an event, and forgets the older half when more than keep are kept.
func (h *history) add(e event, keep int) {
	if len(h.events) >= keep {
		half := len(h.events) / 2
		h.oldest = h.events[half-1].version
		h.events = append([]event(nil), h.events[half:]...)
	}
	h.events = append(h.events, e)
	h.wake()
}

// wake lets every watch look again.
func (h *history) wake() {
	close(h.changed)
	h.changed = make(chan struct{})
}

// since are the events behind a version; false: they are not kept any more.
func (h *history) since(version uint64) ([]event, bool) {
	if version < h.oldest {
		return nil, false
	}
	i := len(h.events)
	for i > 0 && h.events[i-1].version > version {
		i--
	}
	return h.events[i:len(h.events):len(h.events)], true
}

// compact forgets all events before version.
func (h *history) compact(version uint64) { h.events, h.oldest = nil, version }
