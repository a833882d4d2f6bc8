package main

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"time"

	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	clientv1 "k8s.io/client-go/kubernetes/typed/discovery/v1"

	"github.com/fedns/fedns/integration/harness"
)

// turnChanges are made while it is one competitor's turn: few, so that what the
// machine does besides falls on all of them alike.
const turnChanges = 25

// race has competitors look at the changes of one API server, in turns.
type race struct {
	all    []*competitor
	slices clientv1.EndpointSliceInterface
	items  []discoveryv1.EndpointSlice
	seen   <-chan sighting
	stop   context.CancelFunc
	made   int // changes so far
}

// newRace is ready when every competitor that is asked answers what there is.
func newRace(ctx context.Context, c *harness.Cluster, all []*competitor) (*race, error) {
	ctx, stop := context.WithCancel(ctx)
	r := &race{all: all, slices: c.Client().DiscoveryV1().EndpointSlices("default"), stop: stop}
	err := r.open(ctx, c)
	if err != nil {
		r.close()
		return nil, err
	}
	return r, nil
}

func (r *race) open(ctx context.Context, c *harness.Cluster) error {
	list, err := r.slices.List(ctx, metav1.ListOptions{})
	if err != nil {
		return err
	}
	for _, s := range list.Items {
		if s.Labels[discoveryv1.LabelServiceName] != "kubernetes" {
			r.items = append(r.items, s)
		}
	}
	if len(r.items) == 0 {
		return errors.New("there are no EndpointSlices to change")
	}
	if r.seen, err = watchBare(ctx, c, list.ResourceVersion); err != nil {
		return err
	}
	s := &r.items[0]
	for _, x := range r.all {
		if x.dns == "" {
			continue
		}
		if x.prober, err = newProber(ctx, x.dns); err != nil {
			return err
		}
		now := netip.MustParseAddr(s.Endpoints[0].Addresses[0])
		if _, err := x.prober.until(ctx, x.question(s), startLimit, has(now)); err != nil {
			return fmt.Errorf("%s: %w", x.name, err)
		}
	}
	return nil
}

func (r *race) close() {
	r.stop()
	for _, x := range r.all {
		if x.prober != nil {
			x.prober.close()
		}
	}
}

// round gives every competitor turns until each had so long.
func (r *race) round(ctx context.Context, length time.Duration, n int) error {
	for _, x := range r.all {
		x.begin()
	}
	for end := time.Now().Add(length * time.Duration(len(r.all))); time.Now().Before(end); n++ {
		for _, k := range turns(len(r.all), n) {
			if err := r.turn(ctx, r.all[k]); err != nil {
				return fmt.Errorf("%s: %w", r.all[k].name, err)
			}
		}
	}
	for _, x := range r.all {
		x.rounds = append(x.rounds, newRound(x.took, x.lost, 0))
		x.after = append(x.after, newRound(x.behind, x.lost, 0))
	}
	return nil
}

// turns is the order of the n-th turns of so many: forwards from each of them,
// then backwards.
func turns(of, n int) []int {
	order := make([]int, of)
	for i := range order {
		order[i] = (n/2 + i) % of
	}
	if n%2 == 1 {
		slices.Reverse(order)
	}
	return order
}

// turn makes changes that one competitor is to see. Before it begins it has seen
// all that were made while it stood still.
func (r *race) turn(ctx context.Context, x *competitor) error {
	if err := running(r.all, x); err != nil {
		return err
	}
	if _, _, err := r.change(ctx, x); err != nil && !errors.Is(err, errSilent) {
		return err
	}
	for range turnChanges {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(smallPause):
		}
		took, behind, err := r.change(ctx, x)
		switch {
		case errors.Is(err, errSilent):
			x.lost++
		case err != nil:
			return err
		default:
			x.took, x.behind = append(x.took, took), append(x.behind, behind)
		}
	}
	return nil
}

// change makes one and waits until x has seen it. took is since it was committed,
// as far as anybody beside the API server can tell: since the update's response
// or the bare watch's event were here, whichever came first. behind is since the
// latter; it is less than nothing where the bare watch had to wait longer.
func (r *race) change(ctx context.Context, x *competitor) (took, behind time.Duration, err error) {
	s := &r.items[r.made%len(r.items)]
	now := netip.AddrFrom4([4]byte{10, 30 + byte(r.made>>16), byte(r.made >> 8), byte(r.made)})
	r.made++
	s.Endpoints[0].Addresses = []string{now.String()}
	updated, err := r.slices.Update(ctx, s, metav1.UpdateOptions{})
	if err != nil {
		return 0, 0, err
	}
	start := time.Now()
	*s = *updated
	at := start
	if x.prober != nil {
		if at, err = x.prober.until(ctx, x.question(s), patience, has(now)); err != nil {
			return 0, 0, err
		}
	}
	told, err := sighted(ctx, r.seen, updated.ResourceVersion)
	if err != nil {
		return 0, 0, err
	}
	if told.Before(start) {
		start = told
	}
	if x.prober == nil {
		at = told
	}
	return at.Sub(start), at.Sub(told), nil
}
