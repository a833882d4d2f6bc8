package kubefed

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	typesv1beta1 "github.com/fedns/fedns/federation/api/kubefed/types/v1beta1"
	"github.com/fedns/fedns/federation/override"
	"github.com/fedns/fedns/federation/placement"
)

// rules are those of a federated object, a rule a cluster. Changes of replicas are
// left out if they are told out.
func rules(all []typesv1beta1.Override, origin string, without string) (into []override.Rule, err error) {
	relabelled := false
	seen := map[string]bool{}
	for i, o := range all {
		field := fmt.Sprintf("spec.overrides[%d]", i)
		switch {
		case o.ClusterName == "":
			return nil, wrong(field+".clusterName", "missing")
		case seen[o.ClusterName]:
			return nil, wrong(field+".clusterName", "%s is there twice", o.ClusterName)
		}
		seen[o.ClusterName] = true
		r := override.Rule{Origin: fmt.Sprintf("%s, overrides for %s", origin, o.ClusterName), Target: placement.Affinity{Clusters: []string{o.ClusterName}}}
		for j, c := range o.ClusterOverrides {
			p, err := patch(&c, fmt.Sprintf("%s.clusterOverrides[%d]", field, j))
			if err != nil {
				return nil, err
			}
			if without != "" && p.Path == without {
				continue
			}
			relabelled = relabelled || p.Path == "" || p.Path == "/metadata" || p.Path == "/metadata/labels" || strings.HasPrefix(p.Path, "/metadata/labels/kubefed.io~1managed")
			r.Changes = append(r.Changes, override.Change{Patch: p})
		}
		if len(r.Changes) > 0 {
			into = append(into, r)
		}
	}
	if relabelled { // the label is put on last
		into = append(into, override.Rule{Origin: origin, Changes: []override.Change{{Labels: &override.Metadata{Op: override.Add, Values: map[string]string{managedLabel: "true"}}}}})
	}
	return into, nil
}

// reannotated says that overrides put other annotations in the place of all.
func reannotated(all []typesv1beta1.Override) bool {
	return slices.ContainsFunc(all, func(o typesv1beta1.Override) bool {
		return slices.ContainsFunc(o.ClusterOverrides, func(c typesv1beta1.ClusterOverride) bool {
			return c.Path == "/metadata" || c.Path == "/metadata/annotations"
		})
	})
}

// patch reads an operation. A value that is missing is null, as JSON has it, but for
// remove, which has none.
func patch(c *typesv1beta1.ClusterOverride, field string) (*override.Patch, error) {
	p := &override.Patch{Op: cmp.Or(override.Op(c.Op), override.Replace), Path: c.Path}
	if !slices.Contains([]override.Op{override.Add, override.Remove, override.Replace}, p.Op) {
		return nil, wrong(field+".op", "got %.80q, want add, remove or replace", c.Op)
	}
	if !strings.HasPrefix(c.Path, "/") {
		return nil, wrong(field+".path", "got %.80q, want a JSON pointer, which begins with /", c.Path)
	}
	if p.Op != override.Remove {
		if p.Value = c.Value.Raw; len(p.Value) == 0 {
			p.Value = []byte("null")
		}
	}
	return p, nil
}
