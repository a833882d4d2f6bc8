// Package discovery is a root.
package discovery
