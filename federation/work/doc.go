// Package work is what the parts of federation tell each other: dialects give
// Orders, the engine makes a Task for each cluster of them, propagation says what
// came of it, and dialects report it in their own form.
//
//	dialect ── Order ──► engine ── Task ──► propagation
//	   ▲                   │  ▲                  │
//	   └───── Report ──────┘  └───── Outcome ────┘
//
// Pure data, but for the interfaces that join the parts.
package work
