package providertest

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/fedns/fedns/dnsserver/dnsname"
	"github.com/fedns/fedns/providers/hosted"
)

// Config is the provider under test.
type Config struct {
	// Zone is a fresh hosted zone: nothing but SOA, NS and DNSSEC at its apex.
	Zone hosted.Zone
	Apex dnsname.Name
	// Limits are the provider's. What Check refuses is left out of the lessons.
	Limits hosted.Limits

	// Types are the RR types that the provider says it holds: Check has to let these
	// pass and no others of those that the lessons know. Defaults to all that the
	// lessons know.
	Types []uint16
	// Sets are record sets for each routing policy, two or more of each, without
	// Records: set identifiers, Routing, Health. Defaults to those of Samples, for
	// each of Limits.Policies.
	Sets map[hosted.Policy][]hosted.Set
	// Identify is of providers that keep no set identifiers: the one that they make of
	// what the Set holds. Nil: the zone keeps those of Sets.
	Identify func(hosted.Set) string
	// Alias is one that the zone may hold, as an address. The zero Alias: the provider has none.
	Alias hosted.Alias

	// EditByHand makes what is at the Entry's Key exactly the Entry, as somebody else
	// would; an empty one takes away. Nil: the lessons that need it are left out.
	EditByHand func(context.Context, hosted.Entry) error
	// Foreign are Entries of types that fedns never writes, made by EditByHand.
	// Defaults to an SSHFP record.
	Foreign []hosted.Entry
	// Await is called between two questions when the suite has to wait: for a
	// confirmation, or because of throttling, with the wait asked for. A simulator's
	// clock is moved here. It may be called concurrently. Defaults to waiting by the
	// real clock.
	Await func(ctx context.Context, at time.Duration) error

	// Fresh makes another zone as Zone is, for each lesson: where what a lesson left
	// cannot be taken away, or is remembered. Nil: all lessons share Zone.
	Fresh func(context.Context) (hosted.Zone, error)

	// Many are the record sets of the long listing. Defaults to 2,500.
	Many int
	// Timeout is that of each call. Defaults to 30 s.
	Timeout time.Duration
	// Skip leaves out lessons by name, each with a reason, which is printed.
	Skip map[string]string
}

// lessons are the table of contents.
var lessons = []lesson{
	// What a zone can hold.
	{name: "an address", steps: anAddress},
	{name: "every type", steps: everyType},
	{name: "many records in one set", steps: manyRecords},
	{name: "time to live", steps: timeToLive},
	{name: "text", steps: text},
	{name: "names", steps: names},
	{name: "the apex", steps: apex},
	{name: "one type becomes another", steps: becomes},
	// Finding it again.
	{name: "reading", steps: reading},
	{name: "a long listing", steps: longListing},
	{name: "a long listing of sets", needs: needsAnyPolicy, steps: longRoutedListing},
	{name: "confirmation", steps: confirmation},
	{name: "a comment", steps: aComment},
	{name: "the largest batches", steps: largestBatches},
	// Somebody else.
	{name: "foreign records", needs: needsHand, steps: foreignRecords},
	{name: "edited by hand", needs: both(needsHand, needsSwaps), steps: editedByHand},
	// All or nothing, and only if nothing changed.
	{name: "refused", steps: refused},
	{name: "wrong old records", needs: needsSwaps, steps: wrongRecords},
	{name: "wrong old TTL", needs: needsSwaps, steps: wrongTTL},
	{name: "created twice", needs: needsSwaps, steps: createdTwice},
	{name: "not there", needs: needsSwaps, steps: notThere},
	{name: "the fence", needs: needsSwaps, steps: theFence},
	// Routing policies.
	{name: "weighted", needs: needsPolicy(hosted.PolicyWeighted), steps: policy(hosted.PolicyWeighted)},
	{name: "latency", needs: needsPolicy(hosted.PolicyLatency), steps: policy(hosted.PolicyLatency)},
	{name: "geolocation", needs: needsPolicy(hosted.PolicyGeo), steps: policy(hosted.PolicyGeo)},
	{name: "failover", needs: needsPolicy(hosted.PolicyFailover), steps: policy(hosted.PolicyFailover)},
	{name: "multivalue", needs: needsPolicy(hosted.PolicyMultivalue), steps: policy(hosted.PolicyMultivalue)},
	{name: "no such policy", steps: noSuchPolicy},
	{name: "from policy to policy", needs: needsAnyPolicy, steps: migration},
	{name: "wrong old sets", needs: both(needsAnyPolicy, needsSwaps), steps: wrongSets},
	{name: "health checks", needs: needsHealth, steps: healthChecks},
	{name: "alias", needs: needsAlias, steps: alias},
	// Time.
	{name: "time is over", steps: timeIsOver},
	{name: "interrupted", needs: needsSwaps, steps: interrupted},
	{name: "listed while changed", steps: listedWhileChanged},
}

