// Package daemon wires the wings together as a configuration says, and keeps
// them so when it changes.
//
//	config.Watch ─► Apply ─┬─► zone files ─► dnsserver.SetZones
//	                       └─► members ────► discovery.Engine ── edits ─► dnsserver.Publish
//
// A change is taken up part by part: what is wrong with one zone file or one
// kubeconfig is told and leaves that zone or cluster as it was.
package daemon
