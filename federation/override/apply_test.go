package override_test

import (
	"errors"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"

	"github.com/fedns/fedns/federation/cluster"
	"github.com/fedns/fedns/federation/override"
	"github.com/fedns/fedns/federation/placement"
)

const deployment = `
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop, labels: {app: web}}
spec:
  replicas: 3
  template:
    spec:
      initContainers: [{name: prepare, image: "registry.example:5000/tools/init@sha256:aa"}]
      containers:
      - {name: web, image: nginx, args: ["-v", "-x"], command: [nginx]}
      - {name: side, image: "docker.io/library/side:1.2"}
`

// object reads YAML.
func object(t *testing.T, text string) *unstructured.Unstructured {
	t.Helper()
	o := &unstructured.Unstructured{}
	text2, err := yaml.YAMLToJSON([]byte(text))
	if err == nil {
		err = o.UnmarshalJSON(text2)
	}
	if err != nil {
		t.Fatal(err)
	}
	return o
}

// at is the text of what a path of dots leads to.
func at(t *testing.T, o *unstructured.Unstructured, path string) string {
	t.Helper()
	var v any = o.Object
	for _, p := range strings.Split(path, ".") {
		switch in := v.(type) {
		case map[string]any:
			v = in[p]
		case []any:
			v = in[int(p[0]-'0')]
		}
	}
	text, err := yaml.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(text))
}

func value(text string) []byte {
	b, err := yaml.YAMLToJSON([]byte(text))
	if err != nil {
		panic(err)
	}
	return b
}

