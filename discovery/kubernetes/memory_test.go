package kubernetes

import (
	"strings"
	"testing"

	"github.com/fedns/fedns/discovery/cluster"
)

// TestMemoryReadsNoFiles: whoever writes a kubeconfig elsewhere gets nothing of this host.
func TestMemoryReadsNoFiles(t *testing.T) {
	const good = `{apiVersion: v1, kind: Config, current-context: one, contexts: [{name: one, context: {cluster: c, user: u}}],
clusters: [{name: c, cluster: {server: "https://127.0.0.1:1"}}, {name: other, cluster: {server: "https://127.0.0.1:2"}}], users: [{name: u, user: {token: t}}, {name: other, user: {token: t}}]}`
	for _, c := range []struct {
		name, old, now string
		allow          bool
		want           string // in the error; empty: no error
	}{
		{name: "good"},
		{name: "token file", old: "token: t", now: "tokenFile: /etc/passwd", want: `user "u" names a file (user.tokenFile)`},
		{name: "token file beside a token", old: "token: t", now: "token: t, tokenFile: /etc/passwd", want: "user.tokenFile"},
		{name: "certificate", old: "token: t", now: "client-certificate: a, client-key-data: YQ==", want: `user "u" names a file (user.client-certificate)`},
		{name: "key", old: "token: t", now: "client-certificate-data: YQ==, client-key: a", want: `user "u" names a file (user.client-key)`},
		{name: "authority", old: `server: "https://127.0.0.1:1"`, now: `server: "https://127.0.0.1:1", certificate-authority: /etc/ca`, want: `cluster "c" names a file (cluster.certificate-authority)`},
		{name: "of a user that is not used", old: "{name: other, user: {token: t}}", now: "{name: other, user: {tokenFile: x}}", want: `user "other" names a file`},
		{name: "exec", old: "token: t", now: "exec: {apiVersion: client.authentication.k8s.io/v1, command: aws, interactiveMode: Never}", want: `the command "aws"`},
		{name: "exec allowed", old: "token: t", now: "exec: {apiVersion: client.authentication.k8s.io/v1, command: aws, interactiveMode: Never}", allow: true},
		{name: "file beside exec that is allowed", old: "token: t", now: "tokenFile: x, exec: {apiVersion: client.authentication.k8s.io/v1, command: aws, interactiveMode: Never}", allow: true, want: "user.tokenFile"},
		{name: "plugin, even if commands are allowed", old: "token: t", now: "auth-provider: {name: oidc, config: {idp-certificate-authority: /etc/ca}}", allow: true, want: `the plugin "oidc"`},
		{name: "authority that is none", old: `server: "https://127.0.0.1:1"`, now: `server: "https://127.0.0.1:1", certificate-authority-data: eA==`, want: "certificate"},
	} {
		t.Run(c.name, func(t *testing.T) {
			text := strings.Replace(good, c.old, c.now, 1)
			cfg := Config{Cluster: "c1", Credentials: NewHeld("Secret a/b", []byte(text)), AllowExec: c.allow}
			server, err := Inspect(cfg)
			_, made := New(cfg)
			if c.want == "" {
				if err != nil || made != nil || server != "https://127.0.0.1:1" {
					t.Errorf("got %q, %v, %v", server, err, made)
				}
				return
			}
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q", err, c.want)
			}
			if made == nil || !strings.HasPrefix(made.Error(), "cluster c1: Secret a/b: ") {
				t.Errorf("New: %v", made)
			}
		})
	}
	if _, err := Inspect(Config{Credentials: NewHeld("", nil)}); err == nil || err.Error() != "it is empty, want a kubeconfig" {
		t.Errorf("nothing: %v", err)
	}
}

// TestHeldCredentialsAreRenewed: at once, while running, and nothing is withdrawn;
// those that cannot be used leave the ones before.
func TestHeldCredentialsAreRenewed(t *testing.T) {
	server := unstarted(t, service("s", annotated)+service("t", annotated))
	server.tls, server.token = true, "old"
	server.start()
	text := func(token string) []byte {
		return []byte(`{apiVersion: v1, kind: Config, current-context: c, contexts: [{name: c, context: {cluster: c, user: u}}],
clusters: [{name: c, cluster: {server: "https://` + server.addr + `", insecure-skip-tls-verify: true}}], users: [{name: u, user: {token: "` + token + `"}}]}`)
	}
	held := NewHeld("Secret a/b", text("old"))
	v := observe(t, server, func(c *Config) { c.Kubeconfig, c.Credentials = "", held })
	v.awaitPhase(cluster.Live)
	before := v.count()
	server.set(func() { server.token = "new"; server.watches++ })
	v.awaitPhase(cluster.Unreachable)
	held.Set("Secret a/b", []byte("]["))
	v.await("a complaint", func() bool { return strings.Contains(v.logged.String(), "credentials cannot be read again") })
	held.Set("Secret a/b", text("new"))
	v.awaitPhase(cluster.Live)
	v.awaitGroups("a/s", "a/t")
	v.never("something withdrawn by a change of credentials", before, withdrawn)
}
