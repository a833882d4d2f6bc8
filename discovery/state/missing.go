package state

import (
	"errors"
	"io/fs"
	"slices"
)

// missing looks whether what was written is still there, and has all of it written
// anew if not. Somebody may remove files, or the folder, or put another one in its
// place: what goes to files that are open is kept nowhere then, without an error; and
// what goes to new ones lacks what it rests on, or is among what another process
// writes, whom the lock that was removed does not turn away.
func (k *Keeper) missing() {
	w := &k.writer
	if !w.owner {
		return
	}
	if !k.lock.held() {
		k.log.Warn("folder for what is last known was removed, or its lock: all will be written anew")
		k.lock.release()
		w.owner, w.robbed = false, true // to become the owner again is to begin from what is there
		return
	}
	for i := len(w.names) - 1; i >= 0; i-- {
		if _, err := fs.Stat(k.files, w.names[i]); !errors.Is(err, fs.ErrNotExist) {
			continue
		}
		k.log.Warn("file of what is last known was removed: all will be written anew", "file", w.names[i])
		w.names = slices.Delete(w.names, i, i+1)
		if i < w.sure {
			w.sure--
		}
		k.mu.Lock()
		k.anew = true
		k.mu.Unlock()
	}
}
