// Package alerts has Prometheus' own tools look at the alert rules, and play
// series of metrics on them.
package alerts
