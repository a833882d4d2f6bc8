package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/fedns/fedns/integration/figures"
)

// The stages, by the names that -only takes.
const (
	stagePack     = "pack"
	stageSteady   = "steady"
	stageOne      = "one"
	stageFlaps    = "flaps"
	stageThrottle = "throttle"
)

var stages = []string{stagePack, stageSteady, stageOne, stageFlaps, stageThrottle}

// options are the flags.
type options struct {
	figures.Options
	largest int
	records int
	flaps   int
}

func main() {
	o, err := parse(os.Args[1:], os.Stderr)
	if err != nil {
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := measure(ctx, o, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "benchproviders:", err)
		os.Exit(1)
	}
}

// parse reads the flags, and has told what is wrong with them when it fails.
func parse(args []string, stderr io.Writer) (options, error) {
	o := options{Options: figures.Options{Rounds: 3, Seconds: 5, Seed: 7}}
	flags := flag.NewFlagSet("benchproviders", flag.ContinueOnError)
	flags.SetOutput(stderr)
	o.Declare(flags, stages...)
	flags.IntVar(&o.largest, "largest", 100_000, "the most changes at once")
	flags.IntVar(&o.records, "records", 200_000, "records of the zone in which one is changed")
	flags.IntVar(&o.flaps, "flaps", 10_000, "changes of one record within a window")
	err := o.Parse(flags, args, func() error {
		if o.largest < 10 || o.records < 10 || o.flaps < 2 {
			return fmt.Errorf("-largest, -records and -flaps: must be at least 10, 10 and 2")
		}
		return nil
	})
	return o, err
}
