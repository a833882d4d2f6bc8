// Package host is the host cluster as dialects see it: watches of kinds that may
// not be served there yet, whatever those kinds are, and a client.
//
//	Watch(kind) ── not served? await its definition ──► informer, shared by all who watch the kind
//
// Objects are unstructured: a dialect decodes those whose fields it reads. What a
// Handler or a lookup yields is shared and must not be changed.
package host
