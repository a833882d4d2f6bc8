// Package api is what the daemon tells over HTTP: health, readiness, metrics
// and the state of clusters, Services and zones as JSON. Field names of the
// JSON and metric names are stable.
package api
