package zonefile

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/fedns/fedns/dnsserver/dnsname"
	"github.com/fedns/fedns/dnsserver/zone"
	"github.com/fedns/fedns/providers/hosted"
)

// Config says which file, and what is in it before anything was written.
type Config struct {
	Apex dnsname.Name // required
	// File is the file's path. Its folder must be there. Beside it come to lie
	// File.lock and, while a Batch is made, a temporary file.
	File string
	// NameServers are the NS records of a new file, and the first its SOA's primary
	// server. Defaults to ns.invalid (RFC 2606), which BIND loads, where it would
	// refuse a name of the zone without addresses. Who serves the file may edit them:
	// fedns leaves them as they are.
	NameServers []dnsname.Name
	// Hostmaster is the mailbox in the SOA of a new file. Defaults to hostmaster below Apex.
	Hostmaster dnsname.Name
	// MaxBytes that the file may have to be read. Defaults to that of dnsserver/zonefile.
	MaxBytes int64
}

// Zone is a hosted.Zone. All its methods may be called concurrently.
type Zone struct {
	cfg Config

	mu  sync.Mutex
	now content // as it was read or written last
}

var _ hosted.Zone = (*Zone)(nil)

// New makes a Zone. The file is neither read nor written yet.
func New(cfg Config) (*Zone, error) {
	switch {
	case cfg.Apex.IsZero():
		return nil, errors.New("zonefile: no zone")
	case cfg.File == "":
		return nil, fmt.Errorf("zonefile: %s: no file", cfg.Apex)
	}
	if len(cfg.NameServers) == 0 {
		cfg.NameServers = []dnsname.Name{dnsname.MustParse("ns.invalid.")}
	}
	if cfg.Hostmaster.IsZero() {
		var err error
		if cfg.Hostmaster, err = cfg.Apex.Child("hostmaster"); err != nil {
			return nil, fmt.Errorf("zonefile: %s: hostmaster: %w", cfg.Apex, err)
		}
	}
	about, err := os.Stat(filepath.Dir(cfg.File))
	if err != nil {
		return nil, fmt.Errorf("zonefile: %s: %w", cfg.Apex, err)
	}
	if !about.IsDir() {
		return nil, fmt.Errorf("zonefile: %s: %s is no folder", cfg.Apex, filepath.Dir(cfg.File))
	}
	return &Zone{cfg: cfg}, nil
}

// Records are all that the file holds. Of a file that is not there yet it is the
// SOA and NS that it will have.
func (z *Zone) Records(ctx context.Context) ([]hosted.Entry, error) {
	now, err := z.look(ctx)
	if err != nil {
		return nil, err
	}
	var all []hosted.Entry
	for r := range now.All() {
		all = append(all, hosted.Simple(r))
	}
	return all, nil
}

// Read looks Entries up in the file.
func (z *Zone) Read(ctx context.Context, keys ...hosted.Key) ([]hosted.Entry, error) {
	now, err := z.look(ctx)
	if err != nil {
		return nil, err
	}
	var found []hosted.Entry
	for _, k := range keys {
		if r, ok := now.Lookup(k.Owner, k.Type); ok {
			found = append(found, hosted.Simple(r))
		}
	}
	return found, nil
}

// look reads the file unless it is as it was.
func (z *Zone) look(ctx context.Context) (*zone.Snapshot, error) {
	z.mu.Lock()
	defer z.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if err := z.read(); err != nil {
		return nil, err
	}
	return z.now.snapshot, nil
}

// Apply writes the file whole with the Batch made. What it says of a Batch that
// another writer is in the way of is *hosted.ThrottledError.
func (z *Zone) Apply(ctx context.Context, b hosted.Batch) (hosted.Receipt, error) {
	z.mu.Lock()
	defer z.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return "", err
	}
	lock, err := lockFile(z.cfg.File + ".lock")
	if err != nil {
		return "", err
	}
	defer lock.Close()
	if err := z.read(); err != nil {
		return "", err
	}
	next, err := z.change(b)
	if err != nil {
		return "", err
	}
	if next == z.now.snapshot {
		return "", nil
	}
	return "", z.write(next, b)
}

// change makes the Batch on what the file holds.
func (z *Zone) change(b hosted.Batch) (*zone.Snapshot, error) {
	edits := zone.NewBuilder(z.now.snapshot)
	// A file that was lost and begun again must not go back.
	edits.SerialFloor(uint32(time.Now().Unix()))
	seen := map[hosted.Key]bool{}
	for _, c := range b.Changes {
		k := c.Key()
		if why := refusal(c, seen[k]); why != "" {
			return nil, &hosted.RefusedError{Key: &k, Reason: why}
		}
		seen[k] = true
		have, ok := z.now.snapshot.Lookup(k.Owner, k.Type)
		if ok == c.Old.IsEmpty() || ok && !hosted.Simple(have).Equal(c.Old) {
			return nil, fmt.Errorf("%s: %w", hosted.KeyString(k), hosted.ErrConflict)
		}
		if c.New.IsEmpty() {
			edits.Delete(k)
		} else {
			edits.Set(c.New.Sets[0].Records)
		}
	}
	next, _, err := edits.Build()
	if invalid := (*zone.InvalidError)(nil); errors.As(err, &invalid) {
		return nil, &hosted.RefusedError{Key: blamed(b, invalid.Key), Reason: invalid.Reason}
	}
	return next, err
}

// blamed is the Change of a Batch that made k invalid: k's own, or another of its
// owner name, such as an address beside a CNAME; nil: none that is known.
func blamed(b hosted.Batch, k hosted.Key) *hosted.Key {
	var blamed *hosted.Key
	for _, c := range b.Changes {
		if key := c.Key(); key == k {
			return &key
		} else if key.Owner == k.Owner {
			blamed = &key
		}
	}
	return blamed
}

// Confirm is always so: what was written is there.
func (z *Zone) Confirm(ctx context.Context, _ hosted.Receipt) (bool, error) { return true, ctx.Err() }
