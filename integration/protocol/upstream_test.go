package protocol

import (
	"context"
	"errors"
	"fmt"
	"net"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/miekg/dns"

	"github.com/fedns/fedns/integration/harness"
	"github.com/fedns/fedns/integration/harness/process"
)

// shop has a Service that a cloud gave a load balancer to.
const shop = `
apiVersion: v1
kind: Namespace
metadata: {name: shop}
---
apiVersion: v1
kind: Service
metadata: {name: web, namespace: shop}
spec:
  type: LoadBalancer
  selector: {app: web}
  ports:
  - {name: http, port: 80}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop}
spec:
  replicas: 1
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers: [{name: web, image: web}]
`

const appsZone = `$TTL 5
@    SOA   ns host 1 3600 600 86400 5
@    NS    ns
ns   A     192.0.2.53
own  A     192.0.2.80
cdn  CNAME edge.cloud.example.
`

// Corefile sends the daemon's zones to it.
const corefile = `.:{{.Port}} {
    bind {{.Bind}}
    errors
    kubernetes cluster.local {
        kubeconfig {{.Kubeconfig}} {{.Context}}
    }
}
prod:{{.Port}} apps.example:{{.Port}} {
    bind {{.Bind}}
    errors
    forward . %s
}
`

const (
	upstreamTTL = 2 * time.Second // of what Unbound tells
	staleLimit  = 8 * time.Second // past that
)

// world is a cluster with a pod, the daemon, and outside of both an Unbound that
// plays the rest of the Internet.
type world struct {
	dns      string // the daemon's
	pod      *harness.Pod
	upstream *harness.Pod
	unbound  *process.Process
}

// TestUpstream: a load balancer's hostname, and a CNAME that leaves the zone, are
// resolved for a pod by way of its cluster's CoreDNS; when the upstream is dead,
// stale answers keep coming within their limit, and the zones lose nothing.
func TestUpstream(t *testing.T) {
	t.Parallel() // with TestRollover: both wait most of the time
	harness.Need(t, "unbound", "unbound")
	harness.Need(t, "getent", "libc-bin")
	f := harness.Start(t, harness.Options{Network: true, Clusters: []harness.Spec{{Name: "eu-1"}}})
	w := &world{}
	w.begin(t, f)

	for name, want := range map[string][]string{
		"web.shop.prod":    {"203.0.113.10", "2001:db8::10"}, // by the load balancer's hostname
		"own.apps.example": {"192.0.2.80"},
		"cdn.apps.example": {"203.0.113.20", "2001:db8::20"}, // by a CNAME
	} {
		w.inPod(t, name, want...)
	}
	if r := ask(t, w.dns, question("cdn.apps.example", dns.TypeA, edns)); extended(r) != -1 || !slices.Equal(data(r, dns.TypeA), []string{"203.0.113.20"}) {
		t.Errorf("while the upstream is well:\n%s", r)
	}

	// Who may not recurse has what the zone holds, and goes on by himself.
	stranger := dns.Client{Dialer: &net.Dialer{LocalAddr: &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)}, Timeout: 5 * time.Second}}
	if r, _, err := stranger.Exchange(question("cdn.apps.example", dns.TypeA), w.dns); err != nil {
		t.Error(err)
	} else if r.RecursionAvailable || len(r.Answer) != 1 || len(data(r, dns.TypeCNAME)) != 1 {
		t.Errorf("to a stranger, want the CNAME alone and no RA:\n%s", r)
	}

	w.stop(t)
	dead := time.Now()
	w.stale(t, dead)
	w.over(t)

	w.run(t, 30)
	w.inPod(t, "cdn.apps.example", "203.0.113.30", "2001:db8::30")
	w.inPod(t, "web.shop.prod", "203.0.113.10", "2001:db8::10")
}

func edns(m *dns.Msg) { m.SetEdns0(1232, false) }

func (w *world) begin(t *testing.T, f *harness.Fleet) {
	t.Helper()
	c := f.Cluster("eu-1")
	w.upstream = harness.NewPod(t, c, harness.PodSpec{Name: "unbound", DNS: "127.0.0.1"})
	w.run(t, 20)
	if err := c.Apply(t.Context(), shop); err != nil {
		t.Fatal(err)
	}
	if err := c.SetIngress(t.Context(), "shop", "web", "lb.cloud.example"); err != nil {
		t.Fatal(err)
	}
	write(t, f.Dir, "apps.zone", appsZone)
	// CoreDNS runs on this host, and has its address on the fleet's network.
	d := start(t, f, listenPlain+fmt.Sprintf(`
federation: {name: prod, ttl: {shortName: 1}}
exports: [LoadBalancer]
clusters: [{name: eu-1, kubeconfig: %q}]
zones: [{name: apps.example, files: [apps.zone]}]
resolvers: [%q]
forward: {to: [{address: %q}], stale: %v}
access: {recurse: [198.18.0.0/15, 10.0.0.0/8]}
`, c.Kubeconfig, w.upstream.Addr, w.upstream.Addr, staleLimit))
	w.dns = d.DNSAddr
	host, _, err := net.SplitHostPort(w.dns)
	if err != nil {
		t.Fatal(err)
	}
	if err := c.StartCoreDNS(t.Context(), fmt.Sprintf(corefile, host)); err != nil {
		t.Fatal(err)
	}
	w.pod = harness.NewPod(t, c, harness.PodSpec{Name: "client"})
}

