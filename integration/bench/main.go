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

// The roles of this program besides the one that users start.
const (
	rolePin     = "pin"
	roleBlast   = "blast"
	roleUpdates = "updates"
	roleSlow    = "slow"
)

// The stages, by the names that -only takes.
const (
	stageStandard    = "standard"
	stageEDNS        = "edns"
	stageCookie      = "cookie"
	stageTCP         = "tcp"
	stageSecure      = "secure"
	stageSigned      = "signed"
	stageUpdates     = "updates"
	stageSlow        = "slow"
	stageMillion     = "million"
	stageMemory      = "memory"
	stageAllocations = "allocations"
)

var stages = []string{stageStandard, stageEDNS, stageCookie, stageTCP, stageSecure, stageSigned, stageUpdates, stageSlow, stageMillion, stageMemory, stageAllocations}

// What rows of tables are called that are not a server's name.
const (
	fednsUDP      = "fedns over UDP"
	quiescent     = "quiescent"
	underUpdates  = "under updates"
	alone         = "alone"
	beset         = "beside slow clients"
	namePublished = "fedns, published to"
)

const million = 1_000_000

// slowClients is how many clients keep TCP connections while UDP is measured.
const slowClients = 10_000

// options are the flags.
type options struct {
	figures.Options
	coredns bool
}

func main() {
	if len(os.Args) > 1 {
		if do, ok := roles[os.Args[1]]; ok {
			fail(do(os.Args[2:], os.Stdout))
			return
		}
	}
	o, err := parse(os.Args[1:], os.Stderr)
	if err != nil {
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	fail(measure(ctx, o, os.Stdout))
}

func fail(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// parse reads the flags, and has told what is wrong with them when it fails.
func parse(args []string, stderr io.Writer) (options, error) {
	o := options{Options: figures.Options{Rounds: 5, Seconds: 2, Seed: 7}}
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	flags.SetOutput(stderr)
	o.Declare(flags, stages...)
	flags.BoolVar(&o.coredns, "coredns", false, "build CoreDNS if it is not there (3 minutes, once)")
	err := o.Parse(flags, args, nil)
	return o, err
}
