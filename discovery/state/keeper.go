package state

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/fedns/fedns/discovery/cluster"
)

// Config is how a Keeper keeps.
type Config struct {
	// Beside says that another process writes into the folder until it ends. Until
	// then it is only read.
	Beside bool
	// Old says that more was known than could be kept: what is read is not Whole.
	Old bool
	// Every is how long changes are gathered before they are written. Defaults to 1 s
	Every time.Duration
	Log   *slog.Logger // Defaults to slog.Default()
}

// retryMax is the longest wait until writing that failed is tried again.
const retryMax = time.Minute

// spareMarks is how many more Groups may be marked than there were at the last
// write. Past that everything is written anew, which then takes no more.
const spareMarks = 4096

// Keeper keeps what is known in a folder. Its methods may be called from any
// goroutine.
type Keeper struct {
	cfg   Config
	disk  Disk
	files fs.FS
	lock  locker
	log   *slog.Logger

	flushes chan chan error // who waits until all is written

	mu     sync.Mutex // of what follows
	known  *Known     // until Restore
	marks  map[Ref]struct{}
	bound  int // of marks
	anew   bool
	stats  Stats
	faulty bool // and it was logged

	writer writer // of Run's goroutine
}

// Stats are numbers for metrics. Unsigned ones only grow.
type Stats struct {
	Bytes     int64  // of the files in use
	Restored  int    // Groups read at the start
	Damaged   int64  // octets of what was kept that could not be read at the start
	Errors    uint64 // writes that failed
	LastWrite time.Time
	Fault     string // why nothing can be written now; empty: all is well
}

// ErrHeld says that another process writes into the folder.
var ErrHeld = errors.New("it is in use by another process")

// Open reads what a folder holds, and makes it when it is not there. It blocks
// for as long as that takes. The error is ErrHeld when another process writes
// there and Config.Beside was not set. What else is wrong is logged, told by Stats
// and tried again: what could not be read is missing from Restore.
func Open(dir string, cfg Config) (*Keeper, error) {
	lock := &fileLock{path: filepath.Join(dir, "lock")}
	if err := os.MkdirAll(dir, 0o700); err != nil { // told again by what is done next
		cfg.log().Warn("folder for what is last known cannot be made", "dir", dir, "error", err)
	}
	return open(folder(dir), os.DirFS(dir), lock, cfg)
}

func (c Config) log() *slog.Logger { return cmp.Or(c.Log, slog.Default()) }

func open(disk Disk, files fs.FS, lock locker, cfg Config) (*Keeper, error) {
	cfg.Every = cmp.Or(cfg.Every, time.Second)
	k := &Keeper{
		cfg: cfg, disk: disk, files: files, lock: lock, log: cfg.log(),
		flushes: make(chan chan error), marks: map[Ref]struct{}{}, bound: spareMarks,
	}
	if !cfg.Beside {
		err := k.own()
		if errors.Is(err, ErrHeld) {
			return nil, err
		}
		k.failed(err)
	}
	f, err := load(files)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		f = &found{known: Known{}}
		k.failed(fmt.Errorf("read what was kept: %w", err))
	}
	for _, line := range f.tell {
		k.log.Warn("what was kept of the clusters is not all good", "file", line)
	}
	f.known.Whole = f.known.Whole && !cfg.Old
	k.writer.begin(f)
	k.known = &f.known
	k.stats.Bytes = f.base + f.since
	k.stats.Damaged = f.lost
	for _, c := range f.known.Clusters {
		k.stats.Restored += len(c.Groups)
	}
	k.bound += k.stats.Restored
	return k, nil
}

// own makes this process the one that writes.
func (k *Keeper) own() error {
	if k.writer.owner {
		return nil
	}
	if err := k.lock.take(); err != nil {
		return err
	}
	k.writer.owner = true
	return nil
}

// Restore is what was kept before Open, once; after that it is nothing.
func (k *Keeper) Restore() Known {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.known == nil {
		return Known{}
	}
	known := *k.known
	k.known = nil
	return known
}

// Changed says that a cluster's Group is another one, or gone: what it is then
// will be written within a second or so. It does not block.
func (k *Keeper) Changed(id cluster.ID, key cluster.ServiceKey) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.mark(Ref{id, key})
}

func (k *Keeper) mark(r Ref) {
	switch {
	case k.anew:
	case len(k.marks) < k.bound:
		k.marks[r] = struct{}{}
	default: // so much changed that all may be written
		k.marks, k.anew = map[Ref]struct{}{}, true
	}
}

// Flush returns when all that was changed before is on disk, or cannot be
// written: that is the error. Without Run it waits for ctx.
func (k *Keeper) Flush(ctx context.Context) error {
	done := make(chan error, 1)
	select {
	case k.flushes <- done:
	case <-ctx.Done():
		return fmt.Errorf("state was not written in time: %w", ctx.Err())
	}
	return <-done
}

// Stats are the numbers as they stand.
func (k *Keeper) Stats() Stats {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.stats
}

// failed tells that nothing can be written, once until it can be again; nil
// tells that it can.
func (k *Keeper) failed(err error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	switch {
	case err == nil && k.faulty:
		k.faulty, k.stats.Fault = false, ""
		k.log.Info("what is known of the clusters is kept on disk again")
	case err != nil:
		k.stats.Errors++
		k.stats.Fault = err.Error()
		if !k.faulty {
			k.log.Error("what is known of the clusters cannot be kept on disk; it will be tried again", "error", err)
		}
		k.faulty = true
	}
}
