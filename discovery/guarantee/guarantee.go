package guarantee

import "slices"

// Variable is the environment's variable that lists, with commas between them, the
// promises that a program without guards does not keep. It is this wing's own, for a
// program may have other wings' promises linked in as well.
const Variable = "FEDNS_UNGUARDED_DISCOVERY"

// Name is a promise, as in docs/guarantees.md. The test that proves it is named
// for it: TestGuaranteeUnreachableStands proves unreachable-stands.
type Name string

// What is known of a cluster stands until the cluster is seen to hold it no longer.
const (
	UnreachableStands  Name = "unreachable-stands"
	SilenceStands      Name = "silence-stands"
	ListsHaveVersions  Name = "lists-have-versions"
	ListsAreNewest     Name = "lists-are-newest"
	CutListsAreNone    Name = "cut-lists-are-none"
	MixedListsAreNone  Name = "mixed-lists-are-none"
	MissingCRDStands   Name = "missing-crd-stands"
	LastGoodFileStands Name = "last-good-file-stands"
)

// What is answered of clusters that are lost.
const (
	StaleStepsBehind Name = "stale-steps-behind"
	StaleIsAnswered  Name = "stale-is-answered"
	StaleIsMarked    Name = "stale-is-marked"
	ManyLostAreHeld  Name = "many-lost-are-held"
)

// How much may be withdrawn at a time.
const (
	DeletedAreLimited   Name = "deleted-are-limited"
	MissingAreLimited   Name = "missing-are-limited"
	DoubtfulAreHeld     Name = "doubtful-are-held"
	NothingTricklesAway Name = "nothing-trickles-away"
	NamesAreLimited     Name = "names-are-limited"
)

// Whom a fault of one hits.
const (
	SourcePanicsStay Name = "source-panics-stay"
	PanicsStay       Name = "panics-stay"
	BadRecordsStay   Name = "bad-records-stay"
	BadReportsStay   Name = "bad-reports-stay"
	BadObjectsStay   Name = "bad-objects-stay"
	NoiseDelaysNoOne Name = "noise-delays-no-one"
)

// How members are read, and what is said of it.
const (
	NamesAreInDoubt     Name = "names-are-in-doubt"
	FreshnessIsMeasured Name = "freshness-is-measured"
	MembersAreOnlyRead  Name = "members-are-only-read"
	ExecIsOff           Name = "exec-is-off"
	CredentialsRotate   Name = "credentials-rotate"
)

// What outlives a restart.
const (
	LastKnownIsAnswered Name = "last-known-is-answered"
	WordsOutlive        Name = "words-outlive"
	DamageIsFound       Name = "damage-is-found"
	TidesOutlive        Name = "tides-outlive"
	AddressesOutlive    Name = "addresses-outlive"
)

// Names are all there are, sorted.
func Names() []Name {
	return slices.Sorted(slices.Values([]Name{
		UnreachableStands, SilenceStands, ListsHaveVersions, ListsAreNewest, CutListsAreNone, MixedListsAreNone, MissingCRDStands, LastGoodFileStands,
		StaleStepsBehind, StaleIsAnswered, StaleIsMarked, ManyLostAreHeld,
		DeletedAreLimited, MissingAreLimited, DoubtfulAreHeld, NothingTricklesAway, NamesAreLimited,
		SourcePanicsStay, PanicsStay, BadRecordsStay, BadReportsStay, BadObjectsStay, NoiseDelaysNoOne,
		NamesAreInDoubt, FreshnessIsMeasured, MembersAreOnlyRead, ExecIsOff, CredentialsRotate,
		LastKnownIsAnswered, WordsOutlive, DamageIsFound, TidesOutlive, AddressesOutlive,
	}))
}
