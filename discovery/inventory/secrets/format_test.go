package secrets

import (
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/tools/clientcmd"
	"sigs.k8s.io/yaml"

	corev1 "k8s.io/api/core/v1"

	"github.com/fedns/fedns/discovery/inventory"
	"github.com/fedns/fedns/discovery/inventory/host"
)

// authority is some certificate, PEM in base64.
func authority() string {
	s := httptest.NewTLSServer(nil)
	defer s.Close()
	return base64.StdEncoding.EncodeToString(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw}))
}

// kubeconfigOf is a kubeconfig with one user.
func kubeconfigOf(name, user string) string {
	return fmt.Sprintf(`apiVersion: v1
kind: Config
clusters:
- name: %[1]s
  cluster:
    server: https://%[1]s.example.com:6443
contexts:
- name: %[1]s-admin@%[1]s
  context: {cluster: %[1]s, user: %[1]s-admin}
current-context: %[1]s-admin@%[1]s
users:
- name: %[1]s-admin
  user: {%[2]s}
`, name, user)
}

func indent(s string) string {
	return "    " + strings.ReplaceAll(strings.TrimSpace(s), "\n", "\n    ")
}

// secret is a Secret in YAML, with stringData as people write it.
func secret(t *testing.T, text string) *unstructured.Unstructured {
	t.Helper()
	s := &corev1.Secret{}
	if err := yaml.UnmarshalStrict([]byte(text), s); err != nil {
		t.Fatalf("%v in\n%s", err, text)
	}
	data := map[string]any{}
	for k, v := range s.Data {
		data[k] = base64.StdEncoding.EncodeToString(v)
	}
	for k, v := range s.StringData {
		data[k] = base64.StdEncoding.EncodeToString([]byte(v))
	}
	o := &unstructured.Unstructured{Object: map[string]any{"apiVersion": "v1", "kind": "Secret", "type": string(s.Type), "data": data}}
	o.SetNamespace(s.Namespace)
	o.SetName(s.Name)
	o.SetLabels(s.Labels)
	return o
}

func argo(name, server, config string) string {
	return "metadata:\n  name: c\n  namespace: argocd\n  labels: {argocd.argoproj.io/secret-type: cluster, topology.kubernetes.io/region: eu-west}\ntype: Opaque\nstringData:\n  name: " + name +
		"\n  server: " + server + "\n  config: |\n" + indent(config) + "\n"
}

// states is what a format reads of a Secret: clusters with their servers, and what is wrong.
func states(t *testing.T, name, text string, allowExec bool) (out []string, o inventory.Object) {
	t.Helper()
	f := formats()[name]
	u := secret(t, text)
	s := &corev1.Secret{}
	if err := host.Decode(u, s); err != nil {
		t.Fatal(err)
	}
	o = f.read(s, allowExec)
	for _, st := range o.Statements {
		if st.Err != nil {
			out = append(out, st.Field+": "+st.Err.Error())
		} else {
			out = append(out, fmt.Sprintf("%s %s %s%v", st.Member.ID, st.Member.Server, st.Member.Region, st.Member.Zones))
		}
	}
	for _, f := range o.Findings {
		out = append(out, f.String())
	}
	return out, o
}

