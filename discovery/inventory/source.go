package inventory

import (
	"context"
	"time"

	"github.com/fedns/fedns/discovery/cluster"
)

// A Source watches one inventory.
//
// Run sends the List as it stands at the start, and again after each change,
// whole: the newest one counts, and what the receiver was too slow for is left
// out. It blocks until ctx is done and then returns nil; any other return is a
// fault that no retry inside the Source can mend, and its text is shown to the
// operator. Run may be called again after it returned, never twice at once, and
// goes on from what it knew. It never closes up, never sends after it returned,
// and gives up a blocked send when ctx is done. The receiver owns what it
// received.
type Source interface {
	Run(ctx context.Context, up chan<- List) error
}

// List is what an inventory states.
type List struct {
	// State is whether the inventory can be seen. While it cannot, what was known stands.
	State cluster.State
	// Read says that everything was read once. Before that, a member that is not in
	// the List may just not have been read yet.
	Read     bool
	Members  []Member  // sorted by ID, each once
	Findings []Finding // what is wrong with objects
	Absent   []string  // kinds of objects that the host does not serve, which is no fault
}

// Member is a member cluster as an inventory states it.
type Member struct {
	ID     cluster.ID
	Object string // that states it: Secret fedns/eu-1
	Region string // a DNS label; empty: not stated
	Zones  []string
	Labels map[string]string // as stated
	Taints []string          // key=value:effect
	Server string            // the API server's address
	Access Access
	Held   bool // a list lacked its object, and was not believed
	// Drained says that its object wants it answered only where nothing else is left.
	Drained bool
}

// Access is how to reach a cluster: a kubeconfig on this host, or one in memory.
type Access struct {
	File, Context string // a path, and a context in it; watched by whoever uses it
	Kubeconfig    []byte // without File; it names no files of this host
}

// Object is what one object of an inventory (a Secret, a file) states. Key names
// it among all of its kind, for people too.
type Object struct {
	Key        string
	Created    time.Time // of two objects that state the same cluster the older one counts
	Statements []Statement
	// Broken says that it is not known which clusters it states: those it stated
	// before stand.
	Broken   bool
	Findings []Finding
}

// Statement is what an object states of one cluster, or why it cannot be used.
type Statement struct {
	Slot   string // tells it from the object's other ones: a key of its data; empty where it has one only
	Member Member // when Err is nil
	Field  string // that Err is about
	Err    error  // what was stated before under this slot stands
}

// Finding is one thing that is wrong, for the operator.
type Finding struct {
	Object string
	Field  string // data.kubeconfig; empty: the object as a whole
	Text   string
}

// String is OBJECT: FIELD: TEXT, on one line, without what is empty.
func (f Finding) String() string {
	s := f.Text
	if f.Field != "" {
		s = f.Field + ": " + s
	}
	if f.Object != "" {
		s = f.Object + ": " + s
	}
	return s
}
