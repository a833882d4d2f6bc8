package main

import (
	"context"
	"errors"
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
	stagePlan    = "plan"
	stageNothing = "nothing"
	stageRestart = "restart"
	stageOne     = "one"
	stageFaults  = "faults"
)

var stages = []string{stagePlan, stageNothing, stageRestart, stageOne, stageFaults}

// options are the flags.
type options struct {
	figures.Options
	members   int
	templates int
	changes   int
	bindings  int
	clusters  int
	works     bool
	fedns     string
	keep      string
}

func main() {
	o, err := parse(os.Args[1:], os.Stderr)
	if err != nil {
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := measure(ctx, o, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "benchfederation:", err)
		os.Exit(1)
	}
}

// parse reads the flags, and has told what is wrong with them when it fails.
func parse(args []string, stderr io.Writer) (options, error) {
	o := options{Options: figures.Options{Rounds: 3, Seconds: 5, Seed: 7}}
	flags := flag.NewFlagSet("benchfederation", flag.ContinueOnError)
	flags.SetOutput(stderr)
	o.Declare(flags, stages...)
	flags.IntVar(&o.members, "members", 100, "simulated members, at most 999")
	flags.IntVar(&o.templates, "templates", 1000, "templates in the host, each of which goes to all members")
	flags.IntVar(&o.changes, "changes", 100, "changes of one template, one after the other")
	flags.IntVar(&o.bindings, "bindings", 5000, "what is planned")
	flags.IntVar(&o.clusters, "clusters", 500, "over how many clusters it is planned")
	flags.BoolVar(&o.works, "works", false, "have the daemon write a Work for each template and member, as Karmada does")
	flags.StringVar(&o.fedns, "fedns", "", "the daemon's program, if not of this checkout")
	flags.StringVar(&o.keep, "keep", "", "a folder for the daemon's log and profiles; they are thrown away otherwise")
	err := o.Parse(flags, args, func() error {
		switch {
		case o.members < 2 || o.members > 999:
			return fmt.Errorf("-members: got %d, want 2 to 999", o.members)
		case o.templates < 1 || o.changes < 1:
			return fmt.Errorf("-templates, -changes: got %d and %d, want at least 1", o.templates, o.changes)
		case o.bindings < 1 || o.clusters < 4:
			return fmt.Errorf("-bindings, -clusters: got %d and %d, want at least 1 and 4", o.bindings, o.clusters)
		}
		return nil
	})
	return o, err
}

// measure runs the stages and prints the report. What a stage could not measure
// is told in its row and does not keep the others from being measured.
func measure(ctx context.Context, o options, w io.Writer) error {
	b := &bench{options: o, report: newReport(o)}
	for _, s := range []struct {
		any []string
		run func(context.Context) error
	}{
		{[]string{stagePlan}, b.plan},
		{[]string{stageNothing, stageRestart, stageOne, stageFaults}, b.world},
	} {
		if !o.Wants(s.any...) {
			continue
		}
		if err := s.run(ctx); err != nil {
			b.report.Targets.Missed(strings.Join(s.any, ", "), "", err)
		}
		if ctx.Err() != nil {
			break // what was measured before is told
		}
	}
	return errors.Join(figures.Print(w, b.report, o.JSON), ctx.Err())
}

// bench is a run of the program.
type bench struct {
	options
	report *report
}

// tell says what is going on; the report comes at the end.
func (b *bench) tell(format string, args ...any) {
	fmt.Fprintf(os.Stderr, format+"\n", args...)
}
