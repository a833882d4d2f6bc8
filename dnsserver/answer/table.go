package answer

import (
	"encoding/binary"
	"hash/maphash"
	"runtime"
	"sync/atomic"
	"unsafe"

	"github.com/fedns/fedns/dnsserver/dnsname"
)

// table finds a name's finished answers: open addressing over slots of 64 bits
// that are read and written atomically, in front of chunks of bytes that are
// written once, before any slot refers to them. There is no pointer in either,
// so the garbage collector has nothing to walk.
//
//	slots   tag 16 | chunk 28 | offset 20      0: never used, 1: deleted; entries begin
//	                                           at multiples of 8, so the last bit of an
//	                                           offset says whether it was asked for lately
//	chunk   entry | entry | …                  see entry.go
//
// One writer at a time, any number of readers. A reader that follows a slot
// into a chunk that was given up meanwhile sees nil and looks again.
type table struct {
	state atomic.Pointer[tableState]
	seed  maphash.Seed

	// The writer's own.
	used, live int // slots not 0; entries
	fill       int // octets used of the last chunk
	dead       []int
	aged       int // how far through the slots age has come
	sealed     int // the chunk that was the last one until just now; 0: none
}

type tableState struct {
	slots  []atomic.Uint64 // a power of two of them
	chunks []atomic.Pointer[[]byte]
	count  int // chunks in use, nil ones included; only the writer looks
}

const (
	slotFree    = 0
	slotDeleted = 1
	// slotAsked is set in a slot when its name is asked for, and taken out by age.
	slotAsked = 1

	chunkBits = 28
	offBits   = 20
	// chunkSize is a chunk's usual size in octets: what an offset can reach. An
	// entry that is larger has a chunk to itself.
	chunkSize = 1 << offBits
	// minSlots is where the table begins.
	minSlots = 1 << 10
)

func slotOf(hash uint64, chunk, off int) uint64 {
	return hash>>(64-16)<<(chunkBits+offBits) | uint64(chunk)<<offBits | uint64(off)
}

// Chunk 0 is never used, so a slot that refers to an entry is neither free nor deleted.
func (t *table) init() {
	t.seed = maphash.MakeSeed()
	t.reset(minSlots, nil)
}

func (t *table) reset(slots int, old *tableState) {
	s := &tableState{slots: make([]atomic.Uint64, slots)}
	if old == nil {
		s.chunks, s.count = make([]atomic.Pointer[[]byte], 8), 1
		t.dead = make([]int, 1)
		t.fill = chunkSize
	} else {
		s.chunks, s.count = old.chunks, old.count
	}
	t.used = 0
	t.state.Store(s)
}

func (t *table) hash(name []byte) uint64 { return maphash.Bytes(t.seed, name) }

// octets is a name's wire form, only to be read: to copy it for a look-up would be
// most of what the look-up costs.
func octets(name dnsname.Name) []byte {
	wire := name.Wire()
	return unsafe.Slice(unsafe.StringData(wire), len(wire))
}

// get finds a name's entry for the writer.
func (t *table) get(name []byte) (entry, bool) {
	s := t.state.Load()
	i, found := t.find(s, t.hash(name), name)
	if !found {
		return nil, false
	}
	return s.entry(s.slots[i].Load()), true
}

// lookup finds the entry of a name, which is asked for, by its hash. What it returns
// is never written again.
func (t *table) lookup(name []byte, hash uint64) (entry, bool) {
again:
	s := t.state.Load()
	mask := uint64(len(s.slots) - 1)
	for i := hash & mask; ; i = (i + 1) & mask {
		v := s.slots[i].Load()
		if v == slotFree {
			return nil, false
		}
		if v>>(chunkBits+offBits) != hash>>(64-16) || v == slotDeleted {
			continue
		}
		chunk := v >> offBits & (1<<chunkBits - 1)
		if chunk >= uint64(len(s.chunks)) { // the list grew since state was read
			goto again
		}
		c := s.chunks[chunk].Load()
		if c == nil {
			goto again
		}
		if e := entry((*c)[v&(chunkSize-1)&^slotAsked:]); e.is(name) {
			if v&slotAsked == 0 { // once in a while: the slot stays in all processors' caches
				s.slots[i].Or(slotAsked)
			}
			return e, true
		}
	}
}

// find is the writer's get: the slot of a name, or where one may be put.
func (t *table) find(s *tableState, hash uint64, name []byte) (at uint64, found bool) {
	mask := uint64(len(s.slots) - 1)
	free, haveFree := uint64(0), false
	for i := hash & mask; ; i = (i + 1) & mask {
		v := s.slots[i].Load()
		switch {
		case v == slotFree:
			if haveFree {
				return free, false
			}
			return i, false
		case v == slotDeleted:
			if !haveFree {
				free, haveFree = i, true
			}
		case v>>(chunkBits+offBits) == hash>>(64-16):
			if s.entry(v).is(name) {
				return i, true
			}
		}
	}
}

func (s *tableState) entry(slot uint64) entry {
	return entry((*s.chunks[slot>>offBits&(1<<chunkBits-1)].Load())[slot&(chunkSize-1)&^slotAsked:])
}

