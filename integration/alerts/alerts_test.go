package alerts

import (
	"context"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fedns/fedns/integration/harness"
)

const (
	rules  = "../../deploy/alerts/fedns.yaml"
	series = "testdata/series.yaml"
)

// promtool runs it and tells what it prints.
func promtool(t *testing.T, args ...string) string {
	t.Helper()
	harness.Need(t, "promtool", "prometheus")
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	out, err := exec.CommandContext(ctx, "promtool", args...).CombinedOutput()
	if err != nil {
		t.Fatalf("promtool %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return string(out)
}

// TestRules: Prometheus takes the rules.
func TestRules(t *testing.T) {
	if out := promtool(t, "check", "rules", rules); !strings.Contains(out, "SUCCESS") {
		t.Error(out)
	}
}

// TestSeries: each alert fires for the series that it is for, and for no others.
func TestSeries(t *testing.T) {
	if out := promtool(t, "test", "rules", series); !strings.Contains(out, "SUCCESS") {
		t.Error(out)
	}
	names := func(file, pattern string) []string {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var found []string
		for _, m := range regexp.MustCompile(pattern).FindAllStringSubmatch(string(text), -1) {
			found = append(found, m[1])
		}
		slices.Sort(found)
		return slices.Compact(found)
	}
	for _, name := range names(rules, `- alert: (\w+)`) {
		// One with what the alert says, one when there is nothing to say yet.
		for _, want := range []string{`alertname: (` + name + `)\n +exp_alerts:\n`, `alertname: (` + name + `)\n +exp_alerts: \[\]\n`} {
			if len(names(series, want)) == 0 {
				t.Errorf("no series are played for %s: %s", name, want)
			}
		}
	}
}
