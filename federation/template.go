package federation

import (
	"maps"
	"slices"

	"k8s.io/apimachinery/pkg/types"

	"github.com/fedns/fedns/federation/work"
)

// template is the UID of the host's object of a Key if it is what orders are made
// of, or goes along with one, and the order that is; mu is held. A member that is the
// host has it already, and must not lose it. Empty: there is no such object.
func (e *Engine) template(known *entry) (types.UID, *ordered) {
	o := known.winner()
	if o != nil && isTemplate(o.Source, known.key) {
		return o.Source.UID, o
	}
	for _, name := range slices.Sorted(maps.Keys(known.orders)) {
		if other := known.orders[name]; isTemplate(other.Source, known.key) {
			return other.Source.UID, other
		}
	}
	for _, name := range slices.Sorted(maps.Keys(known.taken)) {
		if s := known.taken[name].Source; isTemplate(s, known.key) {
			return s.UID, nil
		}
	}
	if p := known.placed; p != nil && isTemplate(p.Source, known.key) {
		return p.Source.UID, nil
	}
	if e.cfg.Referred != nil && len(known.needed)+len(known.dropping) > 0 {
		if o := e.cfg.Referred.Get(known.key); o != nil {
			return o.GetUID(), nil
		}
	}
	return "", nil
}

// isTemplate says that what people wrote is the object of a Key itself.
func isTemplate(s work.Reference, key work.Key) bool {
	return s.UID != "" && s.Kind.GroupKind() == key.Kind.GroupKind() && s.Namespace == key.Namespace && s.Name == key.Name
}
