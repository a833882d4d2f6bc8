package dnssec

import (
	"time"

	"github.com/fedns/fedns/dnsserver/dnsname"
)

// waves is how many groups the zone's RRsets are re-signed in, one after the
// other: few enough that a zone is published anew for it some times a day only,
// many enough that neither signing nor transfers come in bulk.
const waves = 64

// window is when one signature is used and how long it is valid, in seconds
// since 1970. A signature gives way to the next when a quarter of its validity
// is left, for caches and secondaries that lag behind.
//
//	signed from ── from ───────────── due ─────── expires
//	   skew ──────┘  └─ 3/4 validity ──┘ └─ 1/4 ───┘
type window struct{ from, due, expires int64 }

// holds says that t, in seconds since 1970, is when the signature is to be used.
func (w window) holds(t int64) bool { return w.from <= t && t < w.due }

// schedule says when which RRset is signed anew. All seconds.
type schedule struct{ validity, step, skew int64 }

func newSchedule(validity, skew time.Duration) schedule {
	v := int64(validity / time.Second)
	return schedule{validity: v, step: v * 3 / 4 / waves, skew: int64(skew / time.Second)}
}

// window is the one an RRset is in at t. It depends on nothing else, so that
// all replicas agree.
func (s schedule) window(owner dnsname.Name, typ uint16, t int64) window {
	period := s.step * waves
	jitter := int64(hash(owner, typ)%waves) * s.step
	from := (t-jitter)/period*period + jitter
	return window{from: from, due: from + period, expires: from + s.validity}
}

// next is when the next wave comes after t.
func (s schedule) next(t int64) int64 { return (t/s.step + 1) * s.step }

// hash is FNV-1a, 64 bits: every release and replica must compute the same.
func hash(owner dnsname.Name, typ uint16) uint64 {
	h := uint64(14695981039346656037)
	for _, c := range []byte(owner.Wire()) {
		h = (h ^ uint64(c)) * 1099511628211
	}
	h = (h ^ uint64(typ>>8)) * 1099511628211
	h = (h ^ uint64(typ&0xff)) * 1099511628211
	return h ^ h>>32 // the low bits alone are weak
}
