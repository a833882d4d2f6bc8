// Package heap decides how far the heap may grow between two garbage
// collections. It imports the standard library only.
package heap

import (
	"os"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"sync/atomic"
	"time"
)

const (
	// percent is how much of what is in use may be garbage. Zones are large and have
	// few pointers: to collect more often than Go does by itself costs little, and
	// saves half of what they would take again.
	percent = 40

	// steadyPercent is the same while the heap stays as large as it is: then what is
	// collected is of changes, and each collection takes processors away from them. It
	// is as much as leaves a large zone within 300 octets an endpoint; what is
	// taken in at a start has to do with less, for it would be the peak.
	steadyPercent = 60
	// steadyAfter is after how many collections that left about as much in use.
	steadyAfter = 8

	// spare is how much garbage there may be at any rate, in octets. A small zone
	// that changes thousands of times a second would be collected several times a
	// second otherwise, which costs more than publishing the changes.
	spare = 40 << 20

	// burst is how much garbage there may be while it is made so fast that collections
	// follow each other within soon, where that is allowed: whoever propagates reads
	// thousands of objects a second then, and a quarter of the time went into
	// collections.
	burst = 128 << 20
	soon  = time.Second
)

// bursts says whether burst is allowed. The heap is the process's, and so is this.
var bursts atomic.Bool

// Bursts allows, or forbids, more garbage while it is made fast.
func Bursts(yes bool) { bursts.Store(yes) }

// Pace sets the pace of the garbage collector, and keeps setting it as the heap
// grows and shrinks, until the process ends. Where GOGC is set it does nothing:
// somebody decided already. It is called once.
func Pace() {
	if os.Getenv("GOGC") != "" {
		return
	}
	p := &pacer{live: []metrics.Sample{{Name: "/gc/heap/live:bytes"}}}
	p.set()
}

type pacer struct {
	live  []metrics.Sample
	last  uint64    // octets in use as of the collection before
	at    time.Time // of that
	base  uint64    // octets in use that it was about as many as ever since
	since int       // collections since then
	now   int       // percent that is set; 0: none yet
	quiet *time.Timer
}

const (
	// quietAfter without a collection, what a burst left behind is given back: a first
	// list of everything, or a zone that was read, takes more while it is taken in
	// than it takes after.
	quietAfter = 10 * time.Second
	// trifle is what is not worth a collection, in octets.
	trifle = 16 << 20
)

// calm gives memory back that is not needed.
func calm() {
	s := []metrics.Sample{{Name: "/memory/classes/heap/free:bytes"}, {Name: "/memory/classes/heap/objects:bytes"}, {Name: "/gc/heap/live:bytes"}}
	metrics.Read(s)
	if free, garbage := s[0].Value.Uint64(), int64(s[1].Value.Uint64()-s[2].Value.Uint64()); int64(free)+max(garbage, 0) > trifle {
		debug.FreeOSMemory()
	}
}

// beat is garbage from the start, so that its cleanup runs after each collection.
// Not smaller than what the runtime allocates together with other objects.
type beat struct{ _ [32]byte }

// set is called once after each collection, by the runtime's goroutine for
// cleanups.
func (p *pacer) set() {
	metrics.Read(p.live)
	// To set it stops the world for a moment, so it is not done for trifles.
	garbage := uint64(spare)
	now := time.Now()
	if bursts.Load() && now.Sub(p.at) < soon {
		garbage = burst
	}
	p.at = now
	if want := p.wanted(p.live[0].Value.Uint64(), garbage); p.now == 0 || want*8 < p.now*7 || want*8 > p.now*9 {
		debug.SetGCPercent(want)
		p.now = want
	}
	if p.quiet == nil {
		p.quiet = time.AfterFunc(quietAfter, calm)
	} else {
		p.quiet.Reset(quietAfter)
	}
	runtime.AddCleanup(&beat{}, (*pacer).set, p)
}

const (
	// mostPercent bounds what a nearly empty heap may grow to.
	mostPercent = 1000
	// growingPercent bounds it while the heap grows. What is set comes into force some
	// time after a collection: where all processors are busy, as after a start, a
	// second later. Until then it is the percentage of a heap that was a part of
	// what it is now.
	growingPercent = 100
)

// wanted is the percentage for a heap of so many octets in use, of which so many
// may be garbage at any rate.
func (p *pacer) wanted(live, garbage uint64) int {
	most, least := mostPercent, percent
	if live > p.last+p.last/4 {
		most = growingPercent
	}
	p.last = live
	if p.since++; live > p.base+p.base/8 || live < p.base-p.base/8 {
		p.base, p.since = live, 0
	}
	if p.since >= steadyAfter {
		least = steadyPercent
	}
	return min(max(least, int(garbage*100/max(live, 1))), most)
}
