package main

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"time"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/watch"

	"github.com/fedns/fedns/integration/harness"
	"github.com/fedns/fedns/integration/harness/binaries"
)

// What is aimed at before a real API server, in milliseconds.
const (
	smallP50 = 0.3
	smallP99 = 2.0
	// smallServices are in the zone, of three endpoints each; smallPause is
	// between two changes, so that neither etcd nor anything else has a queue.
	smallServices = 20
	smallPause    = 10 * time.Millisecond
)

// small measures changes of slices on a real API server.
func (b *bench) small(ctx context.Context) error {
	b.tell("a real API server")
	start, cancel := context.WithTimeout(ctx, startLimit)
	defer cancel()
	if err := (binaries.Cache{Progress: os.Stderr}).Ensure(start); err != nil {
		return err
	}
	fleet, err := harness.New(start, harness.Options{Clusters: []harness.Spec{{Name: "a"}}})
	if err != nil {
		return err
	}
	defer fleet.Close()
	c := fleet.Cluster("a")
	for i := range smallServices {
		if err := make3(start, c, i); err != nil {
			return err
		}
	}
	file := filepath.Join(b.dir, "a.kubeconfig")
	text, err := os.ReadFile(c.Kubeconfig)
	if err == nil {
		err = os.WriteFile(file, text, 0o600)
	}
	if err != nil {
		return err
	}
	d, err := b.newDaemon(ctx, "small", []string{file}, "")
	if err != nil {
		return err
	}
	defer d.stop()
	if err := d.launch(); err != nil {
		return err
	}
	if _, err := d.awaitReady(ctx, startLimit); err != nil {
		return err
	}
	result := delays{What: fmt.Sprintf("real API server, %d Services", smallServices)}
	if err := b.still(ctx, d); err != nil {
		return err
	}
	before, err := d.own(ctx)
	if err != nil {
		return err
	}
	for range b.Rounds {
		r, err := b.smallRound(ctx, c, d)
		if err != nil {
			return err
		}
		b.tell("  p50 %.2f ms, p99 %.2f ms of %d", r.P50, r.P99, r.Changes)
		result.Rounds = append(result.Rounds, r)
	}
	after, err := d.own(ctx)
	if err != nil {
		return err
	}
	after = after.since(before)
	result.OwnP50, result.OwnP99, result.OwnMax = after.within(0.5), after.within(0.99), after.within(1)
	b.report.Delays = append(b.report.Delays, result)
	p50, p99 := result.p50(), result.p99()
	b.report.Targets.Add("slice change on a real API server → answer", fmt.Sprintf("p50 %v, p99 %v ms", p50, p99),
		fmt.Sprintf("p50 ≤ %.1f, p99 ≤ %.0f ms", smallP50, smallP99), p50.Median <= smallP50 && p99.Median <= smallP99)
	return nil
}

// still measures queries while nothing changes: no change is seen sooner than
// one of them takes.
func (b *bench) still(ctx context.Context, d *daemon) error {
	p, err := newProber(ctx, d.dns)
	if err != nil {
		return err
	}
	defer p.close()
	var took []time.Duration
	query := question("default", "s0")
	for range 2000 {
		began := time.Now()
		if _, err := p.ask(query); err != nil {
			return err
		}
		took = append(took, time.Since(began))
	}
	b.report.Delays = append(b.report.Delays, delays{What: "a query and its answer, nothing changes", Rounds: []round{newRound(took, 0, 0)}})
	return nil
}

