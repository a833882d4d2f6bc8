// Package difftest asks fedns, BIND, Knot DNS and NSD the same questions about
// the same random zones, and wants the same answers.
//
//	seed ─► zones ─► files ─► fedns, BIND, Knot, NSD     one process each, all zones in each
//	          └────► queries ─► each of them ─► answers ─► normalised ─► compared
//	                                                                       │
//	                             difference ─► rules (RFC and predicate) ─► explained, or a failure
//
// Where the RFCs leave a choice, the name servers differ. Every such choice is a
// rule in rules.go, with the RFC that allows it and a predicate as narrow as can
// be; what no rule explains fails the test, with the zone and a dig line to
// repeat it by. A rule that never fires in a full run is told, too: it explains
// nothing and should go.
//
// A run is determined by its seed, which it prints. In CI that is always 1, so that
// a failure is the change's; the long run takes one from the clock:
//
//	go test ./difftest                                       300 zones
//	FEDNS_SOAK=1 go test -timeout 1h ./difftest              10,000 zones, as make soak does
//	FEDNS_DIFF_SEED=42 FEDNS_DIFF_ZONES=10000 FEDNS_DIFF_ONLY=z00017.test. go test ./difftest
//
// FEDNS_BIN names a fedns binary to use instead of building one, FEDNS_DIFF_SHOW
// how many kinds of failures are shown whole, FEDNS_DIFF_HOLD for how many
// seconds the name servers stay up after a failure, for dig.
//
// TestDifferentialInvalidZones goes the other way: it spoils zones that fedns serves, each by
// one line, and wants that line named, the last good zone served on, and the
// zone read again when it is put right. FEDNS_DIFF_INVALID says how many zones
// for each mistake.
package difftest
