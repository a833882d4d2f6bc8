package figures

import (
	"io"
	"strings"
)

// Target is one figure that the project has set itself, and what was measured.
type Target struct {
	What     string `json:"what"`
	Measured string `json:"measured"`
	Target   string `json:"target"`
	OK       bool   `json:"ok"`
}

// Verdict is what the last column says.
func (t Target) Verdict() string {
	if t.OK {
		return "ok"
	}
	return "short"
}

// Targets are those of a report, in the order they are printed in.
type Targets []Target

// Add appends one.
func (t *Targets) Add(what, measured, wanted string, ok bool) {
	*t = append(*t, Target{what, measured, wanted, ok})
}

// longest is how many octets of an error a row shows.
const longest = 300

// Missed appends what could not be measured, and why.
func (t *Targets) Missed(what, wanted string, why error) {
	text := strings.Join(strings.Fields(why.Error()), " ")
	t.Add(what, "not measured: "+strings.ReplaceAll(text[:min(len(text), longest)], "|", "/"), wanted, false)
}

// Table writes them.
func (t Targets) Table(w io.Writer) {
	Table(w, "Targets", "what|measured|target|", len(t), func(i int) string {
		return strings.Join([]string{t[i].What, t[i].Measured, t[i].Target, t[i].Verdict()}, "|")
	})
}
