// Package archtest holds the house's rules as tests: which package may know
// which, and what no source file may contain. Each rule says why it is there,
// and a test that it breaks on a tree built to break it.
//
//	L5  cmd
//	L4  dnsserver   discovery   providers   federation      only cmd imports these
//	L3  their children                                      each wing its own
//	L2  dnsserver/zone
//	L1  dnsserver/dnsname, dnsserver/wire, federation/api
//	L0  standard library, golang.org/x
//
// What the wings promise is told in docs/guarantees.md: a test holds that to be whole.
//
// Import rules are checked on the graph that go list prints, source rules on
// the syntax tree of every file, whatever its build tags. Nothing imports this
// package. It imports the standard library only, and its tests what names promises.
package archtest
