// Package inventory holds the test of cluster inventories on real API servers: a
// host cluster with every kind of object that states a member, and a member that
// they all lead to.
package inventory
