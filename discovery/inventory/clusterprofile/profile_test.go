package clusterprofile

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/tools/clientcmd"
	"sigs.k8s.io/yaml"

	"github.com/fedns/fedns/discovery/inventory/host"
	"github.com/fedns/fedns/discovery/inventory/inventorytest"
)

const kubeconfig = `{apiVersion: v1, kind: Config, current-context: c, contexts: [{name: c, context: {cluster: c, user: u}}],
clusters: [{name: c, cluster: {server: "https://secret.example.com"}}], users: [{name: u, user: {token: s3cret}}]}`

// profile is as cluster managers write one.
func text(name, status string) string {
	return "{apiVersion: multicluster.x-k8s.io/v1alpha1, kind: ClusterProfile, metadata: {name: " + name + ", namespace: fleet-system, labels: {x-k8s.io/cluster-manager: m}}," +
		" spec: {displayName: " + name + ", clusterManager: {name: m}}, status: {" + status + "}}"
}

const (
	properties = `properties: [{name: cluster.clusterset.k8s.io, value: other}, {name: topology.kubernetes.io/region, value: eu-west}, {name: topology.kubernetes.io/zone, value: eu-west-1a}],
		conditions: [{type: ControlPlaneHealthy, status: "True", reason: ok, message: "", lastTransitionTime: "2026-01-01T00:00:00Z"}]`
	access = `accessProviders: [{name: unknown, cluster: {server: "https://unknown"}}, {name: gcp, cluster: {server: "https://gcp.example.com", insecure-skip-tls-verify: true,
		extensions: [{name: client.authentication.k8s.io/exec, extension: {audience: a}}, {name: clusterprofiles.multicluster.x-k8s.io/exec/additional-args, extension: [--more]},
		{name: clusterprofiles.multicluster.x-k8s.io/exec/additional-envs, extension: {A: theirs, B: theirs}}]}}]`
)

func providers(t *testing.T, text string) (*Providers, error) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "providers.json")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return ReadProviders(path)
}

