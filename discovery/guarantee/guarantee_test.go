package guarantee

import (
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var root = filepath.Join("..", "..")

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, path))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// constants are the names of promises as Go code has them.
func constants(t *testing.T) map[Name]string {
	out := map[Name]string{}
	for _, m := range regexp.MustCompile(`(?m)^\t(\w+) +Name = "([a-z-]+)"$`).FindAllStringSubmatch(read(t, "discovery/guarantee/guarantee.go"), -1) {
		out[Name(m[2])] = m[1]
	}
	return out
}

// TestNames: Names has all that there are.
func TestNames(t *testing.T) {
	if want := slices.Sorted(maps.Keys(constants(t))); !slices.Equal(Names(), want) {
		t.Errorf("Names gives\n%v, declared are\n%v", Names(), want)
	}
}

// row is a line of the tables in docs/guarantees.md.
var row = regexp.MustCompile("(?m)^\\| `([a-z-]+)` \\| ([^|]+) \\| ([^|]+) \\| `(\\w+)` \\| `([^`]+)` \\|$")

// TestTableIsComplete: each promise has one line, whose test and guard exist.
func TestTableIsComplete(t *testing.T) {
	declared := constants(t)
	tests := map[string]bool{}
	for _, pattern := range []string{"discovery/guarantee_test.go", "discovery/*/guarantee_test.go", "cmd/fedns/daemon/guarantee_test.go"} {
		files, err := filepath.Glob(filepath.Join(root, pattern))
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			for _, m := range regexp.MustCompile(`(?m)^func (TestGuarantee\w+)\(`).FindAllStringSubmatch(string(text), -1) {
				tests[m[1]] = true
			}
		}
	}
	told := map[Name]bool{}
	for _, m := range row.FindAllStringSubmatch(read(t, "docs/guarantees.md"), -1) {
		name, test, guard := Name(m[1]), m[4], m[5]
		switch {
		case declared[name] == "":
			t.Errorf("%s is in the table and not declared", name)
		case told[name]:
			t.Errorf("%s is in the table twice", name)
		case !strings.Contains(read(t, guard), "guarantee.Holds(guarantee."+declared[name]+")"):
			t.Errorf("%s: its guard is not in %s", name, guard)
		case test != "TestGuarantee"+declared[name] || !tests[test]:
			t.Errorf("%s: want the test TestGuarantee%s, got %s, which exists: %t", name, declared[name], test, tests[test])
		}
		told[name] = true
		delete(tests, test)
	}
	for name := range declared {
		if !told[name] {
			t.Errorf("docs/guarantees.md lacks %s", name)
		}
	}
	for test := range tests {
		t.Errorf("%s is the test of no promise in docs/guarantees.md", test)
	}
}

// TestHolds: a program that is built as usual keeps every promise.
func TestHolds(t *testing.T) {
	for _, n := range Names() {
		if !Holds(n) {
			t.Errorf("%s is not kept", n)
		}
	}
}
