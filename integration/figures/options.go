package figures

import (
	"flag"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Options are the flags that all programs of this kind have.
type Options struct {
	Rounds  int     // how often each thing is measured, at least 1
	Seconds float64 // how long each time, more than 0
	JSON    bool
	Seed    uint64 // what everything made up follows from

	only []string // stages; none: all
}

// Declare declares the flags, with what is in o as their defaults. stages are the
// names that -only takes.
func (o *Options) Declare(flags *flag.FlagSet, stages ...string) {
	flags.IntVar(&o.Rounds, "rounds", o.Rounds, "how often each is measured")
	flags.Float64Var(&o.Seconds, "seconds", o.Seconds, "how long each time")
	flags.BoolVar(&o.JSON, "json", false, "print JSON, with every round's figures")
	flags.Uint64Var(&o.Seed, "seed", o.Seed, "what everything made up follows from")
	flags.Func("only", "measure these alone, of "+strings.Join(stages, ","), func(list string) error {
		o.only = strings.Split(list, ",")
		for _, stage := range o.only {
			if !slices.Contains(stages, stage) {
				return fmt.Errorf("nothing is called %q; there are %s", stage, strings.Join(stages, ", "))
			}
		}
		return nil
	})
}

// Parse reads args. check sees what they say when they are well formed; nil:
// nothing more is asked of them. What is wrong was told on the output of flags.
func (o *Options) Parse(flags *flag.FlagSet, args []string, check func() error) error {
	if err := flags.Parse(args); err != nil {
		return err
	}
	var err error
	switch {
	case flags.NArg() > 0:
		err = fmt.Errorf("%s takes flags only, not %q", flags.Name(), flags.Arg(0))
	case o.Rounds < 1:
		err = fmt.Errorf("-rounds: got %d, want at least 1", o.Rounds)
	case o.Seconds <= 0:
		err = fmt.Errorf("-seconds: got %g, want more than 0", o.Seconds)
	case check != nil:
		err = check()
	}
	if err != nil {
		fmt.Fprintln(flags.Output(), err)
	}
	return err
}

// Wants says whether any of some stages is to be measured.
func (o *Options) Wants(stages ...string) bool {
	return o.only == nil || slices.ContainsFunc(stages, func(s string) bool { return slices.Contains(o.only, s) })
}

// Length is how long each thing is measured.
func (o *Options) Length() time.Duration { return time.Duration(o.Seconds * float64(time.Second)) }
