// Command fedns makes the Services of many Kubernetes clusters findable by one
// name. See `fedns --help`, and docs/ for all of it.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"
	"k8s.io/klog/v2"
	controllerlog "sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/fedns/fedns/cmd/fedns/daemon"
	"github.com/fedns/fedns/cmd/fedns/heap"
)

// Exit codes that users script against.
const (
	exitDone    = 0
	exitWanting = 1 // something was found wrong
	exitUsage   = 2
)

// endWithin is how long a clean end may take: less than orchestrators wait before they kill.
const endWithin = 8 * time.Second

func main() {
	heap.Pace()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	// Whatever hangs then, a daemon that was told to end ends.
	context.AfterFunc(ctx, func() {
		time.AfterFunc(endWithin, func() {
			fmt.Fprintln(os.Stderr, "fedns: did not end in", endWithin)
			os.Exit(exitWanting)
		})
	})
	code := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// wanting is an error that says something about the world, not about how the command was called.
type wanting struct{ error }

func (w wanting) Unwrap() error { return w.error }

// run is main without the process: what it prints and how it exits can be tested.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	root := newRoot(stdout, stderr)
	root.SetArgs(args)
	err := root.ExecuteContext(ctx)
	if err == nil {
		return exitDone
	}
	for _, line := range daemon.Lines(err) {
		fmt.Fprintln(stderr, "fedns:", line)
	}
	if errors.As(err, &wanting{}) {
		return exitWanting
	}
	return exitUsage
}

func newRoot(stdout, stderr io.Writer) *cobra.Command {
	root := &cobra.Command{
		Use:   "fedns",
		Short: "One name for the Services of many Kubernetes clusters",
		Long: `fedns watches the Services, EndpointSlices and ServiceExports of every member
cluster, keeps them in one zone in memory, and answers DNS from it.`,
		SilenceErrors: true, SilenceUsage: true,
		CompletionOptions: cobra.CompletionOptions{HiddenDefaultCmd: true},
		Version:           thisBuild().Version,
	}
	root.SetOut(stdout)
	root.SetErr(stderr)
	root.SetVersionTemplate(strings.ReplaceAll(thisBuild().String(), "{{", "") + "\n") // a template without actions
	root.SetHelpCommand(newHelp())
	root.AddCommand(newServe(stderr), newCheck(stdout), newPlan(stdout), newAdopt(stdout), newJoin(stdout), newUnjoin(stdout), newDemo(stdout, stderr), newVersion(stdout))
	for _, w := range words {
		root.AddCommand(newWord(w, stdout))
	}
	return root
}

// newHelp is cobra's own, but that what there is no help on is an error.
func newHelp() *cobra.Command {
	return &cobra.Command{
		Use: "help [command]", Short: "Help about any command",
		RunE: func(cmd *cobra.Command, args []string) error {
			about, rest, err := cmd.Root().Find(args)
			if err != nil {
				return err
			}
			if len(rest) > 0 {
				return fmt.Errorf("unknown command %q for %q", rest[0], about.CommandPath())
			}
			about.InitDefaultHelpFlag()
			about.InitDefaultVersionFlag()
			return about.Help()
		},
	}
}

// logger writes for people on stderr. What the Kubernetes clients have to say by themselves goes there as well.
func logger(w io.Writer, level slog.Level) *slog.Logger {
	log := slog.New(slog.NewTextHandler(w, &slog.HandlerOptions{Level: level}))
	klog.SetSlogLogger(log)
	controllerlog.SetLogger(klog.NewKlogr()) // which goes where klog does
	return log
}
