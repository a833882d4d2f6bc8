package karmada

import (
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"

	"github.com/fedns/fedns/discovery/inventory/host"
	"github.com/fedns/fedns/discovery/inventory/inventorytest"
)

func TestRead(t *testing.T) {
	secrets := host.Secrets{
		{Namespace: "karmada-cluster", Name: "eu-1"}: {ObjectMeta: metav1.ObjectMeta{Namespace: "karmada-cluster", Name: "eu-1"}, Data: map[string][]byte{"token": []byte("s3cret")}},
		{Namespace: "karmada-cluster", Name: "bad"}:  {Data: map[string][]byte{"caBundle": []byte("x")}},
		{Namespace: "karmada-cluster", Name: "ca"}:   {Data: map[string][]byte{"token": []byte("s3cret"), "caBundle": []byte("no certificate")}},
	}
	cluster := func(name, spec string) string {
		return "{apiVersion: cluster.karmada.io/v1alpha1, kind: Cluster, metadata: {name: " + name + ", labels: {env: prod}}, spec: {" + spec + "}}"
	}
	const ref = "secretRef: {namespace: karmada-cluster, name: eu-1}, syncMode: Push"
	for _, tt := range []struct{ name, text, want string }{
		{"all of it", cluster("eu-1", "apiEndpoint: 'https://172.18.0.3:6443', "+ref+`, insecureSkipTLSVerification: true, provider: aws, region: eu-west-1, zone: old, zones: [eu-west-1a, eu-west-1b],
			taints: [{key: cluster.karmada.io/not-ready, effect: NoSchedule}], impersonatorSecretRef: {namespace: karmada-cluster, name: eu-1-impersonator}, id: 1234`),
			"eu-1 https://172.18.0.3:6443 eu-west-1[eu-west-1a eu-west-1b] map[env:prod provider:aws] [cluster.karmada.io/not-ready:NoSchedule]"},
		{"bare endpoint, deprecated zone", cluster("eu-1", "apiEndpoint: '172.18.0.3:6443', "+ref+", zone: eu-west-1a"), "eu-1 https://172.18.0.3:6443 [eu-west-1a] map[env:prod] []"},
		{"pull", cluster("eu-1", "apiEndpoint: 'a:1', syncMode: Pull"), "spec.secretRef: missing, as with every cluster that pulls: name it under clusters in the configuration"},
		{"no Secret named", cluster("eu-1", "apiEndpoint: 'a:1', syncMode: Push"), "spec.secretRef: missing, want the Secret with the cluster's token"},
		{"no Secret", cluster("eu-1", "apiEndpoint: 'a:1', secretRef: {namespace: karmada-cluster, name: gone}"), "spec.secretRef: there is no Secret karmada-cluster/gone"},
		{"no token", cluster("eu-1", "apiEndpoint: 'a:1', secretRef: {namespace: karmada-cluster, name: bad}"), "spec.secretRef: the Secret karmada-cluster/bad has no data.token"},
		{"bad authority", cluster("eu-1", "apiEndpoint: 'a:1', secretRef: {namespace: karmada-cluster, name: ca}"), "spec.secretRef: unable to load root certificates: unable to parse bytes as PEM block"},
		{"elsewhere", cluster("eu-1", "apiEndpoint: 'a:1', secretRef: {namespace: other, name: eu-1}"), `spec.secretRef.namespace: got "other", want karmada-cluster, which is read for Secrets (karmada.namespace in the configuration)`},
		{"no endpoint", cluster("eu-1", ref), "spec.apiEndpoint: it is empty, want HOST:PORT or https://HOST:PORT"},
		{"bad endpoint", cluster("eu-1", "apiEndpoint: 'ftp://a', "+ref), `spec.apiEndpoint: got "ftp://a", want HOST:PORT or https://HOST:PORT`},
		{"a name that is none", cluster("eu.1", "apiEndpoint: a, "+ref), `metadata.name: got "eu.1", want a DNS label: at most 63 of a-z, 0-9 and -, no - at either end`},
		{"a region that is none", cluster("eu-1", "apiEndpoint: a, region: EU West, "+ref), "eu-1 https://a [] map[env:prod] []\nspec.region: got \"EU West\", want a DNS label; it is left out"},
		{"another form", cluster("eu-1", "apiEndpoint: 5"), "not of the form of its kind: "},
	} {
		t.Run(tt.name, func(t *testing.T) {
			o := &unstructured.Unstructured{}
			if err := yaml.Unmarshal([]byte(tt.text), &o.Object); err != nil {
				t.Fatal(err)
			}
			got := inventorytest.Show(read(Config{Namespace: DefaultNamespace}, o, secrets))
			if !strings.HasPrefix(got, tt.want) || got != tt.want && tt.name != "another form" {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
			if strings.Contains(got, "s3cret") {
				t.Errorf("tells a secret: %s", got)
			}
		})
	}
}
