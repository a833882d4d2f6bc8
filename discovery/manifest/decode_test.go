package manifest

import (
	"os"
	"slices"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"
)

func TestParse(t *testing.T) {
	raw, err := os.ReadFile("testdata/findings.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var cases []struct {
		Name, File        string
		JSON              bool
		Objects, Findings []string
		Ignored           int
	}
	if err := yaml.UnmarshalStrict(raw, &cases); err != nil {
		t.Fatal(err)
	}
	for _, c := range cases {
		t.Run(c.Name, func(t *testing.T) {
			path := "x.yaml"
			if c.JSON {
				path = "x.json"
			}
			objects, ignored, findings := parse(path, []byte(c.File))
			var got []string
			for _, f := range findings {
				got = append(got, f.Error())
			}
			if len(got) != len(c.Findings) {
				t.Fatalf("findings\n  %s\nwant\n  %s", strings.Join(got, "\n  "), strings.Join(c.Findings, "\n  "))
			}
			for i, want := range c.Findings {
				if !strings.HasPrefix(got[i], path+":") || !strings.Contains(got[i], want) || strings.Contains(got[i], "\n") {
					t.Errorf("finding %q, want %q", got[i], want)
				}
				if want[0] >= '0' && want[0] <= '9' && !strings.HasPrefix(got[i], path+":"+want) && !strings.Contains(want, "MB") {
					t.Errorf("finding %q, want %q behind the path", got[i], want)
				}
			}
			if len(findings) > 0 {
				return
			}
			var ids []string
			for _, o := range objects {
				ids = append(ids, o.id)
			}
			if !slices.Equal(ids, c.Objects) || ignored != c.Ignored {
				t.Errorf("objects %q and %d ignored, want %q and %d", ids, ignored, c.Objects, c.Ignored)
			}
		})
	}
}

// FuzzParse: whatever a file holds, there are objects or findings of one line
// with a place, and no panic.
func FuzzParse(f *testing.F) {
	raw, err := os.ReadFile("testdata/findings.yaml")
	if err != nil {
		f.Fatal(err)
	}
	var cases []struct {
		File string
		JSON bool
	}
	if err := yaml.Unmarshal(raw, &cases); err != nil {
		f.Fatal(err)
	}
	for _, c := range cases {
		f.Add(c.File, c.JSON)
	}
	f.Fuzz(func(t *testing.T, content string, isJSON bool) {
		path := "x.yaml"
		if isJSON {
			path = "x.json"
		}
		objects, _, findings := parse(path, []byte(content))
		for _, o := range objects {
			if len(findings) == 0 && (o.fact == nil || o.line < 1) {
				t.Errorf("object %+v", o)
			}
		}
		lines := strings.Count(content, "\n") + 2
		for _, finding := range findings {
			if s := finding.Error(); strings.ContainsAny(s, "\n\r") || finding.Problem == "" || finding.Line < 0 || finding.Line > lines {
				t.Errorf("finding %+v in %d lines", finding, lines)
			}
		}
	})
}
