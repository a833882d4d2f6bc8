package archtest

import (
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	discovery "github.com/fedns/fedns/discovery/guarantee"
	providers "github.com/fedns/fedns/providers/guarantee"
)

// wings are those that promise something: the package that names the promises, and
// where the tests are that prove them.
var wings = []struct {
	file  string
	names []string
	tests []string
}{
	{
		"discovery/guarantee/guarantee.go", texts(discovery.Names()),
		[]string{"discovery/guarantee_test.go", "discovery/*/guarantee_test.go", "cmd/fedns/daemon/guarantee_test.go"},
	},
	{"providers/guarantee/guarantee.go", texts(providers.Names()), []string{"providers/guarantee_test.go", "providers/*/guarantee_test.go"}},
}

func texts[N ~string](names []N) (out []string) {
	for _, n := range names {
		out = append(out, string(n))
	}
	return out
}

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", path))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// constants are the names of promises as a wing's Go code has them.
func constants(t *testing.T, file string) map[string]string {
	t.Helper()
	out := map[string]string{}
	for _, m := range regexp.MustCompile(`(?m)^\t(\w+) +Name = "([a-z-]+)"`).FindAllStringSubmatch(read(t, file), -1) {
		out[m[2]] = m[1]
	}
	return out
}

// proofs are the tests of promises that are in files.
func proofs(t *testing.T, patterns []string) map[string]bool {
	t.Helper()
	out := map[string]bool{}
	for _, pattern := range patterns {
		files, err := filepath.Glob(filepath.Join("..", "..", pattern))
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			for _, m := range regexp.MustCompile(`(?m)^func (TestGuarantee\w+)\(`).FindAllStringSubmatch(read(t, strings.TrimPrefix(file, "../../")), -1) {
				out[m[1]] = true
			}
		}
	}
	return out
}

// promise is a line of the tables in docs/guarantees.md.
type promise struct{ test, guard string }

func promises(t *testing.T) map[string]promise {
	t.Helper()
	out := map[string]promise{}
	row := regexp.MustCompile("(?m)^\\| `([a-z-]+)` \\| ([^|]+) \\| ([^|]+) \\| `(\\w+)` \\| `([^`]+)` \\|$")
	for _, m := range row.FindAllStringSubmatch(read(t, "docs/guarantees.md"), -1) {
		if _, twice := out[m[1]]; twice {
			t.Errorf("%s is in the table twice", m[1])
		}
		out[m[1]] = promise{m[4], m[5]}
	}
	return out
}

// TestPromises: each wing's promise has one line in docs/guarantees.md, whose test
// and guard exist, and there are no others.
func TestPromises(t *testing.T) {
	told := promises(t)
	for _, wing := range wings {
		declared, tests := constants(t, wing.file), proofs(t, wing.tests)
		if want := slices.Sorted(maps.Keys(declared)); !slices.Equal(slices.Sorted(slices.Values(wing.names)), want) {
			t.Errorf("%s: Names gives\n%v, declared are\n%v", wing.file, wing.names, want)
		}
		for name, constant := range declared {
			p, ok := told[name]
			switch {
			case !ok:
				t.Errorf("docs/guarantees.md lacks %s, or another wing has it too", name)
			case !strings.Contains(read(t, p.guard), "guarantee.Holds(guarantee."+constant+")"):
				t.Errorf("%s: its guard is not in %s", name, p.guard)
			case p.test != "TestGuarantee"+constant || !tests[p.test]:
				t.Errorf("%s: want the test TestGuarantee%s, got %s, which exists: %t", name, constant, p.test, tests[p.test])
			}
			delete(told, name)
			delete(tests, p.test)
		}
		for test := range tests {
			t.Errorf("%s is the test of no promise in docs/guarantees.md", test)
		}
	}
	for name := range told {
		t.Errorf("%s is in the table and not declared", name)
	}
}
