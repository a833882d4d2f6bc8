// Package store holds the Groups of all member clusters, packed: a million
// endpoints are a few million octets without pointers, not a million objects for
// the collector to walk.
//
//	service ─► cluster, run, ┌────────┬──────────────┬───────────┬──────┬─────────┬──────────┐
//	                         │ header │ zone names,  │ endpoint: │ flag │ address │ hostname │ …
//	                         │        │ port lists   │           │ 1    │ 4 or 16 │ if any   │
//	                         └────────┴──────────────┴───────────┴──────┴─────────┴──────────┘
//
// Zone names and port lists, which endpoints have in common, are written once a
// Group. It imports discovery/cluster, its packed, and the standard library only.
package store
