package guarantee

// Variable is the environment's variable that lists, with commas between them, the
// promises that a program without guards does not keep. It is this wing's own, for a
// program may have other wings' promises linked in as well.
const Variable = "FEDNS_UNGUARDED_PROVIDERS"

// Name is a promise, as in docs/guarantees.md. The test that proves it is named
// for it: TestGuaranteeForeignIsLeft proves foreign-is-left.
type Name string

// What is promised of hosted zones.
const (
	WritesAreFenced     Name = "writes-are-fenced"      // every batch swaps the fence
	UnknownIsProvenDead Name = "unknown-is-proven-dead" // a batch with an unknown outcome is fenced out before anything else is written
	FenceBeforeListing  Name = "fence-before-listing"   // a new leader takes the fence before it lists
	ForeignIsLeft       Name = "foreign-is-left"        // what no claim of ours names is not touched
	EmptyIsAnError      Name = "empty-is-an-error"      // all that there is does not go without a word
	LossesAreLimited    Name = "losses-are-limited"     // of all there is, so much may go at a time
	PoisonIsIsolated    Name = "poison-is-isolated"     // a refused record does not keep others of its batch back
	UnheardStands       Name = "unheard-stands"         // what was written for a cluster stands until the cluster is heard of
)

// Names are all promises.
func Names() []Name {
	return []Name{WritesAreFenced, UnknownIsProvenDead, FenceBeforeListing, ForeignIsLeft, EmptyIsAnError, LossesAreLimited, PoisonIsIsolated, UnheardStands}
}
