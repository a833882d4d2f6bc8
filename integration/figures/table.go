package figures

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
)

// Report is what a program has found.
type Report interface {
	// Text writes tables for people; in Markdown, too, they are shown as such.
	Text(w io.Writer)
}

// Print writes a report, as JSON or for people.
func Print(w io.Writer, r Report, asJSON bool) error {
	if !asJSON {
		r.Text(w)
		return nil
	}
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	return e.Encode(r)
}

// Table writes a table of n rows under a title, cells parted by bars. Without
// rows nothing is written.
func Table(w io.Writer, title, head string, n int, row func(i int) string) {
	if n == 0 {
		return
	}
	fmt.Fprintf(w, "\n%s\n\n", title)
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

// MiB is octets as tables have them.
func MiB(octets int64) float64 { return float64(octets) / (1 << 20) }
