// Package simulator plays the API servers of hundreds of member clusters in one
// process, as far as fedns reads them: real sockets and real HTTP, so that a real
// daemon can follow them, and objects that are made of a compact model when they
// are asked for, so that a million endpoints fit into little memory.
//
//	Fleet ─► Cluster ─┬─ model: Services, their endpoints      8 octets an endpoint
//	                  ├─ history: the last changes, encoded    what watches go on from
//	                  └─ faults: what goes wrong               switched by method calls
//	                       │
//	                  list, watch, discovery documents ◄── HTTP, JSON or protobuf
//
// A Cluster answers lists with limit and continue, watches from a resource
// version, initial events over a watch (KEP-3157) and bookmarks. Two things are
// simpler than with a real API server: the pages of one list are each of the time
// when they were asked for, and there is one resource version for all resources
// and no lists of older ones. Leases are renewed when they are read.
//
// All choices follow from a seed. It imports Kubernetes' types and serializers,
// and nothing of fedns.
package simulator
