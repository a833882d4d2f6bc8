package main

import (
	"fmt"
	"io"
	"math"
	"slices"
	"time"

	"github.com/fedns/fedns/integration/figures"
)

// report is all that a run of the program found.
type report struct {
	Machine string          `json:"machine"`
	Started string          `json:"started"`
	Seed    uint64          `json:"seed"`
	Starts  []begin         `json:"starts,omitempty"`
	Delays  []delays        `json:"delays,omitempty"`
	Holders []string        `json:"heapProfile,omitempty"` // the functions that hold the most of the daemon's heap
	Targets figures.Targets `json:"targets"`
}

// begin is a start of the daemon, until all is as it is to be.
type begin struct {
	What    string         `json:"what"`
	Written float64        `json:"writtenSeconds"` // from exec to the last write that a member saw; 0: there was none
	Settled float64        `json:"settledSeconds"` // from exec until the daemon knew that all is right
	CPU     float64        `json:"cpuSeconds"`     // the daemon's until then
	Peak    int64          `json:"peakRSS"`        // likewise, octets
	RSS     int64          `json:"rss"`
	Calls   map[string]int `json:"calls"` // to members, by verb
}

// delays are how long changes took until the last member had them, in milliseconds.
type delays struct {
	What  string    `json:"what"`
	Each  []float64 `json:"each"`
	Calls int       `json:"writeCalls"`
}

// at is the delay that the share q did not exceed.
func (d delays) at(q float64) float64 {
	if len(d.Each) == 0 {
		return math.Inf(1)
	}
	all := slices.Sorted(slices.Values(d.Each))
	return all[min(int(math.Ceil(q*float64(len(all))))-1, len(all)-1)]
}

func newReport(o options) *report {
	return &report{Machine: figures.Machine(), Started: time.Now().UTC().Format(time.RFC3339), Seed: o.Seed}
}

// Text writes tables for people.
func (r *report) Text(w io.Writer) {
	fmt.Fprintf(w, "%s\nStarted %s. Seed %d. The host and the members use the same processors as the daemon.\n", r.Machine, r.Started, r.Seed)
	figures.Table(w, "Starts of the daemon", "start|last write, s|settled, s|CPU, s|peak RSS, MiB|RSS, MiB|calls to members", len(r.Starts), func(i int) string {
		s := r.Starts[i]
		return fmt.Sprintf("%s|%.1f|%.1f|%.1f|%.0f|%.0f|%v", s.What, s.Written, s.Settled, s.CPU, figures.MiB(s.Peak), figures.MiB(s.RSS), s.Calls)
	})
	figures.Table(w, "Change to the last member's apply, ms", "changes|p50|p99|max|write calls a change", len(r.Delays), func(i int) string {
		d := r.Delays[i]
		return fmt.Sprintf("%d, %s|%.0f|%.0f|%.0f|%.1f", len(d.Each), d.What, d.at(0.5), d.at(0.99), d.at(1), float64(d.Calls)/float64(max(len(d.Each), 1)))
	})
	figures.Table(w, "What holds the daemon's heap", "function", len(r.Holders), func(i int) string { return r.Holders[i] })
	r.Targets.Table(w)
}
