package clouddns

import (
	"fmt"

	dns "google.golang.org/api/dns/v1"

	"github.com/fedns/fedns/providers/hosted"
)

// change is a Batch as Cloud DNS has it, and whose each record set is.
type change struct {
	dns.Change
	added, deleted []hosted.Key
}

// change makes a Batch one change: each Old is deleted as it is, each New added.
func (z *Zone) change(b hosted.Batch) (*change, error) {
	c := &change{}
	for _, ch := range b.Changes {
		k := ch.Key()
		if !ch.Old.IsEmpty() {
			old, err := z.old(ch.Old)
			if err != nil {
				return nil, err
			}
			c.Deletions, c.deleted = append(c.Deletions, old), append(c.deleted, k)
		}
		if !ch.New.IsEmpty() {
			r, err := z.encode(ch.New)
			if err != nil {
				return nil, &hosted.RefusedError{Key: &k, Reason: err.Error()}
			}
			c.Additions, c.added = append(c.Additions, r), append(c.added, k)
		}
	}
	return c, nil
}

// old is an Entry as Cloud DNS holds it.
func (z *Zone) old(e hosted.Entry) (*dns.ResourceRecordSet, error) {
	z.mu.Lock()
	s, ok := z.spelling[e.Key]
	z.mu.Unlock()
	if ok && s.entry.Equal(e) {
		return clone(s.raw), nil
	}
	r, err := z.encode(e)
	if err != nil {
		return nil, &hosted.RefusedError{Key: &e.Key, Reason: err.Error()}
	}
	if e.Policy() != hosted.PolicySimple && !e.Equal(Canonical(e)) {
		// It has identifiers of a listing that is no longer true, or of nobody.
		return nil, fmt.Errorf("%w: %s is not as it was listed last", hosted.ErrConflict, hosted.KeyString(e.Key))
	}
	return r, nil
}
