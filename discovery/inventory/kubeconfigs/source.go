package kubeconfigs

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/fsnotify/fsnotify"

	"github.com/fedns/fedns/discovery/cluster"
	"github.com/fedns/fedns/discovery/inventory"
)

// Which contexts of a kubeconfig are clusters.
const (
	Current = "current"
	All     = "all"
)

const (
	// settle is how long files have to be left alone before they are read: a file
	// that is gone may be on its way back, and one that has become shorter in place on
	// its way to be written, by whom nobody knows how fast.
	settle     = time.Second
	settleMost = 3 * time.Second
	// recheck is how often they are read without an event: as often as kubeconfigs
	// are looked at for changed credentials.
	recheck = 10 * time.Second
)

// Config says which files are read. One of File and Dir is required.
type Config struct {
	File, Dir string
	Contexts  string // Current or All. Defaults to All for a file, Current for a folder
	AllowExec bool   // kubeconfigs may run commands for credentials
	HoldShare float64
}

// Source follows kubeconfig files; see inventory.Source.
type Source struct {
	cfg   Config
	table *inventory.Table

	self  os.FileInfo // of the folder, when it was read last
	known int         // files in it then
	state cluster.State
	once  bool // everything was read once
}

var _ inventory.Source = (*Source)(nil)

// New prepares a Source; it looks at nothing.
func New(cfg Config) *Source {
	if cfg.Contexts == "" {
		cfg.Contexts = Current
		if cfg.File != "" {
			cfg.Contexts = All
		}
	}
	return &Source{cfg: cfg, table: inventory.NewTable(cfg.HoldShare), state: cluster.State{Phase: cluster.Syncing, Since: time.Now()}}
}

// Run implements inventory.Source. It returns an error only where the system has
// no way to watch files left.
func (s *Source) Run(ctx context.Context, up chan<- inventory.List) error {
	notes, err := fsnotify.NewWatcher()
	if err != nil {
		return fmt.Errorf("watch %s: %w", s.where(), err)
	}
	defer notes.Close()
	timer := time.NewTimer(0) // the first look is now
	defer timer.Stop()
	var first time.Time // event since the last look
	removed := map[string]bool{}
	for {
		select {
		case <-ctx.Done():
			return nil
		case e := <-notes.Events:
			if e.Has(fsnotify.Remove) || e.Has(fsnotify.Rename) {
				removed[e.Name] = true
			}
			if first.IsZero() {
				first = time.Now()
			}
			timer.Reset(max(0, min(settle, settleMost-time.Since(first))))
		case <-notes.Errors: // the kernel's queue ran over: something has changed
			timer.Reset(settle)
		case <-timer.C:
			first = time.Time{}
			// Adding it before reading leaves no gap; a folder that is not there yet, or
			// a watch that is lost, is left to recheck.
			_ = notes.Add(s.folder())
			s.look(removed)
			clear(removed)
			select {
			case up <- s.list():
			case <-ctx.Done():
				return nil
			}
			timer.Reset(recheck)
		}
	}
}

// where names what is read, for errors.
func (s *Source) where() string {
	if s.cfg.File != "" {
		return "kubeconfig " + s.cfg.File
	}
	return "folder " + s.cfg.Dir
}

// folder is what is watched: a file is often replaced by another one.
func (s *Source) folder() string {
	if s.cfg.File != "" {
		return filepath.Dir(s.cfg.File)
	}
	return s.cfg.Dir
}

// look reads everything. Files that were seen to be removed, and are, are gone
// for certain; of others that are missing the Table decides.
func (s *Source) look(removed map[string]bool) {
	paths, err := s.files()
	phase, reason := cluster.Live, ""
	if err != nil {
		phase, reason = cluster.Unreachable, fmt.Sprintf("%s: %v", s.where(), err)
	}
	if phase != s.state.Phase {
		s.state.Phase, s.state.Since = phase, time.Now()
	}
	s.state.Reason = reason
	if err != nil {
		return
	}
	s.state.LastSync = time.Now()
	s.once = true
	there := map[string]bool{}
	var all []inventory.Object
	for _, path := range paths {
		there[path] = true
		all = append(all, s.read(path))
	}
	for path := range removed {
		if !there[path] {
			s.table.Delete(kind, "kubeconfig "+path)
		}
	}
	s.table.Replace(kind, all, cluster.Missing)
}

const kind = "kubeconfig"

func (s *Source) list() inventory.List {
	l := inventory.List{State: s.state, Read: s.once}
	l.Members, l.Findings = s.table.Members()
	return l
}
