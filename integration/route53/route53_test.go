package route53

import (
	"context"
	"net/netip"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	sdk "github.com/aws/aws-sdk-go-v2/service/route53"

	"github.com/fedns/fedns/dnsserver/dnsname"
	"github.com/fedns/fedns/dnsserver/zone"
	"github.com/fedns/fedns/integration/harness"
	"github.com/fedns/fedns/integration/harness/process"
	"github.com/fedns/fedns/providers/hosted"
	"github.com/fedns/fedns/providers/providertest"
	"github.com/fedns/fedns/providers/route53"
)

// moto starts a server for one test, and returns its URL.
func moto(t *testing.T) string {
	t.Helper()
	path, err := Program()
	if err != nil {
		t.Fatal(err)
	}
	harness.NeedFile(t, path, "integration/prerequisites installs moto from PyPI")
	sp := process.NewSpawner()
	t.Cleanup(sp.Close)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	p, url, err := Start(ctx, sp, path, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Log(p.Tail(15))
		}
		if err := p.Stop(5 * time.Second); err != nil {
			t.Log(err)
		}
	})
	return url
}

var cred = credentials.NewStaticCredentialsProvider("AKID", "SECRET", "")

func client(url string) *sdk.Client {
	return sdk.New(sdk.Options{Region: "us-east-1", Credentials: cred, BaseEndpoint: &url})
}

// fresh makes a hosted zone.
func fresh(ctx context.Context, url, name string) (*route53.Zone, error) {
	made, err := client(url).CreateHostedZone(ctx, &sdk.CreateHostedZoneInput{Name: &name, CallerReference: aws.String(time.Now().String())})
	if err != nil {
		return nil, err
	}
	return route53.New(route53.Config{
		Apex: dnsname.MustParse(name), HostedZoneID: aws.ToString(made.HostedZone.Id), Owner: "test", Endpoint: url, Credentials: cred,
	})
}

func TestSuiteAgainstMoto(t *testing.T) {
	url, apex := moto(t), "example.com."
	z, err := fresh(t.Context(), url, apex)
	if err != nil {
		t.Fatal(err)
	}
	alias, ok := route53.AliasFor(dnsname.MustParse("web-1.us-east-1.elb.amazonaws.com."))
	if !ok {
		t.Fatal("no alias for a load balancer")
	}
	providertest.Run(t, providertest.Config{
		Zone: z, Apex: dnsname.MustParse(apex), Limits: z.Limits(), Alias: alias, Many: 300,
		Fresh: func(ctx context.Context) (hosted.Zone, error) { return fresh(ctx, url, apex) },
		Skip:  left,
	})
}

// What moto does otherwise than Route 53 (moto/route53/models.py of 5.2.5).
const (
	remembers = "moto refuses to create what was created before and deleted since, as long as a record set is listed behind it"
	accepts   = "moto makes what Route 53 refuses: it looks at no TTL, length, CNAME or policy"
	mismatch  = "moto answers InvalidInput where a DELETE does not match, not InvalidChangeBatch; and it creates twice"
)

// left are the lessons that moto cannot play, by the first thing that they want of it.
var left = map[string]string{
	"every type": remembers, "one type becomes another": remembers, "weighted": remembers, "latency": remembers,
	"geolocation": remembers, "failover": remembers, "multivalue": remembers, "from policy to policy": remembers,
	"alias": remembers, "listed while changed": remembers,
	"time to live": accepts, "text": accepts, "the apex": accepts, "refused": accepts,
	"wrong old records": mismatch, "wrong old TTL": mismatch, "created twice": mismatch, "not there": mismatch,
	"the fence": mismatch, "wrong old sets": mismatch,
}

