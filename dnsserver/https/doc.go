// Package https moves DNS messages between HTTP requests and a Responder (RFC
// 8484). It knows bytes, not DNS, but for the one thing that RFC asks: how long
// an answer may be kept by caches, which freshness.go reads from it.
//
//	stream.Door ─► net/http (HTTP/1.1, HTTP/2) ─► decode ─► Respond or Finish ─► one answer
//
// Connections are let in, counted and shaken hands with as those of
// dnsserver/stream are; requests are bounded by themselves, because an HTTP/2
// connection has many at once.
//
// It imports the standard library and dnsserver/stream only.
package https
