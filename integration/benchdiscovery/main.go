package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
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
	rounds    int
	seconds   float64
	only      string
	json      bool
	clusters  int
	endpoints int // a cluster's
	rate      float64
	seed      uint64
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
func parse(args []string, stderr io.Writer) (o options, err error) {
	flags := flag.NewFlagSet("benchdiscovery", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.IntVar(&o.rounds, "rounds", 3, "how often changes are measured")
	flags.Float64Var(&o.seconds, "seconds", 10, "how long each time")
	flags.StringVar(&o.only, "only", "", "measure these alone, of "+strings.Join(stages, ","))
	flags.BoolVar(&o.json, "json", false, "print JSON")
	flags.IntVar(&o.clusters, "clusters", 100, "simulated clusters, at most 128")
	flags.IntVar(&o.endpoints, "endpoints", 10_000, "endpoints of each, in the large zone")
	flags.Float64Var(&o.rate, "rate", 2000, "changes a second beside those that are measured")
	flags.Uint64Var(&o.seed, "seed", 7, "what the clusters hold and what changes")
	flags.Float64Var(&o.settle, "settle", 30, "for how many seconds memory is watched, of which the least counts")
	flags.StringVar(&o.kind, "kind", "", "Services of this kind alone: "+clusterIP+" or "+headless)
	flags.StringVar(&o.fedns, "fedns", "", "the daemon's program, if not of this checkout")
	flags.StringVar(&o.keep, "keep", "", "a folder for the daemons' logs; they are thrown away otherwise")
	if err := flags.Parse(args); err != nil {
		return o, err
	}
	for stage := range strings.SplitSeq(o.only, ",") {
		if o.only != "" && !slices.Contains(stages, stage) {
			err = fmt.Errorf("-only: nothing is called %q; there are %s", stage, strings.Join(stages, ", "))
		}
	}
	if o.kind != "" && o.kind != clusterIP && o.kind != headless {
		err = fmt.Errorf("-kind: got %q, want %s or %s", o.kind, clusterIP, headless)
	}
	if err == nil && (flags.NArg() > 0 || o.rounds < 1 || o.seconds <= 0 || o.clusters < 1 || o.clusters > 128 || o.endpoints < 100*perService) {
		err = fmt.Errorf("usage: benchdiscovery [-rounds N] [-seconds N] [-only STAGE,...] [-json] [-clusters 1..128] [-endpoints N, from %d] [-rate N] [-seed N] [-settle N] [-kind KIND] [-fedns FILE] [-keep DIR]", 100*perService)
	}
	if err != nil {
		fmt.Fprintln(stderr, err)
	}
	return o, err
}

// wants says whether one of some stages is to be measured.
func (o options) wants(any ...string) bool {
	return o.only == "" || slices.ContainsFunc(any, func(stage string) bool { return slices.Contains(strings.Split(o.only, ","), stage) })
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
		if !o.wants(s.any...) {
			continue
		}
		if err := s.run(ctx); err != nil {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			b.report.missed(strings.Join(s.any, ", "), err)
		}
	}
	if o.json {
		return b.report.json(w)
	}
	b.report.text(w)
	return nil
}
