// Package serial keeps SOA serials from going back over a restart, also one
// after a crash: a secondary that has seen a serial takes no lower one (RFC 1982).
//
// What is written is not each serial but a ceiling ahead of it, the further the
// more a zone changes, so that the file is written and synced once in a hundred
// thousand changes in the end. Of a zone that will change, the first is ahead already. After a restart a zone goes on from its ceiling.
//
// It imports dnsname, zone and the standard library only.
package serial
