package faults

import (
	"encoding/pem"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/fedns/fedns/integration/harness"
	"github.com/fedns/fedns/integration/harness/process"
)

// gatewayEnv is set for a process of this test program that is to be a gateway: it
// has the address to listen at, without ports.
const gatewayEnv = "FEDNS_TEST_GATEWAY"

// Ports of the gateway.
const (
	tcpPort   = "7001"
	httpsPort = "7443"
)

func TestMain(m *testing.M) {
	if host := os.Getenv(gatewayEnv); host != "" {
		fmt.Fprintln(os.Stderr, beGateway(host))
		os.Exit(1)
	}
	os.Exit(m.Run())
}

// beGateway takes connections at one port and answers HTTPS at another; it returns
// only what went wrong.
func beGateway(host string) error {
	plain, err := net.Listen("tcp", net.JoinHostPort(host, tcpPort))
	if err != nil {
		return err
	}
	secure, err := net.Listen("tcp", net.JoinHostPort(host, httpsPort))
	if err != nil {
		return err
	}
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	s.Listener = secure
	s.StartTLS()
	for {
		c, err := plain.Accept()
		if err != nil {
			return err
		}
		_ = c.Close()
	}
}

// gateway is a process of its own in a network namespace of its own.
type gateway struct {
	*process.Process
	t       *testing.T
	pod     *harness.Pod
	spawner *process.Spawner
	log     string
}

func newGateway(t *testing.T, f *harness.Fleet, c *harness.Cluster) *gateway {
	g := &gateway{t: t, pod: harness.NewPod(t, c, harness.PodSpec{Name: "gw", DNS: f.HostIP().String()}), spawner: process.NewSpawner(), log: filepath.Join(t.TempDir(), "gateway.log")}
	t.Cleanup(g.spawner.Close) // which ends it, too
	g.start()
	return g
}

func (g *gateway) start() {
	g.t.Helper()
	ip, err := exec.LookPath("ip")
	if err == nil { // ip gives its process over to the program
		g.Process, err = g.spawner.Start(process.Command{
			Name: "gateway", Path: ip, Args: []string{"netns", "exec", g.pod.Netns, os.Args[0]},
			Env: []string{gatewayEnv + "=" + g.pod.Addr.String()}, Log: g.log,
		})
	}
	if err != nil {
		g.t.Fatal(err)
	}
}

func (g *gateway) link(state string) {
	g.t.Helper()
	if _, err := g.pod.Run(g.t.Context(), "ip", "link", "set", "eth0", state); err != nil {
		g.t.Fatal(err)
	}
	if state != "up" {
		return
	}
	host := g.pod.DNS // routes went with the link
	for _, args := range [][]string{{host + "/32", "dev", "eth0"}, {"default", "via", host}} {
		if _, err := g.pod.Run(g.t.Context(), append([]string{"ip", "route", "replace"}, args...)...); err != nil {
			g.t.Fatal(err)
		}
	}
}

const gatewayConfig = `apiVersion: fedns.io/v1alpha1
kind: Config
listen: {dns: ["{{.DNS}}"], http: "{{.HTTP}}"}
federation: {name: prod}
evidence: {behindAfter: 1s}
clusters:
- name: eu
  kubeconfig: %s
  probes: [%s]
  probe: {interval: 500ms, timeout: 400ms, failures: 1}
- {name: us, manifests: %s}
`

// TestGateways: whether clients can get into a cluster is told by a gateway of
// theirs, which is a process elsewhere, and killed, halted and cut off, while the
// cluster's API server is well all the time.
func TestGateways(t *testing.T) {
	harness.NeedRoot(t)
	f := harness.Start(t, harness.Options{Network: true, Clusters: []harness.Spec{{Name: "eu"}}})
	w := &world{t: t, fleet: f, eu: f.Cluster("eu")}
	w.fill()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "web.yaml"), []byte(namespace+fmt.Sprintf(service, "web", webUS)), 0o600); err != nil {
		t.Fatal(err)
	}
	g := newGateway(t, f, w.eu)
	certificate := filepath.Join(t.TempDir(), "gw.crt")
	issued := httptest.NewTLSServer(nil) // with the certificate that the gateway's process has
	issued.Close()
	if err := os.WriteFile(certificate, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: issued.Certificate().Raw}), 0o600); err != nil {
		t.Fatal(err)
	}
	config := func(probe string) string { return fmt.Sprintf(gatewayConfig, w.eu.Kubeconfig, probe, dir) }
	host := g.pod.Addr.String()
	tcp := fmt.Sprintf(`{tcp: "%s:%s"}`, host, tcpPort)
	https := fmt.Sprintf(`{https: "https://%s:%s/healthz", serverName: example.com, caFile: %s}`, host, httpsPort, certificate)
	w.daemon = harness.Fedns(t, f, harness.DaemonSpec{Config: config(tcp)})

	well := func(what string) {
		w.answers(what, "web", both)
		w.becomes(what, func(c cluster) bool { return c.Phase == "live" && c.Standing == "first" })
	}
	gone := func(what string) {
		w.answers(what, "web", webUS)
		w.answers(what, "only", onlyEU) // its API server vouches for it
		w.becomes(what, func(c cluster) bool { return c.Phase == "live" && c.Standing == "behind" && c.Why != "" })
	}
	well("at first")
	w.must(g.Kill())
	gone("killed")
	g.start()
	well("started again")
	w.must(w.daemon.Rewrite(config(https)))
	well("by HTTPS")
	// The kernel goes on taking connections for a process that is halted.
	w.must(g.Pause())
	gone("halted")
	w.must(g.Resume())
	well("goes on")
	g.link("down")
	gone("cut off")
	g.link("up")
	well("mended")
}
