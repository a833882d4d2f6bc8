package main

import (
	"fmt"
	"io"

	"github.com/fedns/fedns/integration/figures"
)

// report is all that a run of the program found.
type report struct {
	Machine  string          `json:"machine"`
	Started  string          `json:"started"`
	Rounds   int             `json:"rounds"`
	Seed     uint64          `json:"seed"`
	Packings []packing       `json:"packings,omitempty"`
	Targets  figures.Targets `json:"targets"`
}

// packing is how many calls it took to reach a zone.
type packing struct {
	Provider string  `json:"provider"`
	Names    int     `json:"names"`
	What     string  `json:"what"`
	Changes  int     `json:"changes"` // of record sets, claims among them, the fence left out
	Calls    int     `json:"calls"`   // that write
	Bound    int     `json:"bound"`   // the least that any packing of the same changes takes
	Reads    int     `json:"reads"`
	Lists    int     `json:"lists"`
	Seconds  float64 `json:"seconds"`
}

// ratio of the calls to the least there can be.
func (p packing) ratio() float64 { return float64(p.Calls) / float64(max(p.Bound, 1)) }

// add takes in a packing, and its target.
func (r *report) add(p packing) {
	r.Packings = append(r.Packings, p)
	r.Targets.Add(fmt.Sprintf("write calls, %d changes, %s, %s", p.Names, p.What, p.Provider),
		fmt.Sprintf("%d calls, %.3f × %d", p.Calls, p.ratio(), p.Bound), "≤ 1.02 × the lower bound", p.ratio() <= 1.02)
}

// Text prints the report for people.
func (r report) Text(w io.Writer) {
	fmt.Fprintf(w, "%s, %s, seed %d\n\n", r.Machine, r.Started, r.Seed)
	if len(r.Packings) > 0 {
		figures.Table(w, "calls to reach the desired zone", "provider|names|what|record sets changed|write calls|least|reads|lists|s", len(r.Packings), func(i int) string {
			p := r.Packings[i]
			return fmt.Sprintf("%s|%d|%s|%d|%d|%d|%d|%d|%.1f", p.Provider, p.Names, p.What, p.Changes, p.Calls, p.Bound, p.Reads, p.Lists, p.Seconds)
		})
	}
	r.Targets.Table(w)
}
