package kubernetes

import (
	"sync"

	"k8s.io/apimachinery/pkg/util/resourceversion"

	"github.com/fedns/fedns/discovery/cluster"
)

// tide is the highest resource version that was seen of one resource of one
// cluster. A store never gives a lower one (KEP-5504: those of one resource are
// numbers that can be compared), unless it was lost or restored from a backup.
// It is safe for concurrent use; nil, it says nothing.
type tide struct {
	mu   sync.Mutex
	high string // empty: none was seen
}

// reach takes note of a resource version; one that is no number says nothing.
func (t *tide) reach(version string) {
	if t == nil {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.high == "" {
		// Compared with itself: whether it is a number at all.
		if _, err := resourceversion.CompareResourceVersion(version, version); err == nil {
			t.high = version
		}
		return
	}
	if c, err := resourceversion.CompareResourceVersion(version, t.high); err == nil && c > 0 {
		t.high = version
	}
}

// lacks is the evidence for what a complete list at this version lacks. A store
// that went back stays in doubt until it has come to be where it was: until then
// each of its lists may lack what it only forgot.
func (t *tide) lacks(version string) cluster.Loss {
	if t == nil {
		return cluster.Missing
	}
	t.reach(version)
	t.mu.Lock()
	defer t.mu.Unlock()
	if c, err := resourceversion.CompareResourceVersion(version, t.high); err == nil && c < 0 {
		return cluster.Doubtful
	}
	return cluster.Missing
}
