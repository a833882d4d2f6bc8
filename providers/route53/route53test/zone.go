package route53test

import (
	"cmp"
	"slices"
	"strings"
)

// hostedZone is what a hosted zone holds.
type hostedZone struct {
	id, name string
	private  bool
	sets     map[setKey]*set
	at       map[string]int // names and how many record sets they have
	keys     []setKey       // in the order in which they are listed
	working  int            // slow requests under way
	busy     bool           // until busyEnd
	busyEnd  int64          // nanoseconds of the clock
}

// setKey names a record set.
type setKey struct {
	order string // of the name, see listOrder
	typ   string
	id    string
}

func (s *set) key() setKey { return setKey{listOrder(s.Name), s.Type, s.SetIdentifier} }

// compare is the order of listings: by name, then by type, then by set identifier.
func compare(a, b setKey) int {
	return cmp.Or(strings.Compare(a.order, b.order), strings.Compare(a.typ, b.typ), strings.Compare(a.id, b.id))
}

// put writes a record set, or takes it away.
func (z *hostedZone) put(k setKey, s *set) {
	_, had := z.sets[k]
	at, _ := slices.BinarySearchFunc(z.keys, k, compare)
	switch {
	case s == nil && had:
		delete(z.sets, k)
		z.keys = slices.Delete(z.keys, at, at+1)
		if z.at[k.order]--; z.at[k.order] == 0 {
			delete(z.at, k.order)
		}
	case s != nil:
		z.sets[k] = s
		if !had {
			z.keys = slices.Insert(z.keys, at, k)
			z.at[k.order]++
		}
	}
}

// from is the index of the first key that is not before k.
func (z *hostedZone) from(k setKey) int {
	at, _ := slices.BinarySearchFunc(z.keys, k, compare)
	return at
}

// staged is a hosted zone as a batch would leave it.
type staged struct {
	zone    *hostedZone
	changed map[setKey]*set // nil: deleted
}

func (t staged) get(k setKey) *set {
	if s, ok := t.changed[k]; ok {
		return s
	}
	return t.zone.sets[k]
}

// named lists the record sets of one name, in no order that means anything.
func (t staged) named(order string) []*set {
	var all []*set
	for i := t.zone.from(setKey{order: order}); i < len(t.zone.keys) && t.zone.keys[i].order == order; i++ {
		if _, touched := t.changed[t.zone.keys[i]]; !touched {
			all = append(all, t.zone.sets[t.zone.keys[i]])
		}
	}
	for k, s := range t.changed {
		if s != nil && k.order == order {
			all = append(all, s)
		}
	}
	return all
}

// size counts the record sets.
func (t staged) size() int {
	n := len(t.zone.sets)
	for k, s := range t.changed {
		_, had := t.zone.sets[k]
		switch {
		case s == nil && had:
			n--
		case s != nil && !had:
			n++
		}
	}
	return n
}
