package transfer

import (
	"maps"
	"slices"
	"strings"
)

// condense makes one step of many: what was added and deleted again, or the
// other way round, is left out (RFC 1995 §5). Steps follow each other; there is
// one at least.
func condense(steps []*Step) *Step {
	deleted, added := map[string]struct{}{}, map[string]struct{}{}
	for _, s := range steps {
		toggle(added, deleted, s.deleted)
		toggle(deleted, added, s.added)
	}
	last := steps[len(steps)-1]
	return &Step{
		From: steps[0].From, SOAFrom: steps[0].SOAFrom,
		To: last.To, SOATo: last.SOATo,
		deleted: join(deleted), added: join(added),
		records: len(deleted) + len(added),
	}
}

// toggle takes each packed record out of undone, or puts it into done.
func toggle(undone, done map[string]struct{}, packed string) {
	for r := range each(packed) {
		if _, ok := undone[r]; ok {
			delete(undone, r)
		} else {
			done[r] = struct{}{}
		}
	}
}

// join packs records in an order that does not depend on the map's.
func join(set map[string]struct{}) string {
	return strings.Join(slices.Sorted(maps.Keys(set)), "")
}
