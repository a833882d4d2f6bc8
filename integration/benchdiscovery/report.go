package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"runtime"
	"slices"
	"strings"
	"text/tabwriter"
	"time"
)

// report is all that a run of the program found.
type report struct {
	Machine string   `json:"machine"`
	Started string   `json:"started"`
	Rounds  int      `json:"rounds"`
	Seconds float64  `json:"secondsARound"`
	Seed    uint64   `json:"seed"`
	Delays  []delays `json:"delays,omitempty"`
	Worlds  []world  `json:"worlds,omitempty"`
	Targets []target `json:"targets"`
}

// target is one figure that the project has set itself, and what was measured.
type target struct {
	What     string `json:"what"`
	Measured string `json:"measured"`
	Target   string `json:"target"`
	OK       bool   `json:"ok"`
}

func (t target) verdict() string {
	if t.OK {
		return "ok"
	}
	return "short"
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

// spread is a list of figures by its middle and ends. With no figures all are 0.
type spread struct{ Median, Min, Max float64 }

func (d delays) of(figure func(round) float64) spread {
	var f []float64
	for _, r := range d.Rounds {
		f = append(f, figure(r))
	}
	if len(f) == 0 {
		return spread{}
	}
	slices.Sort(f)
	n := len(f)
	return spread{(f[(n-1)/2] + f[n/2]) / 2, f[0], f[n-1]}
}

func (d delays) p50() spread { return d.of(func(r round) float64 { return r.P50 }) }
func (d delays) p99() spread { return d.of(func(r round) float64 { return r.P99 }) }

func (s spread) String() string { return fmt.Sprintf("%.2f (%.2f..%.2f)", s.Median, s.Min, s.Max) }

func newReport(o options) *report {
	return &report{Machine: machine(), Started: time.Now().UTC().Format(time.RFC3339), Rounds: o.rounds, Seconds: o.seconds, Seed: o.seed}
}

// machine names what all was measured on.
func machine() string {
	model := "unknown processor"
	text, _ := os.ReadFile("/proc/cpuinfo") // elsewhere there is none
	for line := range strings.Lines(string(text)) {
		if key, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(key) == "model name" {
			model = strings.TrimSpace(value)
			break
		}
	}
	return fmt.Sprintf("%s, %d processors, %s/%s, %s", model, runtime.NumCPU(), runtime.GOOS, runtime.GOARCH, runtime.Version())
}

func (r *report) add(what, measured, wanted string, ok bool) {
	r.Targets = append(r.Targets, target{what, measured, wanted, ok})
}

// missed notes what could not be measured.
func (r *report) missed(what string, why error) {
	text := strings.Join(strings.Fields(why.Error()), " ")
	r.add(what, "not measured: "+text[:min(len(text), 300)], "", false)
}

func (r *report) json(w io.Writer) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	return e.Encode(r)
}

// text writes tables for people; in Markdown, too, they are shown as such.
func (r *report) text(w io.Writer) {
	fmt.Fprintf(w, "%s\n%s, %d rounds of %g s, seed %d\n", r.Machine, r.Started, r.Rounds, r.Seconds, r.Seed)
	if len(r.Delays) > 0 {
		fmt.Fprint(w, "\nFrom a change to its answer, milliseconds, medians of rounds (min..max)\n\n")
		write(w, "what|p50|p99|longest|changes|lost|others a second|CPU µs a change|own p50|own p99|own longest", len(r.Delays), func(i int) string {
			d := r.Delays[i]
			sum := func(f func(round) int) (n int) {
				for _, one := range d.Rounds {
					n += f(one)
				}
				return n
			}
			return fmt.Sprintf("%s|%v|%v|%.2f|%d|%d|%.0f|%.0f|%s|%s|%s", d.What, d.p50(), d.p99(), d.of(func(r round) float64 { return r.Max }).Max,
				sum(func(r round) int { return r.Changes }), sum(func(r round) int { return r.Lost }), d.of(func(r round) float64 { return r.Beside }).Median, d.of(func(r round) float64 { return r.CPU }).Median, d.OwnP50, d.OwnP99, d.OwnMax)
		})
	}
	if len(r.Worlds) > 0 {
		fmt.Fprint(w, "\nMemory and cold start; MiB\n\n")
		write(w, "what|endpoints|ready s|CPU s|peak RSS|steady RSS|PSS|live heap|heap in use", len(r.Worlds), func(i int) string {
			x := r.Worlds[i]
			return fmt.Sprintf("%s|%d|%.1f|%.1f|%.0f|%.0f|%.0f|%.0f|%.0f", x.Kind, x.Endpoints, x.Ready, x.CPU, mib(x.Peak), mib(x.RSS), mib(x.PSS), mib(x.Heap), mib(x.InUse))
		})
	}
	fmt.Fprint(w, "\nTargets\n\n")
	write(w, "what|measured|target|", len(r.Targets), func(i int) string {
		t := r.Targets[i]
		return strings.Join([]string{t.What, t.Measured, t.Target, t.verdict()}, "|")
	})
}

// write writes a table of n rows, cells parted by bars.
func write(w io.Writer, head string, n int, row func(i int) string) {
	t := tabwriter.NewWriter(w, 0, 0, 1, ' ', tabwriter.Debug)
	line := func(cells string) { fmt.Fprintf(t, "| %s \t\n", strings.ReplaceAll(cells, "|", " \t ")) }
	line(head)
	rule := strings.Split(head, "|")
	for i := range rule {
		rule[i] = "---"
	}
	line(strings.Join(rule, "|"))
	for i := range n {
		line(row(i))
	}
	_ = t.Flush() // as w fails, so does what else is written there
}

func mib(octets int64) float64 { return float64(octets) / (1 << 20) }
