package manifest

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"slices"
	"syscall"
	"time"

	"github.com/fedns/fedns/discovery/guarantee"
)

const (
	// settle is for how long a file has to stay as it is before what it no
	// longer holds counts as gone. Editors and copies truncate first and write
	// then; that takes milliseconds.
	settle = 250 * time.Millisecond

	// settleInPlace is settle for a file that is written in place, by whom nobody
	// knows how fast. One that another was put in the place of is whole at once.
	settleInPlace = time.Second

	// maxSettle is how long a file that never stays as it is may put that off.
	maxSettle = 2 * time.Second

	// fresh is how young a file's modification time may be for its size and
	// time not to prove that it is unchanged: clocks of file systems tick that
	// coarsely.
	fresh = 2 * time.Second

	// maxFile bounds a file, in bytes: ten thousand Services with all that
	// belongs to them are a tenth of it, and parsing takes a multiple of it.
	maxFile = 64 << 20

	// maxLogged bounds what is logged of one file at once.
	maxLogged = 20
)

// file is one manifest.
type file struct {
	path    string
	info    os.FileInfo // when content was last read; nil: it could not be
	read    time.Time
	sum     [sha256.Size]byte // of that content
	objects []object          // of the last good content
	goodIs  os.FileInfo       // the file that it was in
	ignored int
	good    bool      // there was good content once
	faults  []error   // what is wrong with it now
	changed bool      // objects differ since this was last reset
	missing time.Time // since when there is nothing of its name; zero: there is
	loss    loss
}

// loss is what speaks for objects being gone that the file held. The zero loss:
// nothing does.
type loss struct {
	same  time.Time       // since when the content that lacks them is the same; zero: it lacks none, or says nothing
	since time.Time       // since when every content that holds any lacked some
	last  time.Time       // when such content was read last
	seen  map[string]bool // objects that one of those contents held
}

// update reads the file if it may have changed. listed says that the folder's
// listing has it. again asks for another update after settle. gone: it is not
// there any more; what merely cannot be read is a fault, and what it held stands.
func (f *file) update(now time.Time, listed bool, log *slog.Logger) (again, gone bool) {
	self, err := os.Lstat(f.path)
	if !errors.Is(err, fs.ErrNotExist) {
		f.missing = time.Time{}
	} else {
		if f.missing.IsZero() {
			f.missing = now
		}
		settled := now.Sub(f.missing) >= settle
		switch {
		case !listed && (settled || !f.good):
			return false, true
		case !settled:
			return true, false
		}
	}
	info, err := os.Stat(f.path)
	if err == nil && f.unchanged(info) {
		return false, false
	}
	var content []byte
	if err == nil {
		content, info, err = load(f.path, info)
	} else if self != nil && self.Mode().Type() == fs.ModeSymlink {
		to, _ := os.Readlink(f.path)
		err = fmt.Errorf("%s: link to %s: %w", f.path, to, trimmed(err))
	}
	if err != nil {
		return f.unreadable(err, log), false
	}
	sum := sha256.Sum256(content)
	if f.info != nil && sum == f.sum && f.loss.same.IsZero() {
		f.info, f.read = info, now
		return false, false
	}
	return f.take(content, sum, info, now, log), false
}

// load reads a file that looked as info a moment ago. What is no regular file is
// not opened: a pipe would wait for a writer, and so would the end of Run.
func load(path string, info os.FileInfo) ([]byte, os.FileInfo, error) {
	if err := acceptable(path, info); err != nil {
		return nil, nil, err
	}
	in, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0) // it may be a pipe by now
	if err != nil {
		return nil, nil, err
	}
	defer in.Close()
	if info, err = in.Stat(); err != nil {
		return nil, nil, err
	}
	if err := acceptable(path, info); err != nil {
		return nil, nil, err
	}
	content, err := io.ReadAll(io.LimitReader(in, maxFile+1)) // it may grow, or not know its size
	if err == nil && len(content) > maxFile {
		err = tooLarge(path, int64(len(content)))
	}
	return content, info, err
}

func acceptable(path string, info os.FileInfo) error {
	switch {
	case !info.Mode().IsRegular():
		return fmt.Errorf("%s: is %s, want a regular file", path, info.Mode().Type())
	case info.Size() > maxFile:
		return tooLarge(path, info.Size())
	}
	return nil
}

