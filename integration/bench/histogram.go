package main

import (
	"math/bits"
	"time"
)

// perOctave is how many buckets the durations between a power of two and the
// next are put in: 64 keep the error under 2 %.
const perOctave = 64

// histogram counts durations without keeping them. The zero value is empty.
type histogram struct {
	counts [40 * perOctave]uint64 // to 2^45 ns, hours past any timeout
	total  uint64
}

func (h *histogram) add(d time.Duration) {
	h.counts[min(bucket(d), len(h.counts)-1)]++
	h.total++
}

// bucket is one nanosecond wide below 2*perOctave, and doubles its width from
// each power of two to the next.
func bucket(d time.Duration) int {
	v := uint64(max(d, 0))
	shift := max(bits.Len64(v)-bits.Len64(perOctave), 0)
	return shift*perOctave + int(v>>shift)
}

// longest is the longest duration that falls into a bucket.
func longest(i int) time.Duration {
	shift := max(i/perOctave-1, 0)
	return time.Duration((uint64(i-shift*perOctave)+1)<<shift - 1)
}

// quantile is the duration that the share q of all does not exceed.
func (h *histogram) quantile(q float64) time.Duration {
	want := uint64(q * float64(h.total))
	var seen uint64
	for i, n := range h.counts {
		if seen += n; n > 0 && seen >= want {
			return longest(i)
		}
	}
	return 0
}

// merge adds what o has counted.
func (h *histogram) merge(o *histogram) {
	for i, n := range o.counts {
		h.counts[i] += n
	}
	h.total += o.total
}
