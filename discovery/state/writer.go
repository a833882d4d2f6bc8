package state

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"time"

	"github.com/fedns/fedns/discovery/cluster"
)

const (
	// chunk is how many octets are gathered before they are written to a file.
	chunk = 1 << 20
	// spare is how many octets may be written since a base beyond those in it,
	// before a new one is: a small state is not written anew for every few changes.
	spare = 4 << 20
	// maxSegments is how many files there may be before a new base is written: each
	// start begins one.
	maxSegments = 32
	// keepAside is how many files that were set aside are left for people.
	keepAside = 8
)

// writer is what Run alone has.
type writer struct {
	owner  bool // this process is the one that writes
	unread bool // the folder could not be read: what is in it is not known
	next   uint64
	good   uint64 // octets of the last segment that are surely on disk
	base   int64  // octets; 0: there is no base
	since  int64
	memos  map[cluster.ID]Memo // as they were written
	unsure map[cluster.ID]bool // clusters of which it is not known what was written
	names  []string            // of base and segments
	sure   int                 // so many of names are on disk as they were read
	stale  []string            // files that do not matter any more
	aside  map[string]string   // files to be set aside when a new base has taken their place, and why
	after  time.Time           // when a base that could not be written is tried again
	out    *output             // the segment being written; nil: none yet
}

// begin goes on from what a folder holds.
func (w *writer) begin(f *found) {
	w.next, w.good, w.base, w.since = f.last+1, f.good, f.base, f.since
	w.unread = f.known.Clusters == nil && len(f.newer) == 0
	w.memos, w.unsure = map[cluster.ID]Memo{}, map[cluster.ID]bool{}
	for id, c := range f.known.Clusters {
		w.memos[id] = c.Memo
	}
	w.names, w.sure, w.stale, w.aside = f.names, 0, f.stale, map[string]string{}
	for _, name := range f.damaged {
		w.aside[name] = corrupt
	}
	for _, name := range f.newer {
		w.aside[name] = newer
	}
}

// Why files are set aside, as it stands at the end of their names, before the time.
const (
	corrupt = "corrupt"
	newer   = "newer"
)

// Run writes what is marked until ctx is done, and once more then. It is called
// once at a time; what mem tells must have begun with what Restore gave.
func (k *Keeper) Run(ctx context.Context, mem Memory) {
	wait := k.cfg.Every
	timer := time.NewTimer(wait)
	defer timer.Stop()
	for {
		var done chan error
		select {
		case <-ctx.Done():
			if err := k.beat(mem); !errors.Is(err, ErrHeld) {
				k.failed(err)
			}
			return
		case done = <-k.flushes:
		case <-timer.C:
		}
		err := k.beat(mem)
		switch {
		case errors.Is(err, ErrHeld): // that is no fault: the other one will end
			wait = k.cfg.Every
		case err != nil:
			k.failed(err)
			wait = min(2*wait, retryMax)
		default:
			k.failed(nil)
			wait = k.cfg.Every
		}
		if done != nil {
			done <- err
		}
		timer.Reset(wait)
	}
}

// Close lets another process write, after Run.
func (k *Keeper) Close() { k.lock.release() }

// beat writes what is marked. What could not be written stays marked.
func (k *Keeper) beat(mem Memory) error {
	w := &k.writer
	if err := k.prepare(); err != nil {
		return err
	}
	// What a process before has written was read, and may not be on disk yet.
	for _, name := range w.names[w.sure:] {
		if err := k.disk.Sync(name); err != nil {
			return err
		}
		w.sure++
	}
	// Memos come first: that a cluster was read whole is not to be written before
	// the Groups it was then known to have, which are marked by now.
	memos := mem.Memos()
	marks, anew := k.take()
	var err error
	switch {
	case len(marks) == 0 && !anew && w.base == 0 && len(w.aside) == 0 && len(memos) == 0:
		return nil
	case anew || w.base == 0 || len(w.aside) > 0:
		if err = k.rewrite(mem, memos); err != nil {
			k.putBack(marks, anew)
		}
	default:
		if err = k.append(mem, memos, marks); err != nil {
			k.putBack(marks, anew)
		} else if (w.since > w.base+spare || len(w.names) > maxSegments) && !time.Now().Before(w.after) {
			if err = k.rewrite(mem, memos); err != nil {
				w.after = time.Now().Add(retryMax)
			}
		}
	}
	if err == nil {
		k.tidy()
	}
	return err
}

// prepare makes sure that this process writes, and knows what there is.
func (k *Keeper) prepare() error {
	w := &k.writer
	late := !w.owner
	if err := k.own(); err != nil {
		return err
	}
	if !late && !w.unread {
		return nil
	}
	f, err := load(k.files) // another process may have written meanwhile
	if err != nil {
		w.owner = w.owner && !late
		if late {
			k.lock.release()
		}
		return fmt.Errorf("read what was kept: %w", err)
	}
	unread := w.unread
	w.begin(f)
	k.mu.Lock()
	k.anew = true
	k.mu.Unlock()
	if unread { // nobody has seen what is there
		for _, name := range w.names {
			w.aside[name] = corrupt
		}
	}
	return nil
}

func (k *Keeper) take() (marks map[Ref]struct{}, anew bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	marks, anew = k.marks, k.anew
	k.marks, k.anew = map[Ref]struct{}{}, false
	return marks, anew
}

func (k *Keeper) putBack(marks map[Ref]struct{}, anew bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.anew = k.anew || anew; k.anew {
		return
	}
	for r := range marks {
		k.mark(r)
	}
}