// lesson is one thing that a hosted zone can do.
type lesson struct {
	name  string
	needs func(*Config) string // why it has to be left out; nil or empty: it has not
	steps func(site) []step
}

// Run plays all lessons, each as a subtest of its name.
func Run(t *testing.T, cfg Config) {
	t.Helper()
	s, err := open(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range lessons {
		t.Run(l.name, func(t *testing.T) {
			if why := s.leavesOut(l); why != "" {
				t.Skip("left out: " + why)
			}
			s.logf = t.Logf
			if err := s.play(t.Context(), l); err != nil {
				t.Error(err)
			}
		})
	}
}

// failures plays the lessons named, or all, and returns what was wrong, by lesson.
func failures(ctx context.Context, cfg Config, names ...string) (map[string]error, error) {
	s, err := open(ctx, cfg)
	if err != nil {
		return nil, err
	}
	failed := map[string]error{}
	for _, l := range lessons {
		if s.leavesOut(l) != "" || len(names) > 0 && !slices.Contains(names, l.name) {
			continue
		}
		if err := s.play(ctx, l); err != nil {
			failed[l.name] = err
		}
	}
	return failed, nil
}

// open fills in the defaults and looks at the empty zone.
func open(ctx context.Context, cfg Config) (*stage, error) {
	if cfg.Many == 0 {
		cfg.Many = 2500
	}
	if cfg.Timeout == 0 {
		cfg.Timeout = 30 * time.Second
	}
	if cfg.Await == nil {
		cfg.Await = realClock
	}
	cfg.Sets = samples(cfg)
	z := site{&cfg}
	if cfg.Foreign == nil {
		cfg.Foreign = []hosted.Entry{z.set("host", typeSSHFP, 300, "\x01\x01"+"01234567890123456789")}
	}
	for name := range cfg.Skip {
		if !slices.ContainsFunc(lessons, func(l lesson) bool { return l.name == name }) {
			return nil, fmt.Errorf("skip: there is no lesson %q", name)
		}
	}
	s := &stage{site: z, base: map[hosted.Key]hosted.Entry{}, has: map[hosted.Key]hosted.Entry{}, logf: func(string, ...any) {}}
	there, err := s.list(ctx)
	if err != nil {
		return nil, fmt.Errorf("look at the empty zone: %w", err)
	}
	s.base = there
	for _, k := range slices.SortedFunc(maps.Keys(there), hosted.CompareKeys) {
		if k.Owner != cfg.Apex && !moves(k) {
			return nil, fmt.Errorf("the zone is not empty: it has %s", there[k])
		}
	}
	return s, nil
}

func realClock(ctx context.Context, at time.Duration) error {
	timer := time.NewTimer(at)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

func (s *stage) leavesOut(l lesson) string {
	if why, ok := s.Skip[l.name]; ok {
		return why
	}
	if l.needs != nil {
		return l.needs(s.Config)
	}
	return ""
}

// play plays one lesson from an empty zone.
func (s *stage) play(ctx context.Context, l lesson) error {
	if s.Fresh != nil {
		z, err := s.Fresh(ctx)
		if err != nil {
			return fmt.Errorf("make a zone for the lesson: %w", err)
		}
		s.Zone = z
	}
	if err := s.clear(ctx); err != nil {
		return fmt.Errorf("clear the zone: %w", err)
	}
	for i, st := range l.steps(s.site) {
		if err := st.play(ctx, s); err != nil {
			return fmt.Errorf("step %d (%s): %w", i+1, st.says, err)
		}
	}
	return nil
}
