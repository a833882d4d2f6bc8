package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/fedns/fedns/cmd/fedns/config"
	"github.com/fedns/fedns/cmd/fedns/daemon"
	"github.com/fedns/fedns/cmd/fedns/demo"
)

func newDemo(stdout, stderr io.Writer) *cobra.Command {
	var o demoOptions
	cmd := &cobra.Command{
		Use: "demo", Short: "Run three member clusters from built-in manifests", Args: cobra.NoArgs,
		Long: `Runs the daemon on three member clusters in two regions, each a folder of
manifests, and prints what to ask. Nothing but this binary is needed. With
--script it plays a scenario on them, checks every answer, and exits 1 at the
first that is not as it must be.`,
		Example: "  fedns demo\n  fedns demo --script",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := runDemo(cmd.Context(), o, stdout, stderr); err != nil {
				return wanting{err}
			}
			return nil
		},
	}
	cmd.Flags().DurationVar(&o.length, "for", 0, "end after this long; 0: at SIGINT or SIGTERM")
	cmd.Flags().BoolVar(&o.script, "script", false, "play the scenario, then end")
	cmd.Flags().StringVar(&o.dns, "dns", "127.0.0.1:5353", "address to answer DNS at")
	cmd.Flags().StringVar(&o.http, "http", "127.0.0.1:8053", "address to answer HTTP at")
	return cmd
}

type demoOptions struct {
	length    time.Duration
	script    bool
	dns, http string
}

func runDemo(ctx context.Context, o demoOptions, stdout, stderr io.Writer) error {
	dir, err := os.MkdirTemp("", "fedns-demo-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	world, err := demo.NewFolders(dir)
	if err != nil {
		return err
	}
	if err := demo.Populate(ctx, world); err != nil {
		return err
	}
	zoneFile := filepath.Join(dir, "example.com.zone")
	if err := os.WriteFile(zoneFile, []byte(demo.Zone), 0o600); err != nil {
		return err
	}
	file := filepath.Join(dir, "fedns.yaml")
	text := demo.Config(o.dns, o.http, zoneFile, func(m demo.Member) string { return "manifests: " + filepath.Join(dir, m.Name) })
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		return err
	}
	return o.serve(ctx, file, world, stdout, stderr)
}

// serve runs the daemon, and in front of it the scenario or the time that was asked for.
func (o demoOptions) serve(ctx context.Context, file string, world demo.Folders, stdout, stderr io.Writer) error {
	cfg, err := config.Load(file)
	if err != nil {
		return err
	}
	d, err := daemon.Start(ctx, cfg, thisBuild().Version, logger(stderr, slog.LevelWarn))
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	ended := make(chan error, 1)
	go func() { ended <- d.Run(ctx) }()
	host, port, _ := net.SplitHostPort(d.DNSAddrs()[0].String()) // an address we listen on
	var played error
	switch {
	case o.script:
		s := demo.Scenario{World: world, Server: net.JoinHostPort(host, port), Out: stdout}
		played = s.Run(ctx)
		cancel()
	default:
		introduce(stdout, host, port, d.HTTPAddr(), world.Dir)
		if o.length > 0 {
			timer := time.AfterFunc(o.length, cancel)
			defer timer.Stop()
		}
	}
	return errors.Join(played, <-ended)
}

func introduce(w io.Writer, host, port, http, dir string) {
	fmt.Fprintf(w, `Three member clusters are up: eu-1 and eu-2 in eu-west, us-1 in us-east.
Each is a folder of manifests; edit one and ask again:
  %s

What it answers, ready to paste:
`, dir)
	for _, q := range []struct{ name, typ, text string }{
		{"web.shop.prod", "A", "the short name: what a pod types"},
		{"web.shop.prod", "AAAA", ""},
		{"_http._tcp.web.shop.prod", "SRV", ""},
		{"web.shop.prod.svc.example.com", "A", "the federation's ladder: anywhere"},
		{"web.shop.prod.svc.eu-west.example.com", "AAAA", "  a region"},
		{"web.shop.prod.svc.eu-west-1a.eu-west.example.com", "A", "  a zone"},
		{"_http._tcp.web.shop.prod.svc.example.com", "SRV", ""},
		{"web.shop.prod.svc.us-east.example.com", "A", "  a region without the Service falls back"},
		{"web.shop.svc.clusterset.local", "A", "the ClusterSet name of the MCS API"},
		{"web.shop.svc.clusterset.local", "AAAA", ""},
		{"_http._tcp.web.shop.svc.clusterset.local", "SRV", ""},
		{"db.shop.svc.clusterset.local", "A", "a headless Service"},
		{"db-0.eu-1.db.shop.svc.clusterset.local", "A", "  one of its endpoints"},
		{"1.1.111.10.in-addr.arpa", "PTR", "  and back"},
		{"www.example.com", "A", "a record from a zone file"},
	} {
		line := fmt.Sprintf("  dig @%s -p %s %s %s", host, port, q.name, q.typ)
		if q.text != "" {
			line = fmt.Sprintf("%-82s # %s", line, q.text)
		}
		fmt.Fprintln(w, line)
	}
	fmt.Fprintf(w, `
What it knows:
  curl http://%[1]s/api/v1/clusters
  curl http://%[1]s/api/v1/services
  curl http://%[1]s/api/v1/zones
  curl http://%[1]s/metrics
`, http)
}
