package harness

import (
	"context"
	"fmt"
	"net/netip"
	"os"
	"strings"
	"text/template"

	"github.com/miekg/dns"

	"github.com/fedns/fedns/integration/harness/binaries"
	"github.com/fedns/fedns/integration/harness/process"
)

// DefaultCorefile is a cluster's DNS as most clusters have it, without a
// forwarder to the world. A caller's own Corefile is such a template too; its
// fields are those of CorefileData.
const DefaultCorefile = `.:{{.Port}} {
    bind {{.Bind}}
    errors
    kubernetes cluster.local in-addr.arpa ip6.arpa {
        kubeconfig {{.Kubeconfig}} {{.Context}}
        pods insecure
        ttl 5
    }
    loadbalance
}
`

// CorefileData is what a Corefile template is given.
type CorefileData struct {
	Kubeconfig string // file; an administrator's
	Context    string // in Kubeconfig
	Bind       string // address to listen on
	Port       int    // to listen on, UDP and TCP
}

// StartCoreDNS starts the cluster's CoreDNS with this Corefile, in the place of
// the one it had, and returns when it answers. Its address stays the same:
// port 53 of one on the fleet's network, or with a fleet that has none a port
// of 127.0.0.1.
func (c *Cluster) StartCoreDNS(ctx context.Context, corefile string) error {
	if err := c.startCoreDNS(ctx, corefile); err != nil {
		return fmt.Errorf("cluster %s: CoreDNS: %w", c.Name, err)
	}
	return nil
}

func (c *Cluster) startCoreDNS(ctx context.Context, corefile string) error {
	path, err := c.fleet.programs.Path(ctx, binaries.CoreDNS)
	if err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	listen, err := c.dnsAddress(ctx)
	if err != nil {
		return err
	}
	if c.coreDNS != nil {
		if err := c.coreDNS.Kill(); err != nil {
			return err
		}
	}
	text, err := expand(corefile, CorefileData{
		Kubeconfig: c.Kubeconfig, Context: c.Name,
		Bind: listen.Addr().String(), Port: int(listen.Port()),
	})
	if err != nil {
		return err
	}
	if err := os.WriteFile(c.file("Corefile"), []byte(text), 0o600); err != nil {
		return err
	}
	c.coreDNS, err = c.fleet.run(process.Command{
		Name: c.Name + "/coredns", Path: path,
		Args: []string{"-conf", c.file("Corefile")}, Log: c.file("coredns.log"),
	})
	if err != nil {
		return err
	}
	c.dnsAddr = listen.String()
	return c.coreDNS.WaitReady(ctx, func(ctx context.Context) error { return answers(ctx, c.dnsAddr) })
}

// DNSAddr is where the cluster's CoreDNS answers, host:port; empty before
// StartCoreDNS.
func (c *Cluster) DNSAddr() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.dnsAddr
}

// dnsAddress chooses where CoreDNS listens. The caller holds c.mu.
func (c *Cluster) dnsAddress(ctx context.Context) (netip.AddrPort, error) {
	if c.dnsAddr != "" {
		return netip.ParseAddrPort(c.dnsAddr)
	}
	return c.fleet.dnsAddress(ctx, 100+c.index)
}

// answers wants any answer at all: what a name server answers is for its own
// tests to say, and its Corefile may know no zone but one.
func answers(ctx context.Context, addr string) error {
	query := new(dns.Msg).SetQuestion("kubernetes.default.svc.cluster.local.", dns.TypeA)
	_, err := dns.ExchangeContext(ctx, query, addr)
	return err
}

func expand(text string, data any) (string, error) {
	t, err := template.New("").Option("missingkey=error").Parse(text)
	if err != nil {
		return "", fmt.Errorf("read template: %w", err)
	}
	var out strings.Builder
	if err := t.Execute(&out, data); err != nil {
		return "", fmt.Errorf("fill in template: %w", err)
	}
	return out.String(), nil
}
