// Package route53 is Amazon Route 53 as a hosted.Zone: one hosted zone, public
// or private.
//
//	provider.go   Config, New, and the four methods
//	read.go       some Entries in few pages
//	api.go        the client: each call with the Gate and a deadline; no retries
//	failure.go    Route 53's errors as hosted's
//	convert.go    Set ⇄ ResourceRecordSet; text.go: names and RDATA ⇄ text
//	check.go      what Route 53 cannot hold, each line with its source
//	health.go     health checks: made, attached and adopted; collect.go: tidied up
//	alias.go      load balancers whose names become aliases
//
// A Change is made as DELETE of the exact old record sets and CREATE of the new
// ones in one batch, never as UPSERT: a batch of Route 53 is made whole or not at
// all, so this is compare-and-swap. Of an Entry only the Sets that differ are
// touched, and only those are compared: another's Set beside them may change.
//
// It imports providers/hosted and below, the AWS SDK, and miekg/dns for RDATA that
// is seldom seen.
package route53
