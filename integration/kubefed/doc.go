// Package kubefed holds the test of KubeFed's dialect on a real host API server: its
// definitions, manifests as its users write them, the orders that follow, what is
// written back, and how objects are deleted.
package kubefed
