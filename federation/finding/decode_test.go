package finding

import (
	"fmt"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

func TestDecode(t *testing.T) {
	for _, tt := range []struct{ name, text, want string }{
		{"all is known", `{"kind": "Box", "metadata": {"name": "a"}, "spec": {"size": 1}}`, "1 [] <nil>"},
		{"more in the spec", `{"kind": "Box", "metadata": {"name": "a", "namespace": "shop"}, "spec": {"size": 1, "lid": {"red": true}}}`, "1 [Box shop/a: spec.lid: is not read, and changes nothing] <nil>"},
		{"more in the status", `{"kind": "Box", "metadata": {"name": "a"}, "spec": {"size": 1}, "status": {"full": true}}`, "1 [] <nil>"},
		{"a type", `{"kind": "Box", "metadata": {"name": "a"}, "spec": {"size": "big"}}`, "0 [] spec.size: got string, which it cannot hold"},
	} {
		o := &unstructured.Unstructured{}
		if err := o.UnmarshalJSON([]byte(tt.text)); err != nil {
			t.Fatal(err)
		}
		var into struct {
			Kind     string         `json:"kind"`
			Metadata map[string]any `json:"metadata"`
			Spec     struct {
				Size int `json:"size"`
			} `json:"spec"`
		}
		unknown, err := Decode(o, &into)
		if got := fmt.Sprint(into.Spec.Size, unknown, err); got != tt.want {
			t.Errorf("%s: got %s, want %s", tt.name, got, tt.want)
		}
	}
}
