// Package simulation runs random histories of clusters, a network and a daemon
// in fake time, and holds after every step what docs/guarantees.md promises. It
// has nothing but tests.
//
//	history ─ what happens ─► sites ─ list, watch ─► followers ─ Update ─► Engine ─ edits ─► Server
//	   └────── checks what is answered against the sites' truth ◄── Snapshot ────────────────────┘
//
// A site is a cluster: Services that come, change and go, behind an API that may
// be cut, stall, lie or go back in time. A follower is its Source, to the letter
// of cluster.Source. Engine, evidence, synth and the Server are the real ones.
//
// A seed is a history. FEDNS_SIM_SEEDS says how many are run, FEDNS_SEED runs one.
package simulation
