// Package zonefile is a hosted zone that is a file: RFC 1035 text for whoever
// wants it, a name server that fedns does not reach or a repository.
//
//	file ─► Snapshot ── Changes, Olds compared ─► Snapshot ─► temporary file ─► read back ─► renamed
//	 └ the same octets as last time: not parsed again             fsynced
//
// A Batch is made whole or not at all. Writers that are fedns's lock each other
// out; an edit by hand is seen as long as it is there before the file is put in
// its place. Comments of an edit by hand are lost with the next Batch. A file
// that fedns has not written is not touched: its first line tells.
//
//	provider.go   Config, New and the four methods of hosted.Zone
//	api.go        the file: read, written whole, renamed
//	convert.go    what stands in it
//	check.go      Limits: what it cannot hold
//
// It imports hosted, dnsname, zone, dnsserver/zonefile and the standard library.
package zonefile
