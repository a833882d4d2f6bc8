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
// A run is determined by its seed, which it prints:
//
//	go test ./difftest                                        300 zones, in CI
//	FEDNS_DIFF_ZONES=10000 go test -timeout 1h ./difftest     the full run
//	FEDNS_DIFF_SEED=42 FEDNS_DIFF_ONLY=z00017.test. go test ./difftest
//
// FEDNS_BIN names a fedns binary to use instead of building one.
package difftest
