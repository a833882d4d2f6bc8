// Package members plays the API servers of a hundred member clusters that are
// written to, in one process and on one port, so that what propagation to them
// costs can be measured.
//
//	http://127.0.0.1:PORT/m-007/apis/apps/v1/namespaces/shop/deployments/web
//	                      │
//	Fleet ─► Member ─┬─ objects: a form each, which all members with the same share
//	                 ├─ journal: the last changes, which watches go on from
//	                 ├─ faults: it hangs, refuses every write, or is gone
//	                 └─ counts of calls by verb
//
// A Member answers discovery documents, lists, gets, watches with bookmarks and
// with initial events (KEP-3157), creations, server-side applies, the JSON patch
// that makes an ownership by creation one by apply, and deletions with
// preconditions. A write that changes nothing has no version of its own.
//
// It is simpler than a real API server in this: an object has one writer, so that
// an apply states all of it but what the server itself keeps; lists are owned as a
// whole; there are no schemas, so nothing is refused as invalid; and Deployments
// are ready at once. Kinds are those that propagation and discovery ask for.
//
// It imports Kubernetes' types, and nothing of fedns.
package members
