// Package deploy holds what fedns is installed with: plain manifests, the image's
// Dockerfile and snippets for CoreDNS. README.md tells how to use them. The
// package has no code but the tests that hold these files to what they promise.
package deploy
