// Package propagation measures how long a change of an EndpointSlice takes until
// it is answered, in histograms with exemplars, one for each member cluster.
//
//	the change ──(arrival)──► received ──► held (memory) ──► answerable
//	by the clock of            └────── fedns_propagation_seconds ──────┘
//	whoever changed it                 by this process's clock
//
// Only what comes over a watch counts: a list tells of what is, not of when it
// changed. It imports discovery/cluster and the client of Prometheus.
package propagation
