// Package announce writes what the operator should hear of as Events into a
// cluster, where `kubectl get events` and whatever watches Events show it. Nobody
// waits for it: what cannot be written in time is in the log, and in the metrics,
// anyway.
//
// It imports the Kubernetes API types and client-go.
package announce
