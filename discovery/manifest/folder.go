package manifest

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// settle is for how long a file has to stay as it is before what it no longer
// holds counts as gone. Editors and copies truncate first and write then; that
// takes milliseconds.
const settle = 250 * time.Millisecond

// fresh is how young a file's modification time may be for its size and time
// not to prove that it is unchanged: clocks of file systems tick that coarsely.
const fresh = 2 * time.Second

// maxLogged bounds what is logged of one file at once.
const maxLogged = 20

// folder is what is known of the manifests of one folder. It belongs to one
// goroutine.
type folder struct {
	dir  string
	log  *slog.Logger
	self os.FileInfo // of dir when it was last read
	file map[string]*file
	told map[string]bool // duplicates that were logged and still stand

	changes int // counts changes to what objects returns
}

// file is one manifest.
type file struct {
	path    string
	info    os.FileInfo // when content was last read
	read    time.Time
	sum     [sha256.Size]byte // of that content
	objects []object          // of the last good content
	ignored int
	good    bool      // there was good content once
	faults  []error   // what is wrong with it now
	changed bool      // objects differ since this was last reset
	shrinks time.Time // since when it no longer holds all objects; zero: it holds them
}

func newFolder(dir string, log *slog.Logger) *folder {
	return &folder{dir: dir, log: log, file: map[string]*file{}}
}

// read brings the folder up to date. again says that it wants to be called
// after settle, for something seems to be gone. An error means that the folder
// cannot be seen; what is known stands.
func (f *folder) read() (again bool, err error) {
	self, err := os.Stat(f.dir)
	if err != nil {
		return false, trimmed(err)
	}
	entries, err := os.ReadDir(f.dir)
	if err != nil {
		return false, trimmed(err)
	}
	names := map[string]bool{}
	for _, e := range entries {
		if name := e.Name(); !strings.HasPrefix(name, ".") && slices.Contains([]string{".yaml", ".yml", ".json"}, filepath.Ext(name)) {
			names[name] = true
		}
	}
	if f.self != nil && !os.SameFile(f.self, self) && len(names) == 0 && len(f.file) > 0 {
		return false, errors.New("it is suddenly another folder, and empty; not mounted?")
	}
	f.self = self
	now := time.Now()
	for name := range names {
		if f.file[name] == nil {
			f.file[name] = &file{path: filepath.Join(f.dir, name)}
		}
	}
	for name, file := range f.file {
		waits, gone := file.update(now, names[name], f.log)
		again = again || waits
		if gone {
			delete(f.file, name)
		}
		if gone || file.changed {
			file.changed = false
			f.changes++
		}
	}
	return again, nil
}

// update reads the file if it may have changed. gone: it is not there any more.
func (f *file) update(now time.Time, listed bool, log *slog.Logger) (again, gone bool) {
	info, err := os.Stat(f.path)
	if !listed || errors.Is(err, fs.ErrNotExist) {
		if f.settling(now) {
			return true, false
		}
		return false, true
	}
	if err == nil && info.IsDir() {
		return false, true
	}
	if err == nil && f.unchanged(info) {
		return false, false
	}
	var content []byte
	switch {
	case err != nil:
	case !info.Mode().IsRegular(): // opening a pipe would wait for a writer, and so would the end of Run
		err = fmt.Errorf("%s: is %s, want a regular file", f.path, info.Mode().Type())
	default:
		content, err = os.ReadFile(f.path)
	}
	if err != nil {
		if len(f.faults) != 1 || f.faults[0].Error() != err.Error() {
			log.Error("manifest cannot be read; its last good content stands", "error", err)
		}
		f.faults, f.info = []error{err}, nil
		return false, false
	}
	sum := sha256.Sum256(content)
	if f.info != nil && sum == f.sum && f.shrinks.IsZero() {
		f.info, f.read = info, now
		return false, false
	}
	return f.take(content, sum, info, now, log), false
}

