package e2e

import (
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"

	"github.com/fedns/fedns/integration/harness"
	"github.com/fedns/fedns/integration/harness/binaries"
)

// TestCheck is `fedns check` on a real cluster, reached in every way there is.
func TestCheck(t *testing.T) {
	f := harness.Start(t, harness.Options{Clusters: []harness.Spec{spec("eu-1", "", "eu-west-1a")}})
	w := &trial{fleet: f, one: f.Cluster("eu-1"), dir: t.TempDir()}
	program := filepath.Join(t.TempDir(), "fedns")
	if err := (binaries.Cache{}).Fedns(t.Context(), program); err != nil {
		t.Fatal(err)
	}
	zone := func(name, records string) string {
		return "zones: [{name: example.com, files: [" + w.write(t, name, "$TTL 60\n"+records) + "]}]\n"
	}
	goodZone := zone("good.zone", "www A 192.0.2.1\n")
	token := w.write(t, "wrong-token", w.kubeconfig(t, func(_ *clientcmdapi.Cluster, u *clientcmdapi.AuthInfo) {
		*u = clientcmdapi.AuthInfo{Token: "nonsense"}
	}))
	closed := w.write(t, "closed", w.kubeconfig(t, func(c *clientcmdapi.Cluster, _ *clientcmdapi.AuthInfo) {
		c.Server = "https://" + freeAddr(t)
	}))
	nobody, err := w.one.UserKubeconfig("nobody") // may do nothing
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name, config string
		code         int
		lines        []string // of standard output, as regular expressions
	}{
		{"all is well", following(goodZone, "eu-1", w.one.Kubeconfig), 0, []string{
			`^ok    config: `, `^ok    zone example\.com\.: 1 RRsets in 1 files$`, `^ok    cluster eu-1: can be watched$`,
		}},
		{"a wrong token beside a right one", following("", "eu-1", w.one.Kubeconfig, "us-1", token), 1, []string{
			`^ok    config: `, `^ok    cluster eu-1: can be watched$`, `^wrong cluster us-1: list services: Unauthorized$`,
		}},
		{"unreachable", following("", "us-1", closed), 1, []string{
			`^ok    config: `, `^wrong cluster us-1: list services: .*connection refused$`,
		}},
		{"forbidden", following("", "us-1", nobody), 1, []string{
			`^ok    config: `, `^wrong cluster us-1: list services: services is forbidden: User "nobody" cannot list resource "services"`,
		}},
		{"no kubeconfig", following("", "us-1", filepath.Join(w.dir, "none")), 1, []string{
			`^ok    config: `, `^wrong cluster us-1: kubeconfig .*/none: no such file or directory$`,
		}},
		{"a zone that cannot be read", following(zone("unread.zone", "www A 192.0.2.300\nftp AAAA 192.0.2.1\n"), "eu-1", w.one.Kubeconfig), 1, []string{
			`^ok    config: `, `^wrong zone example\.com\.: .*/unread\.zone:2: www\.example\.com\. A: .*192\.0\.2\.300`,
			`^wrong zone example\.com\.: .*/unread\.zone:3: ftp\.example\.com\. AAAA: .*192\.0\.2\.1`, `^ok    cluster eu-1: can be watched$`,
		}},
		{"an invalid zone", following(zone("invalid.zone", "www A 192.0.2.1\nwww CNAME x\n"), "eu-1", w.one.Kubeconfig), 1, []string{
			`^ok    config: `, `^wrong zone example\.com\.: .*/invalid\.zone:2: www\.example\.com\. A: beside the CNAME at .*, want `, `^ok    cluster eu-1: can be watched$`,
		}},
		{"an invalid configuration", listen + "exports: [Anotated]\nclusters: [{name: A}]\n", 1, []string{
			`^wrong config: .*/config\.yaml:5: exports\[0\]: `, `^wrong config: .*/config\.yaml:6: clusters\[0\]\.name: `,
			`^wrong config: .*/config\.yaml:6: clusters\[0\]\.kubeconfig: `,
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			config := strings.NewReplacer("{{.DNS}}", "127.0.0.1:5353", "{{.HTTP}}", "127.0.0.1:8053").Replace(tt.config)
			file := w.write(t, "config.yaml", config)
			out, code := fedns(t, program, "check", "--config", file)
			if code != tt.code {
				t.Errorf("exit code %d, want %d", code, tt.code)
			}
			lines := strings.Split(strings.TrimSuffix(out, "\n"), "\n")
			matches := len(lines) == len(tt.lines)
			for i := 0; matches && i < len(lines); i++ {
				matches = regexp.MustCompile(tt.lines[i]).MatchString(lines[i])
			}
			if !matches {
				t.Errorf("got\n%s\nwant\n%s", out, strings.Join(tt.lines, "\n"))
			}
			var found []struct {
				OK            bool
				Subject, Text string
			}
			out, again := fedns(t, program, "check", "--config", file, "--output", "json")
			if err := json.Unmarshal([]byte(out), &found); err != nil || len(found) != len(tt.lines) || again != tt.code {
				t.Errorf("as JSON: exit code %d, %v\n%s", again, err, out)
			}
		})
	}
	t.Run("called wrongly", func(t *testing.T) {
		for _, args := range [][]string{{"check"}, {"check", "--config"}, {"check", "--nothing"}, {"check", "--config", "x", "y"}} {
			if out, code := fedns(t, program, args...); code != 2 || out != "" {
				t.Errorf("%q: exit code %d, printed %q", args, code, out)
			}
		}
		if out, code := fedns(t, program, "check", "--config", filepath.Join(w.dir, "none.yaml")); code != 1 || strings.Count(out, "\n") != 1 {
			t.Errorf("no file: exit code %d, printed %q", code, out)
		}
	})
}

// fedns runs a command of fedns to its end.
func fedns(t *testing.T, program string, args ...string) (stdout string, code int) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), program, args...)
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return string(out), cmd.ProcessState.ExitCode()
}
