package forward_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/miekg/dns"

	"github.com/fedns/fedns/dnsserver/forward"
	"github.com/fedns/fedns/dnsserver/zone"
)

// fake is upstreams without sockets: what they say and how long they take can be
// changed between queries. For use within a synctest bubble.
type fake struct {
	*forward.Resolver
	t     *testing.T
	says  []string // nil: silent
	delay time.Duration
	asked int // not counting repeats over a stream
}

func newFake(t *testing.T, cfg forward.Config) *fake {
	t.Helper()
	cfg.Upstreams = to(dead(t))
	f := &fake{Resolver: run(t, cfg), t: t}
	f.SetExchange(func(ctx context.Context, _ int, key zone.Key, stream bool) ([]byte, error) {
		if !stream {
			f.asked++
		}
		says := f.says
		select {
		case <-ctx.Done():
			return nil, forward.ErrTimeout
		case <-time.After(f.delay):
		}
		if says == nil {
			return nil, forward.ErrTimeout
		}
		q := new(dns.Msg).SetQuestion(key.Owner.String(), key.Type)
		return records(q, says...).Pack()
	})
	return f
}

// want resolves www.test. A and compares answer, first TTL and how long it took.
func (f *fake) want(want string, ttl uint32, took time.Duration) {
	f.t.Helper()
	begin := time.Now()
	a, err := f.Resolve(context.Background(), nobody, name("www.test."), dns.TypeA)
	if got := show(a, err); got != want {
		f.t.Errorf("got %s (%v), want %s", got, err, want)
	}
	if len(a.Answer) > 0 && a.Answer[0].TTL != ttl {
		f.t.Errorf("TTL %d, want %d", a.Answer[0].TTL, ttl)
	}
	if d := time.Since(begin); d != took {
		f.t.Errorf("took %v, want %v", d, took)
	}
}

func (f *fake) wantAsked(n int) {
	f.t.Helper()
	synctest.Wait()
	if f.asked != n {
		f.t.Errorf("asked upstream %d times, want %d", f.asked, n)
	}
}

const (
	good     = "NOERROR; www.test. A 192.0.2.1"
	past     = "NOERROR stale; www.test. A 192.0.2.1"
	nameErr  = "NXDOMAIN; test. SOA ns.test."
	servfail = "SERVFAIL"
)

func TestServeStale(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t, forward.Config{Stale: time.Hour})
		f.says, f.delay = []string{right}, 20*time.Millisecond
		f.want(good, 60, 20*time.Millisecond)
		time.Sleep(10 * time.Second)
		f.want(good, 50, 0)
		time.Sleep(60 * time.Second)

		f.says = []string{"SERVFAIL"}
		f.want(past, 30, 20*time.Millisecond) // failed: at once
		f.wantAsked(2)
		time.Sleep(29 * time.Second)
		f.want(past, 30, 0) // not asked for again so soon
		if a, ok := f.Cached(name("www.test."), dns.TypeA); !ok || !a.Stale {
			t.Error("the caller's fast path does not get what is stale and not to be asked for")
		}
		f.wantAsked(2)
		time.Sleep(2 * time.Second)
		f.want(past, 30, 20*time.Millisecond)
		f.wantAsked(3)

		time.Sleep(31 * time.Second)
		f.says, f.delay = nil, time.Hour // silent
		f.want(past, 30, 1800*time.Millisecond)
		f.want(past, 30, 0) // the flight is that old already
		time.Sleep(10 * time.Second)
		f.wantAsked(4)

		time.Sleep(30 * time.Second)
		f.says, f.delay = []string{right}, 3*time.Second // slow, but it comes
		f.want(past, 30, 1800*time.Millisecond)
		time.Sleep(2 * time.Second)
		f.want(good, 60, 0)

		time.Sleep(time.Hour + 59*time.Second)
		f.says, f.delay = []string{"REFUSED"}, 0
		f.want(past, 30, 0)
		time.Sleep(2 * time.Second)
		f.want(servfail, 0, 0) // too old
		if s := f.Stats(); s.Stale != 8 || s.Entries != 1 {
			t.Errorf("%+v", s)
		}
	})
}

// TestDenialReplacesStale: NXDOMAIN is an answer, and is not given past its own time.
func TestDenialReplacesStale(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t, forward.Config{})
		f.says = []string{right}
		f.want(good, 60, 0)
		time.Sleep(time.Minute)
		f.says = []string{"NXDOMAIN", soa}
		f.want(nameErr, 0, 0)
		time.Sleep(59 * time.Second)
		f.says = []string{"SERVFAIL"}
		f.want(nameErr, 0, 0)
		f.wantAsked(2)
		time.Sleep(time.Second)
		f.want(servfail, 0, 0)
		f.wantAsked(3)

		f.says = []string{right}
		time.Sleep(4 * time.Second)
		f.want(servfail, 0, 0) // kept for 5 s
		f.wantAsked(3)
		time.Sleep(time.Second)
		f.want(good, 60, 0)
	})
}

// TestNoDataMayBeStale: the half of a name that has no IPv6 must not fail with its upstream.
func TestNoDataMayBeStale(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t, forward.Config{})
		f.says = []string{soa}
		f.want("NOERROR; test. SOA ns.test.", 0, 0)
		time.Sleep(2 * time.Minute)
		f.says = []string{"SERVFAIL"}
		f.want("NOERROR stale; test. SOA ns.test.", 0, 0)
	})
}

func TestNeverStale(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t, forward.Config{Stale: -1})
		f.says = []string{right}
		f.want(good, 60, 0)
		time.Sleep(time.Minute)
		f.says = []string{"SERVFAIL"}
		f.want(servfail, 0, 0)
	})
}
