package state

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
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
	robbed bool // it was, until somebody took the folder away
	unread bool // the folder could not be read: what is in it is not known
	next   uint64
	good   uint64 // octets of the last segment that are surely on disk
	base   int64  // octets; 0: there is no base
	since  int64
	memos  map[cluster.ID]Memo // as they were written
	unsure map[cluster.ID]bool // clusters of which it is not known what was written
	hosts  hosts
	names  []string          // of base and segments
	sure   int               // so many of names are on disk as they were read
	stale  []string          // files that do not matter any more
	aside  map[string]string // files to be set aside when a new base has taken their place, and why
	after  time.Time         // when a base that could not be written is tried again
	out    *output           // the segment being written; nil: none yet
}

// begin goes on from what a folder holds.
func (w *writer) begin(f *found) {
	w.next, w.good, w.base, w.since = f.last+1, f.good, f.base, f.since
	w.unread = f.known.Clusters == nil && len(f.newer) == 0
	w.memos, w.unsure = map[cluster.ID]Memo{}, map[cluster.ID]bool{}
	for id, c := range f.known.Clusters {
		w.memos[id] = c.Memo
	}
	w.hosts = hosts{written: maps.Clone(f.known.Hosts)}
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
			err := k.beat(mem)
			if err == nil {
				err = k.end()
			}
			if !errors.Is(err, ErrHeld) {
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
	w.hosts.now = mem.Hosts()
	marks, anew := k.take()
	var err error
	switch {
	case len(marks) == 0 && !anew && w.base == 0 && len(w.aside) == 0 && len(memos) == 0 && len(w.hosts.now) == 0:
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
	k.missing()
	late := !w.owner
	if err := k.own(); err != nil {
		if w.robbed { // nobody hands it over, whoever has it
			return errors.New("the folder was taken away: " + err.Error())
		}
		return err
	}
	w.robbed = false
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
	resolved := w.hosts.changed()
	if len(marks)+len(changed)+len(dropped)+len(resolved) == 0 {
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
	for _, name := range resolved {
		w.out.host(name, w.hosts.now[name])
	}
	for _, id := range slices.Concat(dropped, changed) {
		w.unsure[id] = true
	}
	w.hosts.writing(resolved)
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
	w.hosts.wrote()
	for _, id := range dropped {
		delete(w.memos, id)
	}
	for _, id := range changed {
		w.memos[id] = memos[id]
	}
	k.wrote(0)
	return nil
}

// end says that the last segment is all there is. A crash may cost the end of a
// segment, so that what lacks there says nothing; the header of the next one tells
// what cannot lack any more. A base tells its own end, and a segment of another
// process was ended by it, or was not.
func (k *Keeper) end() error {
	w := &k.writer
	if w.out == nil {
		return nil
	}
	last, name := w.out, segmentName(w.next)
	w.out = nil
	out, err := begin(k.disk, name, header{version, kindLog, 0, w.good})
	if err != nil {
		return errors.Join(err, last.file.Close())
	}
	w.out = out
	if err := errors.Join(last.file.Close(), out.sync(), k.disk.Sync(".")); err != nil {
		return k.abandon(err, true)
	}
	w.names, w.good = append(w.names, name), uint64(out.at)
	w.since += int64(out.at)
	w.sure++
	w.next++
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
