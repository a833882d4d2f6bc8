package kubernetes

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func writeFile(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestKubeconfigErrors(t *testing.T) {
	const good = `{apiVersion: v1, kind: Config, current-context: one, contexts: [{name: one, context: {cluster: c, user: u}}, {name: two, context: {cluster: missing}}, {name: three, context: {cluster: c, user: nobody}}, {name: four, context: {cluster: nowhere}}],
clusters: [{name: c, cluster: {server: "https://127.0.0.1:1"}}, {name: nowhere, cluster: {}}], users: [{name: u, user: {token: t}}]}`
	for _, c := range []struct {
		name, text, context string
		allow               bool
		want                []string // in the error; none: no error
	}{
		{name: "good", text: good},
		{name: "not YAML", text: "][", want: []string{"want a kubeconfig"}},
		{name: "another kind", text: "{apiVersion: v1, kind: Service}", want: []string{"want a kubeconfig"}},
		{name: "empty", text: "", want: []string{"want the name of a context", "it has none"}},
		{name: "unknown context", text: good, context: "eu-1", want: []string{`want a context named "eu-1"`, "it has four, one, three, two"}},
		{name: "unknown cluster", text: good, context: "two", want: []string{`context "two"`, `want a cluster named "missing"`}},
		{name: "unknown user", text: good, context: "three", want: []string{`want a user named "nobody"`, "it has u"}},
		{name: "no server", text: good, context: "four", want: []string{`cluster "nowhere"`, "https://HOST:PORT"}},
		{name: "exec", text: strings.ReplaceAll(good, "token: t", "exec: {apiVersion: client.authentication.k8s.io/v1, command: aws, interactiveMode: Never}"), want: []string{`the command "aws"`, "user.exec"}},
		{name: "exec allowed", text: strings.ReplaceAll(good, "token: t", "exec: {apiVersion: client.authentication.k8s.io/v1, command: aws, interactiveMode: Never}"), allow: true},
		{name: "auth-provider", text: strings.ReplaceAll(good, "token: t", "auth-provider: {name: gcp}"), want: []string{`the plugin "gcp"`}},
		{name: "certificate file", text: strings.ReplaceAll(good, "token: t", "client-certificate: no.crt, client-key: no.key"), want: []string{"no.crt"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "kubeconfig")
			writeFile(t, path, c.text)
			_, err := New(Config{Cluster: "c1", Kubeconfig: path, Context: c.context, AllowExec: c.allow})
			if len(c.want) == 0 {
				if err != nil {
					t.Error(err)
				}
				return
			}
			if err == nil {
				t.Fatal("no error")
			}
			for _, want := range append(c.want, "cluster c1: kubeconfig "+path) {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("error lacks %q: %v", want, err)
				}
			}
			if strings.Contains(err.Error(), "\n") {
				t.Errorf("more than one line: %v", err)
			}
		})
	}
	_, err := New(Config{Cluster: "c1", Kubeconfig: "/nonexistent/x"})
	if err == nil || err.Error() != "cluster c1: kubeconfig /nonexistent/x: no such file or directory" {
		t.Errorf("missing file: %v", err)
	}
	t.Setenv("KUBERNETES_SERVICE_HOST", "")
	if _, err := New(Config{Cluster: "c1"}); err == nil || !strings.Contains(err.Error(), "want a kubeconfig") {
		t.Errorf("outside of a Pod: %v", err)
	}
}
