// Package preference is what KubeFed and Federation v1 have in common: how replicas
// are told out among clusters that people named, and how long a cluster that is lost
// keeps what it has. Pure functions.
//
// It imports the API's types, federation/cluster and federation/placement.
package preference
