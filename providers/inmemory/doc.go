// Package inmemory is a hosted zone without a provider behind it: for
// demonstrations, for the tests of what decides about changes, and as the
// smallest provider that a new one is copied from.
//
//	provider.go   Config, New and the four methods of hosted.Zone: ask the Gate, call the API
//	api.go        Server: stands where another provider has the client of an API
//	check.go      Limits: what it cannot hold, and how many calls it takes
//	fault.go      what can go wrong between a Zone and its Server, made to happen
//
// Another provider also has a convert.go, between hosted.Entry and the types of
// its API. Here the API's types are hosted's own.
//
// A Server checks what a real one would: that names lie in the zone, that a
// CNAME stands alone, that every Old is exactly what it holds. Several Zones may
// share one Server, as several daemons share a hosted zone.
//
// It imports providers/hosted, dnsserver/zone, dnsserver/dnsname and the
// standard library.
package inmemory
