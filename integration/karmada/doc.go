// Package karmada holds the test of Karmada's dialect on a real host API server:
// its definitions, manifests as its users write them, the orders that follow, and
// what is written back.
package karmada
