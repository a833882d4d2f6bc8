package zone

// Op is what an Edit does.
type Op uint8

const (
	// OpSet replaces the whole RRset; an empty one deletes it.
	OpSet Op = iota
	// OpDelete removes the RRset; TTL and RDATA are not looked at.
	OpDelete
	// OpAdd adds the RDATA given to what is there; the TTL given becomes the set's.
	OpAdd
	// OpRemove takes the RDATA given away; the set is deleted with its last record.
	OpRemove
)

// Edit is one wish to change a zone. Edits are applied in order; what they
// changed in the end is told by Changes.
type Edit struct {
	Op    Op
	RRset RRset
}

// Change is one RRset that differs between two Snapshots. Old nil: created.
// New nil: deleted.
type Change struct {
	Key      Key
	Old, New *RRset
}

// Transferred says that the records differ, and not just whether they are marked
// as stale: only such a Change concerns secondaries.
func (c Change) Transferred() bool {
	if c.Old == nil || c.New == nil {
		return c.Old != c.New
	}
	was := *c.Old
	was.Stale = c.New.Stale
	return was != *c.New
}
