package propagation

import (
	"time"

	"k8s.io/apimachinery/pkg/types"

	"github.com/fedns/fedns/federation/interpret"
	"github.com/fedns/fedns/federation/work"
)

// record is what is known of one object in one member. Its member's lock guards it,
// and its memory is what a hundred thousand of them cost: no object is kept that is
// as it is to be.
type record struct {
	key  work.Key
	goal *goal // nil: no task; it was only seen
	seen sight
	lost string // the version as of which it was last known not to be there; empty: never

	// accepted are the differences that the API server itself made of what we wrote,
	// or that writing again did not change; 0: none.
	accepted uint64
	// fights is how often in a row somebody changed what we own, not long after we
	// had put it right.
	fights   int
	righted  time.Time
	refused  string // why the deletion that was asked for does not come to its end; empty: nothing is known
	failures int    // in a row

	reading  *interpret.Observation // of the object as it was seen last; nil: not seen
	told     told
	outcome  *work.Outcome // to be told; nil: nothing new
	queued   place
	again    bool // something came while it was being worked on
	level    level
	due      time.Time // of place later
	heapedAt int
}

// outdated says that s was seen before what is known.
func (r *record) outdated(s *sight) bool {
	if r.seen.there() && r.seen.uid == s.uid {
		return work.OlderVersion(s.version, r.seen.version)
	}
	// What has no label of ours is in no list, whenever it was written.
	return s.labelled && r.lost != "" && work.OlderVersion(s.version, r.lost)
}

// goal is what a Task asks for. It is not changed.
type goal struct {
	body   body // the zero body: the object is to go
	orphan bool
	retain bool
	leave  bool // an object that federation did not write is left alone
	// template is the UID of the host's object of the same name, if orders are made of
	// that; own says that this one is.
	template types.UID
	own      bool
	succeeds bool // see work.Task
	// suspend has nothing written.
	suspend bool
	fault   string // why there is no body, though there should be one
}

func (g *goal) removes() bool { return g.body == body{} && g.fault == "" }

// sight is an object as it was seen last. The zero sight: it is not there.
type sight struct {
	version  string
	uid      types.UID
	term     int64
	labelled bool   // it has the label by which our watch selects
	ours     bool   // it is ours to change and delete
	created  bool   // our fields are owned as by a creation, not as by an apply
	leaving  bool   // it is being deleted
	right    bool   // it is as by says
	by       *goal  // what it was judged by; nil: nothing yet
	owner    string // of another federation; empty: none
	who      string
	// differs is the first difference if it is not right, and if it is, the fields that
	// the member made something else of.
	differs string
	holders string // finalizers of one that is leaving
	// text is the object, kept while it may be needed.
	text []byte
}

func (s *sight) there() bool { return s.version != "" }

// isRight says that the object is as g says.
func (s *sight) isRight(g *goal) bool { return s.right && s.by == g }

// told is what was told last.
type told struct {
	phase  work.Phase
	reason string
	text   string // its message
	since  time.Time
	sum    uint64 // of all of it
}

// place is where a record is in its member's queue.
type place uint8

const (
	nowhere place = iota
	ready         // to be worked on
	later         // at due
	parked        // until its kind's objects have been listed
	working
)

// level is how soon a record's turn comes.
type level uint8

const (
	changed level = iota // somebody changed an order just now
	fresh                // it is ordered for the first time, which may be all of them after a start
	routine              // drift, and what failed before
	levels
)
