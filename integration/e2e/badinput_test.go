package e2e

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/miekg/dns"

	"github.com/fedns/fedns/integration/harness"
)

// trial is the state that the steps of TestBadInput share: two clusters that
// have web and db, and each step a daemon of its own.
type trial struct {
	fleet    *harness.Fleet
	one, two *harness.Cluster
	dir      string // for the step's files
}

// TestBadInput gives a running daemon what it cannot use, on every way that it
// takes something in. Each fault is told on one line, and what was answered
// before goes on.
func TestBadInput(t *testing.T) {
	f := harness.Start(t, harness.Options{Clusters: []harness.Spec{
		spec("eu-1", "eu-west", "eu-west-1a"), spec("us-1", "us-east", "us-east-1a"),
	}})
	w := &trial{fleet: f, one: f.Cluster("eu-1"), two: f.Cluster("us-1")}
	for _, c := range f.Clusters() {
		if err := c.Apply(t.Context(), web); err != nil {
			t.Fatal(err)
		}
		if err := c.Apply(t.Context(), db); err != nil {
			t.Fatal(err)
		}
		podIPs(t, c, "db", 2)
		podIPs(t, c, "web", 4)
	}
	for _, step := range []struct {
		name string
		do   func(*testing.T)
	}{
		{"configuration", w.configuration},
		{"zone file", w.zoneFile},
		{"manifests", w.manifests},
		{"kubeconfigs", w.kubeconfigs},
		{"unreachable at start", w.unreachable},
	} {
		t.Run(step.name, func(t *testing.T) {
			w.dir = t.TempDir()
			step.do(t)
		})
	}
}

// listen begins each configuration here.
const listen = `apiVersion: fedns.io/v1alpha1
kind: Config
listen: {dns: ["{{.DNS}}"], http: "{{.HTTP}}"}
federation: {name: prod, domain: example.com, clusterSet: clusterset.local}
`

// following is a configuration with clusters, a kubeconfig each, and more.
func following(more string, clusters ...string) string {
	text := listen + "clusters:\n"
	for i := 0; i < len(clusters); i += 2 {
		text += fmt.Sprintf("- {name: %s, kubeconfig: %s}\n", clusters[i], clusters[i+1])
	}
	return text + more
}

// launch runs a daemon that may not become ready with this configuration: it
// begins with one that has no clusters, to get its addresses.
func (w *trial) launch(t *testing.T, config string) *harness.Daemon {
	t.Helper()
	d := harness.Fedns(t, w.fleet, harness.DaemonSpec{Config: listen})
	if err := errors.Join(d.Stop(), d.Rewrite(config), d.Launch()); err != nil {
		t.Fatal(err)
	}
	w.stopAfter(t, d)
	return d
}

func (w *trial) stopAfter(t *testing.T, d *harness.Daemon) {
	t.Cleanup(func() {
		if err := d.Stop(); err != nil {
			t.Error(err)
		}
		if t.Failed() {
			t.Logf("%s", d.Process.Tail(40))
		}
	})
}

