// Package integration holds the tests that run fedns and what it stands on for
// real: API servers, controllers, name servers. It is a module of its own, so
// that the daemon's module does not require what only these tests do.
//
//	go run ./prebuild        # once: builds the programs, ten minutes on two cores
//	go test -p 1 ./...       # as root, for the tests that use network namespaces
package integration
