// Command bench measures the name server beside its peers and prints what it
// found, with the project's targets next to it. `make bench` is its door.
//
//	shape ──► zone file ──► echo (the floor), fedns, gdnsd, NSD, Knot, BIND …    one process each, on one core
//	  └─────► queries ────► generator ──► answers, latencies                     on another core
//	                            │
//	             CPU time of the server over the same span ─► samples ─► medians, ratios ─► table, targets
//
// A machine's wall clock says little: neighbours, clock rates and caches differ
// from minute to minute. What is compared is CPU time a query, as a ratio to a
// floor in the same round: a loop in C that sends each datagram back without
// reading it, which nothing on kernel sockets can undercut by much.
//
// The program runs itself in other roles, each in a process of its own: the
// generator (blast), a server that is published to while it answers (updates),
// and the step that ties a child to a core (pin).
//
//	main_linux.go    flags, roles
//	stages_linux.go  what is measured, one function each
//	shape.go query.go             what is served and asked; the seed decides all of it
//	blast*.go flow.go histogram.go    the generator
//	peers.go servers_linux.go floor.go     what is measured, and how it is started
//	proc_linux.go    CPU time and memory of a process and its children
//	stats.go report.go targets.go          numbers to tables, by package figures
package main
