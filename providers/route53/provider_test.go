package route53

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/route53/types"

	"github.com/fedns/fedns/dnsserver/dnsname"
	"github.com/fedns/fedns/providers/hosted"
	"github.com/fedns/fedns/providers/providertest"
	"github.com/fedns/fedns/providers/route53/route53test"
)

// clock is a test's own.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) move(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

// account is a simulated one with a hosted zone, and a Zone on it.
type account struct {
	*Zone
	sim   *route53test.Simulator
	id    string
	clock *clock
	gate  *counting
}

// counting is a Gate that lets everything pass and counts.
type counting struct {
	mu        sync.Mutex
	pass      func() // called before each call
	waits     map[string]int
	throttled int
	after     time.Duration
}

func (g *counting) Wait(ctx context.Context, action string, _ bool) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.waits[action]++
	if g.pass != nil && action != ActionAll {
		g.pass()
	}
	return ctx.Err()
}

func (g *counting) Throttled(_ string, after time.Duration) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.throttled++
	g.after = after
}

const balancerZone = "Z35SXDOTRQ7X7K"

func newAccount(t *testing.T, change func(*route53test.Config, *Config)) *account {
	t.Helper()
	a := &account{clock: &clock{at: time.Date(2026, 11, 21, 0, 0, 0, 0, time.UTC)}, gate: &counting{waits: map[string]int{}}}
	simulated := route53test.Config{Now: a.clock.now}
	cfg := Config{
		Apex: dnsname.MustParse("example.com."), Owner: "test", Gate: a.gate,
		Credentials: credentials.NewStaticCredentialsProvider("AKID", "SECRET", ""),
	}
	if change != nil {
		change(&simulated, &cfg)
	}
	a.sim = route53test.New(simulated)
	a.id = a.sim.AddZone("example.com", false)
	a.sim.AddAliasZone(balancerZone, "us-east-1.elb.amazonaws.com.")
	if cfg.HostedZoneID == "" {
		cfg.HostedZoneID = "/hostedzone/" + a.id
	}
	cfg.HTTP = a.sim.Client()
	z, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	a.Zone = z
	return a
}

// byHand makes what is at an Entry's Key that Entry.
func (a *account) byHand(_ context.Context, e hosted.Entry) error {
	var changes []route53test.Change
	for _, r := range a.sim.RecordSets(a.id) {
		if r.Name == nameText(e.Key.Owner) && r.Type == zoneType(e.Key.Type) {
			changes = append(changes, route53test.Delete(r))
		}
	}
	for _, s := range e.Sets {
		set, err := encode(e.Key, s, "")
		if err != nil {
			return err
		}
		changes = append(changes, route53test.Create(simulated(set)))
	}
	if len(changes) == 0 {
		return nil
	}
	return a.sim.Edit(a.id, changes...)
}

func zoneType(t uint16) string { return string(mustEncodeType(t)) }

// simulated is a record set of the SDK as one of the simulator.
func simulated(r types.ResourceRecordSet) route53test.RecordSet {
	s := route53test.RecordSet{
		Name: aws.ToString(r.Name), Type: string(r.Type), SetIdentifier: aws.ToString(r.SetIdentifier), TTL: r.TTL,
		Weight: r.Weight, Region: string(r.Region), Failover: string(r.Failover), MultiValueAnswer: aws.ToBool(r.MultiValueAnswer),
		HealthCheckID: aws.ToString(r.HealthCheckId),
	}
	if g := r.GeoLocation; g != nil {
		s.GeoLocation = &route53test.GeoLocation{ContinentCode: aws.ToString(g.ContinentCode), CountryCode: aws.ToString(g.CountryCode), SubdivisionCode: aws.ToString(g.SubdivisionCode)}
	}
	if a := r.AliasTarget; a != nil {
		s.AliasTarget = &route53test.AliasTarget{HostedZoneID: aws.ToString(a.HostedZoneId), DNSName: aws.ToString(a.DNSName), EvaluateTargetHealth: a.EvaluateTargetHealth}
	}
	for _, v := range r.ResourceRecords {
		s.Values = append(s.Values, aws.ToString(v.Value))
	}
	return s
}

func TestSuite(t *testing.T) {
	a := newAccount(t, func(s *route53test.Config, _ *Config) { s.InSync = 45 * time.Second })
	alias, ok := AliasFor(dnsname.MustParse("web-1.us-east-1.elb.amazonaws.com."))
	if !ok {
		t.Fatal("no alias for a load balancer")
	}
	checked := slices.Clone(providertest.Samples()[hosted.PolicyFailover])
	checked[0].Health = hosted.Health{Protocol: "HTTPS", Port: 8443, Path: "/healthz", Host: "web.example.com", Interval: 30, Threshold: 3}
	providertest.Run(t, providertest.Config{
		Zone: a.Zone, Apex: a.cfg.Apex, Limits: a.Limits(), Alias: alias, EditByHand: a.byHand, Many: 10_000,
		Sets: map[hosted.Policy][]hosted.Set{hosted.PolicyFailover: checked},
		Await: func(ctx context.Context, d time.Duration) error {
			a.clock.move(d)
			return ctx.Err()
		},
	})
}

// TestSuiteWhereItIsBusy plays everything at the documented rates, with a hosted
// zone that refuses a second change for a while.
func TestSuiteWhereItIsBusy(t *testing.T) {
	a := newAccount(t, func(s *route53test.Config, _ *Config) {
		s.Rates, s.Busy, s.OneMessage = route53test.Documented(), 50*time.Millisecond, true
	})
	// Twice as many calls as are allowed, so that some are throttled.
	a.gate.pass = func() { a.clock.move(50 * time.Millisecond) }
	providertest.Run(t, providertest.Config{
		Zone: a.Zone, Apex: a.cfg.Apex, Limits: a.Limits(), EditByHand: a.byHand, Many: 600,
		Await: func(ctx context.Context, d time.Duration) error {
			a.clock.move(max(d, 10*time.Second))
			return ctx.Err()
		},
	})
	if len(a.sim.Throttled()) == 0 {
		t.Error("nothing was throttled: the test is too slow to show anything")
	}
}

func mustEncodeType(t uint16) types.RRType {
	r, err := encode(hosted.Key{Owner: dnsname.Root, Type: t}, hosted.Set{Alias: hosted.Alias{Target: dnsname.Root, ZoneID: "Z"}}, "")
	if err != nil {
		panic(fmt.Sprint(err))
	}
	return r.Type
}