// append writes what is marked behind all else.
func (k *Keeper) append(mem Memory, memos map[cluster.ID]Memo, marks map[Ref]struct{}) error {
	w := &k.writer
	var changed, dropped []cluster.ID
	for _, id := range sorted(memos) {
		if was, ok := w.memos[id]; !ok || w.unsure[id] || memos[id].differs(was) {
			changed = append(changed, id)
		}
	}
	for _, id := range sorted(w.memos) {
		if _, ok := memos[id]; !ok {
			dropped = append(dropped, id)
		}
	}
	for _, id := range sorted(w.unsure) {
		if _, ok := memos[id]; !ok && !slices.Contains(dropped, id) {
			dropped = append(dropped, id)
		}
	}
	if len(marks)+len(changed)+len(dropped) == 0 {
		return nil
	}
	fresh := w.out == nil
	if fresh {
		// The header is on disk before anything else, so that one that is not good
		// can only be damage once there is something behind it.
		out, err := begin(k.disk, segmentName(w.next), header{version, kindLog, 0, w.good})
		if err != nil {
			return err
		}
		w.out = out
		if err := errors.Join(out.sync(), k.disk.Sync(".")); err != nil {
			return k.abandon(err, fresh)
		}
	} else {
		w.out.record(kindSync, binary.BigEndian.AppendUint64(nil, w.good))
	}
	before := w.out.at
	for _, id := range dropped {
		w.out.dropped(id)
	}
	for r := range marks {
		if octets, ok := mem.Packed(r); ok {
			w.out.group(r, octets)
		} else {
			w.out.gone(r)
		}
	}
	for _, id := range changed {
		w.out.memo(id, memos[id])
	}
	for _, id := range slices.Concat(dropped, changed) {
		w.unsure[id] = true
	}
	if err := w.out.sync(); err != nil {
		return k.abandon(err, fresh)
	}
	if fresh {
		w.names = append(w.names, segmentName(w.next))
		w.sure++
		w.next++
		before = 0
	}
	w.good = uint64(w.out.at)
	w.since += int64(w.out.at - before)
	clear(w.unsure)
	for _, id := range dropped {
		delete(w.memos, id)
	}
	for _, id := range changed {
		w.memos[id] = memos[id]
	}
	k.wrote(0)
	return nil
}

// abandon gives the segment up that could not be written: what of it was synced
// stands. One of which nothing was is gone, and the next takes its number.
func (k *Keeper) abandon(err error, fresh bool) error {
	w := &k.writer
	err = errors.Join(err, w.out.file.Close())
	if w.out = nil; fresh {
		_ = k.disk.Remove(segmentName(w.next))
	}
	return err
}

// rewrite writes a new base.
func (k *Keeper) rewrite(mem Memory, memos map[cluster.ID]Memo) error {
	w := &k.writer
	name := segmentName(w.next)
	out, err := begin(k.disk, name+partSuffix, header{version, kindBase, 0, 0})
	if err != nil {
		return err
	}
	groups := 0
	for r, octets := range mem.All() {
		if _, ok := memos[r.Cluster]; !ok {
			continue // of a cluster that came since, and is marked
		}
		out.group(r, octets)
		if groups++; out.err != nil {
			break
		}
	}
	for _, id := range sorted(memos) {
		out.memo(id, memos[id])
	}
	out.record(kindEnd, nil)
	err = errors.Join(out.sync(), out.file.Close())
	if err == nil {
		err = k.disk.Rename(name+partSuffix, name)
	}
	if err == nil {
		err = k.disk.Sync(".")
	}
	if err != nil {
		_ = k.disk.Remove(name + partSuffix)
		return err
	}
	if w.out != nil {
		_ = w.out.file.Close() // all of it was synced
		w.out = nil
	}
	for _, old := range w.names {
		if w.aside[old] == "" {
			w.stale = append(w.stale, old)
		}
	}
	w.names, w.sure, w.next, w.good = []string{name}, 1, w.next+1, uint64(out.at)
	w.base, w.since, w.memos = int64(out.at), 0, maps.Clone(memos)
	clear(w.unsure)
	k.wrote(groups)
	return nil
}

// wrote keeps the books; groups 0: not counted.
func (k *Keeper) wrote(groups int) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.stats.LastWrite = time.Now()
	k.stats.Bytes = k.writer.base + k.writer.since
	if groups > 0 {
		k.bound = groups + spareMarks
	}
}

// tidy takes away what a new base has made useless, and sets aside what people
// may want to look at. What cannot be done now is done at the next start.
func (k *Keeper) tidy() {
	w := &k.writer
	for name, why := range w.aside {
		to := fmt.Sprintf("%s.%s-%s", name, why, time.Now().UTC().Format("20060102T150405Z"))
		if err := k.disk.Rename(name, to); err != nil {
			k.log.Warn("file that cannot be used was not set aside", "file", name, "error", err)
			continue
		}
		k.log.Warn("file that cannot be used was set aside", "file", name, "as", to)
	}
	for _, name := range w.stale {
		if err := removed(k.disk, name); err != nil {
			k.log.Warn("file that is not needed any more was not removed", "file", name, "error", err)
		}
	}
	if len(w.aside) > 0 {
		k.tidyAside()
	}
	clear(w.aside)
	w.stale = nil
}

// tidyAside bounds how many files are left for people: the oldest go.
func (k *Keeper) tidyAside() {
	list, err := fs.Glob(k.files, "*.*-*Z")
	if err != nil || len(list) <= keepAside {
		return
	}
	for _, name := range list[:len(list)-keepAside] { // sorted by number, and so by age
		_ = removed(k.disk, name)
	}
}

func nonce() uint64 {
	var b [8]byte
	_, _ = rand.Read(b[:]) // it does not fail
	return binary.BigEndian.Uint64(b[:])
}
