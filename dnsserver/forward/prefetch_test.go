package forward_test

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/miekg/dns"

	"github.com/fedns/fedns/dnsserver/forward"
)

// TestPrefetch: asked for again in the last tenth of its time, an answer is
// refreshed before it expires, once; one that is not asked for is not.
func TestPrefetch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t, forward.Config{})
		f.says, f.delay = []string{right}, 10*time.Millisecond
		f.want(good, 60, f.delay)
		time.Sleep(53 * time.Second)
		f.want(good, 7, 0)
		f.wantAsked(1)
		time.Sleep(2 * time.Second)
		f.want(good, 5, 0)
		f.want(good, 5, 0)
		f.wantAsked(2)
		time.Sleep(time.Second)
		f.want(good, 60, 0)

		// One that fails leaves what is there, and is not tried again at once.
		f.says = []string{"SERVFAIL"}
		time.Sleep(54 * time.Second)
		f.want(good, 6, 0)
		time.Sleep(time.Second)
		f.want(good, 5, 0)
		f.wantAsked(3)
		time.Sleep(10 * time.Second)
		f.want(past, 30, 0)
		f.wantAsked(3)
		if s := f.Stats(); s.Prefetches != 2 {
			t.Errorf("%+v", s)
		}
	})
}

// TestPrefetchIsBounded: refreshes take no more than one client's share.
func TestPrefetchIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := slow(t, forward.Config{MaxInFlight: 8})
		var names []string
		for i := range 6 {
			names = append(names, fmt.Sprintf("n%d.test.", i))
			get(t, f.Resolver, names[i], dns.TypeA)
		}
		time.Sleep(55 * time.Second)
		for _, n := range names {
			if _, ok := f.Cached(name(n), dns.TypeA); !ok {
				t.Errorf("%s has expired", n)
			}
		}
		if s := f.Stats(); s.InFlight != 2 || s.Prefetches != 2 {
			t.Errorf("%+v", s)
		}
	})
}
