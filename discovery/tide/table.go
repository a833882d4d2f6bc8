package tide

import (
	"maps"
	"sync"

	"k8s.io/apimachinery/pkg/util/resourceversion"

	"github.com/fedns/fedns/discovery/cluster"
)

// User is a Source that is given the Table of its cluster before it is run, and
// takes note in it of what it sees. Without one it knows only what it saw itself.
type User interface {
	SetTides(*Table)
}

// Table has the highest resource version that was seen of each resource of one
// cluster. It is safe for concurrent use; nil, it says nothing.
type Table struct {
	mu   sync.Mutex
	high map[string]string // by resource
	last map[string]string // seen of each; not always the highest; empty: it is served no more
}

// New begins with versions that were seen before, by resource. They stay the caller's.
func New(versions map[string]string) *Table {
	t := &Table{high: map[string]string{}, last: map[string]string{}}
	t.Raise(versions)
	return t
}

// Raise takes note of versions that somebody else has seen.
func (t *Table) Raise(versions map[string]string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for resource, version := range versions {
		t.raise(resource, version)
	}
}

// raise says whether version is a number that can be compared; mu is held.
func (t *Table) raise(resource, version string) bool {
	high := t.high[resource]
	if high == "" {
		high = version // compared with itself: whether it is a number at all
	}
	c, err := resourceversion.CompareResourceVersion(version, high)
	if err == nil && (c > 0 || t.high[resource] == "") {
		t.high[resource] = version
	}
	return err == nil
}

// Reach takes note of a resource version; one that is no number says nothing.
func (t *Table) Reach(resource, version string) {
	if t == nil {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.reach(resource, version)
}

func (t *Table) reach(resource, version string) {
	if t.raise(resource, version) {
		t.last[resource] = version
	}
}

// Lacks takes note of a complete list's version, and is the evidence for what the
// list lacks. A store that went back stays in doubt until it has come to be where
// it was: until then each of its lists may lack what it only forgot.
func (t *Table) Lacks(resource, version string) cluster.Loss {
	if t == nil {
		return cluster.Missing
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.reach(resource, version)
	if c, err := resourceversion.CompareResourceVersion(version, t.high[resource]); err == nil && c < 0 {
		return cluster.Doubtful
	}
	return cluster.Missing
}

// Gone takes note that the cluster does not serve a resource, and says whether it
// did before, if only before a restart.
func (t *Table) Gone(resource string) (before bool) {
	if t == nil {
		return false
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.high[resource] == "" {
		return false
	}
	t.last[resource] = ""
	return true
}

// Believe takes the store as it was seen last for good: the operator says so.
func (t *Table) Believe() {
	t.mu.Lock()
	defer t.mu.Unlock()
	for resource, version := range t.last {
		if t.high[resource] = version; version == "" {
			delete(t.high, resource)
		}
	}
}

// Versions are the highest, by resource. They are the caller's.
func (t *Table) Versions() map[string]string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return maps.Clone(t.high)
}
