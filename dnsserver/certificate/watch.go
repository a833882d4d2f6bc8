package certificate

import (
	"context"
	"fmt"
	"path/filepath"
	"time"

	"github.com/fsnotify/fsnotify"
)

const (
	// settle is how long the files must be left alone before they are read: a pair
	// is written one file after the other.
	settle = 100 * time.Millisecond
	// settleMost bounds settle when something never stops writing beside them.
	settleMost = time.Second
	// recheck is how often the files are read without having been told: network
	// file systems do not notify, and files may be links to folders that nobody watches.
	recheck = 10 * time.Second
)

// Run reloads the pair whenever its files change, until ctx is done; it returns
// nil then. Files that are replaced by rename, or by swapping the link that
// their folder is behind, as Kubernetes' Secret volumes do, count as changed.
// It calls tell, on its own goroutine, with nil when a new pair is in use, and
// with each error of Reload once until it changes or passes.
//
// Run returns an error at once when the system has no more file watches to give.
func (r *Reloader) Run(ctx context.Context, tell func(error)) error {
	notes, err := fsnotify.NewWatcher()
	if err != nil {
		return fmt.Errorf("watch certificate: %w", err)
	}
	defer notes.Close()
	told := ""
	look := func() {
		// Watch first, then read: what changes in between is told by an event. A
		// folder that was replaced is watched anew; one that cannot be watched is
		// left to recheck.
		for _, file := range []string{r.certFile, r.keyFile} {
			_ = notes.Add(filepath.Dir(file))
		}
		changed, err := r.Reload()
		now := ""
		if err != nil {
			now = err.Error()
		}
		if changed || err != nil && now != told {
			tell(err)
		}
		told = now
	}
	look()
	again := time.NewTicker(recheck)
	defer again.Stop()
	var first time.Time // of the changes not yet looked at
	var quiet <-chan time.Time
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-notes.Events:
			if quiet == nil {
				first = time.Now()
			}
			quiet = time.After(min(settle, time.Until(first.Add(settleMost))))
			continue
		case <-notes.Errors: // events were lost
		case <-again.C:
		case <-quiet:
		}
		quiet = nil
		look()
	}
}