func TestRead(t *testing.T) {
	labelled := func(ns, name, of string, more map[string]string, data map[string][]byte) (host.Name, *metav1.ObjectMeta, map[string][]byte) {
		labels := map[string]string{profileLabel: of}
		for k, v := range more {
			labels[k] = v
		}
		return host.Name{Namespace: ns, Name: name}, &metav1.ObjectMeta{Namespace: ns, Name: name, Labels: labels}, data
	}
	secrets := host.Secrets{}
	add := func(n host.Name, m *metav1.ObjectMeta, data map[string][]byte) {
		s := newSecret()
		s.ObjectMeta, s.Data = *m, data
		secrets[n] = s
	}
	add(labelled("fleet-system", "a", "eu-1", nil, map[string][]byte{"Config": []byte(kubeconfig)}))
	add(labelled("consumer", "b", "eu-2", map[string]string{namespaceLabel: "fleet-system"}, map[string][]byte{"config": []byte(kubeconfig)}))
	add(labelled("consumer", "c", "eu-3", nil, map[string][]byte{"config": []byte(kubeconfig)})) // of a profile in another namespace
	add(labelled("fleet-system", "d", "eu-4", nil, map[string][]byte{"value": []byte(kubeconfig)}))
	add(labelled("fleet-system", "e", "eu-5", nil, map[string][]byte{"Config": []byte(kubeconfig)}))
	add(labelled("fleet-system", "f", "eu-5", nil, map[string][]byte{"Config": []byte(kubeconfig)}))
	add(labelled("fleet-system", "g", "eu-6", nil, map[string][]byte{"Config": []byte(strings.Replace(kubeconfig, "token: s3cret", "tokenFile: /etc/x", 1))}))
	known, err := providers(t, `{"providers": [{"name": "aws", "execConfig": {"command": "aws"}}, {"name": "gcp", "execConfig": {"apiVersion": "client.authentication.k8s.io/v1", "command": "gcp", "args": ["-x"],
		"env": [{"name": "A", "value": "ours"}], "provideClusterInfo": true}, "profileSourcedCLIArgsPolicy": "Append", "profileSourcedEnvVarsPolicy": "AppendIfNotExists"}]}`)
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name, text string
		providers  *Providers
		allow      bool
		want       string
	}{
		{"Secret", text("eu-1", properties), nil, false, "eu-1 https://secret.example.com eu-west[eu-west-1a] map[x-k8s.io/cluster-manager:m] []"},
		{"Secret elsewhere", text("eu-2", ""), nil, false, "eu-2 https://secret.example.com [] map[x-k8s.io/cluster-manager:m] []"},
		{"Secret of another", text("eu-3", ""), nil, false, "status.accessProviders: empty, and no Secret is labelled x-k8s.io/cluster-profile=eu-3"},
		{"Secret without the key", text("eu-4", ""), nil, false, "the Secret fleet-system/d has no data.Config, want a kubeconfig"},
		{"two Secrets", text("eu-5", ""), nil, false, "the Secrets fleet-system/e and fleet-system/f are both labelled x-k8s.io/cluster-profile=eu-5, want one"},
		{"Secret that reads a file", text("eu-6", ""), nil, true, `the Secret fleet-system/g: data.Config: user "u" names a file (user.tokenFile), which is not allowed in a kubeconfig that is not a file itself; want token`},
		{"not healthy", text("eu-1", `conditions: [{type: ControlPlaneHealthy, status: "False", reason: Lost, message: no heartbeat}]`), nil, false,
			"eu-1 https://secret.example.com [] map[x-k8s.io/cluster-manager:m] []\nstatus.conditions[ControlPlaneHealthy]: its manager says False: Lost no heartbeat"},
		{"access provider", text("x", access), known, true, "x https://gcp.example.com [] map[x-k8s.io/cluster-manager:m] []"},
		{"credential provider", text("x", strings.Replace(access, "accessProviders", "credentialProviders", 1)), known, true, "x https://gcp.example.com [] map[x-k8s.io/cluster-manager:m] []"},
		{"access provider, not allowed", text("x", access), known, false, `status.accessProviders: user "default" runs the command "gcp" for credentials (user.exec), which is not allowed; want a token or a client certificate, or allowExec: true for this inventory in the configuration`},
		{"access provider, not configured", text("x", access), nil, true, "status.accessProviders: programs that get credentials are not configured (clusterProfiles.providers)"},
		{"no access provider of ours", text("x", `accessProviders: [{name: azure, cluster: {server: a}}]`), known, true, "status.accessProviders: want one of those configured: aws, gcp"},
		{"access provider that names a file", text("x", `accessProviders: [{name: gcp, cluster: {server: a, certificate-authority: /etc/ca}}]`), known, true, "status.accessProviders: cluster.certificate-authority names a file, want certificate-authority-data"},
		{"a name that is none", text("eu.1", access), known, true, `metadata.name: got "eu.1", want a DNS label: at most 63 of a-z, 0-9 and -, no - at either end`},
		{"another form", text("x", "properties: 5"), nil, false, "not of the form of its kind: json: cannot unmarshal number"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			o := &unstructured.Unstructured{}
			if err := yaml.Unmarshal([]byte(tt.text), &o.Object); err != nil {
				t.Fatal(err)
			}
			cfg := Config{Providers: tt.providers}
			cfg.AllowExec = tt.allow
			read := func() string { return inventorytest.Show(read(cfg, o, secrets)) }
			if got := read(); got != tt.want && (tt.name != "another form" || !strings.HasPrefix(got, tt.want)) {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
			if got := read(); strings.Contains(got, "s3cret") {
				t.Errorf("tells a secret: %s", got)
			}
		})
	}
	t.Run("what is run", func(t *testing.T) {
		o := &unstructured.Unstructured{}
		if err := yaml.Unmarshal([]byte(text("x", access)), &o.Object); err != nil {
			t.Fatal(err)
		}
		cfg := Config{Providers: known}
		cfg.AllowExec = true
		st := read(cfg, o, secrets).Statements[0]
		rc, err := clientcmd.RESTConfigFromKubeConfig(st.Member.Access.Kubeconfig)
		if err != nil {
			t.Fatal(err)
		}
		x := rc.ExecProvider
		if got, want := fmt.Sprint(x.Command, x.Args, x.Env), "gcp[-x --more] [{A ours} {B theirs}]"; got != want || x.Config == nil || !x.ProvideClusterInfo {
			t.Errorf("got %s, %+v; want %s", got, x.Config, want)
		}
		again := read(cfg, o, secrets).Statements[0]
		if string(again.Member.Access.Kubeconfig) != string(st.Member.Access.Kubeconfig) {
			t.Error("the same profile makes two kubeconfigs")
		}
	})
}

func TestReadProviders(t *testing.T) {
	for text, want := range map[string]string{
		`{"providers": [{"name": "", "execConfig": {"command": "a"}}]}`:                                            "providers[0].name: missing",
		`{"providers": [{"name": "a"}]}`:                                                                           "providers[0].execConfig.command: missing",
		`{"providers": [{"name": "a", "execConfig": {"command": "a"}, "profileSourcedCLIArgsPolicy": "Replace"}]}`: `providers[0].profileSourcedCLIArgsPolicy: got "Replace", want Ignore or Append`,
		`{"providers": [{"name": "a", "execConfig": {"command": "a"}, "profileSourcedEnvVarsPolicy": "Append"}]}`:  `providers[0].profileSourcedEnvVarsPolicy: got "Append", want`,
		`[`: "unexpected end of JSON input",
	} {
		if _, err := providers(t, text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %q", text, err, want)
		}
	}
}

func newSecret() *corev1.Secret { return &corev1.Secret{} }
