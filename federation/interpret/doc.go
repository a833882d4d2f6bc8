// Package interpret reads from objects what federation needs to know of their
// kinds: how many replicas they want and what each needs, whether they do their
// work, what else they refer to, and what the statuses of many copies come to as
// one. Of kinds it does not know, whatever follows from their fields by convention
// (conditions, observedGeneration), and otherwise that nothing is known. Pure
// functions.
//
//	template ──► Replicas, SetReplicas, Dependencies
//	member's object ──► Observe ──► Outcome's Health, Replicas, Ready, Status
//	all Outcomes ──► Aggregate ──► the template's own status
package interpret
