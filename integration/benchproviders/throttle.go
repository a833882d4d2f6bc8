package main

import (
	"context"
	"fmt"
	"time"

	"github.com/fedns/fedns/providers/clouddns/clouddnstest"
	"github.com/fedns/fedns/providers/rate"
	"github.com/fedns/fedns/providers/route53/route53test"
)

// throttle has many zones of one account changed at once, at the documented rates.
func throttle(ctx context.Context, _ options, r *report) error {
	amazon := route53test.New(route53test.Config{Rates: route53test.Documented()})
	if err := crowd(ctx, r, route53Of(amazon), func([]*daemon) (n int) {
		for _, c := range amazon.Throttled() {
			n += c
		}
		return n
	}); err != nil {
		return err
	}
	google := clouddnstest.New(clouddnstest.Config{
		Reads: clouddnstest.Rate{Burst: 50, PerSecond: 5}, Writes: clouddnstest.Rate{Burst: 50, PerSecond: 5},
	})
	return crowd(ctx, r, cloudDNSOf(google), func(ds []*daemon) (n int) {
		for _, d := range ds {
			n += int(d.sync.Status().Calls.Throttled)
		}
		return n
	})
}

// crowd changes the zones of one account, and reports how many calls were throttled.
func crowd(ctx context.Context, r *report, k kind, throttled func([]*daemon) int) error {
	const zones, rounds = 30, 4
	account, err := rate.NewAccount(rate.Config{Name: "bench", Rates: k.limits(apexOf(k.name, 4)).Rates})
	if err != nil {
		return err
	}
	began := time.Now()
	var all []*daemon
	defer func() {
		for _, d := range all {
			d.halt()
		}
	}()
	for i := range zones {
		apex := apexOf(k.name, 1000+i)
		d, err := start(ctx, k, apex, account.Zone(apex.String()), 50)
		if err != nil {
			return err
		}
		all = append(all, d)
	}
	calls := 0
	for round := range rounds {
		for _, d := range all {
			if err := d.settleAfter(ctx); err != nil {
				return err
			}
			calls += len(d.meter.reset().batches)
		}
		for _, d := range all {
			if err := d.set(round, 20+round); err != nil {
				return err
			}
		}
	}
	n := throttled(all)
	r.Targets.Add(fmt.Sprintf("throttled answers, %d zones of one account, %s", zones, k.name),
		fmt.Sprintf("%d, with %d writes in %.0f s", n, calls, time.Since(began).Seconds()), "0", n == 0)
	return nil
}
