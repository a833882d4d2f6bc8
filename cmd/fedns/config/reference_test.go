package config

import (
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write docs/configuration.md")

// TestReferenceIsUpToDate: docs/configuration.md is what the field table makes.
func TestReferenceIsUpToDate(t *testing.T) {
	file := filepath.Join("..", "..", "..", "docs", "configuration.md")
	if *update {
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(Reference()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if string(text) != Reference() {
		t.Errorf("%s is out of date; run: go test ./cmd/fedns/config -run Reference -update", file)
	}
	for _, f := range Fields() {
		if !strings.Contains(string(text), "| `"+f.Path+"` |") {
			t.Errorf("%s does not list %s", file, f.Path)
		}
	}
}

// TestReferenceExampleUsesEveryField: each field of the table is one that the
// reader takes.
func TestReferenceExampleUsesEveryField(t *testing.T) {
	seen := map[string]bool{}
	r := newReader("f", "/")
	r.document(value{node: r.parse([]byte(Example))}, standard())
	for path := range r.seen {
		seen[pattern(path)] = true
	}
	for _, f := range Fields() {
		if !seen[f.Path] && f.Path != "dnstap.file" { // it excludes dnstap.socket
			t.Errorf("the example lacks %s", f.Path)
		}
	}
}

// TestReferenceDefaults: the defaults that the table shows as YAML are those
// that hold: giving them changes nothing.
func TestReferenceDefaults(t *testing.T) {
	shown := regexp.MustCompile("^`(.*)`$")
	var covered []string
	for _, f := range Fields() {
		m := shown.FindStringSubmatch(f.Default)
		if m == nil || strings.Contains(f.Path, "[]") {
			continue
		}
		covered = append(covered, f.Path)
		text := m[1]
		parts := strings.Split(f.Path, ".")
		for i := range slices.Backward(parts[1:]) {
			text = "{" + parts[i+1] + ": " + text + "}"
		}
		c, err := Parse("f", []byte(header+parts[0]+": "+text))
		if err != nil && strings.Contains(err.Error(), "missing, want") { // its section has fields that must be given
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", f.Path, err)
			continue
		}
		bare, err := Parse("f", []byte(header))
		if err != nil {
			t.Fatal(err)
		}
		if got, want := show(c), show(bare); got != want {
			t.Errorf("%s: the default is not %s: got %s, want %s", f.Path, m[1], got, want)
		}
	}
	if len(covered) < 9 {
		t.Errorf("only %q have a default in YAML", covered)
	}
}
