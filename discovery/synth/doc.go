// Package synth turns what the member clusters hold of one Service into the
// RRsets the Service stands for. It is pure: the same Groups give the same
// records, in the same order, and nothing is kept between two calls.
//
//	Groups of one Service, one a cluster
//	     │ Assess: which shards are healthy, and what are their addresses
//	     ▼
//	healthy shards ──┬─► short names       web.shop.prod.
//	                 ├─► federation names  web.shop.prod.svc[.<zone>.<region>].example.com.
//	                 ├─► ClusterSet names  web.shop.svc.clusterset.local.
//	                 └─► reverse names     1.0.96.10.in-addr.arpa.
//
// A host of Ingresses and Gateways has addresses at its own name and nothing else.
//
// Of a change, Between makes only the records that may differ, where the Groups
// tell which these are.
//
// Every family is made from the same list of healthy shards, so a Service has
// the same addresses by every path.
//
// # SRV
//
// The target of a shard with a virtual IP is the very name that was asked
// (behind its _port._proto labels). A headless Service has one record an
// endpoint, and its target is the endpoint's ClusterSet name when that family is
// on, else a name of the same form below the short name: one address record an
// endpoint, whichever name led to it.
//
// The oldest export (creation time, then cluster ID; one that does not say when
// it was created comes last) settles conflicts as KEP-1645 has it: its type
// decides whether the Service has the names of a headless Service, and its
// number is the one of a port that clusters number differently. The number is
// settled among the healthy shards that stand behind the name, since it is their
// addresses the name gives.
//
// # Bounds
//
// No RRset is larger than a message can carry, and no address is in one that
// cluster.Usable does not let in.
//
// It imports discovery/cluster, discovery/guarantee, dnsserver/zone,
// dnsserver/dnsname and the standard library only.
package synth
