package e2e

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/miekg/dns"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/fedns/fedns/integration/harness"
)

// getent lists the addresses that a pod's libc finds for a name, sorted; none when it finds none.
func getent(ctx context.Context, pod *harness.Pod, name string) []string {
	out, err := pod.Run(ctx, "getent", "ahosts", name)
	if err != nil {
		return nil // not found is an exit code, and says nothing else
	}
	var addrs []string
	for line := range strings.Lines(string(out)) {
		if f := strings.Fields(line); len(f) > 1 && f[1] == "STREAM" {
			addrs = append(addrs, f[0])
		}
	}
	slices.Sort(addrs)
	return slices.Compact(addrs)
}

// ask lists what a name server answers, data only, sorted; the rcode when it is not NOERROR.
func ask(ctx context.Context, server, name string, typ uint16) ([]string, error) {
	q := new(dns.Msg).SetQuestion(dns.Fqdn(name), typ)
	r, _, err := new(dns.Client).ExchangeContext(ctx, q, server)
	if err != nil {
		return nil, err
	}
	if r.Rcode != dns.RcodeSuccess {
		return []string{dns.RcodeToString[r.Rcode]}, nil
	}
	var data []string
	for _, rr := range r.Answer {
		switch rr := rr.(type) {
		case *dns.A:
			data = append(data, rr.A.String())
		case *dns.AAAA:
			data = append(data, rr.AAAA.String())
		case *dns.SRV:
			data = append(data, fmt.Sprintf("%s %d", rr.Target, rr.Port))
		case *dns.PTR:
			data = append(data, rr.Ptr)
		}
	}
	slices.Sort(data)
	return data, nil
}

// shows waits until what is asked for is want, and logs how long after began that was.
func shows(t *testing.T, what string, began time.Time, want []string, look func(context.Context) ([]string, error)) {
	t.Helper()
	slices.Sort(want)
	harness.Eventually(t, 20*time.Second, func(ctx context.Context) error {
		got, err := look(ctx)
		if err == nil && !slices.Equal(got, want) {
			err = fmt.Errorf("%s: got %v, want %v", what, got, want)
		}
		return err
	})
	if !began.IsZero() {
		t.Logf("%s: after %d ms", what, time.Since(began).Milliseconds())
	}
}

// clusterIPs are a Service's virtual addresses.
func clusterIPs(t *testing.T, c *harness.Cluster, name string) []string {
	t.Helper()
	s, err := c.Client().CoreV1().Services("shop").Get(t.Context(), name, metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return s.Spec.ClusterIPs
}

// podIPs waits for a Service's n ready endpoints and returns their addresses by hostname.
func podIPs(t *testing.T, c *harness.Cluster, service string, n int) (addrs []string, byHostname map[string]string) {
	t.Helper()
	list, err := c.WaitEndpoints(t.Context(), "shop", service, n)
	if err != nil {
		t.Fatal(err)
	}
	byHostname = map[string]string{}
	for _, s := range list {
		for _, e := range s.Endpoints {
			addrs = append(addrs, e.Addresses[0])
			if e.Hostname != nil {
				byHostname[*e.Hostname] = e.Addresses[0]
			}
		}
	}
	slices.Sort(addrs)
	return addrs, byHostname
}
