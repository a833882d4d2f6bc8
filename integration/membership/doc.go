// Package membership has only tests: fedns' own objects before a real API server,
// and clusters that join, are answered, have their tokens renewed, and leave.
package membership
