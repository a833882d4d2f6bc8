// Package inventorytest is for the tests of inventories: what an object states in
// a line, and a small API server to be their host.
//
// It imports discovery/inventory.
package inventorytest
