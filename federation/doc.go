// Package federation is the engine that puts templates into member clusters. It
// takes Orders from the dialects and the clusters from whoever knows them, decides
// where each template goes, keeps the decision as a Binding in the host, and only
// then has it carried out.
//
//	dialects ── Order ──► Engine ── Task ──► propagation
//	clusters ───────────►   │  ◄── Outcome ────┘
//	                        │
//	   failover.Evict ─► Place ─► failover.Move ─► Binding (host) ─► Tasks ─► Report
//
// Each Key is looked at by itself, by one goroutine at a time, in the same three
// steps: what is known of it, what follows (a pure function), and then the doing.
// A template that would be nowhere is withdrawn, whatever the cause: its order was
// taken back, or clusters lost the labels it selects. Too many at once are held, and
// so is what was placed in clusters when too many of those vanish.
//
// An Engine serves one term of leadership: whoever leads next makes a new one, which
// knows from the Bindings what is where, and places nothing anew.
//
// It imports everything below federation but dialects, and no other wing's root.
package federation
