// Package propagation has members hold what they are to hold. It is a
// work.Propagator.
//
//	Task ──► record (goal) ──► queue of the member ──► worker ──► decide ──► create, apply, delete, release
//	              ▲                                                              │
//	              └── sight ◄── watch of the kind, selected by our label ◄───────┘
//	              │
//	              └──► Outcome
//
// Each member has a record of every object that is ordered or that has our label.
// A record has a goal and a sight, which is what was seen of the object last, judged
// by the goal; never the object itself, unless it is not as it is to be. decide, a
// pure function, makes a step of the two. What a call returns and what a watch tells
// are sights alike, and the newer one counts.
//
// # What is right
//
// An object is as it is to be when its annotation says that exactly this was applied
// last, and every field that is stated is as stated. A field that is otherwise but
// still ours, by managedFields, is the API server's form of what was stated. What an
// API server makes of a write at once (admission) is accepted until it changes
// again. So a daemon that starts anew writes nothing that is right.
//
// # Writing
//
// What is not there is created (POST), and whoever has it already is looked at when
// the API server refuses that; what is there is applied by server-side
// apply, with the version it was judged by as a precondition; deletions have UID and
// version. So a write that somebody else's came before fails whole. What was right, and
// is to be otherwise, is applied without being read, unless it is of a kind of which
// the member keeps something. Objects carry
// the term of the leader that wrote them, and one of a later term is left alone, unless
// it is confirmed that nobody has led since: terms begin anew when the Lease is deleted.
// No write starts, or goes on, past the term's deadline.
//
// A creation leaves its fields owned as by an update. Before the first apply that
// ownership is made an apply's: otherwise what is no longer stated would stay.
//
// # The host as a member
//
// A member that is the host is known by the UID of its namespace kube-system. What
// orders are made of is there already: it is looked at, and never written or deleted.
// Namespaces, definitions and objects of federation's own kinds are let go rather than
// deleted there: templates would go with them.
//
// # Members of two federations
//
// An object is ours if it has our label and names our host. What another federation
// has placed, fedns's, KubeFed's or Karmada's, is a conflict, and is neither written
// nor deleted.
//
// # Members that are away
//
// A member that does not answer, or answers 401, or turns away whatever comes, has
// one backoff for all that is to be done there; one call at a time tries whether it
// is back. Whatever else fails has a backoff of its own; so has an object whose call
// ends by its deadline while the member answers otherwise. Nothing of one member waits for another.
//
// A member that was restored from a backup, or made anew, has lower versions than those
// seen before, and a watch from there would be silent until it had come to them again.
// So a watch is taken up only where the member has come to its version; where it has not,
// what was seen is forgotten, and all is listed and judged anew.
//
// What waits for its namespace or its kind's definition is tried as soon as that is
// seen to come.
//
// It imports federation/work, federation/retain, federation/interpret, client-go and
// golang-lru.
package propagation
