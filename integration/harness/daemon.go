package harness

import (
	"context"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"time"

	"github.com/fedns/fedns/integration/harness/process"
)

// DefaultConfig is a configuration that serves all of a fleet's clusters. A
// caller's own is such a template too; its fields are those of ConfigData.
const DefaultConfig = `apiVersion: fedns.io/v1alpha1
kind: Config
listen:
  dns: ["{{.DNS}}"]
  http: "{{.HTTP}}"
federation:
  name: prod
  domain: example.com
clusters:
{{- range .Clusters}}
- name: {{.Name}}
  kubeconfig: {{.Kubeconfig}}
  context: {{.Name}}
{{- end}}
`

// ConfigData is what a configuration template is given.
type ConfigData struct {
	DNS      string // host:port to answer DNS at; Daemon.DNSAddr
	HTTP     string // host:port to answer HTTP at; Daemon.HTTPAddr
	StateDir string // a folder that outlives a restart, for a daemon that keeps state
	Clusters []*Cluster
}

// DaemonSpec says how to run fedns. The zero value serves the whole fleet.
type DaemonSpec struct {
	// Config is a template. Defaults to DefaultConfig.
	Config string
	// Args follow `serve --config FILE`.
	Args []string
	// Env is added to the environment.
	Env []string
	// Binary is the program's file. Defaults to the one that $FEDNS_BIN names, or
	// else to one that is built from the checkout that the test runs in.
	Binary string
}

// Daemon is a running fedns.
type Daemon struct {
	// DNSAddr is where it answers DNS, host:port: port 53 of an address of its own
	// on the fleet's network, or without one a port of 127.0.0.1.
	DNSAddr string
	// HTTPAddr is where it answers HTTP, host:port.
	HTTPAddr string
	// StateDir and Config are its folder and its configuration file. Both outlive
	// Stop, so that Start goes on from there.
	StateDir, Config string
	// Process is the one that runs, or ran last.
	Process *process.Process

	fleet *Fleet
	spec  DaemonSpec
	name  string
}

// NewDaemon builds fedns, unless the spec names a binary, and starts it. It
// returns when /readyz says yes.
func (f *Fleet) NewDaemon(ctx context.Context, spec DaemonSpec) (*Daemon, error) {
	f.mu.Lock()
	f.daemons++
	i := f.daemons
	f.mu.Unlock()
	d := &Daemon{fleet: f, spec: spec, name: fmt.Sprintf("fedns-%d", i)}
	if err := d.prepare(ctx, i); err != nil {
		return nil, fmt.Errorf("%s: %w", d.name, err)
	}
	if err := d.Start(ctx); err != nil {
		return nil, err
	}
	return d, nil
}

// Start starts the daemon anew, with the configuration and state it has, and
// returns when /readyz says yes.
func (d *Daemon) Start(ctx context.Context) error {
	if err := d.Launch(); err != nil {
		return err
	}
	return d.Process.WaitReady(ctx, func(ctx context.Context) error { return get(ctx, "http://"+d.HTTPAddr+"/readyz") })
}

// Launch is Start for a daemon that is not expected to become ready: it returns
// at once.
func (d *Daemon) Launch() error {
	p, err := d.fleet.run(process.Command{
		Name: d.name, Path: d.spec.Binary, Env: d.spec.Env,
		Args: append([]string{"serve", "--config", d.Config}, d.spec.Args...),
		Log:  d.path("log"),
	})
	if err != nil {
		return err
	}
	d.Process = p
	return nil
}

// Stop ends the daemon as an orchestrator would, and is an error when it takes
// more than ten seconds. For a crash see Process.Kill.
func (d *Daemon) Stop() error { return d.Process.Stop(10 * time.Second) }

// Rewrite replaces the configuration file, whole, as a mounted ConfigMap is
// replaced. The running daemon notices by itself.
func (d *Daemon) Rewrite(config string) error {
	text, err := expand(config, ConfigData{
		DNS: d.DNSAddr, HTTP: d.HTTPAddr, StateDir: d.StateDir, Clusters: d.fleet.Clusters(),
	})
	if err != nil {
		return fmt.Errorf("%s: %w", d.name, err)
	}
	part := d.Config + ".part"
	if err := os.WriteFile(part, []byte(text), 0o600); err != nil {
		return fmt.Errorf("%s: %w", d.name, err)
	}
	if err := os.Rename(part, d.Config); err != nil {
		return fmt.Errorf("%s: %w", d.name, err)
	}
	return nil
}

// prepare makes all that the i-th daemon, from 1, needs before it starts.
func (d *Daemon) prepare(ctx context.Context, i int) error {
	f := d.fleet
	d.StateDir, d.Config = d.path("state"), d.path("yaml")
	if err := os.Mkdir(d.StateDir, 0o755); err != nil {
		return err
	}
	if d.spec.Binary == "" {
		d.spec.Binary = filepath.Join(f.Dir, "fedns")
		if err := f.buildDaemon(ctx, d.spec.Binary); err != nil {
			return err
		}
	}
	if d.spec.Config == "" {
		d.spec.Config = DefaultConfig
	}
	http, err := f.claim.port()
	if err != nil {
		return err
	}
	listen, err := f.dnsAddress(ctx, 200+i)
	if err != nil {
		return err
	}
	d.HTTPAddr, d.DNSAddr = fmt.Sprintf("127.0.0.1:%d", http), listen.String()
	return d.Rewrite(d.spec.Config)
}

func (d *Daemon) path(extension string) string {
	return filepath.Join(d.fleet.Dir, d.name+"."+extension)
}

// buildDaemon builds fedns once for the fleet.
func (f *Fleet) buildDaemon(ctx context.Context, file string) error {
	f.building.Lock()
	defer f.building.Unlock()
	if _, err := os.Stat(file); err == nil {
		return nil
	}
	return f.programs.Fedns(ctx, file)
}

// dnsAddress is a new place for a name server: port 53 of a host of the fleet's
// network, or with a fleet that has none a port of 127.0.0.1.
func (f *Fleet) dnsAddress(ctx context.Context, host int) (netip.AddrPort, error) {
	if f.options.Network {
		address := f.claim.address(host)
		return netip.AddrPortFrom(address, 53), f.addAddress(ctx, address)
	}
	port, err := f.claim.port()
	return netip.AddrPortFrom(netip.AddrFrom4([4]byte(loopback.To4())), uint16(port)), err
}