// put stores e under its own name, in place of what was there.
func (t *table) put(e entry) {
	s := t.state.Load()
	if (t.used+1)*5 > len(s.slots)*3 { // over 60 % full
		t.rehash()
		s = t.state.Load()
	}
	name := e.name()
	hash := t.hash(name)
	i, found := t.find(s, hash, name)
	old, now := s.slots[i].Load(), t.store(hash, e)
	if found && old&slotAsked != 0 || !found && e.flags()&flagKept == 0 { // it is why it is put here
		now |= slotAsked
	}
	s.slots[i].Store(now)
	switch {
	case found:
		t.bury(old)
	case old == slotFree:
		t.used++
		fallthrough
	default:
		t.live++
	}
	if t.sealed != 0 {
		sealed := t.sealed
		t.sealed = 0
		t.sweep(sealed)
	}
}

// remove takes a name out; it may be absent.
func (t *table) remove(name []byte) {
	s := t.state.Load()
	i, found := t.find(s, t.hash(name), name)
	if !found {
		return
	}
	t.removeAt(s, i)
}

func (t *table) removeAt(s *tableState, i uint64) {
	old := s.slots[i].Load()
	s.slots[i].Store(slotDeleted)
	t.live--
	t.bury(old)
}

// age looks at n slots more, and takes entries out that nobody has asked for since it
// looked at them last, but for those that are kept.
func (t *table) age(n int) {
	for range min(n, len(t.state.Load().slots)) {
		s := t.state.Load()
		t.aged = (t.aged + 1) & (len(s.slots) - 1)
		switch v := s.slots[t.aged].Load(); {
		case v == slotFree || v == slotDeleted:
		case v&slotAsked != 0:
			s.slots[t.aged].And(^uint64(slotAsked))
		case s.entry(v).flags()&flagKept == 0:
			t.removeAt(s, uint64(t.aged))
		}
	}
}

// store copies e behind what is in use of the last chunk, or into a new one.
func (t *table) store(hash uint64, e entry) uint64 {
	s := t.state.Load()
	if t.fill+len(e) > chunkSize {
		s = t.addChunk(max(chunkSize, len(e)))
	}
	chunk, off := s.count-1, t.fill
	copy((*s.chunks[chunk].Load())[off:], e)
	t.fill += (len(e) + 7) &^ 7
	return slotOf(hash, chunk, off)
}

func (t *table) addChunk(size int) *tableState {
	s := t.state.Load()
	if s.count == len(s.chunks) {
		// Readers may go on with the old list: its chunks are the same, and one
		// who finds a slot that refers past its end reads the state again.
		more := make([]atomic.Pointer[[]byte], 2*len(s.chunks))
		for i := range s.chunks {
			more[i].Store(s.chunks[i].Load())
		}
		s = &tableState{slots: s.slots, chunks: more, count: s.count}
		t.state.Store(s)
	}
	c := make([]byte, size)
	s.chunks[s.count].Store(&c)
	s.count++
	t.dead = append(t.dead, 0)
	t.fill = 0
	t.sealed = s.count - 2
	return s
}

// bury counts an entry that no slot refers to any more.
func (t *table) bury(slot uint64) {
	chunk := int(slot >> offBits & (1<<chunkBits - 1))
	s := t.state.Load()
	t.dead[chunk] += (len(s.entry(slot).whole()) + 7) &^ 7
	if chunk != s.count-1 {
		t.sweep(chunk)
	}
}

// sweep gives a chunk up when half of it is dead, its living entries moved.
func (t *table) sweep(chunk int) {
	c := t.state.Load().chunks[chunk].Load()
	if c == nil || 2*t.dead[chunk] < len(*c) {
		return
	}
	data := *c
	for off := 0; off+entryHeader <= len(data) && binary.LittleEndian.Uint32(data[off:]) != 0; {
		e := entry(data[off:]).whole()
		hash := t.hash(e.name())
		s := t.state.Load()
		if i, found := t.find(s, hash, e.name()); found && s.slots[i].Load()&^slotAsked == slotOf(hash, chunk, off) {
			s.slots[i].Store(t.store(hash, e) | s.slots[i].Load()&slotAsked)
		}
		off += (len(e) + 7) &^ 7
	}
	t.state.Load().chunks[chunk].Store(nil)
}

// rehash makes room for as many entries again, and forgets deleted slots.
// Queries go on with the old slots until the new ones are complete.
func (t *table) rehash() {
	old := t.state.Load()
	size := minSlots
	for size*3 < t.live*10 { // 30 % full, so that it takes as many entries again
		size *= 2
	}
	s := &tableState{slots: make([]atomic.Uint64, size), chunks: old.chunks, count: old.count}
	mask := uint64(size - 1)
	for n := range old.slots {
		v := old.slots[n].Load()
		if v == slotFree || v == slotDeleted {
			continue
		}
		i := t.hash(s.entry(v).name()) & mask
		for s.slots[i].Load() != slotFree {
			i = (i + 1) & mask
		}
		s.slots[i].Store(v)
		if n&0x3ff == 0 { // queries on this core must not wait for millions of them
			runtime.Gosched()
		}
	}
	t.used = t.live
	t.state.Store(s)
}
