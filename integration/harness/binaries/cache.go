package binaries

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"time"
)

// Cache is the folder that built programs are kept in. It may be used
// concurrently, by several processes too.
type Cache struct {
	// Dir holds bin/. Defaults to $FEDNS_CACHE, then to fedns in the user's
	// cache directory.
	Dir string
	// Progress is told what is being built. Defaults to standard error.
	Progress io.Writer
}

// Path returns the file of a program, building it first when the cache lacks
// it, which takes minutes. It builds until ctx ends.
func (c Cache) Path(ctx context.Context, name string) (string, error) {
	p, err := find(name)
	if err != nil {
		return "", err
	}
	dir, err := c.dir()
	if err != nil {
		return "", err
	}
	file := filepath.Join(dir, "bin", p.file())
	if exists(file) {
		return file, nil
	}
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		return "", fmt.Errorf("make cache: %w", err)
	}
	release, err := lock(ctx, file+".lock")
	if err != nil {
		return "", err
	}
	defer release()
	if exists(file) {
		return file, nil // another process built it while we waited
	}
	return file, build(ctx, p, file, c.progress())
}

// Ensure builds what the cache lacks of these programs; with no names, of all.
func (c Cache) Ensure(ctx context.Context, names ...string) error {
	if len(names) == 0 {
		names = Names()
	}
	for _, name := range names {
		if _, err := c.Path(ctx, name); err != nil {
			return err
		}
	}
	return nil
}

func (c Cache) dir() (string, error) {
	if c.Dir != "" {
		return c.Dir, nil
	}
	if dir := os.Getenv("FEDNS_CACHE"); dir != "" {
		return dir, nil
	}
	dir, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("find cache (set FEDNS_CACHE): %w", err)
	}
	return filepath.Join(dir, "fedns"), nil
}

func (c Cache) progress() io.Writer {
	if c.Progress == nil {
		return os.Stderr
	}
	return c.Progress
}

func exists(file string) bool {
	_, err := os.Stat(file)
	return !errors.Is(err, fs.ErrNotExist)
}

// lock takes the lock that a file stands for, waiting until ctx ends. The
// kernel gives it back when this process dies.
func lock(ctx context.Context, file string) (release func(), err error) {
	f, err := os.OpenFile(file, os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return nil, fmt.Errorf("open lock: %w", err)
	}
	tick := time.NewTicker(200 * time.Millisecond)
	defer tick.Stop()
	for {
		err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if err == nil {
			// The file stays: removing it would let a third process lock a new
			// one while a second still waits for this.
			return func() { f.Close() }, nil
		}
		if !errors.Is(err, syscall.EWOULDBLOCK) && !errors.Is(err, syscall.EINTR) {
			f.Close()
			return nil, fmt.Errorf("lock %s: %w", file, err)
		}
		select {
		case <-ctx.Done():
			f.Close()
			return nil, fmt.Errorf("wait for another process that builds %s: %w", file, ctx.Err())
		case <-tick.C:
		}
	}
}
