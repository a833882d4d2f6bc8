// Package dnsname holds domain names the way every other package compares,
// orders and stores them: lower case, uncompressed wire form.
//
//	text   www.Example.com.
//	wire   3 w w w 7 e x a m p l e 3 c o m 0      Name, the map key everywhere
//	key    c o m 0 e x a m p l e 0 w w w 0        SortKey: bytewise order is canonical order,
//	                                              and a subtree is a prefix
//
// It imports the standard library only. A Name is a value: comparable, immutable
// and safe for concurrent use.
package dnsname
