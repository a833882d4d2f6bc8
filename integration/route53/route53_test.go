package route53

import (
	"context"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	sdk "github.com/aws/aws-sdk-go-v2/service/route53"

	"github.com/fedns/fedns/dnsserver/dnsname"
	"github.com/fedns/fedns/integration/harness"
	"github.com/fedns/fedns/integration/harness/process"
	"github.com/fedns/fedns/providers/hosted"
	"github.com/fedns/fedns/providers/providertest"
	"github.com/fedns/fedns/providers/route53"
)

// moto starts a server for one test, and returns its URL.
func moto(t *testing.T) string {
	t.Helper()
	path, err := program()
	if err != nil {
		t.Fatal(err)
	}
	harness.NeedFile(t, path, "integration/prerequisites installs moto from PyPI")
	sp := process.NewSpawner()
	t.Cleanup(sp.Close)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	p, url, err := start(ctx, sp, path, t.TempDir())
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

// fresh makes a hosted zone.
func fresh(ctx context.Context, url, name string) (*route53.Zone, error) {
	cred := credentials.NewStaticCredentialsProvider("AKID", "SECRET", "")
	c := sdk.New(sdk.Options{Region: "us-east-1", Credentials: cred, BaseEndpoint: &url})
	made, err := c.CreateHostedZone(ctx, &sdk.CreateHostedZoneInput{Name: &name, CallerReference: aws.String(time.Now().String())})
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
		Skip:  map[string]string{},
	})
}
