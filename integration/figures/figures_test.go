package figures

import (
	"bytes"
	"errors"
	"flag"
	"io"
	"strings"
	"testing"
	"time"
)

func TestSpread(t *testing.T) {
	for _, c := range []struct {
		in   []float64
		want Spread
	}{
		{nil, Spread{}},
		{[]float64{3}, Spread{3, 3, 3}},
		{[]float64{4, 1, 2}, Spread{2, 1, 4}},
		{[]float64{4, 1, 2, 3}, Spread{2.5, 1, 4}},
	} {
		if got := SpreadOf(c.in); got != c.want {
			t.Errorf("%v: got %v, want %v", c.in, got, c.want)
		}
	}
	itself := func(f float64) float64 { return f }
	if got := Ratios(itself, []float64{2, 6, 1}, []float64{1, 4, 0}); got != (Spread{1.75, 1.5, 2}) {
		t.Errorf("ratios: got %v", got)
	}
	if got := Of(itself, []float64{5, 7}).String(); got != "6.00 (5.00..7.00)" {
		t.Errorf("got %q", got)
	}
}

// TestTargets: what could not be measured is a row like any other, on one line.
func TestTargets(t *testing.T) {
	var all Targets
	var b bytes.Buffer
	if all.Table(&b); b.Len() > 0 {
		t.Errorf("no targets are told as %q", &b)
	}
	all.Add("speed", "2 s", "≤ 3 s", true)
	all.Missed("size", "≤ 1 B", errors.New("no\nscales | none"))
	all.Table(&b)
	const want = `
Targets

| what  | measured                        | target |       |
| ---   | ---                             | ---    | ---   |
| speed | 2 s                             | ≤ 3 s  | ok    |
| size  | not measured: no scales / none  | ≤ 1 B  | short |
`
	if got := b.String(); strings.Join(strings.Fields(got), " ") != strings.Join(strings.Fields(want), " ") {
		t.Errorf("got\n%s", got)
	}
}

func TestOptions(t *testing.T) {
	for _, c := range []struct {
		args string
		ok   bool
		told string // at least
	}{
		{"", true, ""},
		{"-only big,small -rounds 1 -seconds 0.5 -json -seed 9", true, ""},
		{"-only smal", false, `nothing is called "smal"; there are small, big`},
		{"-rounds 0", false, "-rounds"},
		{"-seconds -1", false, "-seconds"},
		{"more", false, `not "more"`},
		{"-seed 8", false, "odd"},
	} {
		o := Options{Rounds: 3, Seconds: 2, Seed: 7}
		var told bytes.Buffer
		flags := flag.NewFlagSet("bench", flag.ContinueOnError)
		flags.SetOutput(&told)
		o.Declare(flags, "small", "big")
		err := o.Parse(flags, strings.Fields(c.args), func() error {
			if o.Seed%2 == 0 {
				return errors.New("-seed is to be odd")
			}
			return nil
		})
		if (err == nil) != c.ok || !strings.Contains(told.String(), c.told) {
			t.Errorf("%q: %v, told %q", c.args, err, &told)
		}
	}
}

func TestWants(t *testing.T) {
	o := Options{Rounds: 3, Seconds: 2}
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	o.Declare(flags, "small", "big", "huge")
	if !o.Wants("small") || o.Length() != 2*time.Second {
		t.Error("without flags all is wanted, for as long as the defaults say")
	}
	if err := o.Parse(flags, []string{"-only", "big,huge", "-seconds", "0.5"}, nil); err != nil {
		t.Fatal(err)
	}
	if o.Wants("small") || !o.Wants("big") || !o.Wants("small", "huge") || o.Length() != time.Second/2 {
		t.Errorf("%+v", o)
	}
}

type report struct{ Speed float64 }

func (r report) Text(w io.Writer) { io.WriteString(w, "fast") }

func TestPrint(t *testing.T) {
	for asJSON, want := range map[bool]string{false: "fast", true: "{\n  \"Speed\": 2\n}\n"} {
		var b bytes.Buffer
		if err := Print(&b, report{2}, asJSON); err != nil || b.String() != want {
			t.Errorf("got %q, %v", &b, err)
		}
	}
}

func TestCPUModel(t *testing.T) {
	if got := cpuModel("processor\t: 0\nmodel name\t: AMD EPYC\n"); got != "AMD EPYC" {
		t.Error(got)
	}
}
