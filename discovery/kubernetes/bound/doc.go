// Package bound sets bounds to what an API server can do to who asks it: make it keep
// an answer without end, or have it send credentials elsewhere. client-go reads a
// response until it ends, and puts the credentials into every request, whomever a
// redirect sends it to.
//
//	client-go ─ credentials ─► bound ─► http.Transport
//
// Every rest.Config of the program comes from kubernetes.RESTConfig, which calls Wrap, or
// is a copy of such a one: cmd/archtest holds the tree to that. It imports client-go and
// nothing of this module.
package bound
