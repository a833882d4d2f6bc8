//go:build unix

package state

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
	"syscall"
)

// fileLock is a lock on a file, which the kernel takes away from a process that
// ends, however it ends. The file has the process's ID in it, for people.
type fileLock struct {
	path string
	file *os.File
}

func (l *fileLock) take() error {
	f, err := os.OpenFile(l.path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		defer f.Close()
		if errors.Is(err, syscall.EWOULDBLOCK) {
			who, _ := io.ReadAll(io.LimitReader(f, 20))
			return fmt.Errorf("%s: %w (process %s)", l.path, ErrHeld, strings.TrimSpace(string(who)))
		}
		return fmt.Errorf("%s: lock: %w", l.path, err)
	}
	if err := f.Truncate(0); err == nil { // only people read it
		_, _ = fmt.Fprintln(f, os.Getpid())
	}
	l.file = f
	return nil
}

func (l *fileLock) held() bool {
	there, err := os.Stat(l.path)
	if err != nil {
		return !errors.Is(err, fs.ErrNotExist)
	}
	ours, err := l.file.Stat()
	return err != nil || os.SameFile(ours, there)
}

func (l *fileLock) release() {
	if l.file != nil {
		_ = l.file.Close()
		l.file = nil
	}
}
