package worktest

import (
	"flag"
	"os"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"
)

// Objects reads YAML documents. What has no namespace, and is of a kind that has
// one, is in default.
func Objects(t testing.TB, text string) (all []*unstructured.Unstructured) {
	t.Helper()
	for doc := range strings.SplitSeq(text, "\n---\n") {
		body, err := yaml.YAMLToJSON([]byte(doc))
		if err != nil {
			t.Fatalf("%v in %s", err, doc)
		}
		if string(body) == "null" {
			continue
		}
		o := &unstructured.Unstructured{}
		if err := o.UnmarshalJSON(body); err != nil {
			t.Fatalf("%v in %s", err, doc)
		}
		if o.GetNamespace() == "" && namespaced(o.GetKind()) {
			o.SetNamespace("default")
		}
		all = append(all, o)
	}
	return all
}

// namespaced says of the kinds in dialects' tests whether they have a namespace.
func namespaced(kind string) bool {
	return kind != "Namespace" && !strings.HasPrefix(kind, "Cluster") && !strings.HasPrefix(kind, "FederatedCluster")
}

// Read is a file's text.
func Read(t testing.TB, file string) string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

var update = flag.Bool("update", false, "write golden files anew")

// Golden compares with a file, or, with the flag -update, writes it.
func Golden(t testing.TB, file, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if want := Read(t, file); got != want {
		t.Errorf("got\n%s\nwant, as in %s,\n%s", got, file, want)
	}
}
