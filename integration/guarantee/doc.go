// Package guarantee breaks each promise of discovery on purpose, and holds that
// its test finds out. See discovery/guarantee and docs/guarantees.md.
package guarantee
