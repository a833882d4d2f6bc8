package main

import (
	"context"
	"io"
	"log/slog"
	"sync"

	"github.com/spf13/cobra"

	"github.com/fedns/fedns/cmd/fedns/config"
	"github.com/fedns/fedns/cmd/fedns/daemon"
)

func newServe(stderr io.Writer) *cobra.Command {
	var file string
	var debug bool
	cmd := &cobra.Command{
		Use: "serve --config FILE", Short: "Run the daemon", Args: cobra.NoArgs,
		Long: `Runs the daemon until SIGINT or SIGTERM. The configuration file, manifest
folders and zone files are watched: a change is taken up within a second, without
restart; changed kubeconfigs and credentials within some ten seconds. Only listen,
resolvers and stateDir wait for the next start. What is wrong with a change is
logged, a line each, and what was good before goes on.`,
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
	cfg, err := config.Load(file)
	if err != nil {
		return wanting{err}
	}
	d, err := daemon.Start(ctx, cfg, thisBuild().Version, log)
	if err != nil {
		return wanting{err}
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var watching sync.WaitGroup
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
