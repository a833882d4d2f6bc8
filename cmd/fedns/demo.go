package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/netip"
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
			if err := o.check(); err != nil {
				return err
			}
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

// check finds what makes no sense, in the words of the flags.
func (o demoOptions) check() error {
	if o.length < 0 {
		return fmt.Errorf("invalid argument %q for \"--for\" flag: want 0 or longer", o.length)
	}
	for _, f := range []struct{ name, value string }{{"dns", o.dns}, {"http", o.http}} {
		if a, err := netip.ParseAddrPort(f.value); err != nil || a.Port() == 0 {
			return fmt.Errorf("invalid argument %q for \"--%s\" flag: want address:port, such as 127.0.0.1:5353 or [::1]:5353", f.value, f.name)
		}
	}
	if o.dns == o.http {
		return fmt.Errorf("invalid argument %q for \"--http\" flag: want another address than that of --dns", o.http)
	}
	return nil
}

func runDemo(ctx context.Context, o demoOptions, stdout, stderr io.Writer) error {
	dir, err := os.MkdirTemp("", "fedns-demo-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	if dir, err = filepath.Abs(dir); err != nil { // $TMPDIR may be relative; who reads the path may be elsewhere
		return err
	}
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
	text := demo.Config(o.dns, o.http, zoneFile, func(m demo.Member) string { return fmt.Sprintf("manifests: %q", filepath.Join(dir, m.Name)) })
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
	dns := d.DNSAddrs()[0].String()
	var played error
	switch {
	case o.script:
		s := demo.Scenario{World: world, Server: dns, Out: stdout}
		played = s.Run(ctx)
		cancel()
	default:
		demo.Introduce(stdout, dns, d.HTTPAddr(), fmt.Sprintf("Each is a folder of manifests; edit one and ask again:\n  %s\n", demo.Quote(world.Dir)))
		if o.length > 0 {
			timer := time.AfterFunc(o.length, cancel)
			defer timer.Stop()
		}
	}
	return errors.Join(played, <-ended)
}
