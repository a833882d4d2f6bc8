package federation

import (
	"fmt"
	"slices"

	"k8s.io/apimachinery/pkg/runtime/schema"
)

// Definitions says whether what is gone of a kind of the host was meant to go. Its
// methods cost no call, and may be called from any goroutine.
type Definitions interface {
	// Ended says that a kind was served, and is not, or is on its way out, and in which
	// words; empty: no.
	Ended(kind schema.GroupVersionKind) string
	// Absent says that a kind is not served, as far as anybody has looked for it.
	Absent(kind schema.GroupVersionKind) bool
}

// constant is where every kind stands.
type constant struct{}

func (constant) Ended(schema.GroupVersionKind) string { return "" }
func (constant) Absent(schema.GroupVersionKind) bool  { return false }

// Ordering is a Dialect whose orders rest on other objects than their Sources, too.
type Ordering interface {
	// OrderedBy are the kinds of those objects. needed says that nothing is ordered where
	// the host serves none of them.
	OrderedBy() (kinds []schema.GroupVersionKind, needed bool)
}

// orderedBy are the kinds that a dialect's orders rest on beside their Sources.
func (e *Engine) orderedBy(dialect string) (kinds []schema.GroupVersionKind, needed bool) {
	for _, d := range e.cfg.Dialects {
		if o, ok := d.(Ordering); ok && d.Name() == dialect {
			return o.OrderedBy()
		}
	}
	return nil, false
}

// undefined says that an order may have been taken back only since the definition of its
// Source, or of what it rests on, was removed, and its objects with it; empty: no.
func (e *Engine) undefined(b *Binding) string {
	kinds, _ := e.orderedBy(b.Dialect)
	for _, kind := range append([]schema.GroupVersionKind{b.Source.Kind}, kinds...) {
		if why := e.cfg.Definitions.Ended(kind); why != "" {
			return why
		}
	}
	return ""
}

// unserved says that nobody could have given an order, for the host does not serve what
// it would be given by; empty: it does.
func (e *Engine) unserved(b *Binding) string {
	if why := e.undefined(b); why != "" {
		return why
	}
	if e.cfg.Definitions.Absent(b.Source.Kind) {
		return fmt.Sprintf("the host does not serve %s", b.Source.Kind.GroupKind())
	}
	kinds, needed := e.orderedBy(b.Dialect)
	if !needed || slices.ContainsFunc(kinds, func(k schema.GroupVersionKind) bool { return !e.cfg.Definitions.Absent(k) }) {
		return ""
	}
	return fmt.Sprintf("the host does not serve %s", kinds[0].GroupKind())
}
