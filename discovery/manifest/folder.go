package manifest

import (
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

// maxFaults is how many of a folder's faults are told with the cluster's state.
const maxFaults = 20

// lines tells what is wrong with the manifests, the first of it, a line each.
func (f *folder) lines(most int) []string {
	var all []string
	more := 0
	for _, file := range f.inOrder() {
		for _, fault := range file.faults {
			if len(all) < most {
				all = append(all, strings.ReplaceAll(fault.Error(), "\n", " "))
			} else {
				more++
			}
		}
	}
	if more > 0 {
		all = append(all, fmt.Sprintf("and %d more", more))
	}
	return all
}
