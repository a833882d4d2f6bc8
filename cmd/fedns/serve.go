package main

import (
	"context"
	"io"
	"log/slog"
	"os"
	"sync"

	"github.com/spf13/cobra"

	"github.com/fedns/fedns/cmd/fedns/config"
	"github.com/fedns/fedns/cmd/fedns/daemon"
	"github.com/fedns/fedns/cmd/fedns/handover"
)

func newServe(stderr io.Writer) *cobra.Command {
	var file string
	var debug bool
	cmd := &cobra.Command{
		Use: "serve --config FILE", Short: "Run the daemon", Args: cobra.NoArgs,
		Long: `Runs the daemon until SIGINT or SIGTERM. The configuration file, inventories,
manifest folders and zone files are watched: a change is taken up within a second, without
restart; changed kubeconfigs and credentials within some ten seconds. Only listen,
resolvers and stateDir wait for the next start. What is wrong with a change is
logged, a line each, and what was good before goes on.

At SIGUSR2 it starts its program anew, hands the sockets over when that is ready,
and ends: no query is lost. docs/operations.md tells more.`,
		Example: "  fedns serve --config /etc/fedns/fedns.yaml",
		RunE: func(cmd *cobra.Command, _ []string) error {
			level := slog.LevelInfo
			if debug {
				level = slog.LevelDebug
			}
			return serve(cmd.Context(), file, logger(stderr, level))
		},
	}
	cmd.Flags().StringVarP(&file, "config", "c", "", "configuration file")
	cmd.Flags().BoolVar(&debug, "debug", false, "log what is of use to developers only, too")
	_ = cmd.MarkFlagRequired("config") // the flag was just defined
	return cmd
}

func serve(ctx context.Context, file string, log *slog.Logger) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	requests := handover.Requests(ctx) // from now on: the signal would end us
	heritage, err := handover.Inherited()
	if err != nil {
		return wanting{err}
	}
	cfg, err := config.Load(file)
	if err != nil {
		return wanting{err}
	}
	d, err := daemon.Succeed(ctx, cfg, thisBuild().Version, log, heritage)
	if err != nil {
		return wanting{err}
	}
	var watching sync.WaitGroup
	watching.Go(func() {
		select {
		case <-d.Listening():
		case <-ctx.Done():
			return
		}
		if heritage == nil { // else the predecessor tells who we are
			if err := handover.Notify("READY=1"); err != nil {
				log.Warn("the service manager cannot be told", "error", err)
			}
		}
		handOver(ctx, requests, d, log)
	})
	watching.Go(func() {
		if err := watch(ctx, file, cfg, d); err != nil {
			log.Error("the configuration file is not watched any more", "error", err)
		}
	})
	err = d.Run(ctx)
	cancel()
	watching.Wait()
	if err != nil {
		return wanting{err}
	}
	return nil
}

// handOver hands over to a successor when somebody asks to.
func handOver(ctx context.Context, requests <-chan os.Signal, d *daemon.Daemon, log *slog.Logger) {
	for {
		select {
		case <-requests:
			err := d.HandOver(ctx)
			if err == nil {
				return
			}
			log.Error("not handed over, this process goes on", "error", err)
		case <-ctx.Done():
			return
		}
	}
}

// watch takes up changes of the configuration, of which cfg is the one already running.
func watch(ctx context.Context, file string, cfg *config.Config, d *daemon.Daemon) error {
	running := cfg
	return config.Watch(ctx, file, func(cfg *config.Config, err error) {
		switch {
		case err != nil:
			d.Refused(err)
		case sameDigests(cfg, running):
			d.Confirmed() // the first look, or what was wrong was put back as it had been
		default:
			running = cfg
			d.Apply(cfg)
		}
	})
}

// sameDigests says that two configurations were read from the same content.
func sameDigests(a, b *config.Config) bool {
	if len(a.Digests) != len(b.Digests) {
		return false
	}
	for path, digest := range a.Digests {
		if b.Digests[path] != digest {
			return false
		}
	}
	return true
}
