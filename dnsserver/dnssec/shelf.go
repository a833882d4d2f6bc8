package dnssec

import (
	"slices"
	"strings"
	"sync/atomic"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"

	"github.com/fedns/fedns/dnsserver/dnsname"
	"github.com/fedns/fedns/dnsserver/zone"
)

// shelf is where signatures of one kind are kept, and what making more may
// cost. The key is the RRset itself: another TTL or content is another entry, so
// that names whose answer depends on who asks keep all their signatures.
type shelf struct {
	cache  *lru.Cache[zone.RRset, *entry]
	budget *budget
}

func newShelf(size, perSecond int) (*shelf, error) {
	cache, err := lru.New[zone.RRset, *entry](size)
	return &shelf{cache, newBudget(perSecond)}, err
}

// entry is the RRSIG RRset over one RRset. All but the atomics is immutable.
type entry struct {
	sigs   zone.RRset
	by     *signers
	window window
	used   atomic.Bool           // since it was made
	next   atomic.Pointer[entry] // made ahead
}

// current says that e is what would be made at t.
func (e *entry) current(by *signers, t int64) bool {
	return e.window.holds(t) && (e.by == by || e.by.id == by.id)
}

// sound says that e, if out of date, can still be validated as long as caches
// keep it: it does not expire, and its keys stay in the zone.
func (e *entry) sound(r *roster, now time.Time) bool {
	end := now.Add(time.Duration(e.sigs.TTL) * time.Second)
	return end.Unix() < e.window.expires && r.stays(e.by, now) && r.stays(e.by, end)
}

// put keeps e. The key is copied: r may be a view of a whole page of the zone.
func (s *shelf) put(r zone.RRset, e *entry) {
	owner := dnsname.FromFolded(strings.Clone(r.Owner.Wire()))
	s.cache.Add(zone.NewRRset(owner, r.Type, r.TTL, slices.Collect(r.RDATA())...), e)
}