// write writes a file of the step, whole, and returns its path.
func (w *trial) write(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(w.dir, name)
	part := filepath.Join(w.dir, "."+filepath.Base(name))
	err := os.MkdirAll(filepath.Dir(path), 0o755)
	if err == nil {
		err = os.WriteFile(part, []byte(text), 0o600)
	}
	if err == nil {
		err = os.Rename(part, path)
	}
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// webOf is the IPv4 addresses of web in these clusters.
func webOf(t *testing.T, clusters ...*harness.Cluster) (all []string) {
	t.Helper()
	for _, c := range clusters {
		v4, _ := families(clusterIPs(t, c, "web"))
		all = append(all, v4...)
	}
	return all
}

// metric waits until a metric has a value.
func metric(t *testing.T, d *harness.Daemon, sample string) {
	t.Helper()
	harness.Eventually(t, 20*time.Second, func(ctx context.Context) error {
		_, body, err := get(ctx, d, "/metrics")
		if err == nil && !strings.Contains("\n"+body, "\n"+sample+"\n") {
			err = fmt.Errorf("/metrics lacks %s", sample)
		}
		return err
	})
}

func (w *trial) configuration(t *testing.T) {
	good := following("", "eu-1", w.one.Kubeconfig)
	d := harness.Fedns(t, w.fleet, harness.DaemonSpec{Config: good})
	w.stopAfter(t, d)
	rewrite := func(config string) {
		t.Helper()
		if err := d.Rewrite(config); err != nil {
			t.Fatal(err)
		}
	}
	const refused = `msg="configuration was refused, the one before goes on"`
	undisturbed := func() {
		t.Helper()
		metric(t, d, "fedns_config_ok 0")
		stays(t, d, "web.shop.prod", dns.TypeA, webOf(t, w.one)...)
		if err := w.one.Scale(t.Context(), "shop", "web", 0); err != nil { // it still follows
			t.Fatal(err)
		}
		answers(t, d, time.Time{}, "web.shop.prod", dns.TypeA, "NXDOMAIN")
		if err := w.one.Scale(t.Context(), "shop", "web", 2); err != nil {
			t.Fatal(err)
		}
		answers(t, d, time.Time{}, "web.shop.prod", dns.TypeA, webOf(t, w.one)...)
	}
	stays(t, d, "web.shop.prod", dns.TypeA, webOf(t, w.one)...)

	// Two faults, two lines; line numbers are of the file.
	rewrite(good + "exprots: [Annotated]\nzones: [{name: a..b, files: [x]}]\n")
	logged(t, d, refused, d.Config+":7: exprots: ", "exports")
	logged(t, d, refused, d.Config+":8: zones[0].name: ", "want ")
	undisturbed()

	rewrite(strings.Replace(good, "listen:", "listen: {", 1))
	logged(t, d, refused, d.Config+":", "not YAML: ")

	if err := os.Remove(d.Config); err != nil {
		t.Fatal(err)
	}
	logged(t, d, refused, d.Config, "no such file or directory")
	undisturbed()

	began := time.Now()
	rewrite(strings.Replace(good, "name: prod", "name: stage", 1))
	answers(t, d, began, "web.shop.stage", dns.TypeA, webOf(t, w.one)...)
	metric(t, d, "fedns_config_ok 1")
	answers(t, d, time.Time{}, "web.shop.prod", dns.TypeA, "REFUSED")
}

func (w *trial) zoneFile(t *testing.T) {
	const good = "$TTL 60\nwww A 192.0.2.1\n"
	path := w.write(t, "example.com.zone", good)
	d := harness.Fedns(t, w.fleet, harness.DaemonSpec{Config: following("zones: [{name: example.com, files: ["+path+"]}]\n", "eu-1", w.one.Kubeconfig)})
	w.stopAfter(t, d)
	const global = "web.shop.prod.svc.example.com"
	answers(t, d, time.Time{}, "www.example.com", dns.TypeA, "192.0.2.1")
	answers(t, d, time.Time{}, global, dns.TypeA, webOf(t, w.one)...)

	const refused = `msg="zone file was refused, the zone stays as it was"`
	for _, bad := range []struct{ text, at, told string }{
		{good + "www CNAME elsewhere\n", path + ":2: www.example.com. A: ", "beside the CNAME at " + path + ":3, want a CNAME alone at its name"},
		{"$TTL 60\nwww A 192.0.2.2\nftp A 192.0.2.300\n", path + ":3: ftp.example.com. A: ", `bad A A: "192.0.2.300"`},
	} {
		w.write(t, "example.com.zone", bad.text)
		logged(t, d, refused, "zone=example.com.", bad.at, bad.told)
		metric(t, d, `fedns_zone_file_ok{zone="example.com."} 0`)
		stays(t, d, "www.example.com", dns.TypeA, "192.0.2.1")
		stays(t, d, global, dns.TypeA, webOf(t, w.one)...)
		if _, body, err := get(t.Context(), d, "/api/v1/zones"); err != nil || !strings.Contains(body, bad.at) {
			t.Errorf("/api/v1/zones does not tell the fault (%v): %s", err, body)
		}
	}
	began := time.Now()
	w.write(t, "example.com.zone", "$TTL 60\nwww A 192.0.2.2\n")
	answers(t, d, began, "www.example.com", dns.TypeA, "192.0.2.2")
	metric(t, d, `fedns_zone_file_ok{zone="example.com."} 1`)
}

// unreachable: the other clusters are served as soon as they are known, and
// names that us-1 may have are denied when the operator will wait no longer.
func (w *trial) unreachable(t *testing.T) {
	if err := w.two.StopAPIServer(); err != nil {
		t.Fatal(err)
	}
	d := w.launch(t, following("", "eu-1", w.one.Kubeconfig, "us-1", w.two.Kubeconfig))
	answers(t, d, time.Now(), "web.shop.prod", dns.TypeA, webOf(t, w.one)...)
	stays(t, d, "nothing.shop.prod", dns.TypeA, "SERVFAIL")
	metric(t, d, "fedns_dns_provisional 1")
	if err := d.Rewrite(following("startup: {wait: 1}\n", "eu-1", w.one.Kubeconfig, "us-1", w.two.Kubeconfig)); err != nil {
		t.Fatal(err)
	}
	answers(t, d, time.Time{}, "nothing.shop.prod", dns.TypeA, "NXDOMAIN")
	metric(t, d, "fedns_dns_provisional 0")
	logged(t, d, `msg="clusters were not read in time`, "clusters=[us-1]")
	reason(t, d, "us-1", "unreachable", "connection refused")
	wantReady(t, d, "/readyz", 503, "not ready\ncluster us-1: unreachable since ", "connection refused")
	wantReady(t, d, "/readyz?tolerate=unreachable", 200, "ready\ncluster us-1: unreachable since ", "connection refused")
	logged(t, d, `msg="member cluster" cluster=us-1 phase=unreachable`, "connection refused")

	if err := w.two.StartAPIServer(t.Context()); err != nil {
		t.Fatal(err)
	}
	answers(t, d, time.Now(), "web.shop.prod", dns.TypeA, webOf(t, w.one, w.two)...)
	reason(t, d, "us-1", "live", "")
	wantReady(t, d, "/readyz", 200, "ready\n")
}

// wantReady waits for what a readiness path says.
func wantReady(t *testing.T, d *harness.Daemon, path string, want int, parts ...string) {
	t.Helper()
	harness.Eventually(t, 20*time.Second, func(ctx context.Context) error {
		code, body, err := get(ctx, d, path)
		for _, part := range parts {
			if err == nil && (code != want || !strings.Contains(body, part)) {
				err = fmt.Errorf("%s: got %d %s, want %d with %q", path, code, body, want, parts)
			}
		}
		return err
	})
}

// reason waits until a cluster is in a phase, for a reason with this in it.
func reason(t *testing.T, d *harness.Daemon, id, phase, reason string) {
	t.Helper()
	harness.Eventually(t, 80*time.Second, func(ctx context.Context) error {
		for _, c := range clusters(ctx, t, d) {
			if c.ID == id && c.Phase == phase && strings.Contains(c.Reason, reason) {
				return nil
			} else if c.ID == id {
				return fmt.Errorf("%s is %s: %s; want %s: %s", id, c.Phase, c.Reason, phase, reason)
			}
		}
		return fmt.Errorf("%s is not told", id)
	})
}
