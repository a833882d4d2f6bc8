package dnssec

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/fedns/fedns/dnsserver/dnsname"
)

// syncDelay is how long after a KSK's birth the parent is told of it: until
// then every cache has met its DNSKEY (RFC 7583 §3.3.1), whose TTL is shorter.
const syncDelay = 24 * time.Hour

// Generate makes a key of algorithm 13 or 15 for apex and writes its two files
// to dir, which must exist. It is published and signs from now on; one with SEP
// is told to the parent by CDS a day later. Without SEP it is a ZSK.
//
// The private file has mode 0600. Both files are on disk when Generate returns;
// each appears whole or not at all, the private one first.
func Generate(dir string, apex dnsname.Name, alg uint8, sep bool, now time.Time) (Key, error) {
	flags := flagZone
	now = now.UTC().Truncate(time.Second)
	when := Timing{Created: now, Publish: now, Activate: now}
	if sep {
		flags |= flagSEP
		when.SyncPublish = now.Add(syncDelay)
	}
	for {
		private, err := newPrivate(alg)
		if err != nil {
			return Key{}, fmt.Errorf("key for %s: %w", apex, err)
		}
		k, err := newKey(apex, alg, flags, private, when)
		if err != nil {
			return Key{}, fmt.Errorf("key for %s: %w", apex, err)
		}
		path := filepath.Join(dir, k.String())
		if taken(path) {
			continue // two keys with one tag cost validators time (RFC 4035 §5.3.1)
		}
		return k, k.write(path)
	}
}

// taken says that one of the files of a key with this name is there.
func taken(path string) bool {
	for _, suffix := range []string{".key", ".private"} {
		if _, err := os.Lstat(path + suffix); !errors.Is(err, fs.ErrNotExist) {
			return err == nil // what else is wrong the writing tells
		}
	}
	return false
}

func (k Key) write(path string) error {
	raw, err := privateBytes(k.private)
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	private := privateFile{k.Algorithm(), raw, k.Timing}
	if err := writeFile(path+".private", private.String(), 0o600); err != nil {
		return err
	}
	return writeFile(path+".key", publicText(k), 0o644)
}

// writeFile writes a file that is there whole, and on disk, or not at all.
func writeFile(path, text string, mode fs.FileMode) (err error) {
	dir := filepath.Dir(path)
	f, err := os.CreateTemp(dir, ".new-*") // mode 0600
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, f.Close(), os.Remove(f.Name()))
		}
	}()
	if _, err = f.WriteString(text); err != nil {
		return err
	}
	if err = f.Chmod(mode); err != nil {
		return err
	}
	if err = f.Sync(); err != nil {
		return err
	}
	if err = os.Rename(f.Name(), path); err != nil {
		return err
	}
	return errors.Join(f.Close(), syncDir(dir))
}

// syncDir puts the directory's entries on disk.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
