package ingress

import (
	"math/rand/v2"
	"net/netip"
	"slices"
	"time"
)

// outcome is what asking for one type of address came to.
type outcome struct {
	kind  kind
	addrs []netip.Addr  // sorted, unique; of found only
	ttl   time.Duration // how long the answer holds; 0 for failed
}

type kind uint8

const (
	failed kind = iota // no evidence: timeout, SERVFAIL, an answer that makes no sense
	found              // addresses
	none               // NXDOMAIN or NODATA
)

// timing bounds when a hostname is asked again.
type timing struct {
	minTTL, maxTTL time.Duration
}

// maxRetry is the longest wait between two attempts while a name fails: short
// beside maxTTL, since what is served meanwhile grows stale.
const maxRetry = time.Minute

// state is what is known of one hostname. It changes by observe only.
type state struct {
	families [2]family // A, AAAA
	failures int       // in a row
	err      error     // of the last attempt; nil: it was answered
	answered bool      // ever, as far as it takes to know what there is: both families, or addresses of one
}

type family struct {
	addrs []netip.Addr
	nones int // answers in a row that there is no such record
}

// nonesToDrop is how many answers in a row must deny the records before they are dropped.
const nonesToDrop = 2

// observe takes in the outcomes of asking for A and AAAA, and tells after how
// long to ask again.
func (s *state) observe(got [2]outcome, err error, t timing) (again time.Duration) {
	s.err = err
	ttl := t.maxTTL
	failedAny := false
	for i := range got {
		f := &s.families[i]
		switch got[i].kind {
		case failed:
			failedAny = true
		case found:
			f.addrs, f.nones = got[i].addrs, 0
			s.answered = true
			ttl = min(ttl, got[i].ttl)
		case none:
			ttl = min(ttl, got[i].ttl)
			if f.nones++; f.nones >= nonesToDrop {
				f.addrs = nil
			} else if len(f.addrs) > 0 {
				ttl = 0 // hear it again soon
			}
		}
	}
	if !failedAny {
		s.failures, s.answered = 0, true
		return max(ttl, t.minTTL)
	}
	s.failures = min(s.failures+1, 16)
	retry := min(t.minTTL<<(s.failures-1), maxRetry)
	return max(min(ttl, retry), t.minTTL)
}

// recall takes addresses for the last good ones that somebody else has known.
func (s *state) recall(addrs []netip.Addr) {
	for _, a := range addrs {
		family := 0
		if a.Is6() {
			family = 1
		}
		s.families[family].addrs = append(s.families[family].addrs, a)
	}
	for i := range s.families {
		slices.SortFunc(s.families[i].addrs, netip.Addr.Compare)
	}
}

// addrs are the last good addresses of both families, sorted.
func (s *state) addrs() []netip.Addr {
	return slices.Concat(s.families[0].addrs, s.families[1].addrs)
}

// jitter adds up to a tenth, so that names that were first asked together do
// not stay together, and none is asked before its TTL has passed.
func jitter(d time.Duration) time.Duration {
	return d + time.Duration(rand.Int64N(int64(d)/10+1))
}
