package state

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// Disk is one folder to write into. Its methods may block, and are called by one
// goroutine at a time. What was written, renamed or removed is sure to outlive a
// crash only after the file's Sync, or the folder's.
type Disk interface {
	// Create begins a file, which takes the place of one that has the name.
	Create(name string) (File, error)
	Rename(from, to string) error
	// Remove takes a file away; that there is none is an error of fs.ErrNotExist.
	Remove(name string) error
	// Sync makes a file outlive a crash that somebody else may have written; ".": the
	// names of all files.
	Sync(name string) error
}

// File is a file that is being written, front to back.
type File interface {
	io.WriteCloser
	Sync() error
}

// folder is a Disk of the operating system.
type folder string

func (f folder) path(name string) string { return filepath.Join(string(f), name) }

// Create implements Disk.
func (f folder) Create(name string) (File, error) {
	return os.OpenFile(f.path(name), os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
}

// Rename implements Disk.
func (f folder) Rename(from, to string) error { return os.Rename(f.path(from), f.path(to)) }

// Remove implements Disk.
func (f folder) Remove(name string) error { return os.Remove(f.path(name)) }

// Sync implements Disk.
func (f folder) Sync(name string) error {
	file, err := os.Open(f.path(name))
	if err != nil {
		return err
	}
	return errors.Join(file.Sync(), file.Close())
}

// removed removes a file that may be gone already.
func removed(d Disk, name string) error {
	if err := d.Remove(name); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}