// run starts the upstream; edge is the last octet of where the CNAME leads.
func (w *world) run(t *testing.T, edge int) {
	t.Helper()
	var local strings.Builder
	local.WriteString("  local-zone: cloud.example. static\n")
	for name, last := range map[string]int{"lb": 10, "edge": edge} {
		for _, data := range []string{fmt.Sprintf("A 203.0.113.%d", last), fmt.Sprintf("AAAA 2001:db8::%d", last)} {
			fmt.Fprintf(&local, "  local-data: \"%s.cloud.example. %d %s\"\n", name, int(upstreamTTL.Seconds()), data)
		}
	}
	dir := t.TempDir()
	file := write(t, dir, "unbound.conf", fmt.Sprintf(unboundConfig, dir, w.upstream.Addr, local.String()))
	spawner := process.NewSpawner()
	t.Cleanup(spawner.Close)
	cmd := w.upstream.Command(t.Context(), "unbound", "-d", "-c", file)
	run, err := spawner.Start(process.Command{Name: "unbound", Path: cmd.Path, Args: cmd.Args[1:], Log: filepath.Join(dir, "log")})
	if err != nil {
		t.Fatal(err)
	}
	w.unbound = run
	t.Cleanup(func() { _ = run.Kill() })
	harness.Eventually(t, 20*time.Second, func(context.Context) error {
		_, err := exchange(net.JoinHostPort(w.upstream.Addr.String(), "53"), question("lb.cloud.example", dns.TypeA))
		if err != nil {
			return fmt.Errorf("%w\n%s", err, run.Tail(10))
		}
		return nil
	})
}

func (w *world) stop(t *testing.T) {
	t.Helper()
	if err := w.unbound.Kill(); err != nil {
		t.Fatal(err)
	}
}

// inPod waits until the pod's libc finds these addresses for a name.
func (w *world) inPod(t *testing.T, name string, want ...string) {
	t.Helper()
	slices.Sort(want)
	harness.Eventually(t, 30*time.Second, func(ctx context.Context) error {
		out, err := w.pod.Run(ctx, "getent", "ahosts", name)
		var got []string
		for line := range strings.Lines(string(out)) {
			if f := strings.Fields(line); len(f) > 1 && f[1] == "STREAM" {
				got = append(got, f[0])
			}
		}
		slices.Sort(got)
		if got = slices.Compact(got); !slices.Equal(got, want) {
			return errors.Join(fmt.Errorf("%s: got %v, want %v", name, got, want), err)
		}
		return nil
	})
}

// own wants the zones' names answered at once, whatever becomes of others.
func (w *world) own(t *testing.T) {
	t.Helper()
	for name, want := range map[string]string{"own.apps.example": "192.0.2.80", "web.shop.prod": "203.0.113.10"} {
		began := time.Now()
		r := ask(t, w.dns, question(name, dns.TypeA, edns))
		if !slices.Equal(data(r, dns.TypeA), []string{want}) || extended(r) != -1 {
			t.Errorf("with the upstream dead:\n%s", r)
		}
		if took := time.Since(began); took > time.Second {
			t.Errorf("with the upstream dead, %s took %v", name, took)
		}
	}
}

// stale wants answers as long as they may be given.
func (w *world) stale(t *testing.T, dead time.Time) {
	t.Helper()
	seen := 0
	for time.Since(dead) < staleLimit { // what is fresh at first ends later yet
		w.own(t)
		began := time.Now()
		r := ask(t, w.dns, question("cdn.apps.example", dns.TypeA, edns))
		if !slices.Equal(data(r, dns.TypeA), []string{"203.0.113.20"}) {
			t.Fatalf("%v after the upstream's death there is no stale answer:\n%s", began.Sub(dead), r)
		}
		switch e := extended(r); {
		case e == int(dns.ExtendedErrorCodeStaleAnswer):
			seen++
			if ttl := r.Answer[len(r.Answer)-1].Header().Ttl; ttl > 30 { // RFC 8767 §4
				t.Errorf("a stale answer may be kept for %d s, want 30 at most", ttl)
			}
		case e != -1:
			t.Errorf("an extended error other than 3:\n%s", r)
		case began.Sub(dead) > upstreamTTL:
			t.Errorf("%v after the upstream's death an answer does not say that it is stale (RFC 8914 §4.4):\n%s", began.Sub(dead), r)
		}
		if seen == 1 {
			w.inPod(t, "cdn.apps.example", "203.0.113.20", "2001:db8::20")
		}
		time.Sleep(100 * time.Millisecond)
	}
	if seen == 0 {
		t.Error("no answer was stale")
	}
}

// over wants them to end, and nothing else with them.
func (w *world) over(t *testing.T) {
	t.Helper()
	harness.Eventually(t, upstreamTTL+20*time.Second, func(context.Context) error {
		r, err := exchange(w.dns, question("cdn.apps.example", dns.TypeA, edns))
		if err != nil {
			return err
		}
		if r.Rcode != dns.RcodeServerFailure || extended(r) != int(dns.ExtendedErrorCodeNetworkError) {
			return fmt.Errorf("past their limit stale answers go on:\n%s", r)
		}
		return nil
	})
	w.own(t)
}
