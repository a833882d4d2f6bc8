package membership

import (
	"bytes"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"testing"

	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/yaml"
)

// TestNames: a host that joins itself, and leaves, loses nothing of what is deployed
// there.
func TestNames(t *testing.T) {
	files, err := filepath.Glob(filepath.Join("..", "..", "..", "deploy", "manifests", "*.yaml"))
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	deployed := map[string]string{}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for doc := range bytes.SplitSeq(text, []byte("\n---\n")) {
			var o metav1.PartialObjectMetadata
			if err := yaml.Unmarshal(doc, &o); err != nil {
				t.Fatal(err)
			}
			deployed[o.Kind+" "+o.Namespace+"/"+o.Name] = file
		}
	}
	for _, o := range accountObjects(Rights{Propagate: true}) {
		if file, double := deployed[o.GetKind()+" "+o.GetNamespace()+"/"+o.GetName()]; double && o.GetKind() != "Namespace" {
			t.Errorf("%s is in %s too", o, file)
		}
	}
}

// TestReadsAsDeployed: the account of join reads what the one of the manifests reads.
func TestReadsAsDeployed(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("..", "..", "..", "deploy", "manifests", "member.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	for doc := range bytes.SplitSeq(text, []byte("\n---\n")) {
		var kind metav1.TypeMeta
		var role rbacv1.ClusterRole
		if err := yaml.Unmarshal(doc, &kind); err != nil {
			t.Fatal(err)
		}
		if kind.Kind != "ClusterRole" {
			continue
		}
		if err := yaml.Unmarshal(doc, &role); err != nil || !reflect.DeepEqual(role.Rules, readRules) {
			t.Errorf("%v: got %+v, want %+v", err, readRules, role.Rules)
		}
		return
	}
	t.Error("there is no ClusterRole")
}

// TestRights: what the account may, by whether it propagates; never RBAC, and
// nothing without being asked for.
func TestRights(t *testing.T) {
	writes := func(r Rights) (groups []string) {
		for _, o := range accountObjects(r) {
			if o.GetKind() != "ClusterRole" {
				continue
			}
			var role rbacv1.ClusterRole
			if err := runtime.DefaultUnstructuredConverter.FromUnstructured(o.Object, &role); err != nil {
				t.Fatal(err)
			}
			for _, rule := range role.Rules {
				if slices.Contains(rule.Verbs, "*") || slices.Contains(rule.APIGroups, "*") || slices.Contains(rule.APIGroups, "rbac.authorization.k8s.io") {
					t.Errorf("%s may %+v", o, rule)
				}
				if slices.Contains(rule.Verbs, "create") {
					groups = append(groups, rule.APIGroups...)
				}
			}
		}
		return groups
	}
	if got := writes(Rights{}); len(got) > 0 {
		t.Errorf("without being asked it writes %q", got)
	}
	if got := writes(Rights{Groups: []string{"example.com"}}); len(got) > 0 {
		t.Errorf("without being asked it writes %q", got)
	}
	if got := writes(Rights{Propagate: true, Groups: []string{"example.com"}}); len(got) != len(propagated)+1 || got[len(got)-1] != "example.com" {
		t.Errorf("it writes %q", got)
	}
}
