package hosted

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/fedns/fedns/integration/harness"
	"github.com/fedns/fedns/integration/harness/process"
	"github.com/fedns/fedns/providers"
)

// TestMain has all tests run at once, however few processors there are: most of the
// time they wait, for Leases above all.
func TestMain(m *testing.M) {
	flag.Parse()
	if err := flag.Set("test.parallel", "5"); err != nil {
		panic(err)
	}
	m.Run()
}

// TestHosted runs everything on one fleet: eu-1 and us-1 are what is changed and lost,
// host is where replicas agree.
func TestHosted(t *testing.T) {
	t.Setenv("PATH", os.Getenv("PATH")+":/usr/sbin:/sbin")
	harness.Need(t, "named", "bind9")
	harness.Need(t, "dig", "bind9-dnsutils")
	f := harness.Start(t, harness.Options{Clusters: []harness.Spec{
		{Name: "eu-1", Region: "eu-west", Zones: []string{"eu-west-1a"}}, {Name: "us-1", Region: "us-east", Zones: []string{"us-east-1a"}}, {Name: "host"},
	}})
	t.Run("side by side", func(t *testing.T) {
		for name, test := range map[string]func(*testing.T, *harness.Fleet){
			"churn": churn, "a leader is paused": leaderIsPaused, "a leader is killed": leaderIsKilled, "load balancers become aliases": aliases,
			"a name is too large": crowded,
		} {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				test(t, f)
			})
		}
	})
}

// hosting starts a BIND that ends with the test, and waits until it answers.
func hosting(t *testing.T) *bind {
	t.Helper()
	sp := process.NewSpawner()
	t.Cleanup(sp.Close)
	b, err := startBIND(sp, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("--- BIND\n%s", b.proc.Tail(25))
		}
		if err := b.proc.Stop(30 * time.Second); err != nil {
			t.Error(err)
		}
	})
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if err := b.proc.WaitReady(ctx, func(ctx context.Context) error {
		_, _, err := holds(ctx, b.addr, apexes[0], true)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	return b
}

// configuration is that of a daemon which follows some clusters of the fleet; more
// is what else it says.
func configuration(f *harness.Fleet, more string, clusters ...string) string {
	text := `apiVersion: fedns.io/v1alpha1
kind: Config
listen:
  dns: ["{{.DNS}}"]
  http: "{{.HTTP}}"
federation:
  name: prod
  domain: example.com
  clusterSet: clusterset.local
exports: [Annotated]
access: {transfer: [{from: [127.0.0.0/8]}]}
evidence: {unprobedAfter: 1s}
` + more + "clusters:\n"
	for _, name := range clusters {
		text += fmt.Sprintf("- {name: %s, kubeconfig: %s}\n", name, f.Cluster(name).Kubeconfig)
	}
	return text
}

// toBIND is the provider that writes to it, with further fields.
func toBIND(b *bind, fields string) string {
	var zones []string
	for _, apex := range apexes {
		zones = append(zones, strings.TrimSuffix(apex, "."))
	}
	return fmt.Sprintf("providers:\n- name: bind\n  zones: [%s]\n  rfc2136: {servers: [%q], key: %s}\n%s", strings.Join(zones, ", "), b.addr, b.key, fields)
}

// daemon starts fedns. It ends with the test.
func daemon(t *testing.T, f *harness.Fleet, config string) *harness.Daemon {
	t.Helper()
	d := harness.Fedns(t, f, harness.DaemonSpec{Config: config})
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("--- fedns at %s\n%s", d.HTTPAddr, d.Process.Tail(30))
		}
		if err := d.Process.Kill(); err != nil {
			t.Error(err)
		}
	})
	return d
}

// file writes a file of the test's.
func file(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	must(t, os.WriteFile(path, []byte(text), 0o600))
	return path
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// get asks a daemon over HTTP.
func get(ctx context.Context, d *harness.Daemon, path string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+d.HTTPAddr+path, nil)
	if err != nil {
		return nil, err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err == nil && resp.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %s: %s", path, resp.Status, text)
	}
	return text, err
}

// status is how a daemon's providers are, by zone.
func status(ctx context.Context, d *harness.Daemon) (map[string]providers.Status, error) {
	text, err := get(ctx, d, "/api/v1/providers")
	if err != nil {
		return nil, err
	}
	var body struct{ Providers []providers.Status }
	if err := json.Unmarshal(text, &body); err != nil {
		return nil, err
	}
	out := map[string]providers.Status{}
	for _, s := range body.Providers {
		out[s.Zone] = s
	}
	return out, nil
}
