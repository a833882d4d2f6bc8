package answer

import (
	"iter"
	"math/bits"
	"runtime"
	"sync/atomic"

	"github.com/fedns/fedns/dnsserver/dnsname"
	"github.com/fedns/fedns/dnsserver/zone"
)

// census tells of a name, by its hash, that it does not exist, or that it may: a
// multiset of 16-bit fingerprints in open addressing, two to a word, of every name
// of every Snapshot. What it says does not exist does not. One name in some ten
// thousand that does not exist may, by what it says.
//
// It is what lets a name be absent from the table and exist. One writer at a time,
// any number of readers.
type census struct {
	words atomic.Pointer[[]atomic.Uint32]
	// removals counts what was taken out: while a reader looks, a fingerprint that two
	// names share may move to where the reader has been.
	removals atomic.Uint64

	// The writer's own.
	live, used int // fingerprints; places that are not free
}

const (
	printFree    = 0
	printDeleted = 1
	// leastPrints is how many places there are at first.
	leastPrints = 1 << 10
)

func printOf(hash uint64) uint16 {
	if p := uint16(hash); p > printDeleted {
		return p
	}
	return printDeleted + 1
}

// placeOf is where to begin to look among n places.
func placeOf(hash uint64, n int) int {
	at, _ := bits.Mul64(hash, uint64(n))
	return int(at)
}

func printAt(words []atomic.Uint32, i int) uint16 {
	return uint16(words[i>>1].Load() >> (i & 1 * 16))
}

func setPrint(words []atomic.Uint32, i int, p uint16) {
	w, shift := &words[i>>1], i&1*16
	w.Store(w.Load()&^(0xffff<<shift) | uint32(p)<<shift)
}

func (c *census) init() { c.words.Store(new(make([]atomic.Uint32, leastPrints/2))) }

// may says that a name may exist; false: it does not.
func (c *census) may(hash uint64) bool {
	before := c.removals.Load()
	return c.has(*c.words.Load(), hash) || c.removals.Load() != before
}

func (c *census) has(words []atomic.Uint32, hash uint64) bool {
	n, want := 2*len(words), printOf(hash)
	for i := placeOf(hash, n); ; {
		switch printAt(words, i) {
		case want:
			return true
		case printFree:
			return false
		}
		if i++; i == n {
			i = 0
		}
	}
}

// room says that n names more find room, with a fifth of the places left free.
func (c *census) room(n int) bool { return (c.used+n)*5 <= 2*len(*c.words.Load())*4 }

// add counts a name in. There must be room.
func (c *census) add(hash uint64) {
	words := *c.words.Load()
	n := 2 * len(words)
	i := placeOf(hash, n)
	for printAt(words, i) > printDeleted {
		if i++; i == n {
			i = 0
		}
	}
	if printAt(words, i) == printFree {
		c.used++
	}
	c.live++
	setPrint(words, i, printOf(hash))
}

// remove counts a name out that was counted in; false: it was not.
func (c *census) remove(hash uint64) bool {
	words := *c.words.Load()
	n, want := 2*len(words), printOf(hash)
	for i := placeOf(hash, n); ; {
		switch printAt(words, i) {
		case want:
			setPrint(words, i, printDeleted)
			c.live--
			c.removals.Add(1)
			return true
		case printFree:
			return false
		}
		if i++; i == n {
			i = 0
		}
	}
}

// retake makes the census anew of the hashes that are in it, with room for n more
// and for as many again. Queries go by the old one until the new one
// is complete.
func (c *census) retake(n int, all iter.Seq[uint64]) {
	var next census
	next.words.Store(new(make([]atomic.Uint32, max(leastPrints/2, (c.live+n)*5/4))))
	for hash := range all {
		next.add(hash)
		if next.live&0x3ff == 0 { // queries on this core must not wait for millions of them
			runtime.Gosched()
		}
	}
	c.words.Store(next.words.Load())
	c.live, c.used = next.live, next.used
}

// countIn counts names in, before queries find them in a Snapshot.
func (e *Engine) countIn(names []dnsname.Name) {
	e.makeRoom(len(names))
	for _, name := range names {
		e.census.add(e.table.hash(octets(name)))
	}
}

// countOut counts names out, once queries do not find them any more.
func (e *Engine) countOut(names []dnsname.Name) {
	whole := true
	for _, name := range names {
		whole = e.census.remove(e.table.hash(octets(name))) && whole
	}
	if !whole {
		e.recount(0)
	}
}

// countAllIn is countIn for all names of Snapshots.
func (e *Engine) countAllIn(snaps []*zone.Snapshot) {
	n := 0
	for range hashes(snaps, func([]byte) uint64 { return 0 }) {
		n++
	}
	e.makeRoom(n)
	for hash := range hashes(snaps, e.table.hash) {
		e.census.add(hash)
	}
}

// countAllOut is countOut for all names of Snapshots.
func (e *Engine) countAllOut(snaps []*zone.Snapshot) {
	whole := true
	for hash := range hashes(snaps, e.table.hash) {
		whole = e.census.remove(hash) && whole
	}
	if !whole {
		e.recount(0)
	}
}

// makeRoom has n names more find room in the census. What is in it must be just the
// names of the zones served.
func (e *Engine) makeRoom(n int) {
	if !e.census.room(n) {
		e.recount(n)
	}
}

// recount takes the census of the zones served anew, with room for n names more. It
// is also what mends it if a name was counted out that had not been counted in: to
// go on would be to deny another name some day.
func (e *Engine) recount(n int) {
	var snaps []*zone.Snapshot
	for _, z := range e.zones.Load().byApex {
		snaps = append(snaps, z.snapshot.Load())
	}
	e.census.retake(n, hashes(snaps, e.table.hash))
}

// hashes yields the hash of each name of Snapshots.
func hashes(snaps []*zone.Snapshot, hash func([]byte) uint64) iter.Seq[uint64] {
	return func(yield func(uint64) bool) {
		for _, s := range snaps {
			for name := range s.AllNames() {
				if !yield(hash(name)) {
					return
				}
			}
		}
	}
}
