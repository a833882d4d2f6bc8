//go:build unguarded

package simulation

import (
	"context"
	"os"
	"os/exec"
	"regexp"
	"testing"
	"time"

	"github.com/fedns/fedns/providers/guarantee"
)

// TestHistoriesFindAMissingGuard: of a few thousand histories some are broken when a
// promise is not kept, whichever it is. The most that was needed was some 500.
func TestHistoriesFindAMissingGuard(t *testing.T) {
	if os.Getenv(guarantee.Variable) != "" {
		t.Skipf("%s is set: this is such a program", guarantee.Variable)
	}
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range guarantee.Names() {
		t.Run(string(name), func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
			defer cancel()
			cmd := exec.CommandContext(ctx, program, "-test.run", "^TestHistories$", "-test.v")
			cmd.Env = append(os.Environ(), guarantee.Variable+"="+string(name), "FEDNS_SIM_SEEDS=5000")
			out, err := cmd.CombinedOutput()
			found := regexp.MustCompile(`history \d+ of \d+ is broken: .*`).Find(out)
			if err == nil || found == nil {
				t.Fatalf("no history is broken: %v\n%s", err, out)
			}
			t.Logf("%s", found)
		})
	}
}