func tooLarge(path string, size int64) error {
	return fmt.Errorf("%s: holds %d bytes or more, want at most %d (%d MiB)", path, size, maxFile, maxFile>>20)
}

// stands says for the log what holds in place of a file that is no good.
func (f *file) stands() string {
	if f.good {
		return "its last good content"
	}
	return "nothing, it was never good"
}

// unreadable takes err as the one fault of the file. Whoever replaces a link's
// target is done in a moment: again is true when the fault is new.
func (f *file) unreadable(err error, log *slog.Logger) (again bool) {
	again = len(f.faults) != 1 || f.faults[0].Error() != err.Error()
	if again {
		log.Error("manifest cannot be read", "stands", f.stands(), "error", err)
	}
	f.faults, f.info, f.loss.same = []error{err}, nil, time.Time{}
	return again
}

// unchanged says that reading the file again would give what it gave.
func (f *file) unchanged(info os.FileInfo) bool {
	return f.info != nil && f.loss.same.IsZero() && os.SameFile(f.info, info) &&
		f.info.Size() == info.Size() && f.info.ModTime().Equal(info.ModTime()) && f.read.Sub(info.ModTime()) > fresh
}

// take makes content the file's, unless it is malformed or has to settle.
func (f *file) take(content []byte, sum [sha256.Size]byte, info os.FileInfo, now time.Time, log *slog.Logger) (again bool) {
	if sum != f.sum {
		f.loss.same = time.Time{} // the file changed again: what is gone is counted from now
	}
	f.info, f.read, f.sum = info, now, sum
	objects, ignored, findings := parse(f.path, content)
	if len(findings) > 0 && guarantee.Holds(guarantee.LastGoodFileStands) {
		f.malformed(findings, log)
		return false
	}
	kept, again := f.lost(objects, now)
	if again && kept == nil {
		return true
	}
	f.goodIs = info
	f.objects, f.ignored, f.good, f.faults, f.changed = append(objects, kept...), ignored, true, nil, true
	return again
}

// malformed logs what of findings was not known before.
func (f *file) malformed(findings []*Finding, log *slog.Logger) {
	known := map[string]bool{}
	for _, fault := range f.faults {
		known[fault.Error()] = true
	}
	f.faults, f.loss.same = nil, time.Time{}
	for i, finding := range findings {
		f.faults = append(f.faults, finding)
		if i < maxLogged && !known[finding.Error()] {
			log.Error("manifest is malformed", "stands", f.stands(), "error", finding)
		}
	}
}

// lost decides about objects that the file held and that now, just read, lacks.
//
//	lacks none                       now is taken
//	has been the same for a while    now is taken: they are gone
//	lacks some, changes all the time now waits (again, kept is nil), for maxSettle at the most;
//	                                 then it is taken, beside those that were seen meanwhile (kept)
//
// A file that holds none while it changes is one being written, and says nothing.
func (f *file) lost(now []object, at time.Time) (kept []object, again bool) {
	lacks := lacking(now, f.objects)
	if !f.good || len(lacks) == 0 {
		f.loss = loss{}
		return nil, false
	}
	l := &f.loss
	if l.same.IsZero() {
		l.same = at
	}
	if at.Sub(l.same) >= f.settles() {
		f.loss = loss{}
		return nil, false
	}
	if len(now) == 0 {
		return nil, true
	}
	if l.since.IsZero() || at.Sub(l.last) > maxSettle { // what was read long ago says nothing of now
		l.since, l.seen = at, map[string]bool{}
	}
	l.last = at
	for _, o := range now {
		l.seen[o.id] = true
	}
	if at.Sub(l.since) < maxSettle {
		return nil, true
	}
	kept = slices.DeleteFunc(lacks, func(o object) bool { return !l.seen[o.id] })
	if len(kept) == 0 {
		f.loss = loss{}
		return nil, false
	}
	l.since, l.seen = at, map[string]bool{}
	return kept, true
}

// settles is how long the file has to stay as it is now.
func (f *file) settles() time.Duration {
	if f.goodIs != nil && os.SameFile(f.goodIs, f.info) {
		return settleInPlace
	}
	return settle
}

// lacking are the objects of before that now does not hold.
func lacking(now, before []object) (out []object) {
	ids := map[string]bool{}
	for _, o := range now {
		ids[o.id] = true
	}
	for _, o := range before {
		if !ids[o.id] {
			out = append(out, o)
		}
	}
	return out
}
