package forward_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/miekg/dns"

	"github.com/fedns/fedns/dnsserver/forward"
	"github.com/fedns/fedns/dnsserver/zone"
)

// TestCallerGoes: a caller waits no longer than its context; what it asked for is kept.
func TestCallerGoes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t, forward.Config{})
		f.says, f.delay = []string{right}, 500*time.Millisecond
		ctx, cancel := context.WithTimeout(context.Background(), 100*time.Millisecond)
		defer cancel()
		if _, err := f.Resolve(ctx, nobody, name("www.test."), dns.TypeA); !errors.Is(err, context.DeadlineExceeded) {
			t.Error(err)
		}
		time.Sleep(time.Second)
		f.want(good, 60, 0)
		f.wantAsked(1)
	})
}

// TestFlightEnds: a flight that nothing answers ends, with everything it holds.
func TestFlightEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t, forward.Config{Timeout: time.Second})
		f.delay = time.Hour
		f.want(servfail, 0, 5*time.Second)
		if s := f.Stats(); s.InFlight != 0 || s.Waiting != 0 {
			t.Errorf("%+v", s)
		}
	})
}

func TestStopped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, err := forward.New(forward.Config{Upstreams: to(dead(t))})
		if err != nil {
			t.Fatal(err)
		}
		r.SetExchange(func(ctx context.Context, _ int, _ zone.Key, _ bool) ([]byte, error) {
			<-ctx.Done()
			return nil, forward.ErrTimeout
		})
		ctx, cancel := context.WithCancel(context.Background())
		time.AfterFunc(time.Second, cancel)
		got := make(chan error)
		go func() {
			_, err := r.Resolve(context.Background(), nobody, name("www.test."), dns.TypeA)
			got <- err
		}()
		begin := time.Now()
		r.Run(ctx)
		if err := <-got; !errors.Is(err, forward.ErrStopped) || time.Since(begin) != time.Second {
			t.Errorf("%v after %v", err, time.Since(begin))
		}
		if _, err := r.Resolve(context.Background(), nobody, name("www.test."), dns.TypeA); !errors.Is(err, forward.ErrStopped) {
			t.Error(err)
		}
		if s := r.Stats(); s.Entries != 0 {
			t.Error("being stopped is kept as a failure of the name")
		}
	})
}

func TestFlush(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t, forward.Config{})
		f.says = []string{right}
		f.want(good, 60, 0)
		f.Flush()
		if s := f.Stats(); s.Entries != 0 || s.Octets != 0 {
			t.Errorf("%+v", s)
		}
		f.want(good, 60, 0)
		f.wantAsked(2)
	})
}