// unchanged says that reading the file again would give what it gave.
func (f *file) unchanged(info os.FileInfo) bool {
	return f.info != nil && f.shrinks.IsZero() && os.SameFile(f.info, info) &&
		f.info.Size() == info.Size() && f.info.ModTime().Equal(info.ModTime()) && f.read.Sub(info.ModTime()) > fresh
}

// take makes content the file's, unless it is malformed or has to settle.
func (f *file) take(content []byte, sum [sha256.Size]byte, info os.FileInfo, now time.Time, log *slog.Logger) (again bool) {
	if sum != f.sum {
		f.shrinks = time.Time{} // the file changed again: what is gone is counted from now
	}
	known := f.info != nil && sum == f.sum
	f.info, f.read, f.sum = info, now, sum
	objects, ignored, findings := parse(f.path, content)
	if len(findings) > 0 {
		f.faults, f.shrinks = nil, time.Time{}
		for i, finding := range findings {
			f.faults = append(f.faults, finding)
			if !known && i < maxLogged {
				log.Error("manifest is malformed; its last good content stands", "error", finding)
			}
		}
		return false
	}
	if f.good && lacks(objects, f.objects) && f.settling(now) {
		return true
	}
	f.objects, f.ignored, f.good, f.faults, f.shrinks, f.changed = objects, ignored, true, nil, time.Time{}, true
	return false
}

// settling says that something is gone, but not for long enough to believe it.
func (f *file) settling(now time.Time) bool {
	if f.shrinks.IsZero() {
		f.shrinks = now
	}
	return f.good && now.Sub(f.shrinks) < settle
}

func lacks(objects, before []object) bool {
	ids := map[string]bool{}
	for _, o := range objects {
		ids[o.id] = true
	}
	return slices.ContainsFunc(before, func(o object) bool { return !ids[o.id] })
}

// unknown is the fault of a file that never was good, so that it is not known
// what it holds; nil when there is none.
func (f *folder) unknown() error {
	for _, file := range f.inOrder() {
		if !file.good && len(file.faults) > 0 {
			return file.faults[0]
		}
	}
	return nil
}

// inOrder is every file, by name.
func (f *folder) inOrder() []*file {
	var out []*file
	for _, name := range slices.Sorted(maps.Keys(f.file)) {
		out = append(out, f.file[name])
	}
	return out
}

// ignored counts the objects of kinds that do not count.
func (f *folder) ignored() (n int) {
	for _, file := range f.file {
		n += file.ignored
	}
	return n
}

// moved says that dir is not the folder any more that was last read.
func (f *folder) moved() bool {
	now, err := os.Stat(f.dir)
	return err != nil || f.self != nil && !os.SameFile(f.self, now)
}

// exists says that there is something at dir.
func (f *folder) exists() bool {
	_, err := os.Stat(f.dir)
	return err == nil
}

// objects are those that count, in order of file name and place. Of several
// with one name the first stays; that is logged once, and once more after it
// was mended and came back.
func (f *folder) objects() (out []object, findings []*Finding) {
	type place struct {
		path string
		line int
	}
	first := map[string]place{}
	told := map[string]bool{}
	for _, file := range f.inOrder() {
		for _, o := range file.objects {
			at, double := first[o.id]
			if !double {
				first[o.id] = place{file.path, o.line}
				out = append(out, o)
				continue
			}
			finding := &Finding{File: file.path, Line: o.line, Object: o.id, Problem: fmt.Sprintf("want this object once; it is at %s:%d already, which stays", at.path, at.line)}
			findings = append(findings, finding)
			told[finding.Error()] = true
			if !f.told[finding.Error()] {
				f.log.Error("manifest holds an object that another one holds", "error", finding)
			}
		}
	}
	f.told = told
	return out, findings
}

// trimmed leaves the path out of err, which whoever shows it names anyway.
func trimmed(err error) error {
	var p *fs.PathError
	if errors.As(err, &p) {
		return p.Err
	}
	return err
}
