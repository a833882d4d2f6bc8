// Package karmada is Karmada's dialect: templates of any kind in the host cluster,
// which go where PropagationPolicies say, changed as OverridePolicies say.
//
//	policies, templates ── host ──► desk ── order ──► work.Sink
//	ResourceBinding, Work, the template's status ◄── Report ── work.Report
//
// The host is meant to be an API server without controllers for workloads, as
// Karmada's is: a controller that ran a Deployment there as well would write over
// the status that is summed up here (which is noticed, and then left to it).
//
// What Karmada does and is kept:
//   - a policy of the template's namespace comes before those without a namespace,
//     whatever their priorities;
//   - a template stays with the policy that claimed it, unless a policy that
//     preempts has more priority;
//   - a policy's deletion withdraws nothing: what it placed stays, and goes on being
//     kept, as the ResourceBinding says, until the template is deleted
//     (Config.PolicyDeleted changes that);
//   - spreadConstraints do not count beside static weights.
//
// It imports federation's types, federation/host and the API's types.
package karmada