// TestWhatIsAmazonsAgainstMoto: policies, aliases and health checks come back as
// they were written, become one another in one batch, and go. No state comes twice,
// for moto remembers.
func TestWhatIsAmazonsAgainstMoto(t *testing.T) {
	url := moto(t)
	z, err := fresh(t.Context(), url, "example.com.")
	if err != nil {
		t.Fatal(err)
	}
	k := hosted.Key{Owner: dnsname.MustParse("*.www.example.com."), Type: zone.TypeA}
	old := hosted.Entry{Key: k}
	for i, next := range states(k) {
		if why := z.Limits().Check(next); why != "" {
			t.Fatalf("state %d: %s", i, why)
		}
		receipt, err := z.Apply(t.Context(), hosted.Batch{Changes: []hosted.Change{{Old: old, New: next}}, Comment: "state"})
		if err != nil {
			t.Fatalf("state %d: %v", i, err)
		}
		if done, err := z.Confirm(t.Context(), receipt); err != nil || !done {
			t.Errorf("state %d: not confirmed: %v", i, err)
		}
		got, err := z.Read(t.Context(), k)
		if err != nil || len(got) != min(1, len(next.Sets)) || len(got) == 1 && !got[0].Equal(next) {
			t.Fatalf("state %d:\ngot  %+v, %v\nwant %+v", i, got, err, next)
		}
		if all, err := z.Records(t.Context()); err != nil || len(all) != 2+min(1, len(next.Sets)) {
			t.Errorf("state %d: listed %v, %v", i, all, err)
		}
		if err := z.Collect(t.Context()); err != nil {
			t.Fatal(err)
		}
		old = next
	}
	for range 3 {
		if _, err := z.Records(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := z.Collect(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	checks, err := client(url).ListHealthChecks(t.Context(), &sdk.ListHealthChecksInput{})
	if err != nil || len(checks.HealthChecks) != 0 {
		t.Errorf("%d health checks are left, %v", len(checks.HealthChecks), err)
	}
}

// states are one after the other what k holds, at last nothing.
func states(k hosted.Key) []hosted.Entry {
	set := func(id string, r hosted.Routing, addrs ...string) hosted.Set {
		var rdatas []string
		for _, a := range addrs {
			rdatas = append(rdatas, zone.Addr(netip.MustParseAddr(a)))
		}
		return hosted.Set{ID: id, Routing: r, Records: zone.NewRRset(k.Owner, k.Type, 60, rdatas...)}
	}
	checked := func(s hosted.Set, h hosted.Health) hosted.Set { s.Health = h; return s }
	alias, _ := route53.AliasFor(dnsname.MustParse("web-1.us-east-1.elb.amazonaws.com."))
	http := hosted.Health{Protocol: "HTTP", Port: 80, Path: "/healthz", Host: "www.example.com", Interval: 10, Threshold: 2}
	tcp := hosted.Health{Protocol: "TCP", Port: 443, Interval: 30, Threshold: 3}
	return []hosted.Entry{
		hosted.NewEntry(k, set("", hosted.Routing{}, "192.0.2.1", "192.0.2.2")),
		hosted.NewEntry(k,
			checked(set("a", hosted.Routing{Policy: hosted.PolicyWeighted, Weight: 10}, "198.51.100.1"), http),
			checked(set("b", hosted.Routing{Policy: hosted.PolicyWeighted}, "198.51.100.2", "198.51.100.3"), tcp)),
		hosted.NewEntry(k,
			set("a", hosted.Routing{Policy: hosted.PolicyLatency, Region: "us-east-1"}, "198.51.100.1"),
			set("b", hosted.Routing{Policy: hosted.PolicyLatency, Region: "eu-west-1"}, "198.51.100.2")),
		hosted.NewEntry(k,
			set("a", hosted.Routing{Policy: hosted.PolicyGeo, Continent: "EU"}, "198.51.100.1"),
			set("b", hosted.Routing{Policy: hosted.PolicyGeo, Country: "US", Subdivision: "CA"}, "198.51.100.2"),
			set("c", hosted.Routing{Policy: hosted.PolicyGeo, Country: "*"}, "198.51.100.3")),
		hosted.NewEntry(k,
			checked(set("a", hosted.Routing{Policy: hosted.PolicyFailover}, "198.51.100.1"), http),
			set("b", hosted.Routing{Policy: hosted.PolicyFailover, Secondary: true}, "198.51.100.2")),
		hosted.NewEntry(k,
			checked(set("a", hosted.Routing{Policy: hosted.PolicyMultivalue}, "198.51.100.1"), tcp),
			set("b", hosted.Routing{Policy: hosted.PolicyMultivalue}, "198.51.100.2")),
		hosted.NewEntry(k, hosted.Set{Alias: alias}),
		{Key: k},
	}
}

// TestTheZoneIsFound: without an ID the hosted zone is found by its name.
func TestTheZoneIsFound(t *testing.T) {
	url := moto(t)
	if _, err := fresh(t.Context(), url, "example.com."); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]bool{"example.com.": true, "example.net.": false} {
		z, err := route53.New(route53.Config{Apex: dnsname.MustParse(name), Endpoint: url, Credentials: cred})
		if err != nil {
			t.Fatal(err)
		}
		if all, err := z.Records(t.Context()); (err == nil && len(all) == 2) != want {
			t.Errorf("%s: got %v, %v", name, all, err)
		}
	}
}

// TestAssumedRole: the role is taken on from moto's STS. It keeps accounts apart: in
// another one there is no such hosted zone.
func TestAssumedRole(t *testing.T) {
	url := moto(t)
	if _, err := fresh(t.Context(), url, "example.com."); err != nil {
		t.Fatal(err)
	}
	for account, want := range map[string]bool{"123456789012": true, "210987654321": false} {
		z, err := route53.New(route53.Config{
			Apex: dnsname.MustParse("example.com."), Endpoint: url, STSEndpoint: url, Credentials: cred,
			AssumeRoleARN: "arn:aws:iam::" + account + ":role/dns", ExternalID: "external",
		})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := z.Records(t.Context()); (err == nil) != want {
			t.Errorf("account %s: got %v", account, err)
		}
	}
}
