package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/fedns/fedns/integration/figures"
)

// The stages, by the names that -only takes.
const (
	stageSmall   = "small"
	stageLarge   = "large"
	stageMemory  = "memory"
	stageRestart = "restart"
	stageLost    = "lost"
)

var stages = []string{stageSmall, stageLarge, stageMemory, stageRestart, stageLost}

// options are the flags.
type options struct {
	figures.Options
	clusters  int
	endpoints int // a cluster's
	rate      float64
	settle    float64
	kind      string
	fedns     string
	keep      string
}

// perService is how many endpoints a simulated Service has.
const perService = 10

func main() {
	o, err := parse(os.Args[1:], os.Stderr)
	if err != nil {
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := measure(ctx, o, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "benchdiscovery:", err)
		os.Exit(1)
	}
}

// parse reads the flags, and has told what is wrong with them when it fails.
func parse(args []string, stderr io.Writer) (options, error) {
	o := options{Options: figures.Options{Rounds: 3, Seconds: 10, Seed: 7}}
	flags := flag.NewFlagSet("benchdiscovery", flag.ContinueOnError)
	flags.SetOutput(stderr)
	o.Declare(flags, stages...)
	flags.IntVar(&o.clusters, "clusters", 100, "simulated clusters, at most 128")
	flags.IntVar(&o.endpoints, "endpoints", 10_000, "endpoints of each, in the large zone")
	flags.Float64Var(&o.rate, "rate", 2000, "changes a second beside those that are measured")
	flags.Float64Var(&o.settle, "settle", 30, "for how many seconds memory is watched, of which the least counts")
	flags.StringVar(&o.kind, "kind", "", "Services of this kind alone: "+clusterIP+" or "+headless)
	flags.StringVar(&o.fedns, "fedns", "", "the daemon's program, if not of this checkout")
	flags.StringVar(&o.keep, "keep", "", "a folder for the daemons' logs; they are thrown away otherwise")
	err := o.Parse(flags, args, func() error {
		switch {
		case o.kind != "" && o.kind != clusterIP && o.kind != headless:
			return fmt.Errorf("-kind: got %q, want %s or %s", o.kind, clusterIP, headless)
		case o.clusters < 1 || o.clusters > 128:
			return fmt.Errorf("-clusters: got %d, want 1 to 128", o.clusters)
		case o.endpoints < 100*perService:
			return fmt.Errorf("-endpoints: got %d, want at least %d", o.endpoints, 100*perService)
		}
		return nil
	})
	return o, err
}

// measure runs the stages and prints the report. What a stage could not measure
// is told in its row and does not keep the others from being measured.
func measure(ctx context.Context, o options, w io.Writer) error {
	b, err := newBench(ctx, o)
	if err != nil {
		return err
	}
	defer b.close()
	for _, s := range []struct {
		any []string
		run func(context.Context) error
	}{
		{[]string{stageSmall}, b.small},
		{[]string{stageLarge, stageMemory, stageRestart}, b.worlds},
		{[]string{stageLost}, b.lost},
	} {
		if !o.Wants(s.any...) {
			continue
		}
		if err := s.run(ctx); err != nil {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			b.report.Targets.Missed(strings.Join(s.any, ", "), "", err)
		}
	}
	return figures.Print(w, b.report, o.JSON)
}
