package deploy

import (
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"sigs.k8s.io/yaml"
)

// ruleFile is a file of rules as Prometheus reads it, as far as ours goes.
type ruleFile struct {
	Groups []struct {
		Name  string `json:"name"`
		Rules []rule `json:"rules"`
	} `json:"groups"`
}

type rule struct {
	Alert       string            `json:"alert"`
	Expr        string            `json:"expr"`
	For         string            `json:"for"`
	Labels      map[string]string `json:"labels"`
	Annotations map[string]string `json:"annotations"`
}

var (
	metricName = regexp.MustCompile(`\bfedns_[a-z0-9_]+`)
	labelUsed  = regexp.MustCompile(`\$labels\.(\w+)`)
	documented = regexp.MustCompile("(?m)^\\| `(fedns_[a-z0-9_]+)` \\| (\\w+) \\| ([a-z, ]*) \\|")
)

// TestAlerts: the rules are well formed and speak of metrics and labels that
// there are.
func TestAlerts(t *testing.T) {
	text, err := os.ReadFile("alerts/fedns.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var file ruleFile
	if err := yaml.UnmarshalStrict(text, &file); err != nil {
		t.Fatal(err)
	}
	known := metrics(t)
	seen := map[string]bool{}
	for _, g := range file.Groups {
		for _, r := range g.Rules {
			if r.Alert == "" || seen[r.Alert] || g.Name == "" {
				t.Errorf("alert %q: no name of its own", r.Alert)
			}
			seen[r.Alert] = true
			checkRule(t, r, known)
		}
	}
	if len(seen) == 0 {
		t.Error("no alerts")
	}
}

func checkRule(t *testing.T, r rule, known map[string][]string) {
	t.Helper()
	labels := map[string]bool{"instance": true, "job": true}
	named := metricName.FindAllString(r.Expr, -1)
	for _, name := range named {
		own, ok := known[name]
		if !ok {
			t.Errorf("%s: docs/metrics.md knows no %s", r.Alert, name)
		}
		for _, l := range own {
			labels[l] = true
		}
	}
	if len(named) == 0 {
		t.Errorf("%s: no metric in %q", r.Alert, r.Expr)
	}
	for _, pair := range []string{"()", "{}", "[]"} {
		if strings.Count(r.Expr, pair[:1]) != strings.Count(r.Expr, pair[1:]) {
			t.Errorf("%s: %s do not match in %q", r.Alert, pair, r.Expr)
		}
	}
	if _, err := time.ParseDuration(r.For); r.For != "" && err != nil {
		t.Errorf("%s: for: %v", r.Alert, err)
	}
	if s := r.Labels["severity"]; s != "warning" && s != "critical" {
		t.Errorf("%s: severity %q, want warning or critical", r.Alert, s)
	}
	if r.Annotations["summary"] == "" || r.Annotations["description"] == "" {
		t.Errorf("%s: summary and description are wanted, got %v", r.Alert, r.Annotations)
	}
	for _, text := range r.Annotations {
		for _, l := range labelUsed.FindAllStringSubmatch(text, -1) {
			if !labels[l[1]] {
				t.Errorf("%s: none of its metrics has a label %s", r.Alert, l[1])
			}
		}
	}
}

// metrics are the series of docs/metrics.md and their labels.
func metrics(t *testing.T) map[string][]string {
	t.Helper()
	text, err := os.ReadFile("../docs/metrics.md")
	if err != nil {
		t.Fatal(err)
	}
	known := map[string][]string{}
	for _, m := range documented.FindAllStringSubmatch(string(text), -1) {
		labels := strings.Split(m[3], ", ")
		if m[2] != "histogram" {
			known[m[1]] = labels
			continue
		}
		for _, part := range []string{"_bucket", "_sum", "_count"} {
			known[m[1]+part] = labels
		}
	}
	return known
}