func TestFormats(t *testing.T) {
	good := indent(kubeconfigOf("eu-1", "token: s3cret"))
	ours := func(name, data string) string {
		return "metadata: {name: x, namespace: fedns, labels: {fedns.io/cluster: \"" + name + "\", topology.kubernetes.io/region: eu-west, topology.kubernetes.io/zone: eu-west-1a}}\nstringData:\n" + data
	}
	capi := func(name, label, data string) string {
		return "metadata: {name: " + name + ", namespace: default, labels: {cluster.x-k8s.io/cluster-name: " + label + "}}\ntype: cluster.x-k8s.io/secret\nstringData:\n" + data
	}
	const token = `{"bearerToken": "s3cret", "tlsClientConfig": {"insecure": true}}`
	const exec = `, which is not allowed; want a token or a client certificate, or allowExec: true for this inventory in the configuration`
	for _, tt := range []struct {
		name, format, text string
		allow              bool
		want               []string
	}{
		{"ours", "fedns", ours("eu-1", "  kubeconfig: |\n"+good), false, []string{"eu-1 https://eu-1.example.com:6443 eu-west[eu-west-1a]"}},
		{"ours, with a name that is none", "fedns", ours("EU_1", "  kubeconfig: |\n"+good), false, []string{
			`metadata.labels[fedns.io/cluster]: got "EU_1", want a DNS label: at most 63 of a-z, 0-9 and -, no - at either end`}},
		{"ours, without the key", "fedns", ours("eu-1", "  config: x\n"), false, []string{"data.kubeconfig: missing, want a kubeconfig"}},
		{"ours, not a kubeconfig", "fedns", ours("eu-1", "  kubeconfig: '{apiVersion: v1, kind: Pod}'\n"), false, []string{"data.kubeconfig: want a kubeconfig (apiVersion v1, kind Config) in YAML or JSON"}},
		{"ours, reading a file", "fedns", ours("eu-1", "  kubeconfig: |\n"+indent(kubeconfigOf("eu-1", "tokenFile: /var/run/secrets/kubernetes.io/serviceaccount/token"))), true, []string{
			`data.kubeconfig: user "eu-1-admin" names a file (user.tokenFile), which is not allowed in a kubeconfig that is not a file itself; want token`}},
		{"ours, running a command", "fedns", ours("eu-1", "  kubeconfig: |\n"+indent(kubeconfigOf("eu-1", "exec: {apiVersion: client.authentication.k8s.io/v1, command: aws, interactiveMode: Never}"))), false, []string{
			`data.kubeconfig: user "eu-1-admin" runs the command "aws" for credentials (user.exec)` + exec}},
		{"Istio, two clusters", "istio", "metadata: {name: istio-remote-secret, namespace: istio-system, labels: {istio/multiCluster: \"true\"}}\nstringData:\n  eu-1: |\n" + good +
			"\n  us-1: |\n" + indent(kubeconfigOf("us-1", "token: s3cret")) + "\n  Bad: x\n", false, []string{
			`data[Bad]: got "Bad", want a DNS label: at most 63 of a-z, 0-9 and -, no - at either end`, "eu-1 https://eu-1.example.com:6443 []", "us-1 https://us-1.example.com:6443 []"}},
		{"Istio, empty", "istio", "metadata: {name: x, namespace: istio-system}\n", false, []string{"data: empty, want a kubeconfig under each cluster's name"}},
		{"Cluster API", "clusterAPI", capi("eu-1-kubeconfig", "eu-1", "  value: |\n"+good), false, []string{"eu-1 https://eu-1.example.com:6443 []"}},
		{"Cluster API's certificate", "clusterAPI", capi("eu-1-ca", "eu-1", "  tls.crt: x\n"), false, nil},
		{"Cluster API's kubeconfig for people", "clusterAPI", capi("eu-1-user-kubeconfig", "eu-1", "  value: x\n"), false, nil},
		{"Cluster API, without the key", "clusterAPI", capi("eu-1-kubeconfig", "eu-1", "  kubeconfig: x\n"), false, []string{"data.value: missing, want a kubeconfig"}},
		{"Argo CD, token", "argoCD", argo("eu-1", "https://eu-1.example.com", token), false, []string{"eu-1 https://eu-1.example.com eu-west[]"}},
		{"Argo CD, authority", "argoCD", argo("eu-1", "https://eu-1.example.com", `{"bearerToken": "s3cret", "tlsClientConfig": {"serverName": "kubernetes", "caData": "`+authority()+`"}}`), false, []string{"eu-1 https://eu-1.example.com eu-west[]"}},
		{"Argo CD, a name that is none", "argoCD", argo("eu-1.example.com", "https://eu-1.example.com", token), false, []string{
			`data.name: got "eu-1.example.com", want a DNS label: at most 63 of a-z, 0-9 and -, no - at either end`}},
		{"Argo CD, no server", "argoCD", argo("eu-1", "''", token), false, []string{"data.server: missing, want https://HOST:PORT"}},
		{"Argo CD, its own cluster", "argoCD", argo("in-cluster", "https://kubernetes.default.svc", "{}"), false, []string{
			"data.server: it is the cluster that Argo CD runs in, without credentials; want it under clusters in the configuration"}},
		{"Argo CD, not JSON", "argoCD", argo("eu-1", "https://eu-1.example.com", `{bearerToken: s3cret}`), false, []string{"data.config: not JSON, at octet 2"}},
		{"Argo CD, not base64", "argoCD", argo("eu-1", "https://eu-1.example.com", `{"tlsClientConfig": {"keyData": "s3cret!"}}`), false, []string{
			"data.config: not JSON of the expected form, or caData, certData or keyData is not base64"}},
		{"Argo CD, of another type", "argoCD", argo("eu-1", "https://eu-1.example.com", `{"bearerToken": 5}`), false, []string{"data.config: bearerToken: got a JSON number, want a string"}},
		{"Argo CD, command", "argoCD", argo("eu-1", "https://eu-1.example.com", `{"execProviderConfig": {"command": "argocd-k8s-auth", "args": ["gcp"], "apiVersion": "client.authentication.k8s.io/v1beta1"}, "tlsClientConfig": {"insecure": true}}`), false, []string{
			`data.config: user "default" runs the command "argocd-k8s-auth" for credentials (user.exec)` + exec}},
		{"Argo CD, AWS", "argoCD", argo("eu-1", "https://eu-1.example.com", `{"awsAuthConfig": {"clusterName": "eks"}}`), false, []string{
			`data.config: user "default" runs the command "aws" for credentials (user.exec)` + exec}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, _ := states(t, tt.format, tt.text, tt.allow)
			if tt.name == "ours, not a kubeconfig" && len(got) == 1 {
				got[0], _, _ = strings.Cut(got[0], ": no kind")
				got[0], _, _ = strings.Cut(got[0], " JSON: ")
				got[0] += map[bool]string{true: " JSON"}[!strings.HasSuffix(got[0], "JSON")]
			}
			if !slices.Equal(got, tt.want) {
				t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(tt.want, "\n"))
			}
			for _, line := range got {
				if strings.Contains(line, "s3cret") {
					t.Errorf("tells a secret: %s", line)
				}
			}
		})
	}
}

