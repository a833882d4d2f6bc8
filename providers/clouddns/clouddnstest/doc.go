// Package clouddnstest plays Google's Cloud DNS to tests: an http.Handler that
// speaks the API's version 1 (JSON over HTTP), so that the real client library
// talks to it. It keeps to what is documented of limits, atomicity, errors,
// quotas and time, and makes faults when it is told to.
//
//	request ─► fault? ─► quota ─► method, parameters ─► zone: check all, then change all
//	           late, lost, 5xx                           pending ──Config.Propagation──► done
//
// Every path, parameter and field that it takes or gives stands in the discovery
// document which the client module ships; a test compares them. Texts of errors
// are as they are reported by users of Cloud DNS, or in that manner where no
// report was found.
//
// It imports miekg/dns and the standard library only, and is for tests.
package clouddnstest
