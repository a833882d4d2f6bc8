// Package handover passes a daemon's listening sockets on to a successor: its
// own program, started anew, so that an update of program or configuration loses
// no query.
//
//	predecessor                            successor
//	Start ── sockets, environment ───────► Inherited, Take
//	  answers                                reads clusters and zones
//	Successor.Wait ◄──────────── "ready" ── Ready, answers
//	  stops reading, ends ───── life ends ─► Gone
//
// Both have the same sockets, and the kernel one queue for each: whatever the one
// does not read any more, the other does.
//
// It imports the standard library and golang.org/x/sys only.
package handover
