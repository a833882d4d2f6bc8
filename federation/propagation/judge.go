package propagation

import (
	"encoding/json"
	"strconv"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/fedns/fedns/federation/retain"
)

// step is what is to be done next with an object.
type step uint8

const (
	nothing   step = iota // it is as it is to be
	create                // it is not there
	apply                 // it is otherwise
	remove                // it is to be deleted
	release               // it is to be let go
	removed               // it is gone, or was never ours
	hold                  // it is being deleted; that is what is wanted
	terminate             // it is being deleted, and is to be there afterwards
	conflict              // it is somebody else's
	stand                 // a later leader wrote it
	suspended             // something would be written, and is not to be
)

// decide is pure: what is to be done to have g, of what was seen, in a term. stays
// says that the object is let go rather than deleted.
func decide(g *goal, s *sight, term int64, stays bool) step {
	next := wanted(g, s, term, stays)
	switch next {
	case create, apply, remove, release:
		if g.suspend {
			return suspended
		}
	}
	return next
}

// wanted is what is to be done, were it not suspended.
func wanted(g *goal, s *sight, term int64, stays bool) step {
	if g.removes() {
		switch {
		case !s.there() || !s.ours:
			return removed
		case s.leaving:
			return hold
		case s.term > term:
			return stand
		case g.orphan || stays:
			return release
		}
		return remove
	}
	switch {
	case !s.there():
		return create
	case s.leaving:
		return terminate
	case s.owner != "", !s.ours && g.leave:
		return conflict
	case s.isRight(g):
		return nothing
	case s.term > term:
		return stand
	}
	return apply
}

// look reads what is to be known of an object. g may be nil. accepted is of the
// record, home Config's; mine says that it is as our own write was just answered.
// differs is 0 when the object is as it is to be.
func (p *parsed) look(live *unstructured.Unstructured, g *goal, accepted uint64, mine bool, home string) (s sight, differs uint64) {
	s = sight{
		by:      g,
		version: live.GetResourceVersion(), uid: live.GetUID(),
		labelled: live.GetLabels()[LabelManagedBy] == managedBy,
		leaving:  live.GetDeletionTimestamp() != nil,
	}
	s.owner = ownerOf(live, g, home)
	s.ours = s.labelled && s.owner == ""
	notes := live.GetAnnotations()
	s.term, _ = strconv.ParseInt(notes[AnnotationTerm], 10, 64)
	if s.leaving {
		s.holders = strings.Join(live.GetFinalizers(), ", ")
	}
	owned, created, who := owners(live)
	s.created, s.who = created, who
	if g == nil || g.removes() {
		return s, 0
	}
	want, err := p.of(g.body)
	if err != nil {
		return s, 0
	}
	// What has not been applied yet may look right when it only states less.
	d, made := compare(retain.Retain(want, live, retain.Options{Replicas: g.retain}), live, owned)
	applied := notes[AnnotationApplied] == g.body.digest
	s.right = s.ours && applied && (len(d) == 0 || mine || accepted != 0 && d.sum() == accepted)
	switch {
	case s.right:
		s.differs = fields(d, made)
	case len(d) > 0:
		s.differs = shown(d[0], live.GetKind() == "Secret")
	}
	if !applied {
		return s, 0 // there is nothing to accept
	}
	return s, d.sum()
}

// unmarked is which of the marks that we know our objects by is not as we have just
// written it; empty: they all are.
func unmarked(live *unstructured.Unstructured, g *goal) (mark string) {
	switch {
	case live.GetLabels()[LabelManagedBy] != managedBy:
		return "label " + LabelManagedBy
	case live.GetAnnotations()[AnnotationApplied] != g.body.digest:
		return "annotation " + AnnotationApplied
	}
	return ""
}

// owners reads managedFields: what is ours, whether it is so by a creation, and who
// else wrote last.
func owners(live *unstructured.Unstructured) (owned map[string]any, created bool, who string) {
	entries, _, _ := unstructured.NestedFieldNoCopy(live.Object, "metadata", "managedFields")
	list, _ := entries.([]any)
	latest, applied := "", false
	for _, item := range list {
		e, _ := item.(map[string]any)
		if sub, _ := e["subresource"].(string); sub != "" && e["manager"] == Manager {
			continue
		}
		if e["manager"] != Manager {
			if at, _ := e["time"].(string); at >= latest {
				name, _ := e["manager"].(string)
				latest, who = at, name
			}
			continue
		}
		fields, _ := e["fieldsV1"].(map[string]any)
		if e["operation"] == string(metav1.ManagedFieldsOperationApply) {
			owned, applied = fields, true
			continue
		}
		created = true
		if !applied {
			owned = fields
		}
	}
	return owned, created, who
}

// keep is an object's text for when it is needed, with the owners of its fields:
// what it is retained and judged by.
func keep(live *unstructured.Unstructured) []byte {
	text, err := json.Marshal(live.Object)
	if err != nil {
		return nil // it is read anew when it is needed
	}
	return text
}
