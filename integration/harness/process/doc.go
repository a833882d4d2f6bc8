// Package process runs the children of a test fleet so that none outlives it.
//
// Every child leads its own process group, so that stopping it also stops what
// it started; on Linux it is killed by the kernel when this process dies,
// however that happens; and it writes to a log file, whose tail is what an
// error shows. Package process knows nothing of Kubernetes and imports only the
// standard library and golang.org/x/sys.
package process
