// Package guarantee breaks each promise of discovery and providers on purpose, and
// holds that its test finds out. See discovery/guarantee, providers/guarantee and
// docs/guarantees.md.
package guarantee
