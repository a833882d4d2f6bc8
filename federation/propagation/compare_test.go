package propagation

import (
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"
)

func fromYAML(t *testing.T, text string) map[string]any {
	t.Helper()
	raw, err := yaml.YAMLToJSON([]byte(text))
	if err != nil {
		t.Fatalf("%v in %s", err, text)
	}
	o := &unstructured.Unstructured{}
	if strings.TrimSpace(text) == "" {
		return nil
	}
	raw = append([]byte(`{"apiVersion":"v1","kind":"X","it":`), append(raw, '}')...)
	if err := o.UnmarshalJSON(raw); err != nil {
		t.Fatalf("%v in %s", err, text)
	}
	it, _ := o.Object["it"].(map[string]any)
	return it
}

func TestCompare(t *testing.T) {
	for _, tt := range []struct{ name, want, live, owned, differ string }{
		{"the same", "{spec: {a: 1}}", "{spec: {a: 1}}", "", ""},
		{"not stated", "{spec: {a: 1}}", "{spec: {a: 1, b: 2}, status: {c: 3}}", "", ""},
		{"another value", "{spec: {a: 1}}", "{spec: {a: 2}}", "", "spec.a=2"},
		{"gone", "{spec: {a: 1}}", "{spec: {}}", "", "spec.a=null"},
		{"gone with what it is in", "{spec: {a: {b: x}}}", "{spec: {}}", "", "spec.a=null"},
		{"empty and left out", `{spec: {a: "", b: false, c: 0, d: [], e: {}, f: null, g: {h: ""}}}`, "{spec: {}}", "", ""},
		{"false and true", "{spec: {a: false}}", "{spec: {a: true}}", "", "spec.a=true"},
		{"a number of another type", "{spec: {a: 1}}", "{spec: {a: 1.0}}", "", ""},
		{"a text of digits", "{spec: {a: '1'}}", "{spec: {a: 1}}", "", "spec.a=1"},
		{"a list", "{spec: {a: [x, v]}}", "{spec: {a: [x, v]}}", "", ""},
		{"a list in another order", "{spec: {a: [x, v]}}", "{spec: {a: [v, x]}}", "", `spec.a[0]="v",spec.a[1]="x"`},
		{"a longer list", "{spec: {a: [x]}}", "{spec: {a: [x, v]}}", "", `spec.a=["x","v"]`},
		{"an amount", "{spec: {resources: {limits: {cpu: 1000m, memory: 1024Mi}}}}", "{spec: {resources: {limits: {cpu: '1', memory: 1Gi}}}}", "", ""},
		{"an amount as a number", "{spec: {resources: {requests: {cpu: 1}}}}", "{spec: {resources: {requests: {cpu: '1'}}}}", "", ""},
		{"no amount", "{spec: {image: '1.10'}}", "{spec: {image: '1.1'}}", "", `spec.image="1.1"`},
		{"no amount of an annotation", "{metadata: {annotations: {x.limits.y: '1.10'}}}", "{metadata: {annotations: {x.limits.y: '1.1'}}}", "", `metadata.annotations.x.limits.y="1.1"`},
		{"labels of others", "{metadata: {labels: {a: x}}}", "{metadata: {labels: {a: x, b: y}}}", "", ""},
		{"the term", "{metadata: {annotations: {fedns.io/term: '1'}}}", "{metadata: {annotations: {fedns.io/term: '2'}}}", "", ""},
		{"ours in another form", "{spec: {a: 1h}}", "{spec: {a: 60m}}", "{'f:spec': {'f:a': {}}}", " made spec.a"},
		{"ours as it was", "{spec: {a: 1, b: x, c: true, d: {cpu: 1000m}}}", "{spec: {a: 1.0, b: x, c: true, d: {cpu: 1000m}}}", "{'f:spec': {'f:a': {}, 'f:b': {}, 'f:c': {}, 'f:d': {'f:cpu': {}}}}", ""},
		{"an amount of ours", "{spec: {limits: {cpu: 1000m}}}", "{spec: {limits: {cpu: '1'}}}", "{'f:spec': {'f:limits': {'f:cpu': {}}}}", ""},
		{"taken from us", "{spec: {a: 1h}}", "{spec: {a: 60m}}", "{'f:spec': {'f:b': {}}}", `spec.a="60m"`},
		{"ours and gone", "{spec: {a: 1h}}", "{spec: {}}", "{'f:spec': {'f:a': {}}}", "spec.a=null"},
		{"a map of which nothing is ours any more", "{data: {a: x}}", "{data: {a: v}}", "{'f:data': {}}", `data.a="v"`},
		{
			"others' items beside ours", "{spec: {ports: [{port: 80, name: a}]}}", "{spec: {ports: [{port: 1, name: z, protocol: TCP}, {port: 80, name: a, protocol: TCP}]}}",
			`{'f:spec': {'f:ports': {'k:{"port":80,"protocol":"TCP"}': {'.': {}, 'f:port': {}, 'f:name': {}}}}}`, "",
		},
		{
			"an item of ours changed", "{spec: {ports: [{port: 80, name: a}]}}", "{spec: {ports: [{port: 80, name: b, protocol: TCP}]}}",
			`{'f:spec': {'f:ports': {'k:{"port":80,"protocol":"TCP"}': {'.': {}, 'f:port': {}}}}}`, `spec.ports[0].name="b"`,
		},
		{
			"an item of ours gone", "{spec: {ports: [{port: 80}, {port: 81}]}}", "{spec: {ports: [{port: 80}]}}",
			`{'f:spec': {'f:ports': {'k:{"port":80,"protocol":"TCP"}': {}}}}`, `spec.ports[1]=null`,
		},
		{
			"a set", "{metadata: {finalizers: [a]}}", "{metadata: {finalizers: [b, a]}}", `{'f:metadata': {'f:finalizers': {'v:"a"': {}}}}`, "",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			want, live := &unstructured.Unstructured{Object: fromYAML(t, tt.want)}, &unstructured.Unstructured{Object: fromYAML(t, tt.live)}
			d, made := compare(want, live, fromYAML(t, tt.owned))
			got := strings.Join(d, ",")
			if len(made) > 0 {
				got += " made " + strings.Join(made, ",")
			}
			if got != tt.differ {
				t.Errorf("differ in %q, want %q", got, tt.differ)
			}
		})
	}
}
