package kubefed

import (
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"

	"github.com/fedns/fedns/discovery/inventory/host"
	"github.com/fedns/fedns/discovery/inventory/inventorytest"
)

func TestRead(t *testing.T) {
	secrets := host.Secrets{
		{Namespace: "kube-federation-system", Name: "eu-1-token"}: {Data: map[string][]byte{"token": []byte("s3cret")}},
		{Namespace: "kube-federation-system", Name: "with-ca"}:    {Data: map[string][]byte{"token": []byte("s3cret"), "ca.crt": []byte("no certificate")}},
	}
	cluster := func(spec, status string) string {
		return "{apiVersion: core.kubefed.io/v1beta1, kind: KubeFedCluster, metadata: {name: eu-1, namespace: kube-federation-system}, spec: {" + spec + "}, status: {" + status + "}}"
	}
	const ref = "secretRef: {name: eu-1-token}"
	for _, tt := range []struct{ name, text, want string }{
		{"all of it", cluster("apiEndpoint: 'https://10.0.0.1:6443', disabledTLSValidations: ['*'], "+ref, "conditions: [{type: Ready, status: 'True'}], region: eu-west, zones: [eu-west-1a, eu-west-1b]"),
			"eu-1 https://10.0.0.1:6443 eu-west[eu-west-1a eu-west-1b] map[] []"},
		{"bare endpoint", cluster("apiEndpoint: 'api.example.com', "+ref, ""), "eu-1 https://api.example.com [] map[] []"},
		{"half a look at certificates", cluster("apiEndpoint: a, disabledTLSValidations: [SubjectName], "+ref, ""), `spec.disabledTLSValidations: got ["SubjectName"], want none or *: a certificate is looked at whole or not at all`},
		{"bad authority", cluster("apiEndpoint: a, caBundle: eA==, "+ref, ""), "spec: unable to load root certificates: unable to parse bytes as PEM block"},
		{"the Secret's authority", cluster("apiEndpoint: a, secretRef: {name: with-ca}", ""), "spec: unable to load root certificates: unable to parse bytes as PEM block"},
		{"no Secret named", cluster("apiEndpoint: a", ""), "spec.secretRef.name: missing, want the Secret with the cluster's token"},
		{"no Secret", cluster("apiEndpoint: a, secretRef: {name: gone}", ""), "spec.secretRef.name: there is no Secret kube-federation-system/gone"},
		{"no endpoint", cluster(ref, ""), "spec.apiEndpoint: it is empty, want HOST:PORT or https://HOST:PORT"},
		{"authority of another form", cluster("apiEndpoint: a, caBundle: '%', "+ref, ""), "not of the form of its kind: "},
	} {
		t.Run(tt.name, func(t *testing.T) {
			o := &unstructured.Unstructured{}
			if err := yaml.Unmarshal([]byte(tt.text), &o.Object); err != nil {
				t.Fatal(err)
			}
			if got := inventorytest.Show(read(o, secrets)); !strings.HasPrefix(got, tt.want) || got != tt.want && !strings.HasSuffix(tt.want, ": ") {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
		})
	}
}
