//go:build unix

package zonefile

import (
	"errors"
	"fmt"
	"os"
	"syscall"

	"github.com/fedns/fedns/providers/hosted"
)

// lockFile locks other writers out until the file is closed. The kernel takes the
// lock away from a process that ends, however it ends. Nobody waits: who holds it
// is making a Batch, and the one that comes later is likely in conflict.
func lockFile(path string) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("zone file: %w", err)
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		err = errors.Join(fmt.Errorf("zone file: %s: lock: %w", path, err), f.Close())
		if errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, &hosted.ThrottledError{Err: err}
		}
		return nil, err
	}
	return f, nil
}
