package policy

import (
	"hash/maphash"
	"net/netip"
	"sync/atomic"
	"time"
)

// RateLimit is response rate limiting: how many like responses clients of one
// network get a second by a transport whose source addresses may be forged.
type RateLimit struct {
	Responses  int // a second with the same answer; 0: as many as there are
	Negatives  int // a second that say no such name or data, a zone. Defaults to Responses
	Errors     int // a second of all others. Defaults to Responses
	Window     int // seconds whose surplus is remembered against a client. Defaults to 15
	Slip       int // every how many a dropped response is sent truncated instead, so that a real client asks by TCP. Defaults to 2; less than 0: never
	IPv4Prefix int // bits of the networks that count as one client. Defaults to 24
	IPv6Prefix int // Defaults to 56
	Exempt     Prefixes
}

// Class is what counts as like responses.
type Class uint8

// Classes, each with its own rate.
const (
	Positive Class = iota // the same name and type
	Negative              // the same zone
	Failure               // the same RCODE
)

// Verdict is what becomes of a response.
type Verdict uint8

// A response is sent, sent without records and with TC, or not sent.
const (
	Send Verdict = iota
	Slip
	Drop
)

// Limiter counts responses. It is safe for concurrent use, without a lock; how
// much memory it takes is settled from the start.
type Limiter struct {
	cfg   RateLimit
	rates [3]int32
	seed  maphash.Seed
	sets  [][ways]atomic.Uint64 // a power of two of them
	slips atomic.Uint64

	Dropped, Slipped atomic.Uint64
}

// A slot is tag 24 | second 24 | balance 16: what is left of the rate at that
// second, negative when overdrawn.
const (
	ways        = 4
	limiterSets = 1 << 15 // 1 MiB
)

// NewLimiter makes a Limiter; nil when cfg does not limit.
func NewLimiter(cfg RateLimit) *Limiter {
	if cfg.Responses <= 0 {
		return nil
	}
	set := func(v *int, def int) {
		if *v == 0 {
			*v = def
		}
	}
	set(&cfg.Negatives, cfg.Responses)
	set(&cfg.Errors, cfg.Responses)
	set(&cfg.Window, 15)
	set(&cfg.Slip, 2)
	set(&cfg.IPv4Prefix, 24)
	set(&cfg.IPv6Prefix, 56)
	l := &Limiter{cfg: cfg, seed: maphash.MakeSeed(), sets: make([][ways]atomic.Uint64, limiterSets)}
	for i, r := range []int{cfg.Responses, cfg.Negatives, cfg.Errors} {
		l.rates[i] = int32(min(r, maxRate))
	}
	return l
}

// maxRate keeps balances within 16 bits.
const maxRate = 1<<15 - 1

// Account counts a response to a client; what makes responses alike is told by class and key.
func (l *Limiter) Account(client netip.Addr, class Class, key uint64, now time.Time) Verdict {
	if l.cfg.Exempt.Contains(client) {
		return Send
	}
	var id [25]byte
	l.network(id[:16], client)
	for i := range 8 {
		id[16+i] = byte(key >> (8 * i))
	}
	id[24] = byte(class)
	hash := maphash.Bytes(l.seed, id[:])
	second := uint64(now.Unix()) & (1<<24 - 1)
	if l.take(hash, int32(second), l.rates[class]) {
		return Send
	}
	if l.cfg.Slip > 0 && l.slips.Add(1)%uint64(l.cfg.Slip) == 0 {
		l.Slipped.Add(1)
		return Slip
	}
	l.Dropped.Add(1)
	return Drop
}

func (l *Limiter) network(dst []byte, a netip.Addr) {
	bits := l.cfg.IPv6Prefix
	if a = a.Unmap(); a.Is4() {
		bits = l.cfg.IPv4Prefix + 96
	}
	b := a.As16()
	n := copy(dst, b[:(bits+7)/8])
	if bits%8 != 0 {
		dst[n-1] &^= 0xff >> (bits % 8)
	}
}

// take takes one from the balance of hash; false when there was none.
func (l *Limiter) take(hash uint64, now, rate int32) bool {
	set := &l.sets[hash&uint64(len(l.sets)-1)]
	tag := hash >> 40
	for {
		at, old := -1, uint64(0)
		var oldest int32 = -1
		victim, was := 0, uint64(0)
		for i := range set {
			v := set[i].Load()
			if v != 0 && v>>40 == tag {
				at, old = i, v
				break
			}
			age := int32(1 << 24)
			if v != 0 {
				age = (now - int32(v>>16&(1<<24-1))) & (1<<24 - 1)
			}
			if age > oldest {
				oldest, victim, was = age, i, v
			}
		}
		balance := rate
		if at < 0 {
			at, old = victim, was
		} else {
			balance = int32(int16(old))
			if elapsed := (now - int32(old>>16&(1<<24-1))) & (1<<24 - 1); elapsed > 0 {
				balance = int32(min(int64(rate), int64(balance)+int64(elapsed)*int64(rate)))
			}
		}
		good := balance > 0
		if floor := -int32(min(int64(rate)*int64(l.cfg.Window), maxRate)); balance > floor {
			balance--
		}
		if set[at].CompareAndSwap(old, tag<<40|uint64(now)<<16|uint64(uint16(int16(balance)))) {
			return good
		}
	}
}
