package placement

import (
	"fmt"
	"slices"
)

var (
	modes   = []Mode{"", Duplicated, Weighted, Dynamic, Aggregated, Even, Cheapest, Geography}
	domains = []Domain{ByCluster, ByRegion, ByZone, ByProvider, ByLabel}
)

// check finds what cannot be meant in a request. Affinities are checked where
// they are made Selectors.
func check(r *Request) error {
	if r.Replicas != nil && *r.Replicas < 0 {
		return fmt.Errorf("replicas: %d is negative", *r.Replicas)
	}
	if !slices.Contains(modes, r.Scheduling.Mode) {
		return fmt.Errorf("scheduling: mode %q is not known", r.Scheduling.Mode)
	}
	for i, s := range r.Spread {
		if err := s.check(); err != nil {
			return fmt.Errorf("spread[%d]: %w", i, err)
		}
	}
	for name, l := range r.Scheduling.Limits {
		if err := l.check(); err != nil {
			return fmt.Errorf("limits of %s: %w", name, err)
		}
	}
	for i, w := range r.Scheduling.Weights {
		if w.Weight < 0 {
			return fmt.Errorf("weights[%d]: %d is negative", i, w.Weight)
		}
	}
	for resource, amount := range r.Requests {
		if amount < 0 {
			return fmt.Errorf("requests of %s: %d is negative", resource, amount)
		}
	}
	for _, t := range r.Previous {
		if t.Replicas < 0 {
			return fmt.Errorf("previous replicas in %s: %d is negative", t.Cluster, t.Replicas)
		}
	}
	return nil
}

func (s Spread) check() error {
	switch {
	case !slices.Contains(domains, s.Domain):
		return fmt.Errorf("domain %q: want cluster, region, zone, provider or label", s.Domain)
	case s.Domain == ByLabel && s.Label == "":
		return fmt.Errorf("domain label wants a label's name")
	case s.Min < 0 || s.Max < 0:
		return fmt.Errorf("min %d, max %d: neither may be negative", s.Min, s.Max)
	case s.Max > 0 && s.Max < s.Min:
		return fmt.Errorf("max %d is less than min %d", s.Max, s.Min)
	}
	return nil
}

func (l Limit) check() error {
	switch {
	case l.Min < 0:
		return fmt.Errorf("min %d is negative", l.Min)
	case l.Max != nil && *l.Max < l.Min:
		return fmt.Errorf("max %d is less than min %d", *l.Max, l.Min)
	case l.Weight != nil && *l.Weight < 0:
		return fmt.Errorf("weight %d is negative", *l.Weight)
	}
	return nil
}
