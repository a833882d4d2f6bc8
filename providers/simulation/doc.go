// Package simulation runs random histories of daemons that write one hosted zone in
// fake time, and holds that the zone ends right, that no foreign record is touched
// at any moment, and that what leaders did one after the other is a history that one
// leader at a time could have made. It has nothing but tests.
//
//	history ─ what is wanted, who leads ─► lives: a Sync each ─► recorder ─► faults ─► inmemory.Server
//	   └─ hand edits ──────────────────────────────────────────────┼───────────────────────▲  │ what was made,
//	                                                  operations ◄─┘                          ▼ in order
//	                                       register, with Porcupine              truth: checked at each batch
//
// A life is one time of a process: a crash ends it, between any two calls or with a
// call under way, that lands later. A Lease says whose life leads; one that is paused
// believes it for longer.
//
// # The register
//
// Of each owner the register holds which of its batches came last, and who made it. A
// listing or a read tells what it held; a batch is a swap that expects what its
// writer knew when it decided. A batch with an unknown outcome may be made any time
// later, if the register holds what it expects by then, else never. Fences are not in
// the model: it says what they are for, and does not hold when they are left out.
//
// A seed is a history. FEDNS_SIM_SEEDS says how many are run, FEDNS_SEED runs one, and
// both run so many from that one on. Built with the tag unguarded, a test holds that a
// few thousand histories find out when any promise of providers/guarantee is not kept.
package simulation
