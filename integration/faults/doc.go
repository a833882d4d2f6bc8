// Package faults holds the tests of what fedns answers while member clusters
// fail in the ways that they do: real API servers are stopped, killed, cut off,
// robbed of their data and given other credentials. Every step is asserted by DNS,
// and a witness asks all the time: nothing that works is ever withdrawn.
package faults
