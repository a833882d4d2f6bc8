// Package route53test plays Amazon Route 53 for tests: an http.Handler that speaks
// its REST-XML API of 2013-04-01, so that the real SDK talks to it, over a socket or
// in memory (Simulator.Client).
//
//	simulator.go   the handler: which action a request is, and what every action has in common
//	change.go      ChangeResourceRecordSets: batches, whole or not at all
//	recordset.go   what one record set may be; value.go: its values; policy.go: beside others
//	zone.go        what a hosted zone holds, in the order in which it is listed
//	list.go        hosted zones and record sets listed, changes looked up
//	health.go      health checks and tags
//	bucket.go      throttling, on a clock of the test's
//	fault.go       faults on demand
//	hand.go        what a test does as somebody else, and looks up
//
// Limits, codes and messages are those of the documentation and of answers of the
// service that its users have published. It shares no code with providers/route53:
// what both have wrong has to be thought wrong twice. Only tests may import it.
package route53test
