package answer

import (
	"sync/atomic"

	"github.com/fedns/fedns/dnsserver/wire"
)

// Counts is what one Worker has done, or several that share it. Workers add,
// anybody may read. The zero Counts is ready.
type Counts struct {
	_         [64]byte // a cache line of its own: the Worker beside must not slow this one
	Rcodes    [17]atomic.Uint64
	Truncated atomic.Uint64 // answered with TC, among Rcodes
	Dropped   atomic.Uint64 // not answered
	_         [64]byte
}

func (c *Counts) rcode(r wire.Rcode) { c.Rcodes[min(int(r), len(c.Rcodes)-1)].Add(1) }
