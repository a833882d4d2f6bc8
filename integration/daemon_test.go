package integration

import (
	"context"
	_ "embed"
	"fmt"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fedns/fedns/integration/harness"
)

//go:embed testdata/balanced.yaml
var balanced string

// stubDomain makes a cluster's CoreDNS ask fedns for the federation's names, as
// its administrator would.
const stubDomain = harness.DefaultCorefile + `
prod:{{.Port}} {
    bind {{.Bind}}
    errors
    forward . %s
}
`

// TestPodFindsServiceOfTwoClusters is the whole way: two clusters, the daemon,
// CoreDNS and a pod's own resolver.
func TestPodFindsServiceOfTwoClusters(t *testing.T) {
	harness.Need(t, "getent", "libc-bin")
	f := harness.Start(t, harness.Options{Network: true, Clusters: []harness.Spec{
		{Name: "eu-1", Region: "eu-west", Zones: []string{"eu-west-1a"}},
		{Name: "us-1", Region: "us-east", Zones: []string{"us-east-1a"}},
	}})
	var want []string
	for i, c := range f.Clusters() {
		want = append(want, fmt.Sprintf("192.0.2.%d", i+1))
		if err := c.Apply(t.Context(), balanced); err != nil {
			t.Fatal(err)
		}
		if err := c.SetIngress(t.Context(), "shop", "web", want[i]); err != nil {
			t.Fatal(err)
		}
		endpoints(t, c, "web", 2)
	}
	d := harness.Fedns(t, f, harness.DaemonSpec{})
	host, _, err := net.SplitHostPort(d.DNSAddr)
	if err != nil {
		t.Fatal(err)
	}
	eu := f.Cluster("eu-1")
	if err := eu.StartCoreDNS(t.Context(), fmt.Sprintf(stubDomain, host)); err != nil {
		t.Fatal(err)
	}
	pod := harness.NewPod(t, eu, harness.PodSpec{Name: "client", Namespace: "shop"})
	harness.Eventually(t, 30*time.Second, func(ctx context.Context) error {
		out, err := pod.Run(ctx, "getent", "ahostsv4", "web.shop.prod")
		if err != nil {
			return err
		}
		if got := hosts(string(out)); !slices.Equal(got, want) {
			return fmt.Errorf("got %v, want %v", got, want)
		}
		return nil
	})
	if err := d.Stop(); err != nil {
		t.Error(err)
	}
}

// hosts are the addresses in what getent prints, each once.
func hosts(text string) []string {
	var addresses []string
	for line := range strings.Lines(text) {
		addresses = append(addresses, strings.Fields(line)[0])
	}
	slices.Sort(addresses)
	return slices.Compact(addresses)
}
