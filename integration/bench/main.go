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
	"time"
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
	rounds  int
	seconds float64
	only    string
	json    bool
	coredns bool
	seed    uint64
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
func parse(args []string, stderr io.Writer) (o options, err error) {
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.IntVar(&o.rounds, "rounds", 5, "how often each server is measured")
	flags.Float64Var(&o.seconds, "seconds", 2, "how long each time")
	flags.StringVar(&o.only, "only", "", "measure these alone, of "+strings.Join(stages, ","))
	flags.BoolVar(&o.json, "json", false, "print JSON, with every round's figures")
	flags.BoolVar(&o.coredns, "coredns", false, "build CoreDNS if it is not there (3 minutes, once)")
	flags.Uint64Var(&o.seed, "seed", 7, "what zones and queries follow from")
	if err := flags.Parse(args); err != nil {
		return o, err
	}
	for stage := range strings.SplitSeq(o.only, ",") {
		if o.only != "" && !slices.Contains(stages, stage) {
			err = fmt.Errorf("-only: nothing is called %q; there are %s", stage, strings.Join(stages, ", "))
		}
	}
	if flags.NArg() > 0 || o.rounds < 1 || o.seconds <= 0 {
		err = fmt.Errorf("usage: bench [-rounds N] [-seconds N] [-only STAGE,...] [-json] [-coredns] [-seed N]")
	}
	if err != nil {
		fmt.Fprintln(stderr, err)
	}
	return o, err
}

// wants says whether a stage is to be measured.
func (o options) wants(stage string) bool {
	return o.only == "" || slices.Contains(strings.Split(o.only, ","), stage)
}

func (o options) length() time.Duration { return time.Duration(o.seconds * float64(time.Second)) }
