package state

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"time"

	"github.com/fedns/fedns/discovery/cluster"
)

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
	for _, name := range sorted(w.hosts.now) {
		out.host(name, w.hosts.now[name])
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
	w.hosts.wrote()
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
