// Package binaries builds the programs that a real cluster consists of, from
// the Go modules they are published as, and keeps them by version outside the
// checkout: in $FEDNS_CACHE, or in fedns under the user's cache directory.
//
// Each folder of programs has its own module file in modules/, because their
// dependencies contradict each other and this module's. The files are named
// NAME.mod and NAME.sum, not go.mod and go.sum: a folder with a go.mod is a
// module of its own, which go:embed leaves out. To raise a version, see
// modules/README.md.
//
//	modules/kubernetes.mod ─ go build ─► bin/kube-apiserver-v1.36.3
//	                                     bin/kube-controller-manager-v1.36.3 …
//	modules/etcd.mod       ─ go build ─► bin/etcd-v3.6.8
//
// A build is made aside and renamed, under a file lock: of two processes that
// want the same program one builds it, the other waits. Package binaries
// imports only the standard library.
package binaries
