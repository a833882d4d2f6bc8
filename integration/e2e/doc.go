// Package e2e holds the tests of fedns' main job on real clusters: what a pod
// resolves through its own cluster's CoreDNS, what deploy/ says can be run, what
// happens to answers when clusters change or fail.
package e2e
