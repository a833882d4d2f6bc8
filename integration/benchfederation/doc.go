// Benchfederation measures how templates get into member clusters, and prints a
// table of targets: make bench-federation.
//
//	a real API server ─── watches, Bindings ───► fedns serve ─── creates, applies ───► 100 simulated members
//	(harness: the host)   templates, a policy    (a process of its own)                (members: in this process)
//
// What takes time and memory is the daemon's: its processor time and its peak RSS
// are read from /proc, apart from those of the members and the host, which share
// the machine's processors with it. The host has an API server only, so that
// nothing but the daemon acts on templates. Planning is measured in this process,
// by an Engine without a host and without members.
//
// It imports integration/harness, integration/members, and federation for planning.
package main
