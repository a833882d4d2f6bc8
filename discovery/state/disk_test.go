package state

import (
	"errors"
	"io/fs"
	"maps"
	"math/rand/v2"
	"sync/atomic"
	"testing/fstest"
)

var (
	errCrash = errors.New("the machine is off")
	errFull  = errors.New("no space left on device")
)

// inode is a file of memory: what was written, and what of it is surely there after a crash.
type inode struct{ data, synced []byte }

// memory is a Disk that can stop at any operation, and forget then what was not synced.
type memory struct {
	names   map[string]*inode // as they are
	durable map[string]*inode // as of the last Sync
	pending []func(map[string]*inode)
	left    int // operations until the crash; negative: none
	full    atomic.Bool
	ops     int
}

func newMemory() *memory {
	return &memory{names: map[string]*inode{}, durable: map[string]*inode{}, left: -1}
}

// op counts one operation; the error is what becomes of it. A crash lets it
// happen, or not, without anybody knowing.
func (m *memory) op() error {
	m.ops++
	if m.left == 0 {
		return errCrash
	}
	if m.left > 0 {
		m.left--
	}
	if m.full.Load() {
		return errFull
	}
	return nil
}

func (m *memory) rename(do func(map[string]*inode)) {
	do(m.names)
	m.pending = append(m.pending, do)
}

func (m *memory) Create(name string) (File, error) {
	if err := m.op(); err != nil {
		return nil, err
	}
	i := &inode{}
	m.rename(func(names map[string]*inode) { names[name] = i })
	return &handle{m, i}, nil
}

func (m *memory) Rename(from, to string) error {
	if err := m.op(); err != nil {
		return err
	}
	if m.names[from] == nil {
		return fs.ErrNotExist
	}
	m.rename(func(names map[string]*inode) {
		if i := names[from]; i != nil {
			names[to] = i
			delete(names, from)
		}
	})
	return nil
}

func (m *memory) Remove(name string) error {
	if err := m.op(); err != nil {
		return err
	}
	if m.names[name] == nil {
		return fs.ErrNotExist
	}
	m.rename(func(names map[string]*inode) { delete(names, name) })
	return nil
}

func (m *memory) Sync(name string) error {
	if err := m.op(); err != nil {
		return err
	}
	if name != "." {
		i := m.names[name]
		if i == nil {
			return fs.ErrNotExist
		}
		i.synced = append([]byte(nil), i.data...)
		return nil
	}
	m.durable, m.pending = maps.Clone(m.names), nil
	return nil
}

// handle is an open file.
type handle struct {
	m *memory
	*inode
}

func (h *handle) Write(b []byte) (int, error) {
	if err := h.m.op(); err != nil {
		if errors.Is(err, errFull) { // a part of it fits
			h.data = append(h.data, b[:len(b)/2]...)
			return len(b) / 2, err
		}
		h.data = append(h.data, b...)
		return 0, err
	}
	h.data = append(h.data, b...)
	return len(b), nil
}

func (h *handle) Sync() error {
	if err := h.m.op(); err != nil {
		return err
	}
	h.synced = append([]byte(nil), h.data...)
	return nil
}

func (h *handle) Close() error { return nil }

// page is how many octets reach a disk together, or not at all.
const page = 64

// crash is what is on disk after the machine went off: some of the changes of
// names since the last Sync, in their order, and any of the pages since a file's.
func (m *memory) crash(r *rand.Rand) *memory {
	after := newMemory()
	after.names = maps.Clone(m.durable)
	for _, do := range m.pending[:r.IntN(len(m.pending)+1)] {
		do(after.names)
	}
	mode := r.IntN(3) // all pages, none, or any
	for name, i := range after.names {
		data := append([]byte(nil), i.synced...)
		for at := len(data); at < len(i.data) && mode != 1; at = min(at/page*page+page, len(i.data)) {
			end := min(at/page*page+page, len(i.data))
			if mode == 0 || r.IntN(2) == 0 {
				data = append(append(data, make([]byte, at-len(data))...), i.data[at:end]...)
			}
		}
		after.names[name] = &inode{data, append([]byte(nil), data...)}
	}
	after.durable = maps.Clone(after.names)
	return after
}

// files are what there is to read.
func (m *memory) files() fs.FS {
	all := fstest.MapFS{}
	for name, i := range m.names {
		all[name] = &fstest.MapFile{Data: i.data}
	}
	return all
}

// noLock is a lock that nobody else has.
type noLock struct{}

func (noLock) take() error { return nil }
func (noLock) held() bool  { return true }
func (noLock) release()    {}
