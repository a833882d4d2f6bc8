package rate

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/fedns/fedns/providers/hosted"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const action = "Change"

func newAccount(t *testing.T, burst int, perSecond float64) *Account {
	t.Helper()
	a, err := NewAccount(Config{Name: "test", Rates: []hosted.Rate{{Action: action, Burst: burst, PerSecond: perSecond}}})
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// provider counts as one does, to the letter: a bucket of its own, filled when
// calls arrive.
type provider struct {
	burst, perSecond float64

	mu      sync.Mutex
	tokens  float64
	at      time.Time
	zones   []string // who was served, in order
	refused int
}

func newProvider(burst, perSecond float64) *provider {
	return &provider{burst: burst, perSecond: perSecond, tokens: burst, at: time.Now()}
}

func (p *provider) call(zone string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := time.Now()
	p.tokens = min(p.burst, p.tokens+p.perSecond*now.Sub(p.at).Seconds())
	p.at = now
	if p.tokens < 1-1e-6 {
		p.refused++
		return false
	}
	p.tokens--
	p.zones = append(p.zones, zone)
	return true
}

func (p *provider) served() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]string(nil), p.zones...)
}

// load is a number of callers that call again and again until ctx is done.
type load struct {
	t      *testing.T
	ctx    context.Context
	gate   hosted.Gate
	zone   string
	urgent bool
	delay  func() time.Duration // on the way to the provider; nil: none
	to     *provider
}

func (l load) start(wg *sync.WaitGroup, callers int) {
	for range callers {
		wg.Go(func() {
			for l.gate.Wait(l.ctx, action, l.urgent) == nil {
				if l.delay != nil {
					time.Sleep(l.delay())
				}
				if !l.to.call(l.zone) {
					l.gate.Throttled(action, 0)
				}
			}
			if l.ctx.Err() == nil {
				l.t.Errorf("zone %s: Wait failed before the end", l.zone)
			}
		})
	}
}

func count(zones []string, zone string) int {
	n := 0
	for _, z := range zones {
		if z == zone {
			n++
		}
	}
	return n
}

func zoneName(i int) string { return fmt.Sprintf("zone-%d", i) }
