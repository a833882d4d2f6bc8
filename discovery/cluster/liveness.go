package cluster

import "time"

// Signal is what one kind of evidence says of a cluster.
type Signal uint8

const (
	// Unknown says nothing: nobody looks, or nobody can tell yet.
	Unknown Signal = iota
	// Up says that it works.
	Up
	// Down says that it was tried and does not work.
	Down
)

// String is the signal in the words of the API and metrics: unknown, up, down.
func (s Signal) String() string {
	switch s {
	case Up:
		return "up"
	case Down:
		return "down"
	}
	return "unknown"
}

// Liveness is a Signal since when, and why. The zero Liveness is Unknown.
type Liveness struct {
	Signal Signal
	Since  time.Time // of the signal
	Reason string    // one line for the operator; empty while up
}

// Loss is how a Source came to know that something a Group rested on (its
// Service, its ServiceExport, an EndpointSlice) is there no longer. A larger
// value is weaker evidence.
type Loss uint8

const (
	// NoLoss says that nothing the Group rested on went away.
	NoLoss Loss = iota
	// Deleted says that the cluster told of each deletion.
	Deleted
	// Missing says that a complete list lacked it: it may have been deleted while
	// nobody was watching, or the list was wrong.
	Missing
	// Doubtful says that a complete list lacked it, of a store that has gone back in
	// time: what it lacks may only have been forgotten. Or that it was deleted along
	// with the definition of its kind, which may only be installed anew.
	Doubtful
)
