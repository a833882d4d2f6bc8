package propagation

import (
	"fmt"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
)

// AnnotationHost is the UID of kube-system in the host cluster that an object was
// placed from: two federations that share a member leave each other's alone. An
// object that has our label without it is anybody's who orders it.
const AnnotationHost = "fedns.io/host"

// Marks of other systems that place objects in members, as they have them.
const (
	kubefedManaged     = "kubefed.io/managed"
	karmadaManaged     = "karmada.io/managed"
	karmadaWork        = "work.karmada.io/name" // a label in old versions, an annotation in new ones
	karmadaTemplateUID = "resourcetemplate.karmada.io/uid"
)

// ownerOf says whose an object is if it is another federation's; empty: it is not.
// What KubeFed or Karmada placed from the host that we serve is not another's.
func ownerOf(live *unstructured.Unstructured, g *goal, home string) string {
	labels, notes := live.GetLabels(), live.GetAnnotations()
	if labels[LabelManagedBy] == managedBy {
		if of := notes[AnnotationHost]; of != "" && home != "" && of != home {
			return fmt.Sprintf("a fedns of another host cluster, %s, for %s", of, notes[AnnotationOrigin])
		}
		return ""
	}
	if labels[karmadaManaged] == "true" || labels[karmadaWork] != "" || notes[karmadaWork] != "" {
		if uid := types.UID(notes[karmadaTemplateUID]); g == nil || uid == "" || uid != g.template {
			return "a Karmada of another host cluster"
		}
		return ""
	}
	if labels[kubefedManaged] == "true" && (g == nil || !g.succeeds) {
		return "a KubeFed of another host cluster"
	}
	return ""
}
