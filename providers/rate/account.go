package rate

import (
	"context"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/fedns/fedns/providers/hosted"
)

// Config is an account's.
type Config struct {
	Name string // in errors
	// Rates are the documented ones: hosted.Limits.Rates. Each action comes once.
	Rates []hosted.Rate
	// Override replaces Rates by action: where the provider granted more, or others
	// are to have a part of it.
	Override map[string]Limit
}

// Limit is how often an action may be called.
type Limit struct {
	Burst     int     // calls at once; at least 1
	PerSecond float64 // above 0
}

func (l Limit) check() error {
	if l.Burst < 1 {
		return fmt.Errorf("burst is %d, want at least 1", l.Burst)
	}
	if !(l.PerSecond > 0) || math.IsInf(l.PerSecond, 1) {
		return fmt.Errorf("%v calls a second, want a number above 0", l.PerSecond)
	}
	return nil
}

// Account shares rates among hosted zones. It is safe for concurrent use, and
// needs no closing.
type Account struct {
	mu      sync.Mutex // of the map
	buckets map[string]*bucket
}

// NewAccount begins with full buckets.
func NewAccount(cfg Config) (*Account, error) {
	limits := make(map[string]Limit)
	for _, r := range cfg.Rates {
		if _, twice := limits[r.Action]; twice {
			return nil, fmt.Errorf("account %s: two rates of %s", cfg.Name, r.Action)
		}
		limits[r.Action] = Limit{Burst: r.Burst, PerSecond: r.PerSecond}
	}
	actions := slices.Sorted(maps.Keys(limits))
	for _, action := range slices.Sorted(maps.Keys(cfg.Override)) {
		if _, ok := limits[action]; !ok {
			return nil, fmt.Errorf("account %s: rate of %s: there is no such action, want one of %s", cfg.Name, action, strings.Join(actions, ", "))
		}
		limits[action] = cfg.Override[action]
	}
	a := &Account{buckets: make(map[string]*bucket)}
	for _, action := range actions {
		if err := limits[action].check(); err != nil {
			return nil, fmt.Errorf("account %s: rate of %s: %w", cfg.Name, action, err)
		}
		a.buckets[action] = newBucket(action, limits[action], time.Now())
	}
	return a, nil
}

// Zone is the Gate of one hosted zone; Gates with the same name are one.
//
// Its Wait fails when ctx is done, with an error that wraps ctx's, or when too many
// calls of the zone wait already, with ErrCrowded. An action without a rate passes
// at once, unless the provider asked to wait.
func (a *Account) Zone(name string) hosted.Gate { return gate{account: a, zone: name} }

type gate struct {
	account *Account
	zone    string
}

func (g gate) Wait(ctx context.Context, action string, urgent bool) error {
	if err := g.account.bucket(action).wait(ctx, g.zone, urgent); err != nil {
		return fmt.Errorf("zone %s: waiting to call %s: %w", g.zone, action, err)
	}
	return nil
}

func (g gate) Throttled(action string, after time.Duration) {
	g.account.bucket(action).refused(after)
}

// bucket of an action. One that no rate is known of is made when it is first
// asked for: there are as many as a provider's code has names.
func (a *Account) bucket(action string) *bucket {
	a.mu.Lock()
	defer a.mu.Unlock()
	b, ok := a.buckets[action]
	if !ok {
		b = newBucket(action, Limit{}, time.Now())
		a.buckets[action] = b
	}
	return b
}

// Status is an action's at one moment.
type Status struct {
	Action string
	// PerSecond is the rate at present, and Ceiling what it may grow to; 0: there is
	// no rate.
	PerSecond, Ceiling float64
	Waiting            int       // calls
	Urgent             int       // of those
	Throttled          uint64    // calls that the provider refused for their rate
	Until              time.Time // nobody calls before; zero: as soon as there are tokens
}

// Status of all actions, by name.
func (a *Account) Status() []Status {
	a.mu.Lock()
	buckets := slices.Collect(maps.Values(a.buckets))
	a.mu.Unlock()
	out := make([]Status, 0, len(buckets))
	for _, b := range buckets {
		out = append(out, b.status())
	}
	slices.SortFunc(out, func(x, y Status) int { return strings.Compare(x.Action, y.Action) })
	return out
}
