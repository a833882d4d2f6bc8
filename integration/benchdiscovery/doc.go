// Benchdiscovery measures discovery: how long a change of a cluster takes until
// it is answered, what a million endpoints cost, and how soon the daemon is back.
//
// It runs a real fedns as a process of its own. One row has a real kube-apiserver
// before it (integration/harness), all others a hundred simulated ones
// (integration/simulator), which live in this process and share the processors
// with the daemon. Answers are observed as clients do, by DNS queries over UDP.
//
//	API servers ──watch──► fedns ◄──queries── prober
//	     │ a change commits: the clock starts    │ the answer has it: the clock stops
//
// docs/performance-discovery.md says how to read what it prints.
package main
