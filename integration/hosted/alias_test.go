package hosted

import (
	"context"
	"fmt"
	"net"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	sdk "github.com/aws/aws-sdk-go-v2/service/route53"
	"github.com/miekg/dns"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/fedns/fedns/integration/harness"
	"github.com/fedns/fedns/integration/harness/process"
	"github.com/fedns/fedns/integration/route53"
	"github.com/fedns/fedns/providers/route53/route53test"
)

// Load balancers as Amazon names them, and the hosted zones that it gives for them
// (AWS General Reference, "Elastic Load Balancing endpoints and quotas").
const (
	networkLB, networkZone = "k8s-shop-web-0123456789.elb.eu-west-1.amazonaws.com", "Z2IFOLAFXWLO4F"
	classicLB, classicZone = "a0123456789-987654321.eu-west-1.elb.amazonaws.com", "Z32O12XQLNTSW2"
)

// balancers is a resolver that knows the load balancers.
func balancers(t *testing.T) string {
	t.Helper()
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	must(t, err)
	mux := dns.HandlerFunc(func(w dns.ResponseWriter, q *dns.Msg) {
		var a dns.Msg
		a.SetReply(q)
		a.RecursionAvailable = true
		addr, ok := map[string]string{networkLB + ".": "203.0.113.1", classicLB + ".": "203.0.113.2"}[strings.ToLower(q.Question[0].Name)]
		switch {
		case !ok:
			a.Rcode = dns.RcodeNameError
		case q.Question[0].Qtype == dns.TypeA:
			a.Answer = []dns.RR{&dns.A{Hdr: dns.RR_Header{Name: q.Question[0].Name, Rrtype: dns.TypeA, Class: dns.ClassINET, Ttl: 60}, A: net.ParseIP(addr)}}
		}
		_ = w.WriteMsg(&a)
	})
	s := &dns.Server{PacketConn: conn, Handler: mux}
	done := make(chan error)
	go func() { done <- s.ActivateAndServe() }()
	t.Cleanup(func() {
		_ = s.Shutdown()
		<-done
	})
	return conn.LocalAddr().String()
}

// set is what a record set says, by either implementation of Route 53.
type set struct{ name, typ, id, zone, target, weight string }

// cloud is one of them.
type cloud struct {
	name, url string
	sets      func(context.Context) ([]set, error)
}

func played(t *testing.T) cloud {
	t.Helper()
	sim := route53test.New(route53test.Config{})
	id := sim.AddZone("prod.", false)
	sim.AddAliasZone(networkZone, "elb.eu-west-1.amazonaws.com.")
	sim.AddAliasZone(classicZone, "eu-west-1.elb.amazonaws.com.")
	server := httptest.NewServer(sim)
	t.Cleanup(server.Close)
	return cloud{"played", server.URL, func(context.Context) (all []set, err error) {
		for _, r := range sim.RecordSets(id) {
			s := set{name: r.Name, typ: r.Type, id: r.SetIdentifier}
			if r.AliasTarget != nil {
				s.zone, s.target = r.AliasTarget.HostedZoneID, r.AliasTarget.DNSName
			}
			if r.Weight != nil {
				s.weight = fmt.Sprint(*r.Weight)
			}
			all = append(all, s)
		}
		return all, nil
	}}
}

func moto(t *testing.T) cloud {
	t.Helper()
	path, err := route53.Program()
	must(t, err)
	harness.NeedFile(t, path, "integration/prerequisites installs moto from PyPI")
	sp := process.NewSpawner()
	t.Cleanup(sp.Close)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	p, url, err := route53.Start(ctx, sp, path, t.TempDir())
	must(t, err)
	t.Cleanup(func() {
		if t.Failed() {
			t.Log(p.Tail(15))
		}
		_ = p.Stop(5 * time.Second)
	})
	client := sdk.New(sdk.Options{Region: "us-east-1", Credentials: credentials.NewStaticCredentialsProvider("AKID", "SECRET", ""), BaseEndpoint: &url})
	made, err := client.CreateHostedZone(ctx, &sdk.CreateHostedZoneInput{Name: aws.String("prod."), CallerReference: aws.String("once")})
	must(t, err)
	return cloud{"moto", url, func(ctx context.Context) (all []set, err error) {
		out, err := client.ListResourceRecordSets(ctx, &sdk.ListResourceRecordSetsInput{HostedZoneId: made.HostedZone.Id})
		if err != nil {
			return nil, err
		}
		for _, r := range out.ResourceRecordSets {
			s := set{name: aws.ToString(r.Name), typ: string(r.Type), id: aws.ToString(r.SetIdentifier)}
			if r.AliasTarget != nil {
				s.zone, s.target = aws.ToString(r.AliasTarget.HostedZoneId), aws.ToString(r.AliasTarget.DNSName)
			}
			if r.Weight != nil {
				s.weight = fmt.Sprint(*r.Weight)
			}
			all = append(all, s)
		}
		return all, nil
	}}
}

