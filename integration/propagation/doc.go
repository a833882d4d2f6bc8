// Package propagation holds the test of propagation on real API servers: what they
// make of creations, applies, owners of fields, preconditions and deletions, and that
// a member that hangs, rejects everything or is gone delays nobody.
package propagation
