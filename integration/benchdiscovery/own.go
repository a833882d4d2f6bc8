package main

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// own is what the daemon's histogram says of the way from receipt to answerable,
// over all clusters: how many changes took no longer than each bound.
type own struct {
	bounds []float64 // seconds
	counts []float64 // up to the bound
}

const ownSeries = `fedns_propagation_seconds_bucket{`

func (d *daemon) own(ctx context.Context) (o own, err error) {
	text, err := d.get(ctx, "/metrics")
	if err != nil {
		return o, err
	}
	sums := map[float64]float64{}
	for line := range strings.Lines(text) {
		labels, value, ok := strings.Cut(strings.TrimSpace(line), "} ")
		_, le, _ := strings.Cut(labels, `le="`)
		if !ok || !strings.HasPrefix(labels, ownSeries) || !strings.Contains(labels, `stage="answerable"`) {
			continue
		}
		bound, err := strconv.ParseFloat(strings.TrimSuffix(le, `"`), 64) // +Inf, too
		if err != nil {
			return o, fmt.Errorf("%s: %w", labels, err)
		}
		n, err := strconv.ParseFloat(value, 64)
		if err != nil {
			return o, fmt.Errorf("%s: %w", labels, err)
		}
		sums[bound] += n
	}
	for bound := range sums {
		o.bounds = append(o.bounds, bound)
	}
	slices.Sort(o.bounds)
	for _, bound := range o.bounds {
		o.counts = append(o.counts, sums[bound])
	}
	return o, nil
}

// since is what came in since an earlier look.
func (o own) since(before own) own {
	for i := range o.counts {
		if i < len(before.counts) {
			o.counts[i] -= before.counts[i]
		}
	}
	return o
}

// within is the bound, in milliseconds, that the share q did not exceed.
func (o own) within(q float64) string {
	if len(o.counts) == 0 || o.counts[len(o.counts)-1] == 0 {
		return ""
	}
	want := q * o.counts[len(o.counts)-1]
	for i, n := range o.counts {
		if n >= want {
			return fmt.Sprintf("≤ %g", 1000*o.bounds[i])
		}
	}
	return ""
}