func TestApply(t *testing.T) {
	patch := func(op override.Op, path, v string) override.Change {
		p := &override.Patch{Op: op, Path: path}
		if v != "" {
			p.Value = value(v)
		}
		return override.Change{Patch: p}
	}
	img := func(path string, c override.Component, op override.Op, v string) override.Change {
		return override.Change{Image: &override.Image{Path: path, Component: c, Op: op, Value: v}}
	}
	const first, second, prepare = "spec.template.spec.containers.0.image", "spec.template.spec.containers.1.image", "spec.template.spec.initContainers.0.image"
	for _, tt := range []struct {
		name    string
		changes []override.Change
		path    string
		want    string
		err     string
	}{
		{"a field", []override.Change{patch("replace", "/spec/replicas", "5")}, "spec.replicas", "5", ""},
		{"a field that is left out", []override.Change{patch("replace", "/spec/paused", "true")}, "spec.paused", "true", ""},
		{"a map that is not there yet", []override.Change{patch("add", "/metadata/annotations/foo", "bar")}, "metadata.annotations", "foo: bar", ""},
		{"added and taken away", []override.Change{patch("add", "/metadata/annotations", "{foo: bar}"), patch("remove", "/metadata/annotations/foo", "")}, "metadata.annotations", "{}", ""},
		{"take away what is not there", []override.Change{patch("remove", "/metadata/annotations/foo", "")}, "metadata.annotations", "null", ""},
		{"shift a list", []override.Change{patch("add", "/spec/template/spec/containers/0/args/0", "-q")}, "spec.template.spec.containers.0.args", "- -q\n- -v\n- -x", ""},
		{"a slash in a key", []override.Change{patch("add", "/metadata/labels/a.b~1c", "d")}, "metadata.labels", "a.b/c: d\napp: web", ""},
		{"beyond a list", []override.Change{patch("add", "/spec/template/spec/containers/0/args/9", "-q")}, "", "", "prod: change 0: add /spec/template/spec/containers/0/args/9"},
		{"far beyond a list that is not there", []override.Change{patch("add", "/spec/other/0/999999999", "1"), patch("add", "/spec/list", "[]"), patch("add", "/spec/list/999999999", "1")}, "", "", "prod: change 2: "},
		{"through a list that is not there", []override.Change{patch("add", "/spec/template/spec/containers/7/env/a", "1")}, "", "", "prod: change 0: "},
		{"no path", []override.Change{patch("add", "spec", "{}")}, "", "", "a path begins with a slash"},
		{"no op", []override.Change{patch("move", "/spec", "{}")}, "", "", `op "move": must be`},
		{"no value", []override.Change{{Patch: &override.Patch{Op: "add", Path: "/spec/x"}}}, "", "", "a value is needed"},
		{"another name", []override.Change{patch("replace", "/metadata/name", "other")}, "", "", "metadata.name: is what the object is known by"},
		{"another namespace", []override.Change{patch("remove", "/metadata/namespace", "")}, "", "", "metadata.namespace: is what"},
		{"nothing left", []override.Change{patch("replace", "", "[]")}, "", "", "no object any more"},
		{"the second of two", []override.Change{patch("replace", "/spec/replicas", "5"), patch("bad", "/x", "1")}, "", "", "prod: change 1: "},
		{"an empty change", []override.Change{{}}, "", "", "nothing to change"},

		{"a registry where none is", []override.Change{img("/spec/template/spec/containers/0/image", "Registry", "add", "mirror.example")}, first, "mirror.example/nginx", ""},
		{"all registries", []override.Change{img("", "Registry", "replace", "mirror.example")}, second, "mirror.example/library/side:1.2", ""},
		{"all registries, with a digest", []override.Change{img("", "Registry", "replace", "mirror.example")}, prepare, "mirror.example/tools/init@sha256:aa", ""},
		{"no registry", []override.Change{img("", "Registry", "remove", "")}, prepare, "tools/init@sha256:aa", ""},
		{"a repository", []override.Change{img("/spec/template/spec/containers/1/image", "Repository", "replace", "own/side")}, second, "docker.io/own/side:1.2", ""},
		{"the end of a repository", []override.Change{img("/spec/template/spec/containers/1/image", "Repository", "add", "-arm")}, second, "docker.io/library/side-arm:1.2", ""},
		{"a tag", []override.Change{img("", "Tag", "replace", "2")}, first, "nginx:2", ""},
		{"a digest by another", []override.Change{img("", "Tag", "replace", "sha256:bb")}, prepare, "registry.example:5000/tools/init@sha256:bb", ""},
		{"a digest by a tag", []override.Change{img("", "Tag", "replace", "2")}, prepare, "registry.example:5000/tools/init:2", ""},
		{"a tag by a digest", []override.Change{img("", "Tag", "replace", "sha256:bb")}, second, "docker.io/library/side@sha256:bb", ""},
		{"no tag", []override.Change{img("", "Tag", "remove", "")}, second, "docker.io/library/side", ""},
		{"no repository", []override.Change{img("", "Repository", "remove", "")}, "", "", "would have no repository left"},
		{"no such image", []override.Change{img("/spec/template/spec/containers/7/image", "Tag", "replace", "2")}, "", "", "there is no text"},

		{"more arguments", []override.Change{{Args: &override.Arguments{Container: "web", Op: "add", Values: []string{"-q"}}}}, "spec.template.spec.containers.0.args", "- -v\n- -x\n- -q", ""},
		{"fewer arguments", []override.Change{{Args: &override.Arguments{Container: "web", Op: "remove", Values: []string{"-v"}}}}, "spec.template.spec.containers.0.args", "- -x", ""},
		{"a first command", []override.Change{{Command: &override.Arguments{Container: "side", Op: "add", Values: []string{"run"}}}}, "spec.template.spec.containers.1.command", "- run", ""},
		{"no command", []override.Change{{Command: &override.Arguments{Container: "web", Op: "remove", Values: []string{"nginx"}}}}, "spec.template.spec.containers.0.command", "null", ""},
		{"no such container", []override.Change{{Args: &override.Arguments{Container: "gone", Op: "add", Values: []string{"-q"}}}}, "", "", `container "gone": there is none`},

		{"labels", []override.Change{{Labels: &override.Metadata{Op: "add", Values: map[string]string{"a": "b"}}}}, "metadata.labels", "a: b\napp: web", ""},
		{"a label that is not there is not replaced", []override.Change{{Labels: &override.Metadata{Op: "replace", Values: map[string]string{"a": "b", "app": "c"}}}}, "metadata.labels", "app: c", ""},
		{"the last label", []override.Change{{Labels: &override.Metadata{Op: "remove", Values: map[string]string{"app": ""}}}}, "metadata", "name: web\nnamespace: shop", ""},
		{"annotations", []override.Change{{Annots: &override.Metadata{Op: "add", Values: map[string]string{"a": "b"}}}}, "metadata.annotations", "a: b", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			o := object(t, deployment)
			got, err := override.Apply(o, &cluster.Cluster{Name: "eu-1"}, []override.Rule{{Origin: "prod", Changes: tt.changes}})
			if object(t, deployment).GetName() != o.GetName() || at(t, o, "spec.replicas") != "3" || at(t, o, first) != "nginx" || at(t, o, "metadata.labels") != "app: web" {
				t.Errorf("the template itself was changed: %v", o.Object)
			}
			if tt.err != "" {
				var at *override.Error
				if !errors.As(err, &at) || !strings.Contains(err.Error(), tt.err) || got != nil {
					t.Fatalf("got %v, %v; want an error with %q", got, err, tt.err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if text := at(t, got, tt.path); text != tt.want {
				t.Errorf("got\n%s\nwant\n%s", text, tt.want)
			}
		})
	}
}

// TestFields: documents within a field.
func TestFields(t *testing.T) {
	const config = `
apiVersion: v1
kind: ConfigMap
metadata: {name: c, namespace: shop}
data:
  db.json: '{"host": "a", "ports": [1, 2]}'
  db.yaml: "host: a\nport: 1\n"
  bad: "{"
`
	for _, tt := range []struct {
		name, path, want, err string
		json, yaml            []override.Patch
	}{
		{name: "JSON", path: "/data/db.json", json: []override.Patch{{Op: "replace", Path: "/host", Value: value("b")}}, want: `'{"host":"b","ports":[1,2]}'`},
		{name: "YAML", path: "/data/db.yaml", yaml: []override.Patch{{Op: "replace", Path: "/host", Value: value("b")}, {Op: "remove", Path: "/port"}}, want: "|\n  host: b"},
		{name: "neither", path: "/data/bad", json: []override.Patch{{Op: "add", Path: "/a", Value: value("1")}}, err: "field /data/bad"},
		{name: "no field", path: "/data/none", json: []override.Patch{{Op: "add", Path: "/a", Value: value("1")}}, err: "field /data/none: there is none"},
		{name: "no text", path: "/data", json: []override.Patch{{Op: "add", Path: "/a", Value: value("1")}}, err: "field /data: is no text"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := override.Apply(object(t, config), &cluster.Cluster{}, []override.Rule{{Changes: []override.Change{{Field: &override.Field{Path: tt.path, JSON: tt.json, YAML: tt.yaml}}}}})
			if tt.err != "" {
				if err == nil || !strings.Contains(err.Error(), tt.err) {
					t.Fatalf("got %v, want an error with %q", err, tt.err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			data, _, _ := unstructured.NestedMap(got.Object, "data")
			text, _ := yaml.Marshal(data[strings.TrimPrefix(tt.path, "/data/")])
			if strings.TrimSpace(string(text)) != tt.want {
				t.Errorf("got %s, want %s", text, tt.want)
			}
		})
	}
}

// TestTargets: a rule is for the clusters it selects, and the order counts.
func TestTargets(t *testing.T) {
	set := func(target placement.Affinity, n string) override.Rule {
		return override.Rule{Target: target, Changes: []override.Change{{Patch: &override.Patch{Op: "replace", Path: "/spec/replicas", Value: []byte(n)}}}}
	}
	rules := []override.Rule{
		set(placement.Affinity{Clusters: []string{"eu-1", "eu-2"}}, "5"),
		set(placement.Affinity{Clusters: []string{"eu-2"}}, "6"),
	}
	o := object(t, deployment)
	for name, want := range map[string]string{"eu-1": "5", "eu-2": "6", "us-1": "3"} {
		got, err := override.Apply(o, &cluster.Cluster{Name: name}, rules)
		if err != nil {
			t.Fatal(err)
		}
		if n := at(t, got, "spec.replicas"); n != want {
			t.Errorf("%s has %s replicas, want %s", name, n, want)
		}
		if same := got == o; same != (name == "us-1") {
			t.Errorf("%s has a copy: %v", name, !same)
		}
	}
	// Integers stay integers, or server-side apply would refuse them.
	got, err := override.Apply(o, &cluster.Cluster{Name: "eu-1"}, rules)
	if err != nil {
		t.Fatal(err)
	}
	if n, _, err := unstructured.NestedInt64(got.Object, "spec", "replicas"); err != nil || n != 5 {
		t.Errorf("replicas are %v, %v", n, err)
	}
}

func FuzzPatch(f *testing.F) {
	f.Add("/spec/replicas", []byte("5"), byte(0))
	f.Add("/metadata/annotations/a~1b", []byte(`{"a":1}`), byte(1))
	f.Add("/spec/template/spec/containers/-", []byte(`null`), byte(2))
	f.Fuzz(func(t *testing.T, path string, v []byte, op byte) {
		o := object(t, deployment)
		before, err := o.MarshalJSON()
		if err != nil {
			t.Fatal(err)
		}
		c := override.Change{Patch: &override.Patch{Op: []override.Op{"add", "remove", "replace"}[op%3], Path: path, Value: v}}
		got, err := override.Apply(o, &cluster.Cluster{}, []override.Rule{{Changes: []override.Change{c}}})
		if (got == nil) == (err == nil) {
			t.Errorf("%v and %v", got, err)
		}
		if got != nil && (got.GetName() != "web" || got.GetKind() != "Deployment") {
			t.Errorf("it is %s %s now", got.GetKind(), got.GetName())
		}
		if after, err := o.MarshalJSON(); err != nil || string(after) != string(before) {
			t.Errorf("the template was changed: %s, %v", after, err)
		}
	})
}
