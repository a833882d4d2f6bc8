package main

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/fedns/fedns/integration/figures"
)

// report is all that a run of the program found.
type report struct {
	Machine string          `json:"machine"`
	Started string          `json:"started"`
	Rounds  int             `json:"rounds"`
	Seconds float64         `json:"secondsARound"`
	Seed    uint64          `json:"seed"`
	Delays  []delays        `json:"delays,omitempty"`
	Worlds  []world         `json:"worlds,omitempty"`
	Targets figures.Targets `json:"targets"`
}

// delays are how long changes took until they were answered, a round each.
type delays struct {
	What   string  `json:"what"`
	Rounds []round `json:"rounds"`
	// By the daemon's own histogram, from the receipt of every change: bounds in ms.
	OwnP50 string `json:"ownP50"`
	OwnP99 string `json:"ownP99"`
	OwnMax string `json:"ownMax"`
}

// round is one round's delays. Times are milliseconds.
type round struct {
	P50     float64 `json:"p50"`
	P99     float64 `json:"p99"`
	Max     float64 `json:"max"`
	Changes int     `json:"changes"` // that were measured
	Lost    int     `json:"lost"`    // that were not answered in time
	Beside  float64 `json:"besideASecond"`
	// CPU is the daemon's, in microseconds a change, those beside and the queries
	// included: it tells more than the clock does where others use the processors.
	CPU float64 `json:"cpuMicrosecondsAChange"`
}

// newRound sums a round's delays up; those that were lost count as the longest.
func newRound(took []time.Duration, lost int, beside float64) round {
	slices.Sort(took)
	r := round{Changes: len(took) + lost, Lost: lost, Beside: beside}
	at := func(q float64) float64 {
		i := int(q*float64(r.Changes)+0.999999) - 1
		switch {
		case r.Changes == 0:
			return 0
		case i >= len(took):
			return ms(patience)
		}
		return ms(took[max(i, 0)])
	}
	r.P50, r.P99, r.Max = at(0.5), at(0.99), at(1)
	return r
}

func ms(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

func (d delays) p50() figures.Spread {
	return figures.Of(func(r round) float64 { return r.P50 }, d.Rounds)
}
func (d delays) p99() figures.Spread {
	return figures.Of(func(r round) float64 { return r.P99 }, d.Rounds)
}
func (d delays) beside() float64 {
	return figures.Of(func(r round) float64 { return r.Beside }, d.Rounds).Median
}

func newReport(o options) *report {
	return &report{Machine: figures.Machine(), Started: time.Now().UTC().Format(time.RFC3339), Rounds: o.Rounds, Seconds: o.Seconds, Seed: o.Seed}
}

// Text writes tables for people; in Markdown, too, they are shown as such.
func (r *report) Text(w io.Writer) {
	fmt.Fprintf(w, "%s\n%s, %d rounds of %g s, seed %d\n", r.Machine, r.Started, r.Rounds, r.Seconds, r.Seed)
	figures.Table(w, "From a change to its answer, milliseconds, medians of rounds (min..max)",
		"what|p50|p99|longest|changes|lost|others a second|CPU µs a change|own p50|own p99|own longest", len(r.Delays), func(i int) string {
			d := r.Delays[i]
			sum := func(f func(round) int) (n int) {
				for _, one := range d.Rounds {
					n += f(one)
				}
				return n
			}
			longest, cpu := figures.Of(func(r round) float64 { return r.Max }, d.Rounds), figures.Of(func(r round) float64 { return r.CPU }, d.Rounds)
			return fmt.Sprintf("%s|%v|%v|%.2f|%d|%d|%.0f|%.0f|%s|%s|%s", d.What, d.p50(), d.p99(), longest.Max,
				sum(func(r round) int { return r.Changes }), sum(func(r round) int { return r.Lost }), d.beside(), cpu.Median, d.OwnP50, d.OwnP99, d.OwnMax)
		})
	figures.Table(w, "Memory and cold start; MiB", "what|endpoints|ready s|CPU s|peak RSS|steady RSS|PSS|live heap|heap in use", len(r.Worlds), func(i int) string {
		x := r.Worlds[i]
		return fmt.Sprintf("%s|%d|%.1f|%.1f|%.0f|%.0f|%.0f|%.0f|%.0f", x.Kind, x.Endpoints, x.Ready, x.CPU,
			figures.MiB(x.Peak), figures.MiB(x.RSS), figures.MiB(x.PSS), figures.MiB(x.Heap), figures.MiB(x.InUse))
	})
	for _, x := range r.Worlds {
		figures.Table(w, "The heap of "+x.title()+", by a profile: functions of the daemon, with what they call", "function|in use|of all", len(x.Holders), func(i int) string {
			return strings.Join([]string{x.Holders[i].Function, x.Holders[i].Size, x.Holders[i].Share}, "|")
		})
	}
	r.Targets.Table(w)
}