// TestArgoCDCommands: what is run when that is allowed, and with what.
func TestArgoCDCommands(t *testing.T) {
	for config, want := range map[string]string{
		`{"awsAuthConfig": {"clusterName": "eks", "roleARN": "arn:aws:iam::1:role/r", "profile": "p"}}`:                                                                                       "aws [eks get-token --output json --cluster-name eks --role-arn arn:aws:iam::1:role/r --profile p] []",
		`{"execProviderConfig": {"command": "get", "args": ["a", "b"], "env": {"Z": "1", "A": "2"}, "apiVersion": "client.authentication.k8s.io/v1"}, "tlsClientConfig": {"insecure": true}}`: "get [a b] [{A 2} {Z 1}]",
	} {
		_, o := states(t, "argoCD", argo("eu-1", "https://eu-1.example.com", config), true)
		if len(o.Statements) != 1 || o.Statements[0].Err != nil {
			t.Fatalf("%+v", o)
		}
		k, err := clientcmd.Load(o.Statements[0].Member.Access.Kubeconfig)
		if err != nil {
			t.Fatal(err)
		}
		x := k.AuthInfos["default"].Exec
		if got := fmt.Sprint(x.Command, " ", x.Args, " ", x.Env); got != want || x.InteractiveMode != "Never" {
			t.Errorf("got %s (%s), want %s", got, x.InteractiveMode, want)
		}
		_, again := states(t, "argoCD", argo("eu-1", "https://eu-1.example.com", config), true)
		if string(again.Statements[0].Member.Access.Kubeconfig) != string(o.Statements[0].Member.Access.Kubeconfig) {
			t.Error("the same Secret makes two kubeconfigs")
		}
	}
}

func TestUnknownFormat(t *testing.T) {
	if _, err := New(Config{Formats: []string{"x"}}); err == nil || !strings.Contains(err.Error(), "want one of fedns, istio, clusterAPI, argoCD") {
		t.Errorf("got %v", err)
	}
}
