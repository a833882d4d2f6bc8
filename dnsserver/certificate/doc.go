// Package certificate keeps a server's certificate and key as two files have
// them, though they change while connections are made.
//
//	files ──Reload──► parsed and matched ──► what GetCertificate gives
//	                        └ broken: an error, and the last good pair stays
//
// It imports the standard library and fsnotify only.
package certificate
