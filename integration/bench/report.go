package main

import (
	"fmt"
	"io"

	"github.com/fedns/fedns/integration/figures"
)

// report is all that a run of the program found.
type report struct {
	Machine string          `json:"machine"`
	Rounds  int             `json:"rounds"`
	Seconds float64         `json:"secondsARound"`
	Tables  []table         `json:"tables"`
	Memory  []memrow        `json:"memory,omitempty"`
	Targets figures.Targets `json:"targets"`
	// Allocations are those of the fast path; nil when they were not counted.
	Allocations *fastPath `json:"allocations,omitempty"`
	Absent      []string  `json:"absent,omitempty"` // what was left out, and why
}

// table is one way of asking, of several servers.
type table struct {
	Stage string  `json:"stage"`
	Title string  `json:"title"`
	Rows  []entry `json:"rows"`
}

// entry is one server's samples, a round each.
type entry struct {
	Server  string   `json:"server"`
	Samples []sample `json:"samples"`
}

// memrow is the memory of one server with so many names.
type memrow struct {
	Server string  `json:"server"`
	Names  int     `json:"names"`
	Empty  int64   `json:"emptyBytes"` // of the server with an empty zone
	Full   int64   `json:"bytes"`
	Name   float64 `json:"bytesAName"`
}

func newMemrow(server string, names int, empty, full int64) memrow {
	return memrow{server, names, empty, full, float64(full-empty) / float64(names)}
}

// samples are a server's in a stage; none when it did not take part.
func (r *report) samples(stage, server string) []sample {
	for _, t := range r.Tables {
		for _, e := range t.Rows {
			if t.Stage == stage && e.Server == server {
				return e.Samples
			}
		}
	}
	return nil
}

// Text writes tables for people; in Markdown, too, they are shown as such.
func (r *report) Text(w io.Writer) {
	fmt.Fprintf(w, "%s\n%d rounds of %g s, medians; one core for the server, another for the generator.\n", r.Machine, r.Rounds, r.Seconds)
	for _, t := range r.Tables {
		t.text(w)
	}
	figures.Table(w, "Memory, names with one A record each", "server|names|empty MiB|full MiB|B a name", len(r.Memory), func(i int) string {
		m := r.Memory[i]
		return fmt.Sprintf("%s|%d|%.1f|%.1f|%.0f", m.Server, m.Names, figures.MiB(m.Empty), figures.MiB(m.Full), m.Name)
	})
	r.Targets.Table(w)
	for i, a := range r.Absent {
		if i == 0 {
			fmt.Fprintln(w)
		}
		fmt.Fprintln(w, "left out:", a)
	}
}

func (t table) text(w io.Writer) {
	floor := t.floor()
	figures.Table(w, t.Title, "server|CPU µs a query|× floor|(min..max)|answers/s|busy|p50 µs|p99 µs|p99.9 µs|lost|wrong", len(t.Rows), func(i int) string {
		s := t.Rows[i].Samples
		ratio, ends := "", ""
		if floor != nil {
			x := figures.Ratios(cpu, s, floor)
			ratio, ends = fmt.Sprintf("%.2f", x.Median), fmt.Sprintf("%.2f..%.2f", x.Min, x.Max)
		}
		med := func(figure func(sample) float64) float64 { return figures.Of(figure, s).Median }
		sum := func(count func(sample) uint64) (n uint64) {
			for _, one := range s {
				n += count(one)
			}
			return n
		}
		return fmt.Sprintf("%s|%.2f|%s|%s|%.0f|%.0f %%|%.0f|%.0f|%.0f|%d|%d", t.Rows[i].Server,
			med(cpu), ratio, ends, med(rate), 100*med(func(s sample) float64 { return s.Busy }),
			med(func(s sample) float64 { return s.P50 }), med(func(s sample) float64 { return s.P99 }), med(p999),
			sum(func(s sample) uint64 { return s.Lost }), sum(func(s sample) uint64 { return s.Wrong }))
	})
}

func (t table) floor() []sample {
	for _, e := range t.Rows {
		if e.Server == nameEcho {
			return e.Samples
		}
	}
	return nil
}
