// Package federate runs federation within the daemon: it opens the host, elects one
// of the replicas, and has it run an Engine with its dialects and its Propagator for
// as long as it leads.
//
//	config.Propagation ─► Federation ─► term (Lease fedns-propagation)
//	                        │               │
//	       members ─────────┤               ├─► host, dialects ─► federation.Engine ─► propagation
//	       (the daemon's)   │               └─► Store: Bindings in the host
//	                        └─► API, metrics, Events
//
// Each term has an Engine, a Propagator and dialects of its own, so that nothing of
// an earlier term can act in a later one.
package federate
