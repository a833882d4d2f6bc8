// Package config reads the daemon's configuration file and tells when it, or a
// file it names, has changed.
//
//	fedns.yaml ── Load ──► Config        a value, checked as a whole, or every fault in it
//	     └─────── Watch ─► Config …      again after each change of content
//
// The file is read strictly: an unknown field, a field given twice, a value of
// the wrong form is an error of one line that names file, line and field. What
// fields there are is told by one table, Fields, which the reader follows and
// docs/configuration.md is made from.
//
// It imports the vocabulary of the other parts (discovery/cluster,
// dnsserver/dnsname) and nothing that does work. Whether the files named exist
// and clusters answer is not looked at here.
package config
