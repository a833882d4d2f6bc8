package membercluster

import (
	"fmt"
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"

	"github.com/fedns/fedns/discovery/inventory/host"
	"github.com/fedns/fedns/discovery/inventory/inventorytest"
)

// kubeconfig has a token, which no finding may tell.
func kubeconfig(user string) []byte {
	return []byte(`{apiVersion: v1, kind: Config, current-context: a, contexts: [{name: a, context: {cluster: a, user: a}}],
clusters: [{name: a, cluster: {server: "https://a:1"}}], users: [{name: a, user: ` + user + `}]}`)
}

func TestRead(t *testing.T) {
	secrets := host.Secrets{}
	for name, data := range map[string]map[string][]byte{
		"eu-1":  {"kubeconfig": kubeconfig("{token: s3cret}"), "other": kubeconfig("{token: s3cret}")},
		"empty": {"token": []byte("s3cret")},
		"bad":   {"kubeconfig": []byte("s3cret: [")},
		"exec":  {"kubeconfig": kubeconfig("{exec: {apiVersion: client.authentication.k8s.io/v1, command: aws, interactiveMode: Never}}")},
		"file":  {"kubeconfig": kubeconfig("{tokenFile: /etc/shadow}")},
	} {
		key := host.Name{Namespace: "fedns", Name: name}
		secrets[key] = newSecret(name, data)
	}
	member := func(name, spec string) string {
		return "{apiVersion: fedns.io/v1alpha1, kind: MemberCluster, metadata: {name: " + name + ", labels: {env: prod}}, spec: {" + spec + "}}"
	}
	const ref = "secretRef: {namespace: fedns, name: eu-1, key: kubeconfig}"
	for _, tt := range []struct{ name, text, want string }{
		{"all of it", member("eu-1", ref+", region: eu-west, zones: [a, b], provider: aws, networks: [flat], price: 1, capacity: {cpu: 3}, drain: true, taints: [{key: k, value: v, effect: NoExecute}]"),
			"eu-1 https://a:1 eu-west[a b] map[env:prod] [k=v:NoExecute] drained"},
		{"what secretRef means by default", member("eu-1", "secretRef: {name: eu-1}"), "eu-1 https://a:1 [] map[env:prod] []"},
		{"another key", member("eu-1", "secretRef: {name: eu-1, key: other}"), "eu-1 https://a:1 [] map[env:prod] []"},
		{"of a cluster stated elsewhere", member("eu-1", "price: 1"), ""},
		{"no name", member("eu-1", "secretRef: {namespace: fedns}"), "spec.secretRef.name: missing, want the Secret with the cluster's kubeconfig"},
		{"no Secret", member("eu-1", "secretRef: {name: gone}"), "spec.secretRef: there is no Secret fedns/gone"},
		{"no key", member("eu-1", "secretRef: {name: empty}"), "spec.secretRef: the Secret fedns/empty has no data.kubeconfig"},
		{"elsewhere", member("eu-1", "secretRef: {name: eu-1, namespace: other}"), `spec.secretRef.namespace: got "other", want fedns, which is read for Secrets (memberClusters.namespace in the configuration)`},
		{"no kubeconfig", member("eu-1", "secretRef: {name: bad}"), "spec.secretRef: "},
		{"a command", member("eu-1", "secretRef: {name: exec}"), `spec.secretRef: user "a" runs the command "aws"`},
		{"a file of this host", member("eu-1", "secretRef: {name: file}"), "spec.secretRef: "},
		{"a name that is none", member("eu.1", ref), `metadata.name: got "eu.1", want a DNS label`},
		{"a region that is none", member("eu-1", ref+", region: EU West"), "eu-1 https://a:1 [] map[env:prod] []\nspec.region: got \"EU West\", want a DNS label; it is left out"},
		{"another form", member("eu-1", "zones: 5"), "not of the form of its kind: "},
	} {
		t.Run(tt.name, func(t *testing.T) {
			o := &unstructured.Unstructured{}
			if err := yaml.Unmarshal([]byte(tt.text), &o.Object); err != nil {
				t.Fatal(err)
			}
			stated := read(Config{Namespace: DefaultNamespace}, o, secrets)
			got := inventorytest.Show(stated)
			for _, s := range stated.Statements {
				if s.Err == nil && s.Member.Drained {
					got += " drained"
				}
			}
			if !strings.HasPrefix(got, tt.want) || tt.want == "" && got != "" {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
			if strings.Contains(got, "s3cret") || strings.Contains(fmt.Sprint(stated.Findings), "s3cret") {
				t.Errorf("tells a secret: %s", got)
			}
		})
	}
}

var named = func(name string) metav1.ObjectMeta { return metav1.ObjectMeta{Namespace: "fedns", Name: name} }
