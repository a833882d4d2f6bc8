// Package kubefed holds the test of the dialects of KubeFed and Federation v1 on a
// real host API server: definitions, manifests as their users write them, the orders
// that follow, what is written back, and how objects are deleted.
package kubefed
