package kubefed

import (
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// A PropagatedVersion is KubeFed's record of where it has placed an object, in the
// namespace of that and named KIND-NAME. It stays when KubeFed's controllers end, so
// that it tells what is to be taken over from them and what another host's KubeFed
// placed.
var (
	propagatedVersion        = schema.GroupVersionKind{Group: "core.kubefed.io", Version: "v1alpha1", Kind: "PropagatedVersion"}
	clusterPropagatedVersion = propagatedVersion.GroupVersion().WithKind("ClusterPropagatedVersion")
)

// versionOf names the record of an object.
func versionOf(f *federated, t *federation) reference {
	kind := propagatedVersion
	if f.namespace == "" {
		kind = clusterPropagatedVersion
	}
	return reference{kind, f.namespace, strings.ToLower(t.target.Kind) + "-" + f.name}
}

// putVersion takes in a record.
func (d *desk) putVersion(o *unstructured.Unstructured) {
	var clusters []string
	list, _, _ := unstructured.NestedSlice(o.Object, "status", "clusterVersions")
	for _, item := range list {
		if m, ok := item.(map[string]any); ok {
			if name, _ := m["clusterName"].(string); name != "" {
				clusters = append(clusters, name)
			}
		}
	}
	slices.Sort(clusters)
	d.versioned(referenceTo(o), clusters)
}

// deleteVersion forgets a record.
func (d *desk) deleteVersion(o *unstructured.Unstructured) { d.versioned(referenceTo(o), nil) }

// versioned keeps where an object was placed, and marks the object.
func (d *desk) versioned(version reference, clusters []string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if slices.Equal(d.versions[version], clusters) {
		return
	}
	delete(d.versions, version)
	if len(clusters) > 0 {
		d.versions[version] = clusters
	}
	for kind, t := range d.types {
		name, ok := strings.CutPrefix(version.name, strings.ToLower(t.target.Kind)+"-")
		if key := (reference{kind, version.namespace, name}); ok && d.objects[key] != nil {
			d.dirty[key] = true
		}
	}
	d.rouse()
}
