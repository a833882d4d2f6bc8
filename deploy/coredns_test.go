package deploy

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// rewriteRule is the regex and the replacement of rewrite.Corefile's only rule.
func rewriteRule(t *testing.T) (pattern *regexp.Regexp, replacement string) {
	t.Helper()
	text, err := os.ReadFile("coredns/rewrite.Corefile")
	if err != nil {
		t.Fatal(err)
	}
	found := regexp.MustCompile(`(?m)^    rewrite stop name regex (\S+) (\S+) answer auto$`).FindAllStringSubmatch(string(text), -1)
	if len(found) != 1 {
		t.Fatalf("found %d rules", len(found))
	}
	return regexp.MustCompile(found[0][1]), found[0][2]
}

// TestRewrite: which names the rule takes, and what becomes of them. The rule is
// applied as CoreDNS does: to the name in lower case with its final dot.
func TestRewrite(t *testing.T) {
	pattern, replacement := rewriteRule(t)
	for name, want := range map[string]string{
		"web.shop.prod.svc.cluster.local.":            "web.shop.prod.",
		"web-2.my-shop.prod.svc.cluster.local.":       "web-2.my-shop.prod.",
		"_http._tcp.web.shop.prod.svc.cluster.local.": "_http._tcp.web.shop.prod.",
		"_dns._udp.web.shop.prod.svc.cluster.local.":  "_dns._udp.web.shop.prod.",

		// A Service in a namespace prod, and its SRV records.
		"shop.prod.svc.cluster.local.":            "",
		"_http._tcp.shop.prod.svc.cluster.local.": "",
		// The first name of the search path.
		"web.shop.prod.team.svc.cluster.local.": "",
		"web.shop.prod.prod.svc.cluster.local.": "",
		// The third, and the name itself.
		"web.shop.prod.cluster.local.": "",
		"web.shop.prod.":               "",
		// Longer than any short name.
		"a.web.shop.prod.svc.cluster.local.":     "",
		"_tcp.web.shop.prod.svc.cluster.local.":  "",
		"_a._b.web.shop.prod.svc.cluster.local.": "",
		"web.shop.prod.svc.cluster.local.test.":  "",
		"web.shop.prodxsvc.cluster.local.":       "",
		"prod.svc.cluster.local.":                "",
		"web.shop.reprod.svc.cluster.local.":     "",
		"web.shop.prod.svc.clusterset.local.":    "",
		"10-0-0-1.shop.prod.pod.cluster.local.":  "",
	} {
		got := ""
		if groups := pattern.FindStringSubmatch(name); groups != nil {
			got = strings.NewReplacer("{1}", groups[1], "{2}", groups[2], "{3}", groups[3]).Replace(replacement)
		}
		if got != want {
			t.Errorf("%s becomes %q, want %q", name, got, want)
		}
	}
}

// TestSnippetsShareTheirPlaceholders: README tells to replace one address and
// one name; everything that must be replaced is written with them.
func TestSnippetsShareTheirPlaceholders(t *testing.T) {
	files, err := filepath.Glob("coredns/*.Corefile")
	if err != nil || len(files) != 3 {
		t.Fatalf("found %q, %v", files, err)
	}
	address := regexp.MustCompile(`\d+\.\d+\.\d+\.\d+`)
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(string(text), "192.0.2.53 {") {
			t.Errorf("%s forwards nothing to fedns", file)
		}
		for _, a := range address.FindAllString(string(text), -1) {
			if a != "192.0.2.53" {
				t.Errorf("%s holds the address %s", file, a)
			}
		}
		if strings.Count(string(text), "{") < 2 || strings.Count(string(text), "\t") > 0 {
			t.Errorf("%s: no server block, or tabs, which a ConfigMap's YAML shows as one quoted line", file)
		}
		if !strings.Contains(string(readme), "deploy/"+file) && !strings.Contains(string(readme), "`"+file+"`") {
			t.Errorf("README.md does not tell of %s", file)
		}
	}
}

// TestReadmeNamesFilesThatAreThere: commands that are copied from it find what
// they name, and every manifest is told of.
func TestReadmeNamesFilesThatAreThere(t *testing.T) {
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	named := map[string]bool{}
	for _, m := range regexp.MustCompile(`\bdeploy/((?:manifests|coredns)/[\w.]+\w|Dockerfile)`).FindAllStringSubmatch(string(readme), -1) {
		named[m[1]] = true
		if _, err := os.Stat(m[1]); err != nil {
			t.Error(err)
		}
	}
	manifests, err := filepath.Glob("manifests/*")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range append(manifests, "Dockerfile") {
		if !named[file] {
			t.Errorf("README.md has no command with %s", file)
		}
	}
}
