// Package demo shows fedns at work: three member clusters in two regions, the
// names they give, and a scenario that is played on them and checked line by
// line.
//
//	World (folders of manifests, or real API servers)
//	  ▲ Put, Delete                       what happens in the clusters
//	Scenario ── DNS questions ──► fedns   what must be answered then
package demo
