// Package hosted is the whole way of a record into somebody else's zone: real
// clusters, the real daemon, and what it writes to.
//
//	clusters ─► fedns ─ UPDATE, TSIG ─► BIND ─┬─ AXFR, IXFR ─► what it holds, and each change to it
//	              │                           ├─ dig ─┐
//	              ├───────────────────────────── dig ─┴─► the same answers
//	              └─ HTTPS ─► Route 53, played by route53test and by moto
//
// All tests share one fleet and run side by side, each with daemons and name servers
// of its own; those that take clusters away have theirs alone.
package hosted
