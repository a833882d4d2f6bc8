package zonefile

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/fedns/fedns/dnsserver/dnsname"
	"github.com/fedns/fedns/dnsserver/zone"
	rfc1035 "github.com/fedns/fedns/dnsserver/zonefile"
	"github.com/fedns/fedns/providers/hosted"
)

// content is what the file holds, and the octets that say so.
type content struct {
	snapshot *zone.Snapshot // nil: the file was never read
	sum      [sha256.Size]byte
	missing  bool
}

// mode of a new file: whoever serves it reads it.
const mode = 0o644

// attempts bounds how often a file is read again that changes while it is read.
const attempts = 3

// read takes the file in, if it is not as it was. z.mu is held. What cannot be
// read leaves what was known, and an error.
func (z *Zone) read() error {
	for range attempts {
		octets, err := os.ReadFile(z.cfg.File)
		if errors.Is(err, fs.ErrNotExist) {
			return z.begin()
		}
		if err != nil {
			return fmt.Errorf("zone file: %w", err)
		}
		sum := sha256.Sum256(octets)
		if z.now.snapshot != nil && !z.now.missing && sum == z.now.sum {
			return nil
		}
		if err := ours(z.cfg.File, octets); err != nil {
			return err
		}
		snapshot, err := z.parse(z.cfg.File)
		if err != nil {
			return err
		}
		// The parser has read the file by itself: was it the same?
		if again, err := os.ReadFile(z.cfg.File); err == nil && bytes.Equal(octets, again) {
			z.now = content{snapshot: snapshot, sum: sum}
			return nil
		}
	}
	return fmt.Errorf("zone file %s: it changes while it is read", z.cfg.File)
}

// begin is a file that is not there yet.
func (z *Zone) begin() error {
	if z.now.snapshot != nil && z.now.missing {
		return nil
	}
	snapshot, err := z.fresh()
	if err != nil {
		return err
	}
	z.now = content{snapshot: snapshot, missing: true}
	return nil
}

// ours refuses a file that somebody else wrote: it would lose its comments and its
// form, or more.
func ours(file string, octets []byte) error {
	if !bytes.HasPrefix(octets, []byte(mark)) {
		return fmt.Errorf("zone file %s: its first line does not begin with %q: fedns has not written it and does not touch it", file, mark)
	}
	if bytes.Contains(octets, []byte("\n$INCLUDE")) {
		return fmt.Errorf("zone file %s: it has $INCLUDE, which would be lost", file)
	}
	return nil
}

// check reads a zone file as a name server would.
func (z *Zone) check(file string) (*rfc1035.Set, error) {
	return rfc1035.Config{RequireSOA: true, MaxBytes: z.cfg.MaxBytes}.Read(z.cfg.Apex, file)
}

// parse reads a zone file into a Snapshot.
func (z *Zone) parse(file string) (*zone.Snapshot, error) {
	set, err := z.check(file)
	if err != nil {
		return nil, fmt.Errorf("zone file: %w", err)
	}
	b := zone.NewZone(z.cfg.Apex)
	for _, r := range set.RRsets {
		b.Set(r)
	}
	snapshot, _, err := b.Build()
	if err != nil {
		return nil, fmt.Errorf("zone file %s: %w", file, err)
	}
	return snapshot, nil
}

// write puts a Snapshot, which b leads to, in the file's place. z.mu and the lock are held. Until the
// rename nothing has changed.
func (z *Zone) write(next *zone.Snapshot, b hosted.Batch) error {
	octets := text(next)
	part, err := z.put(octets)
	if err != nil {
		return fmt.Errorf("zone file: %w", err)
	}
	defer os.Remove(part) //nolint:errcheck // it is gone when it was renamed
	if _, err := z.check(part); err != nil {
		return unreadable(err, b)
	}
	if err := z.unchanged(); err != nil {
		return err
	}
	if err := os.Rename(part, z.cfg.File); err != nil {
		return fmt.Errorf("zone file: %w", err)
	}
	z.now = content{snapshot: next, sum: sha256.Sum256(octets)}
	if err := syncFolder(filepath.Dir(z.cfg.File)); err != nil {
		return fmt.Errorf("zone file: %w", err)
	}
	return nil
}

// put writes octets to a file of another name, and has them on disk.
func (z *Zone) put(octets []byte) (part string, err error) {
	f, err := os.CreateTemp(filepath.Dir(z.cfg.File), filepath.Base(z.cfg.File)+".part*")
	if err != nil {
		return "", err
	}
	_, err = f.Write(octets)
	perm := fs.FileMode(mode)
	if about, statErr := os.Stat(z.cfg.File); statErr == nil {
		perm = about.Mode().Perm()
	}
	err = errors.Join(err, f.Chmod(perm), f.Sync(), f.Close())
	if err != nil {
		return "", errors.Join(err, os.Remove(f.Name()))
	}
	return f.Name(), nil
}

// unchanged says that the file is still what the Batch was made on.
func (z *Zone) unchanged() error {
	octets, err := os.ReadFile(z.cfg.File)
	switch {
	case errors.Is(err, fs.ErrNotExist) && z.now.missing:
		return nil
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("zone file: %w", err)
	case err == nil && !z.now.missing && sha256.Sum256(octets) == z.now.sum:
		return nil
	}
	return fmt.Errorf("zone file %s: %w", z.cfg.File, hosted.ErrConflict)
}

// unreadable is a Batch whose outcome no name server would load.
func unreadable(err error, b hosted.Batch) error {
	refused := &hosted.RefusedError{Reason: err.Error()}
	var bad *rfc1035.Error
	if errors.As(err, &bad) {
		refused.Reason = bad.Problem
		owner, nameErr := dnsname.Parse(bad.Owner)
		if typ, ok := rfc1035.ParseType(bad.Type); ok && nameErr == nil {
			refused.Key = blamed(b, hosted.Key{Owner: owner, Type: typ})
		}
	}
	return refused
}

func syncFolder(path string) error {
	dir, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}
