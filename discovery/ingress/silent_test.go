package ingress

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fedns/fedns/dnsserver/dnsname"
)

// attempt is how long asking for a name takes whose name server is silent.
const attempt = 2 * time.Second

// cloud is an upstream: names that begin with "silent" are not answered.
type cloud struct {
	ttl time.Duration

	mu     sync.Mutex
	now    int                      // silent names being asked
	most   int                      // since it was reset
	asked  map[string]time.Time     // last
	pauses map[string]time.Duration // the longest between two questions
	count  map[string]int
}

func newCloud(ttl time.Duration) *cloud {
	return &cloud{ttl: ttl, asked: map[string]time.Time{}, pauses: map[string]time.Duration{}, count: map[string]int{}}
}

func (c *cloud) lookup(ctx context.Context, name dnsname.Name) ([2]outcome, error) {
	key, now := name.String(), time.Now()
	silent := strings.HasPrefix(key, "silent")
	c.mu.Lock()
	if last, ok := c.asked[key]; ok {
		c.pauses[key] = max(c.pauses[key], now.Sub(last))
	}
	c.asked[key] = now
	c.count[key]++
	if silent {
		c.now++
		c.most = max(c.most, c.now)
	}
	c.mu.Unlock()
	if !silent {
		return v4(c.ttl, 1), nil
	}
	defer func() { c.mu.Lock(); c.now--; c.mu.Unlock() }()
	select {
	case <-ctx.Done():
	case <-time.After(attempt):
	}
	return [2]outcome{}, errors.New("timeout")
}

// reset forgets what was counted.
func (c *cloud) reset() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.most = c.now
	clear(c.pauses)
	clear(c.count)
}

func acquire(t *testing.T, r *Resolver, format string, n int) {
	t.Helper()
	for i := range n {
		if err := r.Acquire(fmt.Sprintf(format, i)); err != nil {
			t.Fatal(err)
		}
	}
}

// await drains changes until one is of hostname.
func await(changes <-chan Change, hostname string) Change {
	for c := range changes {
		if c.Hostname == hostname {
			return c
		}
	}
	return Change{}
}

// TestSilentNamesHoldUpNoOther: 500 names whose name server is silent, known to
// be so, neither delay a new name nor the refreshing of others.
func TestSilentNamesHoldUpNoOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCloud(30 * time.Second)
		r, changes := start(t, Config{Workers: 8}, c.lookup)
		acquire(t, r, "silent%d.test", 500)
		for range 500 {
			<-changes // the finding
		}
		acquire(t, r, "good%d.test", 100)
		for range 100 {
			<-changes
		}
		c.reset()
		time.Sleep(10 * time.Minute)
		for i := range 20 {
			begin := time.Now()
			acquire(t, r, fmt.Sprintf("new%d-%%d.test", i), 1)
			if got := await(changes, fmt.Sprintf("new%d-0.test", i)); len(got.Addrs) != 1 || time.Since(begin) > attempt {
				t.Errorf("%v after %s", got, time.Since(begin))
			}
			time.Sleep(777 * time.Millisecond)
		}
		c.mu.Lock()
		defer c.mu.Unlock()
		if c.most > 2 {
			t.Errorf("silent names held %d of 8 workers", c.most)
		}
		for name, pause := range maps.All(c.pauses) {
			if strings.HasPrefix(name, "good") && (pause < 30*time.Second || pause > 33*time.Second+attempt) {
				t.Errorf("%s was not asked for %s", name, pause)
			}
		}
	})
}

// TestSilentNamesFromTheBeginning: that they are silent is not known yet, and
// all of them come before the good one.
func TestSilentNamesFromTheBeginning(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCloud(30 * time.Second)
		r, changes := start(t, Config{Workers: 64}, c.lookup)
		acquire(t, r, "silent%d.test", 500)
		time.Sleep(time.Millisecond) // so that the good one is due after them
		begin := time.Now()
		acquire(t, r, "good%d.test", 1)
		if got := await(changes, "good0.test"); len(got.Addrs) != 1 || time.Since(begin) > attempt {
			t.Fatalf("%v after %s", got, time.Since(begin))
		}
		// Each is given its time in the end, and told to be silent.
		told := map[string]bool{}
		for len(told) < 500 {
			if got := <-changes; got.Finding != "" {
				told[got.Hostname] = true
			}
		}
		c.reset()
		time.Sleep(time.Hour)
		c.mu.Lock()
		defer c.mu.Unlock()
		for name, n := range c.count {
			if strings.HasPrefix(name, "silent") && (n < 40 || n > 70) {
				t.Errorf("%s was asked %d times in an hour, want about once a minute", name, n)
			}
		}
		if c.most > 16 {
			t.Errorf("silent names held %d of 64 workers", c.most)
		}
	})
}

// TestSlowNamesAreGivenTime: who needs longer than others like to wait is
// answered all the same, and one family's answer is not lost for the other's silence.
func TestSlowNamesAreGivenTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, changes := start(t, Config{Workers: 4}, func(ctx context.Context, name dnsname.Name) ([2]outcome, error) {
			half := strings.HasPrefix(name.String(), "half")
			select {
			case <-time.After(attempt):
			case <-ctx.Done():
				if !half {
					return [2]outcome{}, ctx.Err()
				}
			}
			if half {
				return [2]outcome{v4(time.Minute, 2)[0], {}}, errors.New("timeout")
			}
			return v4(time.Minute, 1), nil
		})
		acquire(t, r, "slow%d.test", 20)
		acquire(t, r, "half%d.test", 20)
		addrs := map[string]string{}
		for len(addrs) < 40 {
			c := <-changes
			if len(c.Addrs) != 1 {
				t.Fatalf("%v", c)
			}
			addrs[c.Hostname] = c.Addrs[0].String() + " " + c.Finding
		}
		want := "192.0.2.2 load balancer hostname half0.test: no answer to one of A and AAAA within 250ms"
		if addrs["slow0.test"] != "192.0.2.1 " || addrs["half0.test"] != want {
			t.Errorf("%q, %q", addrs["slow0.test"], addrs["half0.test"])
		}
	})
}

// TestReleaseWhileAsked: a hostname that nobody wants any more holds no worker.
func TestReleaseWhileAsked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		stopped := make(chan struct{})
		r, _ := start(t, Config{}, func(ctx context.Context, _ dnsname.Name) ([2]outcome, error) {
			<-ctx.Done()
			close(stopped)
			return [2]outcome{}, ctx.Err()
		})
		acquire(t, r, "lb%d.test", 1)
		synctest.Wait()
		r.Release("lb0.test")
		<-stopped
	})
}

// TestRunAgain: what was being asked when Run ended is asked by the next Run.
func TestRunAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var runs atomic.Int32
		r, _ := start(t, Config{}, nil)
		r = newResolver(r.cfg, func(ctx context.Context, _ dnsname.Name) ([2]outcome, error) {
			if runs.Load() == 0 {
				<-ctx.Done()
				return [2]outcome{}, ctx.Err()
			}
			return v4(time.Minute, 1), nil
		})
		acquire(t, r, "lb%d.test", 1)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		r.Run(ctx, make(chan Change))
		cancel()
		runs.Add(1)
		ctx, cancel = context.WithCancel(t.Context())
		changes, done := make(chan Change), make(chan struct{})
		go func() { r.Run(ctx, changes); close(done) }()
		if c := <-changes; len(c.Addrs) != 1 {
			t.Errorf("%v", c)
		}
		cancel()
		<-done
	})
}