// holdsSets waits until the address record sets of a name are these.
func (c cloud) holdsSets(t *testing.T, name string, want ...set) {
	t.Helper()
	harness.Eventually(t, 20*time.Second, func(ctx context.Context) error {
		all, err := c.sets(ctx)
		if err != nil {
			return err
		}
		all = slices.DeleteFunc(all, func(s set) bool { return s.name != name || s.typ != "A" })
		for i := range all {
			all[i].target = strings.TrimSuffix(all[i].target, ".")
		}
		slices.SortFunc(all, func(a, b set) int { return strings.Compare(a.id, b.id) })
		if !slices.Equal(all, want) {
			return fmt.Errorf("%s holds %+v, want %+v", c.name, all, want)
		}
		return nil
	})
}

// aliases holds that a Service of type LoadBalancer whose ingress is a hostname becomes
// an alias on Route 53, in the hosted zone of that kind of load balancer in its region.
func aliases(t *testing.T, f *harness.Fleet) {
	clouds := []cloud{played(t), moto(t)}
	host, eu := f.Cluster("host"), f.Cluster("eu-1")
	balanced := func(name string, annotations string) string {
		text := strings.ReplaceAll(service(name, "Deployment", "type: LoadBalancer"), "namespace: shop", "namespace: alias")
		return strings.Replace(text, `fedns.io/export: "true"`, `fedns.io/export: "true"`+annotations, 1)
	}
	namespace := strings.ReplaceAll(shop, "name: shop", "name: alias")
	must(t, host.Apply(t.Context(), namespace+balanced("network", "")+balanced("classic", "")+balanced("shared", `, fedns.io/policy: Weighted, fedns.io/weight: "1"`)))
	must(t, eu.Apply(t.Context(), namespace+balanced("shared", `, fedns.io/policy: Weighted, fedns.io/weight: "3"`)))
	must(t, host.SetIngress(t.Context(), "alias", "network", networkLB))
	must(t, host.SetIngress(t.Context(), "alias", "classic", classicLB))
	must(t, host.SetIngress(t.Context(), "alias", "shared", networkLB))
	must(t, eu.SetIngress(t.Context(), "alias", "shared", classicLB))
	more := fmt.Sprintf("resolvers: [%q]\nproviders:\n", balancers(t))
	keys := file(t, "credentials", "[default]\naws_access_key_id = AKID\naws_secret_access_key = SECRET\n")
	for _, c := range clouds {
		more += fmt.Sprintf("- {name: %s, zones: [prod], names: [alias.prod], levels: [Short], route53: {endpoint: %q, credentials: %s}}\n", c.name, c.url, keys)
	}
	daemon(t, f, configuration(f, more, "host", "eu-1"))
	for _, c := range clouds {
		c.holdsSets(t, "network.alias.prod.", set{"network.alias.prod.", "A", "", networkZone, networkLB, ""})
		c.holdsSets(t, "classic.alias.prod.", set{"classic.alias.prod.", "A", "", classicZone, classicLB, ""})
		c.holdsSets(t, "shared.alias.prod.",
			set{"shared.alias.prod.", "A", "eu-1", classicZone, classicLB, "3"}, set{"shared.alias.prod.", "A", "host", networkZone, networkLB, "1"})
	}
	// A weight is no record, and is written all the same. moto is left out: it does not
	// take sets that are replaced.
	_, err := eu.Client().CoreV1().Services("alias").Patch(t.Context(), "shared", types.MergePatchType, []byte(`{"metadata":{"annotations":{"fedns.io/weight":"9"}}}`), metav1.PatchOptions{})
	must(t, err)
	clouds[0].holdsSets(t, "shared.alias.prod.",
		set{"shared.alias.prod.", "A", "eu-1", classicZone, classicLB, "9"}, set{"shared.alias.prod.", "A", "host", networkZone, networkLB, "1"})
}
