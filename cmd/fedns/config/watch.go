package config

import (
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/fsnotify/fsnotify"
)

const (
	// settle is how long files must be left alone before they are read: an
	// editor truncates, writes and renames within a few milliseconds.
	settle = 50 * time.Millisecond
	// settleShorter is settle for a file that has become shorter in place: it may be
	// on its way to be written, by whom nobody knows how fast, and to read it now
	// would take away what is only not there yet. A file that another was put in the
	// place of is whole at once.
	settleShorter = time.Second
	// settleMost bounds settle when something never stops writing.
	settleMost = time.Second
	// recheck is how often files are read without having been told: network
	// file systems do not notify, and the kernel drops what overflows its queue.
	recheck = time.Minute
)

// Watch calls tell with the configuration at path: once at the start, then each
// time its content changes, or that of a kubeconfig or zone file that it names
// (Config.Digests tells which). Content that was written again unchanged is not
// told. Replacing files by rename and by swapping a symbolic link anywhere in
// their path, as ConfigMap and Secret volumes do, counts as change; so do a
// file's removal and its return.
//
// When the file cannot be read or is faulty, tell gets a nil Config and the
// error that Load returns, once until it changes; what was told before stays
// good. Calls to tell come one after another, on Watch's own goroutine; while it
// runs, changes are gathered.
//
// Watch blocks until ctx is done and then returns nil. It returns an error at
// once when the system has no more file watches to give.
func Watch(ctx context.Context, path string, tell func(*Config, error)) error {
	absolute, err := filepath.Abs(path)
	if err != nil {
		return fmt.Errorf("locate configuration: %w", err)
	}
	notes, err := fsnotify.NewWatcher()
	if err != nil {
		return fmt.Errorf("watch configuration: %w", err)
	}
	defer notes.Close()
	w := &watcher{path: path, absolute: absolute, notes: notes, tell: tell}
	return w.run(ctx)
}

// watcher belongs to one call of Watch and its goroutine.
type watcher struct {
	path, absolute string
	notes          *fsnotify.Watcher
	tell           func(*Config, error)

	files  []string               // besides path: what the last good configuration names
	points map[string]bool        // paths whose change may change content
	told   string                 // identity of what was told last
	sizes  map[string]os.FileInfo // of the files, when they were read last
}

func (w *watcher) run(ctx context.Context) error {
	w.look()
	again := time.NewTicker(recheck)
	defer again.Stop()
	var first, last time.Time // of the changes not yet looked at
	var quiet <-chan time.Time
	for {
		select {
		case <-ctx.Done():
			return nil
		case e := <-w.notes.Events:
			if !w.points[filepath.Clean(e.Name)] {
				continue
			}
			if quiet == nil {
				first = time.Now()
			}
			last = time.Now()
			quiet = time.After(min(settle, time.Until(first.Add(settleMost))))
			continue
		case <-w.notes.Errors: // events were lost
		case <-again.C:
		case <-quiet:
			if wait := time.Until(last.Add(settleShorter)); wait > 0 && w.shorter() {
				quiet = time.After(min(settle, wait)) // it may be whole before
				continue
			}
		}
		quiet = nil
		w.look()
	}
}

// shorter says that a file has become shorter in place since it was read, or is
// gone.
func (w *watcher) shorter() bool {
	for path, was := range w.sizes {
		now, err := os.Stat(path)
		if err != nil || os.SameFile(was, now) && now.Size() < was.Size() {
			return true
		}
	}
	return false
}

// measure notes how long the files are before they are read.
func (w *watcher) measure() {
	w.sizes = map[string]os.FileInfo{}
	for _, path := range append([]string{w.absolute}, w.files...) {
		if info, err := os.Stat(path); err == nil {
			w.sizes[path] = info
		}
	}
}

// look reads everything and tells what is new.
func (w *watcher) look() {
	for {
		// Watch first, then read: what changes in between is read, or told by an
		// event. New files are watched, and then read again for the same reason.
		w.follow()
		w.measure()
		c, err := Load(w.path)
		if err == nil {
			w.files = c.Files()
			if w.follow() {
				continue
			}
		}
		if now := identity(c, err); now != w.told {
			w.told = now
			w.tell(c, err)
		}
		return
	}
}

// identity is equal for equal content, or for the same error.
func identity(c *Config, err error) string {
	if err != nil {
		return "error " + err.Error()
	}
	var b strings.Builder
	for _, file := range slices.Sorted(maps.Keys(c.Digests)) {
		b.WriteString(file + "\x00" + c.Digests[file] + "\x00")
	}
	return b.String()
}

// follow watches the folders that the files lie in now. It says whether any is new.
func (w *watcher) follow() bool {
	w.points = map[string]bool{}
	folders := map[string]bool{}
	for _, f := range append([]string{w.absolute}, w.files...) {
		for _, p := range points(f) {
			w.points[p] = true
			folders[filepath.Dir(p)] = true
		}
	}
	old := map[string]bool{}
	for _, f := range w.notes.WatchList() {
		old[f] = true
		if !folders[f] {
			// It may be gone already, and the watch with it.
			_ = w.notes.Remove(f)
		}
	}
	more := false
	for f := range folders {
		w.points[f] = true // its removal ends the watch
		// A folder that cannot be watched is left to recheck.
		if !old[f] && w.notes.Add(f) == nil {
			more = true
		}
	}
	return more
}
