// Command demo is `fedns demo` on three real API servers: the same member
// clusters, the same manifests, the same answers, and fedns as a process that
// follows them by list and watch. It needs Go and no root; what else it runs it
// builds at the first time. `make demo REAL=1` calls it.
//
//	harness: etcd, 3 × kube-apiserver, controllers, KWOK ── kubeconfigs ──► fedns serve
//	  ▲ server-side apply                                                      ▲ DNS
//	demo.Populate, demo.Scenario ──────────────────────────────────────────────┘
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/fedns/fedns/cmd/fedns/demo"
	"github.com/fedns/fedns/integration/harness/binaries"
)

// Exit codes, as fedns has them.
const (
	exitDone    = 0
	exitWanting = 1
	exitUsage   = 2
)

// options are the flags of `fedns demo`.
type options struct {
	length    time.Duration
	script    bool
	dns, http string
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// run is main without the process.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	var o options
	flags := flag.NewFlagSet("demo", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.DurationVar(&o.length, "for", 0, "end after this long; 0: at SIGINT or SIGTERM")
	flags.BoolVar(&o.script, "script", false, "play the scenario, then end")
	flags.StringVar(&o.dns, "dns", "127.0.0.1:5353", "address to answer DNS at")
	flags.StringVar(&o.http, "http", "127.0.0.1:8053", "address to answer HTTP at")
	if err := flags.Parse(args); err != nil || flags.NArg() > 0 {
		if errors.Is(err, flag.ErrHelp) {
			return exitDone
		}
		if err == nil {
			fmt.Fprintf(stderr, "demo: got %q, want flags only\n", flags.Arg(0))
		}
		return exitUsage
	}
	err := o.run(ctx, stdout, stderr)
	if ctx.Err() != nil {
		err = nil // whatever was under way was told to end
	}
	if err != nil {
		fmt.Fprintln(stderr, "demo:", err)
		return exitWanting
	}
	return exitDone
}

func (o options) run(ctx context.Context, stdout, stderr io.Writer) (err error) {
	// The first time, building takes minutes; it has no place in a start's limit.
	if err := (binaries.Cache{Progress: stderr}).Ensure(ctx); err != nil {
		return err
	}
	fmt.Fprintln(stdout, "Starting three Kubernetes clusters and fedns. This takes about ten seconds.")
	w, err := newWorld(ctx, stderr)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, w.close()) }()
	if err := demo.Populate(ctx, w); err != nil {
		return err
	}
	fedns, err := w.serve(ctx, o.dns, o.http)
	if err != nil {
		return err
	}
	if o.script {
		s := demo.Scenario{World: w, Server: o.dns, Out: stdout}
		return s.Run(ctx)
	}
	where, err := w.introduction(ctx)
	if err != nil {
		return err
	}
	demo.Introduce(stdout, o.dns, o.http, where)
	if o.length > 0 {
		limited, cancel := context.WithTimeout(ctx, o.length)
		defer cancel()
		ctx = limited
	}
	select {
	case <-ctx.Done():
		return fedns.Stop(stopGrace)
	case <-fedns.Done():
		return fedns.Err()
	}
}