// make3 makes the i-th Service, headless, exported, and a slice of three endpoints.
func make3(ctx context.Context, c *harness.Cluster, i int) error {
	name := fmt.Sprintf("s%d", i)
	_, err := c.Client().CoreV1().Services("default").Create(ctx, &corev1.Service{
		ObjectMeta: metav1.ObjectMeta{Name: name, Annotations: map[string]string{"fedns.io/export": "true"}},
		Spec:       corev1.ServiceSpec{ClusterIP: corev1.ClusterIPNone, Ports: []corev1.ServicePort{{Name: "http", Port: 80}}},
	}, metav1.CreateOptions{})
	if err == nil {
		slice := &discoveryv1.EndpointSlice{
			ObjectMeta:  metav1.ObjectMeta{Name: name, Labels: map[string]string{discoveryv1.LabelServiceName: name}},
			AddressType: discoveryv1.AddressTypeIPv4, Ports: []discoveryv1.EndpointPort{{Name: new("http"), Port: new(int32(80))}},
		}
		for k := range 3 {
			slice.Endpoints = append(slice.Endpoints, discoveryv1.Endpoint{Addresses: []string{fmt.Sprintf("10.20.%d.%d", i, k+1)}})
		}
		_, err = c.Client().DiscoveryV1().EndpointSlices("default").Create(ctx, slice, metav1.CreateOptions{})
	}
	return err
}

// smallRound changes one slice after the other. The clock starts when the change
// was committed, as far as anybody beside the API server can tell: when the
// update's response or our own watch's event is here, whichever comes first.
func (b *bench) smallRound(ctx context.Context, c *harness.Cluster, d *daemon) (round, error) {
	p, err := newProber(ctx, d.dns)
	if err != nil {
		return round{}, err
	}
	defer p.close()
	slices := c.Client().DiscoveryV1().EndpointSlices("default")
	list, err := slices.List(ctx, metav1.ListOptions{})
	if err != nil {
		return round{}, err
	}
	w, err := slices.Watch(ctx, metav1.ListOptions{ResourceVersion: list.ResourceVersion})
	if err != nil {
		return round{}, err
	}
	defer w.Stop()
	seen := make(chan sighting, 1024)
	go watchSlices(w, seen)
	var took []time.Duration
	lost, n := 0, 0
	for end := time.Now().Add(b.Length()); time.Now().Before(end); n++ {
		s := &list.Items[n%len(list.Items)]
		if s.Labels[discoveryv1.LabelServiceName] == "kubernetes" {
			continue
		}
		now := netip.AddrFrom4([4]byte{10, 30 + byte(n>>16), byte(n >> 8), byte(n)})
		s.Endpoints[0].Addresses = []string{now.String()}
		query := question("default", s.Labels[discoveryv1.LabelServiceName])
		updated, err := slices.Update(ctx, s, metav1.UpdateOptions{})
		if err != nil {
			return round{}, err
		}
		start := time.Now()
		*s = *updated
		at, err := p.until(ctx, query, patience, has(now))
		if err != nil {
			lost++
			continue
		}
		if told, err := sighted(ctx, seen, updated.ResourceVersion); err != nil {
			return round{}, err
		} else if told.Before(start) {
			start = told
		}
		took = append(took, at.Sub(start))
		select {
		case <-ctx.Done():
			return round{}, ctx.Err()
		case <-time.After(smallPause):
		}
	}
	return newRound(took, lost, 0), nil
}

// sighting is an event of our own watch.
type sighting struct {
	version string
	at      time.Time
}

// watchSlices notes when events come in, until the watch ends.
func watchSlices(w watch.Interface, seen chan<- sighting) {
	defer close(seen)
	for ev := range w.ResultChan() {
		at := time.Now()
		if s, ok := ev.Object.(*discoveryv1.EndpointSlice); ok {
			select {
			case seen <- sighting{s.ResourceVersion, at}:
			default: // nobody has looked for a long time
			}
		}
	}
}

// sighted is when our own watch told of a version.
func sighted(ctx context.Context, seen <-chan sighting, version string) (time.Time, error) {
	limit := time.After(patience)
	for {
		select {
		case s, ok := <-seen:
			if !ok {
				return time.Time{}, errors.New("our own watch has ended")
			}
			if s.version == version {
				return s.at, nil
			}
		case <-limit:
			return time.Time{}, errors.New("our own watch tells nothing")
		case <-ctx.Done():
			return time.Time{}, ctx.Err()
		}
	}
}
