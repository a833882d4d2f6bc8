package slow

import (
	"context"
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/miekg/dns"

	"github.com/fedns/fedns/integration/harness"
	"github.com/fedns/fedns/integration/simulator"
)

// addresses asks for a Service's A records.
func addresses(ctx context.Context, d *harness.Daemon, s simulator.Service) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	r, _, err := new(dns.Client).ExchangeContext(ctx, new(dns.Msg).SetQuestion(s.Name+"."+s.Namespace+".prod.", dns.TypeA), d.DNSAddr)
	if err != nil {
		return "", err
	}
	text := dns.RcodeToString[r.Rcode]
	for _, rr := range r.Answer {
		if a, ok := rr.(*dns.A); ok {
			text += " " + a.A.String()
		}
	}
	return text, nil
}

// TestASlowClusterDelaysNobody: one API server of three answers at a crawl. What
// the others change is answered at once, and so is a new cluster; what the slow one
// had stands, and it catches up.
func TestASlowClusterDelaysNobody(t *testing.T) {
	sims, err := simulator.Start(t.Context(), simulator.Spec{Clusters: 4, Cluster: simulator.Options{Services: 50, Endpoints: 3, Headless: true, Annotated: true}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(sims.Close)
	files, err := sims.Kubeconfigs(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	head := "apiVersion: fedns.io/v1alpha1\nkind: Config\nlisten: {dns: [\"{{.DNS}}\"], http: \"{{.HTTP}}\"}\nfederation: {name: prod}\nexports: [Annotated]\nclusters:\n"
	member := func(i int) string { return fmt.Sprintf("- {name: c%d, kubeconfig: %s}\n", i, files[i]) }
	d := harness.Fedns(t, harness.Start(t, harness.Options{}), harness.DaemonSpec{Config: head + member(0) + member(1) + member(2)})

	slow := sims.Clusters[0]
	slow.Slow(20)
	slow.Disconnect()
	began := time.Now()
	// change gives an endpoint of a cluster another address, and tells the Service and that address.
	change := func(i int) (simulator.Service, netip.Addr) {
		_, now := sims.Clusters[i].Replace(7, 1)
		s, _ := sims.Clusters[i].Service(7)
		return s, now
	}
	answered := func(what string, limit time.Duration, s simulator.Service, want netip.Addr) {
		t.Helper()
		harness.Eventually(t, limit, func(ctx context.Context) error {
			got, err := addresses(ctx, d, s)
			if err == nil && !strings.Contains(got+" ", " "+want.String()+" ") {
				err = fmt.Errorf("%s: %s is %s, want %s", what, s.Name, got, want)
			}
			return err
		})
	}
	crawling, late := change(0)
	for range 5 {
		for _, i := range []int{1, 2} {
			s, now := change(i)
			answered(fmt.Sprint("a change of c", i), 2*time.Second, s, now)
		}
	}
	if err := d.Rewrite(head + member(0) + member(1) + member(2) + member(3)); err != nil {
		t.Fatal(err)
	}
	s, now := change(3)
	answered("a cluster that is new", 5*time.Second, s, now)
	got, err := addresses(t.Context(), d, crawling)
	if err != nil || strings.Count(got, " ") != 3 || strings.Contains(got+" ", " "+late.String()+" ") {
		t.Errorf("of the slow cluster %s is %s (%v), want what was known: it should not be done after %v", crawling.Name, got, err, time.Since(began))
	}
	slow.Heal()
	slow.Disconnect()
	answered("the slow cluster, healed", 8*time.Second, crawling, late)
}
