package e2e

import (
	"os"
	"regexp"
	"strings"
	"testing"
)

// corefile is what deploy/coredns tells a cluster's operator to have: the three
// snippets together, fedns' address filled in. What differs from theirs is said
// here: several CoreDNS share this host, so their ports for metrics and health
// go; there is no world to forward to; and the API server is given by
// kubeconfig.
func corefile(t *testing.T, fedns string) string {
	t.Helper()
	var all strings.Builder
	for _, snippet := range []string{"rewrite", "stub", "clusterset"} {
		text, err := os.ReadFile("../../deploy/coredns/" + snippet + ".Corefile")
		if err != nil {
			t.Fatal(err)
		}
		all.Write(text)
		all.WriteByte('\n')
	}
	text := all.String()
	replace := func(pattern, with string, times int) {
		t.Helper()
		re := regexp.MustCompile(`(?m)` + pattern)
		if n := len(re.FindAllString(text, -1)); n != times {
			t.Fatalf("deploy/coredns has %d of %q, this test knows %d", n, pattern, times)
		}
		text = re.ReplaceAllString(text, with)
	}
	replace(`^( +forward \S+) 192\.0\.2\.53`, "$1 "+fedns, 3)
	replace(`^(\S+):53 \{$`, "$1:{{.Port}} {\n    bind {{.Bind}}", 3)
	replace(`^    (prometheus :9153|ready|loop|reload)\n`, "", 6)
	replace(`^    health \{\n(.*\n)*?    \}\n`, "", 1)
	replace(`^    forward \. /etc/resolv\.conf \{\n(.*\n)*?    \}\n`, "", 1)
	replace(`^    kubernetes (.*) \{$`, "    kubernetes $1 {\n        kubeconfig {{.Kubeconfig}} {{.Context}}", 1)
	return text
}
