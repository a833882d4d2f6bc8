package e2e

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/miekg/dns"

	"github.com/fedns/fedns/integration/harness"
)

// answers waits until a daemon answers want, and logs how long after began that was.
func answers(t *testing.T, d *harness.Daemon, began time.Time, name string, typ uint16, want ...string) {
	t.Helper()
	shows(t, name+" "+dns.TypeToString[typ], began, want, func(ctx context.Context) ([]string, error) {
		return ask(ctx, d.DNSAddr, name, typ)
	})
}

// stays is answers for what must not have changed: it is asked once.
func stays(t *testing.T, d *harness.Daemon, name string, typ uint16, want ...string) {
	t.Helper()
	slices.Sort(want)
	if got, err := ask(t.Context(), d.DNSAddr, name, typ); err != nil || !slices.Equal(got, want) {
		t.Errorf("%s %s: got %v (%v), want %v", name, dns.TypeToString[typ], got, err, want)
	}
}

// logLines is all that a daemon logged.
func logLines(t *testing.T, file string) []string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return strings.Split(strings.TrimRight(string(text), "\n"), "\n")
}

// logged waits until a daemon has logged one line that has all these parts, and
// fails when it is more than one. Quotes in a part are as slog writes them.
func logged(t *testing.T, d *harness.Daemon, parts ...string) (line string) {
	t.Helper()
	harness.Eventually(t, 20*time.Second, func(context.Context) error {
		var found []string
		for _, l := range logLines(t, d.Process.Log) {
			if !slices.ContainsFunc(parts, func(part string) bool { return !strings.Contains(unquoted(l), part) }) {
				found = append(found, l)
			}
		}
		if len(found) != 1 {
			return fmt.Errorf("the log has %d lines with %q, want one: %q", len(found), parts, found)
		}
		line = found[0]
		return nil
	})
	return line
}

// unquoted is a line of the log as a person reads it.
func unquoted(line string) string { return strings.ReplaceAll(line, `\"`, `"`) }
