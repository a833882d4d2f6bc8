// Benchproviders measures how records are kept at providers, and prints a table
// of targets: make bench-providers.
//
//	zone ── Publish ──► providers.Sync ──► meter (counts calls) ──► the provider's package ──► its simulator
//
// Route 53 and Cloud DNS are played by the simulators that come with their
// packages, over HTTP in this process, through the real SDKs; RFC 2136 and the
// webhook protocol by a hosted zone in memory with their limits, since what counts
// here is what is asked of them. Times are real.
//
// It imports providers and its children, and dnsserver/zone.
package main
