// Package providers keeps hosted zones as fedns's own zone is: one Sync for each
// hosted zone takes what changed, decides, and writes.
//
//	zone changes ── Publish ─► names to look at ─► plan.Rules.Name ─► backlog ─► batch.Pack
//	                               ▲  ▲                  ▲                           │
//	                    audit ─────┘  └── conflict,      │ model: what the          ▼
//	                    (slow listing)    refusal        └ hosted zone holds ◄── hosted.Zone.Apply,
//	                                                                              with the fence
//
// # What it promises
//
// Every batch swaps the fence, a record that only this owner's writers touch: a
// batch decided on an older state of the hosted zone is refused by the provider as
// a whole, however late it comes. Every replacement names exactly what it replaces, and
// whose that was: claims are swapped with the Entry that they are of.
// After a call whose outcome nobody knows, the fence tells. What no claim of this
// owner names is not touched, unless somebody gave the word to adopt it from
// external-dns. What is refused is taken out of its batch and told;
// the rest is written. Losses beyond the guard's limits, and a zone with nothing in
// it, wait for a word. Nothing is listed to change a record.
//
// What is retired (Config.Retire) loses all of ours, the fence last, once somebody gave
// the word. What is only no longer run stays as it is.
//
// Providers without compare-and-swap (hosted.Limits.Swaps) have no fence: who holds
// the Lease writes, after a fresh listing when an outcome is unknown.
//
// It imports its children plan, batch, ownership and hosted, dnsserver/zone,
// dnsserver/dnsname and the standard library; never a provider.
package providers
