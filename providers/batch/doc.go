// Package batch packs changes into as few calls as a provider's limits allow. It
// is pure, and imports providers/hosted and the standard library only.
//
//	items (made together or not at all) ──► Pack ──► bins, the urgent ones first
//
// That is bin packing with several measures; first-fit decreasing is within a
// fraction of a percent of the lower bound where items are small beside a batch.
package batch
